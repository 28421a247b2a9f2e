"""What moves value, and how it may have ended by what the vendors say, whatever was cut off."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.shop import Shop, asked, new_address
from benchmarks.vendors import NOBODY, Moved

WHOLE = 10**18
DONE, UNDONE, REVIEW = "done", "undone", "needs_review"


@dataclass(frozen=True, slots=True)
class Act:
    """A call that is about to be made, once planned. `wrong` says what is wrong with its end."""

    tool: str
    given: dict[str, Any]
    wrong: Callable[[str | None, str | None], list[str]]

    @property
    def plan(self) -> str:
        return str(self.given.get("quote") or self.given["plan"])


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with a purchase. It has to end as `end` says.

    `meanwhile` happens while no server runs, and says how it has to end after that.
    """

    name: str
    end: str
    card: str = "pm_card_visa"
    wallet: str | None = None
    is_full: bool = False
    meanwhile: Callable[[Shop, str | None], str] | None = None


def _let_go(shop: Shop, _: str | None) -> str:
    """Have the bank take back what it holds, as it does after some days."""
    return UNDONE if shop.vendors.let_go() else DONE


def _too_late(shop: Shop, operation: str | None) -> str:
    """Let the deadline pass: what was held by then, and not taken, is given back."""
    is_held = shop.pass_deadline()
    taken = sum(it.taken for it in shop.vendors.paid(operation or "none"))
    return UNDONE if is_held and not taken else DONE


FINE = Trouble("nothing else", DONE)
LATE = Trouble("the deadline passes", UNDONE, meanwhile=_too_late)
TROUBLES = (
    FINE,
    Trouble("the card is declined", UNDONE, card="pm_card_chargeDeclined"),
    Trouble("nothing can be minted", UNDONE, is_full=True),
    Trouble("the capture is refused", UNDONE, meanwhile=_let_go),
    Trouble("the transfer is refused", REVIEW, wallet=NOBODY),
    LATE,
)


def purchase(shop: Shop, trouble: Trouble = FINE) -> Act:
    """Plan the purchase of tokens for a wallet of its own."""
    amount, wallet = next(shop.amounts), new_address()
    buyer = shop.new_buyer(wallet)
    about = {
        "item": shop.full_token if trouble.is_full else shop.token,
        "buyer": buyer,
        "amount": str(amount),
        "payment_method": trouble.card,
    }
    quote = shop.wire.call("quote_tokens", **about)["quote"]
    if trouble.wallet is not None:
        wallet = trouble.wallet
        shop.deliver_to(quote, buyer, wallet)

    def wrong(operation: str | None, state: str | None) -> list[str]:
        found, is_made = _Found(shop, operation), state in {DONE, REVIEW}
        found.paid(_minor(amount) if is_made else 0)
        found.moved(amount, wallet, minted=is_made, transferred=state == DONE)
        found.told("payment_processed", buyer, int(state in {DONE, UNDONE}))
        found.told("tokens_purchased", buyer, int(state == DONE))
        found.earned(_minor(amount) if state == DONE else 0)
        return found.wrong

    return Act("purchase_tokens", {"quote": quote, "again": True}, wrong)


def refund(shop: Shop) -> Act:
    """Plan the refund of tokens that are kept for their buyer."""
    amount = next(shop.amounts)
    about = {"item": shop.token, "buyer": shop.new_buyer(), "amount": str(amount)}
    quote = shop.wire.call("quote_tokens", **about, payment_method="pm_card_visa")["quote"]
    bought = shop.wire.call("purchase_tokens", quote=quote, again=True)
    plan = _planned(shop, "refund_purchase", payment=bought["operation"])

    def wrong(operation: str | None, state: str | None) -> list[str]:
        found = _Found(shop, operation)
        found.paid(_minor(amount), _minor(amount) if state == DONE else 0, bought["operation"])
        found.moved(amount, minted=True, burnt=state == DONE)
        return found.wrong

    return Act("refund_purchase", plan, wrong)


def mint(shop: Shop) -> Act:
    return _on_chain(shop, "mint_tokens", "minted", {})


def burn(shop: Shop) -> Act:
    return _on_chain(shop, "burn_tokens", "burnt", {})


def transfer(shop: Shop) -> Act:
    wallet = new_address()
    about = {"holder": shop.new_buyer(wallet), "source": "treasury"}
    return _on_chain(shop, "transfer_tokens", "transferred", about, wallet)


def _on_chain(
    shop: Shop, tool: str, way: str, about: dict[str, str], wallet: str | None = None
) -> Act:
    """Plan an act that moves tokens in one way."""
    amount = next(shop.amounts)
    plan = _planned(shop, tool, token=shop.token, amount=str(amount), **about)

    def wrong(operation: str | None, state: str | None) -> list[str]:
        found = _Found(shop, operation)
        found.moved(amount, wallet, **{way: state == DONE})
        return found.wrong

    return Act(tool, plan, wrong)


def deploy(shop: Shop) -> Act:
    token = shop.new_token(f"T{next(shop.amounts)}")
    before = shop.vendors.nonces()
    plan = _planned(shop, "deploy_token", token=token)

    def wrong(operation: str | None, state: str | None) -> list[str]:
        found = _Found(shop, operation)
        sql = "SELECT properties ->> 'contractAddress' FROM entities WHERE id = ?"
        ((contract,),) = shop.rows(sql, token)
        sent = shop.vendors.nonces() - before
        if (sent, bool(contract)) != ((1, True) if state == DONE else (0, False)):
            found.wrong.append(f"{state}: {sent} transactions, contract {contract}")
        return found.wrong

    return Act("deploy_token", plan, wrong)


def grant(shop: Shop) -> Act:
    amount = next(shop.amounts)
    about = {"item": shop.token, "holder": shop.buyer, "amount": str(amount)}
    return _within_the_ledger(shop, "grant_tokens", amount, about)


def spend(shop: Shop) -> Act:
    amount = next(shop.amounts)
    given = {"item": shop.token, "holder": shop.buyer, "amount": str(amount)}
    plan = _planned(shop, "grant_tokens", **given)
    shop.wire.call("grant_tokens", **plan)
    about = {"token": shop.token, "holder": shop.buyer, "amount": str(amount)}
    return _within_the_ledger(shop, "spend_tokens", -amount, about)


def _within_the_ledger(shop: Shop, tool: str, more: int, about: dict[str, str]) -> Act:
    plan, before, nonces = _planned(shop, tool, **about), _kept(shop), shop.vendors.nonces()

    def wrong(operation: str | None, state: str | None) -> list[str]:
        found = _Found(shop, operation)
        has, due = _kept(shop), before + (more * WHOLE if state == DONE else 0)
        if has != due:
            found.wrong.append(f"{has} kept for the buyer instead of {due}")
        if shop.vendors.nonces() != nonces:
            found.wrong.append("the chain was asked")
        return found.wrong

    return Act(tool, plan, wrong)


def _kept(shop: Shop) -> int:
    sql = "SELECT balance FROM ledger_accounts WHERE kind = 'custody' AND holder = ?"
    return sum(int(row[0]) for row in shop.rows(sql, shop.buyer))


ACTS = (refund, spend, grant, mint, burn, transfer, deploy)


def _planned(shop: Shop, tool: str, **about: Any) -> dict[str, Any]:
    return {"plan": shop.wire.call(tool, **about, dry_run=True)["plan"], "again": True}


def _minor(amount: int) -> int:
    """What so many tokens cost, in cents: an eighth of a dollar each, and no part of a cent."""
    return -(-amount * 100 // 8)


class _Found:
    """What is found at the vendors and in the books, beside what ought to be there."""

    def __init__(self, shop: Shop, operation: str | None) -> None:
        self.wrong: list[str] = []
        self._shop = shop
        self._operation = operation

    def paid(self, taken: int, returned: int = 0, operation: str | None = None) -> None:
        """There is one payment at most, of which so much was taken, and nothing is held."""
        found = self._shop.vendors.paid(operation or self._operation or "none")
        if len(found) > 1 or sum(it.held for it in found):
            self.wrong.append(f"payments: {found}")
        if (sum(it.taken for it in found), sum(it.returned for it in found)) != (taken, returned):
            self.wrong.append(f"{taken} were to be taken and {returned} returned: {found}")

    def moved(
        self,
        amount: int,
        wallet: str | None = None,
        *,
        minted: bool = False,
        burnt: bool = False,
        transferred: bool = False,
    ) -> None:
        """Each was done once or never, as is due; what was made and is not due was burnt again."""
        all_moved = self._shop.vendors.moved(self._shop.contract)
        seen = Counter(_way(it) for it in all_moved if it.units == amount * WHOLE)
        if not minted and not burnt and seen["mint"] == 1:
            seen.subtract(("mint", "burn"))
        due = {"mint": minted, "burn": burnt, "transfer": transferred}
        if any(seen[way] != times for way, times in due.items()):
            self.wrong.append(f"the chain moved {amount}: {dict(seen)}, and {due} was due")
        there = sum(it.units for it in all_moved if wallet and it.target == wallet.lower())
        if wallet != NOBODY and there != (amount * WHOLE if transferred else 0):
            self.wrong.append(f"{there} are in the wallet")

    def told(self, event: str, buyer: str, times: int) -> None:
        sql = "SELECT count(*) FROM events WHERE type = ? AND actor_id = ?"
        ((seen,),) = self._shop.rows(sql, event, buyer)
        if seen != times:
            self.wrong.append(f"{event} was recorded {seen} times instead of {times}")

    def earned(self, minor: int) -> None:
        sql = "SELECT units FROM ledger_entries WHERE kind = 'revenue' AND operation_id = ?"
        seen = [int(row[0]) for row in self._shop.rows(sql, self._operation)]
        if seen != ([minor] if minor else []):
            self.wrong.append(f"earned {seen} instead of {minor}")


def _way(moved: Moved) -> str:
    if moved.source == NOBODY:
        return "mint"
    return "burn" if moved.target == NOBODY else "transfer"


def end_of(shop: Shop, act: Act) -> tuple[str | None, str | None]:
    """Return the operation of a plan and how it ended; None where it has none."""
    found = shop.rows("SELECT id, state FROM operations WHERE plan_id = ?", act.plan)
    assert len(found) <= 1
    return found[0] if found else (None, None)


def ask_again(shop: Shop, act: Act) -> None:
    """Ask for what was cut off once more, as a client does that heard nothing."""
    asked(shop.wire, act.tool, {**act.given, "idempotency_key": f"again-{random.random()}"})
