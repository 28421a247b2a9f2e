"""`one-mcp graph`: draw an entity's neighbourhood."""

from pathlib import Path

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions.connections.directions import Direction
from one_mcp.dimensions.graph.exploring import DEEPEST
from one_mcp.services.picture import page, svg
from one_mcp.services.picture.neighbourhood import View, scene
from one_mcp.services.picture.scene import Scene
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.pages import MOST_ITEMS


@click.command("graph")
@click.argument("entity", metavar="ENTITY")
@click.option(
    "-o",
    "--output",
    default=Path("graph.html"),
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="FILE.svg or FILE.html.  [default: graph.html]",
)
@click.option(
    "--depth", default=2, type=click.IntRange(1, DEEPEST), help="How many steps away.  [default: 2]"
)
@click.option(
    "--type", "types", multiple=True, metavar="TYPE", help="Only these connections; repeatable."
)
@click.option(
    "--direction",
    default="both",
    type=click.Choice(["in", "out", "both"]),
    help="Where connections may lead.  [default: both]",
)
@click.option(
    "--limit",
    default=60,
    type=click.IntRange(1, MOST_ITEMS),
    help="How many entities at most.  [default: 60]",
)
@options.settings("database", "packs", "log_level")
@options.as_json
def command(
    entity: str,
    *,
    output: Path,
    depth: int,
    types: tuple[str, ...],
    direction: Direction,
    limit: int,
    as_json: bool,
) -> None:
    """Draw an entity's neighbourhood as a picture to open.

    ENTITY is an id or a whole name. The picture needs nothing but itself: no script, no network.
    HTML has the same as tables below the picture.
    """
    if output.suffix.lower() not in (".svg", ".html"):
        raise click.UsageError("FILE ends with .svg or .html.")
    settings = options.existing()
    view = View(depth, types, direction, limit)
    drawn = anyio.run(_scene, settings, entity, view)
    write = svg.draw if output.suffix.lower() == ".svg" else page.write
    output.write_text(write(drawn), encoding="utf-8")
    if as_json:
        counts = {"entities": len(drawn.boxes), "connections": len(drawn.arrows)}
        screen.show_json({"file": str(output.absolute()), **counts})
    else:
        screen.show(f"{output.absolute()}: {drawn.caption}")


async def _scene(settings: Settings, entity: str, view: View) -> Scene:
    async with open_app(settings.model_copy(update={"read_only": True})) as app:
        return await scene(app.session(Call("graph"), app.owner), entity, view)
