"""Accidents in the midst of an act, and what vendors, books and graph say afterwards."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from benchmarks import acts
from benchmarks.acts import FINE, Act, Trouble
from benchmarks.shop import PATIENCE_S, Shop, asked
from benchmarks.wire import Latencies, Wire
from one_mcp.services import reviews
from one_mcp.services.reviews import Decision
from one_mcp.session import Session
from one_mcp.store.sqlite import backup

Plan = Callable[[Shop], Act]


@dataclass(slots=True)
class Counts:
    """How often something was tried, how it ended, and what was wrong."""

    times: int = 0
    cut: int = 0
    wrong: list[str] = field(default_factory=list[str])
    ends: dict[str, int] = field(default_factory=dict[str, int])

    def end(self, state: str | None, wrong: list[str], *, cut: bool = True) -> None:
        self.times += 1
        self.cut += cut
        name = state or "never begun"
        self.ends[name] = self.ends.get(name, 0) + 1
        self.wrong += wrong

    def add(self, other: "Counts") -> None:
        self.times += other.times
        self.cut += other.cut
        self.wrong += other.wrong
        for state, times in other.ends.items():
            self.ends[state] = self.ends.get(state, 0) + times

    def row(self, what: str) -> str:
        ends = ", ".join(f"{count} {state}" for state, count in sorted(self.ends.items()))
        return f"| {what} | {self.times} | {self.cut} | {ends} | {len(self.wrong)} |"


Trial = Callable[[Shop, Counts, float], bool]  # at a commit; says whether it cut something off


def at_each_commit(shop: Shop, trial: Trial, first: float, step: float) -> Counts:
    """Try an accident at one commit after the other, until the act gets to its end before it.

    A half is right before a commit, such as 6.5 before the seventh; 6 is right after the sixth.
    """
    counts, at = Counts(), first
    while trial(shop, counts, at):
        at += step
    return counts


def at_random(shop: Shop, plans: list[Plan], times: int) -> Counts:
    """Kill acts at moments that are spread evenly over what each of them takes."""
    counts, usual = Counts(), {plan: _taken_s(shop, plan) for plan in plans}
    for number in range(times):
        plan = plans[number % len(plans)]
        moment_s = random.uniform(0.0, usual[plan])
        shop.warm()
        act = plan(shop)
        was_killed = shop.killed_after(act.tool, act.given, moment_s)
        _end(shop, act, FINE, counts, f"killed after {moment_s * 1000:.1f} ms", cut=was_killed)
    return counts


def _taken_s(shop: Shop, plan: Plan) -> float:
    """Time an act in a server that has just started, as it is when it is killed."""
    taken: list[float] = []
    for _ in range(5):
        shop.has_died()
        shop.warm()
        act = plan(shop)
        begun = time.perf_counter()
        asked(shop.wire, act.tool, act.given)
        taken.append(time.perf_counter() - begun)
    return Latencies.of(taken).median


def killed(plan: Plan, trouble: Trouble, shop: Shop, counts: Counts, at: float) -> bool:
    """Kill an act at a commit, and let another server end it; say whether it was killed in time."""
    shop.warm()
    act = plan(shop)
    was_killed = shop.killed_at(act.tool, act.given, at)
    _end(shop, act, trouble, counts, f"killed at commit {at}", cut=was_killed)
    return was_killed


def _end(shop: Shop, act: Act, trouble: Trouble, counts: Counts, how: str, *, cut: bool) -> None:
    """Have another server end what was cut off. Every other time nobody asks for it again."""
    due = _meanwhile(shop, act, trouble)
    shop.pass_time()
    asks_again = counts.times % 2 == 0
    if asks_again:
        acts.ask_again(shop, act)
    _ = shop.wire
    shop.settle()
    _judge(
        shop, act, due, counts, what=f"{act.tool}, {trouble.name}, {how}", cut=cut, asked=asks_again
    )


def _meanwhile(shop: Shop, act: Act, trouble: Trouble) -> str:
    if trouble.meanwhile is None:
        return trouble.end
    return trouble.meanwhile(shop, acts.end_of(shop, act)[0])


def _judge(
    shop: Shop,
    act: Act,
    due: str,
    counts: Counts,
    *,
    what: str,
    more: Sequence[str] = (),
    cut: bool,
    asked: bool = True,
) -> None:
    """Ask vendors and books how an act has ended, and count it."""
    operation, state = acts.end_of(shop, act)
    wrong = [*act.wrong(operation, state), *more]
    if state != due and (asked or operation):
        failure = shop.rows("SELECT failure FROM operations WHERE id = ?", operation)
        wrong.append(f"it ended {state} instead of {due}: {failure}")
    counts.end(state, [f"{what}: {it}" for it in wrong], cut=cut)


def stopped(trouble: Trouble, shop: Shop, counts: Counts, at: float) -> bool:
    """Stop a server in a purchase, let another one end it, and let the first go on."""
    shop.warm()
    act, sleeper = acts.purchase(shop, trouble), shop.wire
    shop.light(sleeper, at, "STOP")
    answers: list[dict[str, Any]] = []
    asking = threading.Thread(target=lambda: answers.append(asked(sleeper, act.tool, act.given)))
    asking.start()
    was_stopped = _wait_stopped(sleeper, asking)
    if not was_stopped:
        shop.light(sleeper, 0, "STOP")
    due = _meanwhile(shop, act, trouble)
    shop.pass_time()
    with shop.another():
        acts.ask_again(shop, act)
        shop.settle()
        os.kill(sleeper.process.pid, signal.SIGCONT)
        asking.join(PATIENCE_S)
        shop.settle()
    silent = [] if answers else ["the server that slept never answered"]
    what = f"{trouble.name}, stopped at commit {at}"
    _judge(shop, act, due, counts, what=what, more=silent, cut=was_stopped)
    return was_stopped


def _wait_stopped(wire: Wire, asking: threading.Thread) -> bool:
    """Wait until a process is stopped, or has answered."""
    while asking.is_alive():
        status = Path(f"/proc/{wire.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if status == "T":
            return True
        time.sleep(0.01)
    return False


def resumed_by_two(shop: Shop, counts: Counts, at: float) -> bool:
    """Kill a purchase, and let two servers find it at the same time."""
    shop.warm()
    act = acts.purchase(shop)
    was_killed = shop.killed_at(act.tool, act.given, at)
    shop.pass_time()
    with shop.another():
        shop.settle()
    what = f"resumed by two after commit {at}"
    _judge(shop, act, FINE.end, counts, what=what, cut=was_killed, asked=False)
    return was_killed


def copied(shop: Shop, counts: Counts, at: float) -> bool:
    """Kill a purchase, and open a backup of that moment while the original goes on."""
    shop.warm()
    act = acts.purchase(shop)
    was_killed = shop.killed_at(act.tool, act.given, at)
    copy = shop.database.with_name(f"copy-{at}.db")
    backup.save(shop.database, copy)
    operation, state = acts.end_of(shop, act)
    shop.pass_time()
    acts.ask_again(shop, act)
    shop.settle()
    moves = _moves(shop, copy, operation if state == "running" else None)
    _judge(shop, act, FINE.end, counts, what=f"copy of commit {at}", more=moves, cut=was_killed)
    return was_killed


def _moves(shop: Shop, copy: Path, operation: str | None) -> list[str]:
    """Open a copy, and say what moves there all the same."""
    before = (shop.vendors.nonces(), shop.vendors.taken())
    wrong: list[str] = []
    with shop.started(copy) as wire:
        about = {"item": shop.token, "buyer": shop.buyer, "amount": "7"}
        quote = wire.call("quote_tokens", **about, payment_method="pm_card_visa")["quote"]
        answer = asked(wire, "purchase_tokens", {"quote": quote, "again": True})
        if not answer.get("isError") or "HELD" not in answer["content"][0]["text"]:
            wrong.append(f"something new begins: {answer['content'][0]['text']}")
        if operation and wire.call("get_operation", id=operation)["state"] != "held":
            wrong.append("what was open goes on")
    if (shop.vendors.nonces(), shop.vendors.taken()) != before:
        wrong.append("the vendors were asked for something")
    return wrong


def balanced(shop: Shop) -> list[str]:
    """Have a person accept what waits, and compare all sums with those of the vendors."""
    shop.has_died()
    anyio.run(shop.with_session, _accept_all)
    wrong = [f"{it.where}: {it.sentence}" for it in shop.reconciled().differences]
    ((revenue,),) = shop.rows(
        "SELECT coalesce(sum(balance + 0), 0) FROM ledger_accounts WHERE kind = 'revenue'"
    )
    if revenue != shop.vendors.taken():
        wrong.append(f"{shop.vendors.taken()} were taken and {revenue} are recorded")
    sql = "SELECT balance FROM ledger_accounts WHERE unit = ? AND kind <> 'issued'"
    kept = sum(int(row[0]) for row in shop.rows(sql, shop.token))
    moved = shop.vendors.moved(shop.contract)
    made = sum(it.units for it in moved if it.source == acts.NOBODY)
    burnt = sum(it.units for it in moved if it.target == acts.NOBODY)
    if kept != made - burnt:
        wrong.append(f"{made} were made, {burnt} burnt, and {kept} are recorded")
    nonces = [row[0] for row in shop.rows("SELECT DISTINCT nonce FROM chain_transactions")]
    if sorted(nonces) != list(range(shop.vendors.nonces())):
        wrong.append(f"of {shop.vendors.nonces()} nonces {len(nonces)} are known")
    return wrong


async def _accept_all(one: Session) -> None:
    for id in await one.read(_waiting):
        await reviews.decide(one, id, Decision.ACCEPT)


def _waiting(work: Any) -> list[str]:
    sql = "SELECT id FROM operations WHERE organization_id = :organization"
    return [row["id"] for row in work.all(f"{sql} AND state = 'needs_review'")]
