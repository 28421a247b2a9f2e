"""Showing: what a plan would do, in words for whoever decides on it, and nothing left out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from one_mcp import clock
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.operation import OPEN, Operation, State
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Work
from one_mcp.texts import visible

FIRST, LAST = "\u2068", "\u2069"  # around a name: https://www.unicode.org/reports/tr9/ (FSI, PDI)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LABELS = {
    "each": "price of one",
    "method": "paid by",
    "minor": "total in the smallest unit",
    "units": "amount in the smallest unit",
    "decimals": "decimal places of the amount",
    "charge": "the vendor's payment",
}
_HEADLINES: dict[str, Callable[[JsonObject], str]] = {
    "refund": lambda it: (
        f"Give {_money(it, 'amount')} back to "
        + (f"{_name(it, 'buyerName')}, for" if it.get("buyerName") else "the buyer of")
        + f" {_name(it, 'name')}."
    ),
    "subscription_bill": lambda it: (
        f"Take down that {_name(it, 'buyerName')} was billed {_money(it, 'total')} for "
        f"{_name(it, 'name')} by the vendor."
    ),
    "spend_tokens": lambda it: (
        f"Take {it['amount']} {_name(it, 'name')} from {_name(it, 'holderName')}"
        + (f" for {_name(it, 'itemName')}." if it["itemName"] else ".")
    ),
    "grant_tokens": lambda it: (
        f"Give {_name(it, 'holderName')} {it['amount']} × {_name(it, 'itemName')} for nothing."  # noqa: RUF001  # times
    ),
    "deploy_token": lambda it: (
        f"Put a contract for the token {_name(it, 'name')} on {it['blockchain']}."
    ),
    "mint_tokens": lambda it: (
        f"Make {it['amount']} new {_name(it, 'name')}, for the business itself."
    ),
    "burn_tokens": lambda it: f"Destroy {it['amount']} {_name(it, 'name')} of the business's own.",
    "transfer_tokens": lambda it: (
        f"Send {it['amount']} {_name(it, 'name')} to {_name(it, 'holderName')}, to the wallet "
        f"{it['wallet']}."
    ),
    "manage_subscription": lambda it: _SUBSCRIBED[str(it["action"])](it),
}
_SUBSCRIBED: dict[str, Callable[[JsonObject], str]] = {
    "start": lambda it: (
        f"Charge {_name(it, 'buyerName')} {_money(it, 'total')} for {_name(it, 'name')} now, and "
        f"again every {it['interval']} until it is cancelled."
    ),
    "change": lambda it: (
        f"Charge {_name(it, 'buyerName')} {_money(it, 'total')} every {it['interval']} for "
        f"{_name(it, 'name')}, from {it['paidUntil']} on."
    ),
    "cancel": lambda it: (
        f"End the subscription of {_name(it, 'buyerName')} to {_name(it, 'name')} "
        + ("at once." if it["now"] else f"at {it['paidUntil']}.")
    ),
    "resume": lambda it: (
        f"Go on charging {_name(it, 'buyerName')} {_money(it, 'total')} every {it['interval']} for "
        f"{_name(it, 'name')}."
    ),
}


ENDS = {
    State.RUNNING: "It is under way.",
    State.UNDOING: "It could not be completed, and what had happened is being undone.",
    State.DONE: "It is done.",
    State.UNDONE: "It came to nothing; what had happened was undone.",
    State.NEEDS_REVIEW: "It can go neither on nor back by itself, and waits for your decision.",
    State.HELD: "It is held, since this database was restored or copied.",
}
REALITY = {
    "simulated": "It is simulated: nothing real happens.",
    "test": "It is in the vendors' test mode: no money moves.",
    "live": "This is real, and cannot be taken back by itself.",
}


@dataclass(frozen=True, slots=True)
class EndShown:
    """What came of a plan: where it stands, whether that is the end, and what it left behind."""

    headline: str
    sentence: str
    is_over: bool
    problem: str = ""
    reality: str = ""
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan in words: what it does, whether it is real, and every detail with its label.

    In the headline names stand between FIRST and LAST.
    `digest` is what is approved; `expires` when the plan lapses unless somebody approves it.
    `alike` is an operation like it that was begun a moment ago, or has not ended.
    """

    plan: str
    headline: str
    simulated: bool
    details: tuple[tuple[str, str], ...]
    expires: str
    digest: str
    alike: str | None
    reality: str


def one(work: Work, id: str) -> PlanShown:
    """Show a plan that waits; raises PlanError for one that does not."""
    return _shown(work, plans.waiting(work, id))


def what(kind: str, body: JsonObject) -> str | None:
    """Say in a line what an operation does; None where another version wrote less of it."""
    try:
        return plain(_headline(kind, body))
    except KeyError:
        return None


def plain(headline: str) -> str:
    """Write a headline where names cannot be set apart, such as at a terminal."""
    return headline.replace(FIRST, "").replace(LAST, "")


def every(work: Work) -> list[PlanShown]:
    """Show the plans that wait, the newest first."""
    return [_shown(work, plan) for plan in plans.all_waiting(work)]


def _shown(work: Work, plan: Plan) -> PlanShown:
    return PlanShown(
        plan.id,
        _headline(plan.kind, plan.body),
        plan.simulated,
        tuple((_label(name), _said(value)) for name, value in plan.body.items()),
        clock.to_text(plan.expires_at),
        plan.digest,
        plans.alike(work, plan.id),
        REALITY[mode(plan.body, simulated=plan.simulated)],
    )


def mode(body: JsonObject, *, simulated: bool) -> str:
    """Say how real a plan or operation is: simulated, in a vendor's test mode, or live (D-90)."""
    return str(body.get("mode") or ("simulated" if simulated else "live"))


def end(at: Operation) -> EndShown:
    """Show what came of an operation, as a receipt of it."""
    told = {**_receipt(at.body), **(at.answer or {})}
    return EndShown(
        _headline(at.kind, at.body),
        ENDS[at.state],
        at.state not in OPEN,
        str((at.failure or {}).get("message", "")) if at.state is not State.DONE else "",
        REALITY[mode(at.body, simulated=at.simulated)],
        (
            ("operation", at.id),
            *((_label(name), _said(value)) for name, value in told.items() if _is_told(value)),
            ("at", clock.to_text(at.updated_at)),
        ),
    )


def _receipt(body: JsonObject) -> JsonObject:
    wanted = ("name", "itemName", "amount", "total", "buyerName", "holderName", "wallet")
    return {name: body[name] for name in wanted if body.get(name)}


def _is_told(value: JsonValue) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _headline(kind: str, body: JsonObject) -> str:
    if kind in {"sale", "purchase"}:
        what = f"{body['amount']} × {_name(body, 'name')}"  # noqa: RUF001  # times
        if not body["minor"]:
            return f"Give {_name(body, 'buyerName')} {what} for nothing."
        return f"Charge {_name(body, 'buyerName')} {_money(body, 'total')} for {what}."
    make = _HEADLINES.get(kind)
    return f"Carry out a plan of the kind {kind}." if make is None else make(body)


def _name(body: JsonObject, name: str) -> str:
    """Set a name apart: letters written from right to left move no amount that stands beside it."""
    return f"{FIRST}{visible.line(str(body[name]))}{LAST}"


def _money(body: JsonObject, name: str) -> str:
    return f"{body[name]} {str(body['currency']).upper()}"


def _label(name: str) -> str:
    return _LABELS.get(name) or _HUMP.sub(" ", name).lower()


def _said(value: JsonValue) -> str:
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
