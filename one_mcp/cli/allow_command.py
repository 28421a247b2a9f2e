"""`one-mcp allow`: what agents may do without asking, up to limits; lists and ends it, too."""

import anyio
import click

from one_mcp import clock
from one_mcp.app import open_app
from one_mcp.cli import options, screen, terminal
from one_mcp.dimensions.operations import allowances
from one_mcp.dimensions.operations.allowances import Allowance, AllowanceTerms, Limit
from one_mcp.services import allowing, authorizing
from one_mcp.services.allowing import AllowanceOrder
from one_mcp.session import Call
from one_mcp.settings import Settings

_AMOUNTS = 'such as "50 usd", "100 ent_…" or "3 calls"; may be repeated'


@click.command("allow")
@click.argument("tool", required=False)
@click.option("--per-day", multiple=True, help=f"At most in any 24 hours, {_AMOUNTS}.")
@click.option("--per-call", multiple=True, help="At most in one call.")
@click.option("--per-recipient", multiple=True, help="At most to any one recipient, in all.")
@click.option("--only", multiple=True, help="A token, product or contract that it is about.")
@click.option("--client", help="The program that it is for, by the name it gives itself.")
@click.option("--until", default="+30d", show_default=True, help="When it ends.")
@click.option("--end", "ended", metavar="ID", help="Take an allowance (alw_…) back.")
@options.settings("database", "log_level")
def command(tool: str | None, *, ended: str | None, **given: object) -> None:
    """Let agents spend within limits without asking; list and end what they may.

    TOOL is what they may use; without one, what is allowed is listed. Everything that moves
    needs a limit: a sale of tokens moves money and tokens. Your passphrase is asked for at the
    terminal.
    """
    settings = options.chosen()
    if ended is not None:
        anyio.run(_end, settings, ended)
        screen.show(f"{ended} is ended.")
    elif tool is None:
        _show(*anyio.run(_list, settings))
    else:
        terms = anyio.run(_terms, settings, AllowanceOrder(tool, **given))  # type: ignore[arg-type]
        screen.show(_said(terms))
        typed = terminal.secret("Your passphrase to allow this, or nothing to leave it")
        if typed:
            screen.show(f"{anyio.run(_allow, settings, terms, typed).id} is in force.")
        else:
            screen.show("Nothing was allowed.")


def _show(allowed: list[Allowance], void: list[str]) -> None:
    for allowance in allowed:
        screen.show(f"{allowance.id}  {_said(allowance.terms)}")
    if not allowed:
        screen.show("Nothing is allowed without asking.")
    for id in void:
        screen.show(
            f"{id}  has no effect: nobody whose word counts has signed it as it stands; "
            f"`one-mcp allow --end {id}` takes it from this list."
        )


def _said(terms: AllowanceTerms) -> str:
    who = f" by {terms.client}" if terms.client else ""
    about = f"; only about {', '.join(terms.only)}" if terms.only else ""
    limits = "; ".join(_limit(limit) for limit in terms.limits)
    return f"{terms.tool}{who} until {clock.to_text(terms.expires_at)}: {limits}{about}"


def _limit(limit: Limit) -> str:
    call = f", {limit.per_call} a call" if limit.per_call else ""
    recipient = f", {limit.per_recipient} to one recipient" if limit.per_recipient else ""
    return f"{limit.per_day} in 24 hours{call}{recipient}"


async def _terms(settings: Settings, order: AllowanceOrder) -> AllowanceTerms:
    async with open_app(settings) as app:
        one = app.session(Call("allow", client=screen.CLIENT), app.owner)
        return await one.read(allowing.terms, order)


async def _allow(settings: Settings, terms: AllowanceTerms, passphrase: str) -> Allowance:
    async with open_app(settings) as app:
        one = app.session(Call("allow", client=screen.CLIENT), app.owner)
        return await authorizing.allow(one, terms, passphrase, "terminal")


async def _list(settings: Settings) -> tuple[list[Allowance], list[str]]:
    async with open_app(settings) as app:
        one = app.session(Call("allow", client=screen.CLIENT), app.owner)
        notary = authorizing.asking(one).notary
        return (
            await one.read(allowances.in_force, notary),
            await one.read(allowances.without_effect, notary),
        )


async def _end(settings: Settings, id: str) -> None:
    async with open_app(settings) as app:
        one = app.session(Call("allow", client=screen.CLIENT), app.owner)
        await one.derive(allowances.end, id)
