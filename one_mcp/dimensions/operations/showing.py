"""Showing: what a plan would do, in words for whoever decides on it, and nothing left out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from one_mcp import clock
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Work

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
    "refund": lambda it: f"Give {_money(it, 'amount')} back to the buyer of {it['name']}.",
    "spend_tokens": lambda it: (
        f"Take {it['amount']} {it['name']} from {it['holderName']}"
        + (f" for {it['itemName']}." if it["itemName"] else ".")
    ),
    "grant_tokens": lambda it: (
        f"Give {it['holderName']} {it['amount']} × {it['itemName']} for nothing."  # noqa: RUF001  # times
    ),
    "deploy_token": lambda it: f"Put a contract for the token {it['name']} on {it['blockchain']}.",
    "mint_tokens": lambda it: f"Make {it['amount']} new {it['name']}, for the business itself.",
    "burn_tokens": lambda it: f"Destroy {it['amount']} {it['name']} of the business's own.",
    "transfer_tokens": lambda it: (
        f"Send {it['amount']} {it['name']} to {it['holderName']}, to the wallet {it['wallet']}."
    ),
}


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan in words: what it does, whether it is real, and every detail with its label.

    `digest` is what is approved; `expires` when the plan lapses unless somebody approves it.
    """

    plan: str
    headline: str
    simulated: bool
    details: tuple[tuple[str, str], ...]
    expires: str
    digest: str


def one(work: Work, id: str) -> PlanShown:
    """Show a plan that waits; raises PlanError for one that does not."""
    return _shown(plans.waiting(work, id))


def every(work: Work) -> list[PlanShown]:
    """Show the plans that wait, the newest first."""
    return [_shown(plan) for plan in plans.all_waiting(work)]


def _shown(plan: Plan) -> PlanShown:
    return PlanShown(
        plan.id,
        _headline(plan.kind, plan.body),
        plan.simulated,
        tuple((_label(name), _said(value)) for name, value in plan.body.items()),
        clock.to_text(plan.expires_at),
        plans.digest(plan.body),
    )


def _headline(kind: str, body: JsonObject) -> str:
    if kind == "sale":
        what = f"{body['amount']} × {body['name']}"  # noqa: RUF001  # times
        if not body["minor"]:
            return f"Give {body['buyerName']} {what} for nothing."
        return f"Charge {body['buyerName']} {_money(body, 'total')} for {what}."
    make = _HEADLINES.get(kind)
    return f"Carry out a plan of the kind {kind}." if make is None else make(body)


def _money(body: JsonObject, name: str) -> str:
    return f"{body[name]} {str(body['currency']).upper()}"


def _label(name: str) -> str:
    return _LABELS.get(name) or _HUMP.sub(" ", name).lower()


def _said(value: JsonValue) -> str:
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
