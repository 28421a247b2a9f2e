"""Many at once, and what a purchase takes beside the bare calls of the vendors."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import anyio

from benchmarks import acts
from benchmarks.accidents import Counts
from benchmarks.shop import Shop, asked, new_address
from benchmarks.wire import Latencies, Wire
from one_mcp.providers.ports.chain import ContractCall
from one_mcp.providers.ports.payments import Charge
from one_mcp.services import rails
from one_mcp.services.rails import Rails
from one_mcp.session import Session

AMOUNT = "100"
AMOUNT_MINOR = 1250
PROCESSES = 5


def retried(shop: Shop, retries: int) -> Counts:
    """Ask for one purchase again and again with fresh keys, and hear no answer."""
    counts, act, wire = Counts(), acts.purchase(shop), shop.wire
    for number in range(retries):
        given = {**act.given, "idempotency_key": f"fresh-{number}"}
        wire.send(wire.message("tools/call", name=act.tool, arguments=given))
    asked(wire, act.tool, act.given)
    shop.settle()
    operation, state = acts.end_of(shop, act)
    counts.end(state, act.wrong(operation, state), cut=False)
    return counts


def at_once(shop: Shop, buyers: int, allowed: int, processes: int = PROCESSES) -> Counts:
    """Let buyers buy at once from several processes, more of them than the allowance has room for.

    Each has a wallet, and all buy the same amount; balances and the allowance are exact.
    """
    counts, wallets = Counts(), {shop.new_buyer(wallet): wallet for wallet in _wallets(buyers)}
    ids, ready = list(wallets), threading.Barrier(processes)

    def buy(some: list[str]) -> None:
        wire = shop.started()
        with wire:
            ready.wait()
            for buyer in some:
                _bought(shop, wire, buyer)

    with ThreadPoolExecutor(processes) as pool:
        for done in [pool.submit(buy, ids[place::processes]) for place in range(processes)]:
            done.result()
    shop.settle()
    for (state,) in shop.rows("SELECT state FROM operations WHERE kind = 'purchase'"):
        counts.end(state, [], cut=False)
    there = {it.target: it.units for it in shop.vendors.moved(shop.contract)}
    full = [wallet for wallet in wallets.values() if there.get(wallet.lower()) == 100 * acts.WHOLE]
    if len(full) != allowed or counts.ends != {acts.DONE: allowed}:
        counts.wrong.append(f"{len(full)} wallets have their tokens, {counts.ends}")
    if shop.vendors.taken() != allowed * AMOUNT_MINOR:
        counts.wrong.append(f"{shop.vendors.taken()} were taken")
    return counts


def _wallets(number: int) -> list[str]:
    return [new_address() for _ in range(number)]


def _bought(shop: Shop, wire: Wire, buyer: str) -> dict[str, Any]:
    about = {"item": shop.token, "buyer": buyer, "amount": AMOUNT}
    quote = wire.call("quote_tokens", **about, payment_method="pm_card_visa")["quote"]
    return asked(wire, "purchase_tokens", {"quote": quote, "again": True})


@dataclass(frozen=True, slots=True)
class Taken:
    """What purchases take at the median, in milliseconds."""

    purchase: float
    write: float
    bare: float


def overhead(shop: Shop, purchases: int) -> Taken:
    """Time purchases through the server, plain writes, and the vendors' calls by themselves."""
    bought: list[float] = []
    written: list[float] = []
    wire = shop.wire
    for number in range(purchases + 5):
        act = acts.purchase(shop)
        begun = time.perf_counter()
        wire.call(act.tool, **act.given)
        bought.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        wire.call("create_entity", type="video", name=f"Video {number}")
        written.append((time.perf_counter() - begun) * 1000)
    shop.has_died()
    bare = anyio.run(shop.with_session, lambda one: _bare(one, shop.contract, purchases + 5))
    return Taken(*(Latencies.of(it[5:]).median for it in (bought, written, bare)))


async def _bare(one: Session, contract: str, times: int) -> list[float]:
    """Hold, mint, take and transfer by the vendors' own calls, with nothing written down."""
    on, taken = rails.of(one), list[float]()
    for number in range(times):
        begun = time.perf_counter()
        charge = Charge(f"bare{number}", AMOUNT_MINOR, "usd", "pm_card_visa", "bare")
        held = await on.payments.authorize(charge, f"bare{number}:hold")
        await _sent(on, ContractCall("mint", contract, on.chain.sender, acts.WHOLE))
        await on.payments.capture(held.id, f"bare{number}:take")
        await _sent(on, ContractCall("transfer", contract, new_address(), acts.WHOLE))
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


async def _sent(on: Rails, call: ContractCall) -> None:
    sign = await on.chain.prepare(call)
    signed = sign(await on.chain.mined())
    await on.chain.broadcast(signed.raw)
    receipt = await on.chain.receipt(signed.hash)
    assert receipt is not None
    assert receipt.succeeded
