"""Allowing: what somebody writes on a command line becomes the terms of an allowance."""

from dataclasses import dataclass, replace

from one_mcp import clock, jsons
from one_mcp.answers import Answer
from one_mcp.dimensions import lookup
from one_mcp.dimensions.operations import allowances, worth
from one_mcp.dimensions.operations.allowances import Allowance, AllowanceTerms, Limit
from one_mcp.dimensions.operations.approvers import Notary
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.store.work import Work


@dataclass(frozen=True, slots=True)
class AllowanceOrder:
    """What somebody wants to allow; amounts are written "50 usd", "100 ent_…" or "3 calls"."""

    tool: str
    until: str
    per_day: tuple[str, ...]
    per_call: tuple[str, ...] = ()
    per_recipient: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    client: str | None = None
    person: str | None = None


class AllowanceLeft(Answer):
    """A limit: how much in any 24 hours, in one call, to one recipient, and what is `left` now.

    Simulated acts, where they need a yes, have a day of their own: `left_simulated`, once used.
    """

    per_day: str
    left: str
    left_simulated: str | None = None
    per_call: str | None = None
    per_recipient: str | None = None


class AllowanceTold(Answer):
    """An allowance. Where there is `only`, all that a call is about must stand in it."""

    id: str
    tool: str
    limits: list[AllowanceLeft]
    until: str
    only: list[str] | None = None
    client: str | None = None


class AllowanceList(Answer):
    """What may be done without asking; everything else of value needs a person's approval."""

    items: list[AllowanceTold]


def listed(work: Work, notary: Notary) -> AllowanceList:
    """List the allowances that count and are for the caller's person, of real value."""
    return AllowanceList(
        items=[
            _told(work, it)
            for it in allowances.in_force(work, notary)
            if it.terms.person in {None, work.principal.person}
        ]
    )


def _told(work: Work, allowance: Allowance) -> AllowanceTold:
    terms = allowance.terms
    return AllowanceTold(
        id=allowance.id,
        tool=terms.tool,
        limits=[_left(work, allowance.id, limit) for limit in terms.limits],
        until=clock.to_text(terms.expires_at),
        only=list(terms.only) if terms.only else None,
        client=terms.client,
    )


def _left(work: Work, id: str, limit: Limit) -> AllowanceLeft:
    day = work.now - clock.DAY_MS
    real, tried = (
        allowances.used(work, id, limit.unit, simulated=simulated, since=day)
        for simulated in (False, True)
    )
    return AllowanceLeft(
        per_day=str(limit.per_day),
        left=_rest(limit, real),
        left_simulated=_rest(limit, tried) if tried else None,
        per_call=str(limit.per_call) if limit.per_call else None,
        per_recipient=str(limit.per_recipient) if limit.per_recipient else None,
    )


def _rest(limit: Limit, used: int) -> str:
    return str(replace(limit.per_day, units=limit.per_day.units - used))


def terms(work: Work, order: AllowanceOrder) -> AllowanceTerms:
    """Work out the terms; raises InvalidArgumentError for what they cannot be."""
    if order.tool not in worth.TOOLS:
        raise InvalidArgumentError(
            f"An allowance is for one of {', '.join(worth.TOOLS)}.", argument="tool"
        )
    days, calls, recipients = (
        {amount.unit: amount for amount in (worth.amount(work, text) for text in texts)}
        for texts in (order.per_day, order.per_call, order.per_recipient)
    )
    if not days:
        raise InvalidArgumentError(
            'Say how much a day at most: --per-day "50 usd"; once for each currency and token that '
            "may move.",
            argument="per_day",
        )
    beyond = (calls.keys() | recipients.keys()) - days.keys()
    if beyond:
        raise InvalidArgumentError(
            f"Say how much a day of {', '.join(sorted(beyond))}, too.", argument="per_day"
        )
    return AllowanceTerms(
        order.tool,
        tuple(Limit(days[unit], calls.get(unit), recipients.get(unit)) for unit in sorted(days)),
        _until(work, order.until),
        tuple(sorted({it for given in order.only for it in _things(work, given)})) or None,
        order.person,
        order.client,
    )


def _things(work: Work, given: str) -> set[str]:
    """Name an entity, and the contract that it has now: another one later is not allowed."""
    if not given.startswith("ent_"):
        return {given}
    row = lookup.live(work, given, "only", follow=True)
    contract = jsons.load_object(row["properties"]).get("contractAddress")
    return {row["id"], str(contract)} if contract else {row["id"]}


def _until(work: Work, text: str) -> int:
    try:
        at = moments.reader(work)(text, True)
    except (ValueError, OverflowError):
        at = 0
    if at <= work.now:
        raise InvalidArgumentError(
            "An allowance lasts until a time to come, such as +30d or 2027-01-31.",
            argument="until",
        )
    return at
