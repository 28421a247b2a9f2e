"""Worth: what a plan would move, in whose favour; what an allowance is measured by.

All that moves counts: a price that somebody set to nothing still moves tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass

from one_mcp import jsons, money
from one_mcp.dimensions import lookup
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import currencies
from one_mcp.store.work import Work

_CURRENCY = 3  # letters of a code
CALLS = "calls"  # the unit of what moves neither money nor tokens


@dataclass(frozen=True, slots=True)
class Amount:
    """Units of a currency (usd), of a token (ent_…), or calls; `decimals` is how they are shown."""

    units: int
    unit: str
    decimals: int = 0

    def __str__(self) -> str:
        is_money = len(self.unit) == _CURRENCY
        amount = money.decimal(self.units, self.decimals, trim=not is_money)
        return f"{amount} {self.unit.upper() if is_money else self.unit}"


@dataclass(frozen=True, slots=True)
class PlanWorth:
    """What moves, to whom; `things` are the ids and contracts that it is about."""

    moves: tuple[Amount, ...]
    recipient: str | None
    things: frozenset[str]

    def __str__(self) -> str:
        return " and ".join(str(amount) for amount in self.moves)


@dataclass(frozen=True, slots=True)
class _Kind:
    tool: str
    of: Callable[[JsonObject], PlanWorth]


def _worth(body: JsonObject, token: str, recipient: str | None) -> PlanWorth:
    moves: list[Amount] = []
    if body.get("minor"):
        currency = str(body["currency"])
        moves.append(Amount(int(str(body["minor"])), currency, money.exponent(currency)))
    if body.get("units") and body.get("contract"):
        decimals = int(str(body.get("decimals", 0)))
        moves.append(Amount(int(str(body["units"])), str(body[token]), decimals))
    return PlanWorth(
        tuple(moves) or (Amount(1, CALLS),),
        None if recipient is None else jsons.text(body[recipient]),
        frozenset(str(body[name]) for name in (token, "contract") if body.get(name)),
    )


def _subscribed(body: JsonObject) -> PlanWorth:
    """Count the price of one time; an end costs nothing."""
    ends = body["action"] == "cancel"
    return _worth({**body, "minor": 0} if ends else body, "item", "buyer")


KINDS = {
    "sale": _Kind("purchase_tokens", lambda body: _worth(body, "item", "buyer")),
    "refund": _Kind("refund_purchase", lambda body: _worth(body, "item", "buyer")),
    **{
        tool: _Kind(tool, lambda body: _worth(body, "token", None))
        for tool in ("deploy_token", "mint_tokens", "burn_tokens")
    },
    "transfer_tokens": _Kind("transfer_tokens", lambda body: _worth(body, "token", "holder")),
    "spend_tokens": _Kind("spend_tokens", lambda body: _worth(body, "token", "holder")),
    "manage_subscription": _Kind("manage_subscription", _subscribed),
    "grant_tokens": _Kind("grant_tokens", lambda body: _worth(body, "item", "holder")),
}
TOOLS = tuple(kind.tool for kind in KINDS.values())


def of(kind: str, body: JsonObject) -> PlanWorth | None:
    """Say what a plan would move; None for a kind that only ever is approved by itself."""
    known = KINDS.get(kind)
    return None if known is None else known.of(body)


def tool(kind: str) -> str:
    """Name the tool that carries out plans of a kind."""
    known = KINDS.get(kind)
    return kind if known is None else known.tool


def amount(work: Work, text: str) -> Amount:
    """Read an amount as somebody writes it: "50 usd", "100 ent_…" or "3 calls"."""
    number, _, unit = text.strip().partition(" ")
    unit = unit.strip()
    if unit == CALLS:
        return Amount(money.units(number, 0), unit)
    currency = currencies.paid(unit)
    if currency is not None:
        return Amount(money.minor(number, currency), currency, money.exponent(currency))
    if unit.startswith("ent_"):
        token = lookup.live(work, unit, "amount", follow=True)
        places = money.token_decimals(jsons.load_object(token["properties"]).get("decimals"))
        return Amount(money.units(number, places), token["id"], places)
    raise InvalidArgumentError(
        f'Write an amount as "50 usd" (a code of ISO 4217), "100 ent_…" (a token) or "3 {CALLS}".',
        argument="amount",
    )
