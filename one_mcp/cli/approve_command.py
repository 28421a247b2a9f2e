"""`one-mcp approve`: a person's yes or no to what an agent wants to do."""

import anyio
import click

from one_mcp import clock
from one_mcp.app import open_app
from one_mcp.cli import options, screen, terminal
from one_mcp.dimensions.operations import showing
from one_mcp.dimensions.operations.approvals import Approval
from one_mcp.dimensions.operations.showing import PlanShown
from one_mcp.services import authorizing
from one_mcp.services.authorizing import Seen
from one_mcp.session import Call
from one_mcp.settings import Settings

NOT_REAL = "(simulated: nothing real happens)"


@click.command("approve")
@click.argument("plan", required=False)
@click.option("--refuse", is_flag=True, help="Say no: the plan is never carried out.")
@options.settings("database", "log_level")
def command(plan: str | None, *, refuse: bool) -> None:
    """Approve what an agent wants to do, after seeing all of it.

    PLAN is the id of its quote or plan; without one, those that wait are listed. Your
    passphrase is asked for at the terminal. The yes is good for this plan alone, once, within
    an hour, and void where a price or anything else of it changes. A server on this database
    carries it out, without the agent asking again.
    """
    settings = options.chosen()
    if plan is None:
        _list(anyio.run(_every, settings))
        return
    shown = anyio.run(_one, settings, plan)
    _show(shown)
    if refuse:
        anyio.run(_refuse, settings, plan)
        screen.show(f"{plan} is refused.")
        return
    typed = terminal.secret("Your passphrase to approve this, or nothing to leave it")
    if not typed:
        screen.show("Nothing was approved.")
        return
    approval = anyio.run(_approve, settings, shown, typed)
    screen.show(f"{plan} is approved until {clock.to_text(approval.expires_at)}.")
    screen.show("A server on this database carries it out in a moment.")


def _list(waiting: list[PlanShown]) -> None:
    for each in waiting:
        mark = NOT_REAL if each.simulated else ""
        screen.show(f"{each.plan}  {showing.plain(each.headline)} {mark}".rstrip())
    if not waiting:
        screen.show("Nothing waits.")


def _show(shown: PlanShown) -> None:
    screen.show(showing.plain(shown.headline), bold=True)
    screen.show(shown.reality)
    if shown.alike is not None:
        screen.show(f"The same was asked for a moment ago: {shown.alike}. It would happen twice.")
    widest = max(len(label) for label, _ in shown.details)
    for label, value in shown.details:
        screen.show(f"  {label.ljust(widest)}  {value}")


async def _every(settings: Settings) -> list[PlanShown]:
    async with open_app(settings) as app:
        one = app.session(Call("approve", client=screen.CLIENT), app.owner)
        return await one.read(showing.every)


async def _one(settings: Settings, plan: str) -> PlanShown:
    async with open_app(settings) as app:
        one = app.session(Call("approve", client=screen.CLIENT), app.owner)
        return await one.read(showing.one, plan)


async def _approve(settings: Settings, shown: PlanShown, passphrase: str) -> Approval:
    async with open_app(settings) as app:
        one = app.session(Call("approve", client=screen.CLIENT), app.owner)
        seen = Seen(shown.plan, shown.digest, shown.alike)
        return await authorizing.approve(one, seen, passphrase, "terminal")


async def _refuse(settings: Settings, plan: str) -> None:
    async with open_app(settings) as app:
        one = app.session(Call("approve", client=screen.CLIENT), app.owner)
        await authorizing.refuse(one, plan, "terminal")
