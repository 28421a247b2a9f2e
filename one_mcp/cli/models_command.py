"""`one-mcp models`: the embedding models whose vectors the file holds."""

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions.knowledge.index.models import Model
from one_mcp.services.knowledge import upkeep
from one_mcp.session import Call
from one_mcp.settings import Settings


@click.command("models")
@click.option("--forget", metavar="NAME", help="Let all vectors of a model go.")
@options.settings("database", "embedding_model", "log_level")
@options.as_json
def command(*, forget: str | None, as_json: bool) -> None:
    """List the embedding models whose vectors the file holds, or let one go.

    Vectors of several models may be in one file; they are never mixed. A server uses those of
    its own model (--embedding-model), and makes those that are missing.
    """
    settings = options.existing()
    name, models = anyio.run(_models, settings, forget)
    if as_json:
        screen.show_json({"used": name, "models": [each.model_dump() for each in models]})
        return
    for each in models:
        used = "  (used by these settings)" if each.name == name else ""
        waiting = f", {each.waiting:,} waiting" if each.waiting else ""
        screen.show(f"{each.name}: {each.vectors:,} vectors of {each.dimension}{waiting}{used}")
    if name not in [each.name for each in models]:
        screen.show(f"{name or 'none'}: no vectors yet  (used by these settings)")


async def _models(settings: Settings, forget: str | None) -> tuple[str | None, list[Model]]:
    async with open_app(settings) as app:
        one = app.session(Call("models"), app.owner)
        if forget is not None:
            await upkeep.forget(one, forget)
        return app.providers.embedding.name, await upkeep.listed(one)
