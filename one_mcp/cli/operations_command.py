"""`one-mcp operations`: see what is under way, and decide what can neither go on nor back."""

from functools import partial

import anyio
import click

from one_mcp.app import open_app
from one_mcp.cli import options, screen, terminal
from one_mcp.dimensions.operations import homes, listing, operation
from one_mcp.dimensions.operations.listing import Operations
from one_mcp.dimensions.operations.operation import State
from one_mcp.services import authorizing, reviews
from one_mcp.services.commerce import telling
from one_mcp.services.commerce.telling import ToldOperation
from one_mcp.services.reviews import Decision, ReviewShown
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

ACTS = ("list", "show", *(it.value for it in Decision), "release")
STATES = [it.value for it in State]
EPILOG = """\b
Examples:
  one-mcp operations --state needs_review
  one-mcp operations show op_01m2…
  one-mcp operations retry op_01m2…          says what it would do
  one-mcp operations retry op_01m2… --yes    does it
  one-mcp operations release --yes           after `one-mcp reconcile`

Exit codes: 0 it worked; 1 it cannot be done; 2 usage."""


@click.command("operations", epilog=EPILOG)
@click.argument("act", type=click.Choice(ACTS), default="list")
@click.argument("id", required=False, metavar="[ID]")
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="Only those; repeatable."
)
@click.option("--yes", is_flag=True, help="Do it; without, it is only said what would be done.")
@options.settings("database", "packs", "log_level")
@options.as_json
def command(act: str, id: str | None, *, states: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """See what is under way, and decide what can go neither on nor back.

    An operation that needs review is tried again (retry), undone (undo), or taken for ended as it
    stands (accept). In a database that was restored or copied, release lets money move again.
    Where money is real, your passphrase is asked for at the terminal.
    """
    settings = options.existing()
    if (id is None) != (act in {"list", "release"}):
        raise click.UsageError(f"{act} takes {'no' if id else 'an'} ID.")
    run = partial(_act, settings, act, id or "", states=states, yes=yes, as_json=as_json)
    anyio.run(run)


async def _act(
    settings: Settings, act: str, id: str, *, states: tuple[str, ...], yes: bool, as_json: bool
) -> None:
    async with open_app(settings) as app:
        one = app.session(Call("operations", "one-mcp operations", client=screen.CLIENT), app.owner)
        match act:
            case "list":
                _show_list(await _all(one, states), as_json=as_json)
            case "show":
                _show(await telling.tell(one, id), as_json=as_json)
            case "release":
                await _release(one, yes=yes, as_json=as_json)
            case _:
                await _decide(one, id, Decision(act), yes=yes, as_json=as_json)


async def _all(one: Session, states: tuple[str, ...]) -> Operations:
    return await one.read(listing.find, [State(it) for it in states], limit=100)


async def _decide(one: Session, id: str, decision: Decision, *, yes: bool, as_json: bool) -> None:
    if yes:
        if not (await one.read(operation.read, id)).simulated:
            await authorizing.confirm(one, terminal.secret(f"Your passphrase to {decision} {id}"))
        await reviews.decide(one, id, decision)
        _show(await telling.tell(one, id), as_json=as_json)
    else:
        _show_review(await reviews.show(one, id, decision), as_json=as_json)


async def _release(one: Session, *, yes: bool, as_json: bool) -> None:
    if not yes:
        held = await one.read(listing.find, [State.HELD], limit=100)
        _show_list(held, as_json=as_json)
        screen.complain("nothing was released; compare first (one-mcp reconcile), then add --yes")
        return
    if await one.read(homes.held_since) is not None:
        await authorizing.confirm(one, terminal.secret("Your passphrase to let money move again"))
    released = await reviews.release(one)
    if as_json:
        screen.show_json({"released": [*released]})
    else:
        screen.show(f"Money moves again; {len(released)} operations go on.")


def _show_list(found: Operations, *, as_json: bool) -> None:
    if as_json:
        screen.show_json(found)
        return
    for it in found.items:
        mark = "  simulated" if it.simulated else ""
        screen.show(f"{it.operation}  {it.state:<12}  {it.kind:<19}  {it.began}{mark}")
        if it.what:
            screen.show(f"    {it.what}")
        if it.allowed_by:
            screen.show(f"    allowed by {it.allowed_by}")
        if it.problem:
            screen.show(f"    {it.problem}")
    if not found.items:
        screen.show("There are none.")
    if found.cursor:
        screen.show("There are more.")


def _show(told: ToldOperation, *, as_json: bool) -> None:
    if as_json:
        screen.show_json(told)
        return
    screen.show(f"{told.operation}  {told.kind}  {told.state}", bold=True)
    if told.what:
        screen.show(told.what)
    if told.allowed_by:
        screen.show(f"allowed by {told.allowed_by}")
    screen.show(told.sentence)
    for step in told.steps:
        screen.show(f"    {step.name:<12}  {step.state}  {step.tries}")
    message = (told.failure or {}).get("message")
    if message:
        screen.show(str(message))


def _show_review(found: ReviewShown, *, as_json: bool) -> None:
    if as_json:
        screen.show_json(found)
        return
    screen.show(f"{found.decision} would {found.will}: {', '.join(found.steps) or 'none'}")
    screen.show("Nothing was done; add --yes to do it.")
