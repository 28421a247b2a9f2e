"""`one-mcp demo`: a story with a real server and a real client."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import click
from mcp import Client, MCPError, StdioServerParameters

from one_mcp import assets
from one_mcp.app import open_app
from one_mcp.cli import accident, consent, screen, story
from one_mcp.cli.story import Cast
from one_mcp.cli.storyteller import StoryError, Storyteller
from one_mcp.services.picture import page
from one_mcp.services.picture.neighbourhood import View, scene
from one_mcp.session import Call
from one_mcp.settings import PREFIX, load

FOLDER = Path("one-demo")
DATABASE, PICTURE = "demo.db", "graph.html"
NUMBER = "server.pid"
PROGRAM = ("-m", "one_mcp")
LONGEST_S = 120 + consent.ALONE_S


@click.command("demo")
@click.argument(
    "folder", default=FOLDER, type=click.Path(file_okay=False, path_type=Path), metavar="[FOLDER]"
)
@click.option("--wire", is_flag=True, help="Show every call and answer, as an agent sees them.")
def command(folder: Path, *, wire: bool) -> None:
    """Walk through a story with a real server and a real client.

    Starts servers as processes of their own, connects the SDK's client to them over stdio, and
    tells in words what comes back. Every step is checked, so this tests the installation, too; it
    needs no keys and no network. At a terminal you are asked to approve one sale in a browser.
    FOLDER (./one-demo) gets the story's database, in place of an earlier demo's, and a picture of
    its graph.
    """
    began = time.monotonic()
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob(f"{DATABASE}*"):
        earlier.unlink()
    anyio.run(_tell, folder, wire)
    screen.show()
    screen.show(f"Everything was as it should be. It took {time.monotonic() - began:.0f} seconds.")
    screen.show(f"  {folder / PICTURE} is a picture of the graph: open it in a browser.")
    screen.show(f"  {folder / DATABASE} is the database.")
    screen.show(
        "  `one-mcp config claude-code` (or cursor, claude-desktop) connects your own agent."
    )


async def _tell(folder: Path, wire: bool) -> None:
    try:
        await consent.prepare(load({"database": folder / DATABASE}))
        with anyio.fail_after(LONGEST_S):
            async with (
                _client(folder, toolsets="all") as one,
                _client(folder) as two,
                _client(folder, approvals="always") as three,
            ):
                tools = (await one.list_tools()).tools
                screen.show(
                    f"An agent connects (protocol {one.protocol_version}) "
                    f"and is offered {len(tools)} tools."
                )
                screen.show()
                agent = Storyteller(one, wire=wire)
                course = await story.tell(
                    Cast(
                        agent,
                        Storyteller(two, called="another agent", wire=wire),
                        agent.beside(three, "an agent that has to ask"),
                        partial(_accident, folder, agent),
                        consent.is_attended(),
                    )
                )
    except (StoryError, TimeoutError, MCPError, BaseExceptionGroup) as error:
        raise _failure(error) from error
    await _draw(folder, course)


def _failure(error: BaseException) -> StoryError:
    """Find what went wrong inside what the client's task groups made of it."""
    if isinstance(error, BaseExceptionGroup):
        inner: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # its type variable is lost
        return _failure(inner[0])
    if isinstance(error, StoryError):
        return error
    if isinstance(error, TimeoutError):
        return StoryError(f"The demo was not over after {LONGEST_S} seconds.")
    return StoryError(f"The demo's server or client failed: {type(error).__name__}: {error}.")


async def _accident(folder: Path, agent: Storyteller, token: str) -> None:
    number = folder / NUMBER
    try:
        words = accident.program(number)
        await accident.tell(agent, lambda: _client(folder, words), number, token)
    finally:
        number.unlink(missing_ok=True)


def _client(folder: Path, words: Sequence[str] = PROGRAM, **settings: str) -> Client:
    """Start a server as a process and connect to it, as Claude Code or Cursor would."""
    settings |= {"database": str(folder / DATABASE), "folder": str(assets.resources("demo"))}
    environment = {PREFIX + name.upper(): value for name, value in settings.items()}
    program = StdioServerParameters(command=sys.executable, args=[*words], env=environment)
    return Client(program, read_timeout_seconds=LONGEST_S)


async def _draw(folder: Path, course: str) -> None:
    settings = load({"database": folder / DATABASE, "read_only": True})
    async with open_app(settings) as app:
        drawn = await scene(app.session(Call("graph"), app.owner), course, View())
    await anyio.Path(folder / PICTURE).write_text(page.write(drawn), encoding="utf-8")
