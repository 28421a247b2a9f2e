"""`one-mcp ask`: have a question answered from what is known, with its sources."""

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen
from one_mcp.dimensions.knowledge.search.hits import Hit
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.services.knowledge import asking
from one_mcp.session import Call
from one_mcp.settings import Settings

CHARACTERS = 6_000
EPILOG = """Exit codes: 0 it was answered; 1 nothing was found, or it failed; 2 usage."""


@click.command("ask", epilog=EPILOG)
@click.argument("question", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 20), default=5, show_default=True)
@options.settings(
    *("database", "packs", "embedding_model", "openai_base_url", "chat_model", "log_level")
)
@options.as_json
def command(question: tuple[str, ...], *, limit: int, as_json: bool) -> int:
    """Answer a question from what is known, and say where it stands.

    Without a chat model the answer is made of sentences that were found. Numbers such as [1] mean
    the passages below the answer.
    """
    settings = options.existing()
    wish = Wish(" ".join(question), Scope(), limit=limit, characters=CHARACTERS)
    return anyio.run(_ask, settings, wish, as_json)


async def _ask(settings: Settings, wish: Wish, as_json: bool) -> int:
    async with open_app(settings) as app:
        await app.providers.embedding.settled()
        one = app.session(Call("ask", client=screen.CLIENT), app.owner)
        async with asking.answer(one, wish) as given:
            text = "".join([part async for part in given.parts])
        if as_json:
            screen.show_json(
                {
                    "answer": text,
                    "model": given.model,
                    "simulated": given.simulated,
                    "sources": [it.model_dump(exclude_none=True) for it in given.hits],
                }
            )
        else:
            _show(text, given.hits, simulated=given.simulated and bool(given.hits))
        return 0 if given.hits else 1


def _show(text: str, hits: list[Hit], *, simulated: bool) -> None:
    screen.show_lines(text)
    if simulated:
        screen.complain("no model answers here, so sentences are quoted; set ONE_MCP_CHAT_MODEL")
    for place, hit in enumerate(hits, 1):
        screen.show(f"[{place}] {hit.heading or hit.title}  {hit.id}[{hit.start}:{hit.stop}]")
