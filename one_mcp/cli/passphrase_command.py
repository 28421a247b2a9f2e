"""`one-mcp passphrase`: set what a person approves with."""

import anyio
import click

from one_mcp import clock
from one_mcp.app import open_app
from one_mcp.cli import options, screen, terminal
from one_mcp.dimensions.operations import approvers
from one_mcp.errors import InvalidArgumentError
from one_mcp.services import authorizing
from one_mcp.session import Call
from one_mcp.settings import Settings


@click.command("passphrase")
@click.option(
    "--forgotten", is_flag=True, help="Set a new one without the old; it counts a day later."
)
@options.settings("database", "log_level")
def command(*, forgotten: bool) -> None:
    """Set the passphrase by which you approve what agents want to do, or change it.

    It is asked for at the terminal and kept nowhere: the database has a public key that is made
    from it, which is shown. A server that has this key as ONE_MCP_APPROVER_KEY takes no other.
    """
    settings = options.chosen()
    old = None
    if anyio.run(_is_set, settings) and not forgotten:
        old = terminal.secret("Passphrase until now")
    new = terminal.secret(f"New passphrase, {authorizing.SHORTEST} characters or more")
    authorizing.require_long(new)
    if terminal.secret("The same again") != new:
        raise InvalidArgumentError("These are not the same; nothing was changed.")
    key, since = anyio.run(_set, settings, new, old, forgotten)
    screen.show(f"It counts from {clock.to_text(since)} on. Its public key:")
    screen.show(key)


async def _is_set(settings: Settings) -> bool:
    async with open_app(settings) as app:
        one = app.session(Call("passphrase", client=screen.CLIENT), app.owner)
        return await one.read(approvers.read, app.owner.person) is not None


async def _set(settings: Settings, new: str, old: str | None, forgotten: bool) -> tuple[str, int]:
    async with open_app(settings) as app:
        one = app.session(Call("passphrase", client=screen.CLIENT), app.owner)
        return await authorizing.set_passphrase(one, new, old, forgotten=forgotten)
