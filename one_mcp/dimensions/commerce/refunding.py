"""Refunding: what of a purchase goes back, worked out from its operation and from earlier refunds.

The same is worked out again when the refund begins, under the lock of the organization: two refunds
at once never give back more than was paid.
"""

from dataclasses import dataclass

from one_mcp import ids, jsons, money
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import ledger
from one_mcp.dimensions.commerce.ledger import Account, Posting
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.journal import OPERATION
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import InsufficientTokensError
from one_mcp.ontology.names import a
from one_mcp.store.work import Work

PURCHASE, BILL = "purchase", "subscription_bill"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What somebody wants back: of a payment's entity or a purchase's operation.

    `amount` is decimal text, of the payment's currency; all that is left where it is empty.
    """

    payment: str
    amount: str = ""
    keep_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Refunded:
    """What earlier refunds gave back, or are about to: minor units, and units of the token.

    `taking` is the money for which tokens go back: all but that of refunds that leave them.
    """

    minor: int
    units: int
    taking: int


def body(work: Work, given: RefundOrder) -> JsonObject:
    """Work out the body of a refund; raises where the purchase has not so much left."""
    bought = _purchase(work, given.payment)
    _require_refundable(bought)
    item = lookup.live(work, str(bought.body["item"]), "payment", follow=True)
    buyer = lookup.live(work, str(bought.body["buyer"]), "payment", follow=True)
    payment = lookup.live(work, str((bought.answer or {}).get("paymentId")), "payment")
    paid, currency = int(str(bought.body["minor"])), str(bought.body["currency"])
    before = refunded(work, bought.id)
    left = money.Money(paid - before.minor, currency)
    if left.minor <= 0:
        raise InvalidArgumentError(
            f"Nothing is left of {bought.id} to refund: {money.Money(paid, currency)} went back, "
            "or is on its way; get_operation tells how it goes.",
            argument="payment",
        )
    back = money.minor(given.amount, currency) if given.amount else left.minor
    if back > left.minor:
        raise InvalidArgumentError(
            f"{left} is left of this payment, and a refund is never more than that.",
            argument="amount",
            left=left.amount,
        )
    found: JsonObject = {
        "purchase": bought.id,
        "item": item["id"],
        "type": item["type"],
        "name": item["name"],
        "buyer": buyer["id"],
        "buyerName": buyer["name"],
        "payment": payment["id"],
        "charge": bought.result("authorize").get("payment"),
        "minor": back,
        "amount": money.Money(back, currency).amount,
        "currency": currency,
        "keepTokens": given.keep_tokens,
        "mode": bought.body.get("mode"),
        "simulated": bought.simulated,
    }
    if "contract" not in bought.body or given.keep_tokens:
        return found
    return found | _tokens(work, bought, found, before)


def order(body: JsonObject) -> RefundOrder:
    """Read again what a body was worked out from."""
    return RefundOrder(str(body["purchase"]), str(body["amount"]), body["keepTokens"] is True)


def refunded(work: Work, purchase: str, *, only_done: bool = False) -> Refunded:
    """Add up what went back of a purchase, and unless said otherwise what is about to."""
    rows = work.all(
        """
        SELECT body, state
        FROM operations
        WHERE organization_id = :organization
          AND kind = 'refund'
          AND body ->> 'purchase' = :purchase
          AND state <> 'undone'
        """,
        purchase=purchase,
    )
    bodies = [
        jsons.load_object(row["body"])
        for row in rows
        if row["state"] == State.DONE or not only_done
    ]
    return Refunded(
        sum(int(str(it["minor"])) for it in bodies),
        sum(int(str(it.get("units", 0))) for it in bodies),
        sum(int(str(it["minor"])) for it in bodies if it.get("keepTokens") is not True),
    )


def left(work: Work, body: JsonObject) -> money.Money:
    """Say what is left of the payment beside this refund and the earlier ones."""
    bought = operation.read(work, str(body["purchase"]))
    rest = int(str(bought.body["minor"])) - refunded(work, bought.id).minor
    return money.Money(rest, str(body["currency"]))


def left_after(work: Work, at: Operation) -> money.Money:
    """Say what is left once this refund is done: another one may still come to nothing."""
    bought = operation.read(work, str(at.body["purchase"]))
    back = refunded(work, bought.id, only_done=True).minor + int(str(at.body["minor"]))
    return money.Money(int(str(bought.body["minor"])) - back, str(at.body["currency"]))


def reserve(work: Work, at: Operation) -> None:
    """Put the tokens aside that the refund takes back."""
    if "units" in at.body:
        _move(work, at, ledger.RESERVE, Account.CUSTODY, Account.RESERVED)


def release(work: Work, at: Operation) -> None:
    """Let go of the tokens that were put aside."""
    if "units" in at.body:
        _move(work, at, ledger.RELEASE, Account.RESERVED, Account.CUSTODY)


def _move(work: Work, at: Operation, name: str, source: Account, target: Account) -> None:
    buyer = str(at.body["buyer"])
    lines = ledger.transfer(
        token(at.body), int(str(at.body["units"])), (source, buyer), (target, buyer)
    )
    ledger.post(work, Posting(at.id, name, at.simulated, lines))


def _purchase(work: Work, given: str) -> Operation:
    """Find the purchase that a payment's entity or an operation is of."""
    id: str | None = given
    if ids.is_of(given, ids.ENTITY):
        row = lookup.any_state(work, given, "payment", follow=True)
        if row["type"] != "payment":
            raise InvalidArgumentError(
                f"{given} is {a(row['type'])} and no payment. Those of a buyer are told by "
                'find_events(types=["payment_processed"], actor=<buyer>): paymentId.',
                argument="payment",
            )
        id = row["external_id"]
    elif not _is_operation(given):
        raise InvalidArgumentError(
            "payment is the id of a payment (ent_…) or of its purchase (op_…).", argument="payment"
        )
    if id is None or not _is_operation(id):
        raise InvalidArgumentError(
            f"{given} is no payment that was made here; what was paid elsewhere is given back "
            "there, and noted with update_entity (status refunded).",
            argument="payment",
        )
    bought = operation.read(work, id)
    if bought.kind == BILL:
        raise InvalidArgumentError(
            f"{given} was billed by the vendor of the subscription {bought.body['subscription']}: "
            "it is given back in the vendor's own dashboard, not here, and then told by "
            "record_event: revenue_generated with an amount below 0, else sums still have it. "
            "manage_subscription with action cancel keeps it from being billed again.",
            argument="payment",
            subscription=bought.body["subscription"],
        )
    if bought.kind != PURCHASE:
        raise InvalidArgumentError(f"{id} is no purchase.", argument="payment", kind=bought.kind)
    return bought


def _is_operation(id: str) -> bool:
    return id.startswith(f"{OPERATION}_")


def _require_refundable(bought: Operation) -> None:
    if bought.state is not State.DONE:
        raise InvalidArgumentError(
            f"{bought.id} is {bought.state}, and only a purchase that is done is refunded; "
            "get_operation tells how it goes.",
            argument="payment",
            state=bought.state.value,
        )
    if not bought.body["minor"]:
        raise InvalidArgumentError(f"Nothing was paid for {bought.id}.", argument="payment")


def _tokens(work: Work, bought: Operation, found: JsonObject, before: Refunded) -> JsonObject:
    """Work out the tokens that go back with the money; nothing where that is less than a unit."""
    sale = bought.body
    share = _share(bought, int(str(found["minor"])), before)
    if not share:
        return {}
    buyer, token = str(found["buyer"]), str(_nft(bought).get("nft") or found["item"])
    decimals = int(str(sale["decimals"]))
    held = ledger.balance(work, Account.CUSTODY, buyer, token, simulated=bought.simulated)
    if held < share:
        needs, has = money.decimal(share, decimals), money.decimal(held, decimals)
        raise InsufficientTokensError(
            f"{needs} tokens would go back with the money, and {has} are kept here for {buyer}: "
            "those that were spent, or are in a wallet of the buyer's own, cannot be taken back. "
            "keep_tokens: true refunds the money alone"
            + ("; a smaller amount takes fewer." if held else "."),
            user=buyer,
            required=needs,
            available=has,
            token=token,
        )
    return {
        "units": str(share),
        "tokens": money.decimal(share, decimals),
        "decimals": decimals,
        "contract": sale["contract"],
        "blockchain": sale["blockchain"],
        **_nft(bought),
    }


def _share(bought: Operation, back: int, before: Refunded) -> int:
    """Say how many units go back: the share of all refunds together, less what went before.

    What is rounded down in one is made up for in the next, so that many small ones take as much as
    one. Of an nft there is no part: it goes with the last of the money.
    """
    units, paid = int(str(bought.body["units"])), int(str(bought.body["minor"]))
    if _nft(bought):
        return units if before.minor + back == paid else 0
    return max(units * (before.taking + back) // paid - before.units, 0)


def token(body: JsonObject) -> str:
    """Say which token a refund takes back: of a series it is not what was sold, but one of it."""
    return str(body.get("nft") or body["item"])


def _nft(bought: Operation) -> JsonObject:
    nft = (bought.answer or {}).get("nft")
    names = ("standard", "tokenId")
    return {"nft": nft, **{name: bought.body[name] for name in names}} if nft else {}
