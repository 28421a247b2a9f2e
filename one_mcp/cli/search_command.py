"""`one-mcp search`: search what is known, by meaning and by words."""

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions.knowledge.search.hits import Hit
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.services.knowledge import recall
from one_mcp.services.knowledge.recall import Found
from one_mcp.session import Call
from one_mcp.settings import Settings

CHARACTERS = 4_000
EPILOG = """Exit codes: 0 something was found; 1 nothing was, or it failed; 2 usage."""


@click.command("search", epilog=EPILOG)
@click.argument("query", nargs=-1, required=True)
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Of entities of a type.")
@click.option("--tag", "tags", multiple=True, metavar="KEY:VALUE", help="Of entities with a tag.")
@click.option("--label", "labels", multiple=True, metavar="KEY:VALUE", help="With a label.")
@click.option("--entity", metavar="ID", help="Of or about one entity.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True)
@click.option("--explain", is_flag=True, help="Show what the scores are made of.")
@options.settings("database", "packs", "embedding_model", "openai_base_url", "log_level")
@options.as_json
def command(
    query: tuple[str, ...],
    *,
    types: tuple[str, ...],
    tags: tuple[str, ...],
    labels: tuple[str, ...],
    entity: str | None,
    limit: int,
    explain: bool,
    as_json: bool,
) -> int:
    """Search what is known, by meaning and by words.

    QUERY is a question or some words. Quotes are exact; the numbers behind an id are the characters
    of the document that they come from.
    """
    settings = options.existing()
    scope = Scope(types=types, tags=tags, labels=labels, entity=entity)
    wish = Wish(" ".join(query), scope, limit=limit, characters=CHARACTERS, explained=explain)
    found = anyio.run(_find, settings, wish)
    if as_json:
        screen.show_json(found)
    else:
        _show(found)
    return 0 if found.hits or found.entities else 1


async def _find(settings: Settings, wish: Wish) -> Found:
    async with open_app(settings.model_copy(update={"read_only": True})) as app:
        await app.providers.embedding.settled()
        return await recall.find(app.session(Call("search"), app.owner), wish)


def _show(found: Found) -> None:
    if found.reason:
        screen.complain(f"searched by words only: {found.reason}")
    if found.incomplete:
        screen.complain(found.incomplete)
    if found.waiting:
        screen.complain(f"texts that wait to be indexed: {found.waiting} (one-mcp reindex)")
    for hit in found.hits:
        _show_hit(hit)
    for item in found.entities or []:
        screen.show(f"{item.name} ({item.type} {item.id})")
    if not found.hits and not found.entities:
        screen.show("Nothing was found.")


def _show_hit(hit: Hit) -> None:
    screen.show(hit.heading or hit.title, bold=True)
    about = "".join(f", {each.name} ({each.type} {each.id})" for each in hit.entities or [])
    screen.show(f"  {hit.id}[{hit.start}:{hit.stop}]{about}")
    if hit.source:
        screen.show(f"  {hit.source}")
    if hit.scores:
        parts = hit.scores.model_dump(exclude_none=True)
        screen.show(
            f"  score {hit.score} {' '.join(f'{key} {value}' for key, value in parts.items())}"
        )
    for line in (hit.quote or "(redacted)").splitlines():
        screen.show(f"    {line}")
    screen.show()
