"""Purchases whose servers are killed, stopped, or many at once, and what the saga costs.

    python -m benchmarks.purchases [kills] [retries] [buyers]

The servers are real ones over stdio; the simulated vendors remember in the database, as a business
without keys has them. After each accident another server resumes what was cut off, and journal,
ledger, vendor and chain are compared: every difference counts as a wrong end.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from benchmarks.bank import KEY
from benchmarks.dying import AT, BY
from benchmarks.wire import Latencies, Wire
from one_mcp.app import LOCAL, open_app
from one_mcp.services import reconciling
from one_mcp.session import Call
from one_mcp.settings import Settings

ONE = [sys.executable, "-m", "one_mcp"]
DYING = [sys.executable, "-m", "benchmarks.dying"]
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
NOBODY = "0x0000000000000000000000000000000000000000"
AMOUNT = "100"
PRICED = {"price": 49, "currency": "eur"}
OPEN = ("running", "undoing")
FILE = "BANK_FILE"  # where another process's vendor remembers
SIMULATED: Mapping[str, str] = {}
PATIENCE_S = 60.0
PROCESSES = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with a purchase, and how it may end; `meanwhile` happens at the vendor."""

    name: str
    ends: frozenset[str]
    card: str = "pm_card_visa"
    wallet: str = WALLET
    contract: str | None = None
    sells: str = "token"
    meanwhile: Callable[[Path], None] | None = None


@dataclass(slots=True)
class Counts:
    """How often something was tried, how it ended, and how often that was wrong."""

    times: int = 0
    wrong: list[str] = field(default_factory=list[str])
    ends: dict[str, int] = field(default_factory=dict[str, int])

    def end(self, state: str, problems: list[str]) -> None:
        self.times += 1
        self.ends[state] = self.ends.get(state, 0) + 1
        self.wrong += problems

    def row(self, what: str) -> str:
        ends = ", ".join(f"{count} {state}" for state, count in sorted(self.ends.items()))
        return f"| {what} | {self.times} | {ends} | {len(self.wrong)} |"


def environment(database: Path) -> dict[str, str]:
    return {
        "ONE_MCP_DATABASE": str(database),
        "ONE_MCP_TOOLSETS": "default,commerce,chain",
        "ONE_MCP_EMBEDDING_MODEL": "none",
        "ONE_MCP_LOG_LEVEL": "error",
    }


@contextmanager
def bank(folder: Path) -> Iterator[dict[str, str]]:
    """Start Stripe as another process; yields the settings that lead to it."""
    file = folder / f"bank-{time.monotonic_ns()}.db"
    command = [sys.executable, "-m", "benchmarks.bank", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        try:
            key = {"ONE_MCP_STRIPE_SECRET_KEY": KEY, "ONE_MCP_STRIPE_API_URL": url}
            yield {**key, FILE: str(file)}
        finally:
            process.kill()


@contextmanager
def server(database: Path, command: list[str] = ONE, **more: str) -> Iterator[Wire]:
    """Start a server and open its conversation."""
    with Wire(command, "modern", {**environment(database), **more}) as wire:
        wire.open()
        yield wire


def founded(wire: Wire, trouble: "Trouble") -> dict[str, str]:
    """Make what is sold, a token with a contract on the chain or a course, and a buyer."""
    if trouble.sells != "token":
        sold = wire.call("create_entity", type=trouble.sells, name="Yoga", properties=PRICED)
        return {"item": sold["id"], "buyer": new_buyer(wire, "Ann"), "amount": "1"}
    about = {"symbol": "JANE", "price": 0.125, "decimals": 18, "blockchain": "base"}
    token = wire.call("create_entity", type="token", name="Jane Token", properties=about)
    plan = wire.call("deploy_token", token=token["id"], dry_run=True)
    wire.call("deploy_token", plan=plan["plan"])
    if trouble.contract:
        changed = {"contractAddress": trouble.contract}
        wire.call("update_entity", id=token["id"], properties=changed)
    buyer = new_buyer(wire, "Ann", trouble.wallet)
    return {"item": token["id"], "buyer": buyer}


def new_buyer(wire: Wire, name: str, wallet: str | None = None) -> str:
    about = {"email": f"{name.lower()}@example.com"}
    about |= {"walletAddress": wallet} if wallet else {}
    made = wire.call("create_entity", type="audience_member", name=name, properties=about)
    return made["id"]


def quoted(wire: Wire, sale: dict[str, str], card: str = "pm_card_visa") -> str:
    given = {"amount": AMOUNT, **sale, "payment_method": card}
    return wire.call("quote_tokens", **given)["quote"]


def asked(wire: Wire, quote: str, **more: Any) -> dict[str, Any]:
    """Ask for a purchase; a refusal of the bank or the chain is an answer as well."""
    given = {"quote": quote, **more}
    return wire.request("tools/call", name="purchase_tokens", arguments=given)


def rows(database: Path, sql: str, *given: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database, timeout=60)) as raw:
        found = raw.execute(sql, given).fetchall()
        raw.commit()
    return found


def pass_time(database: Path) -> None:
    """Let leases and waits be over, as if their time had passed."""
    rows(database, "UPDATE operations SET leased_until = 0, due_at = 0")


def pass_deadline(database: Path) -> None:
    rows(database, "UPDATE operations SET deadline = 1 WHERE deadline IS NOT NULL")


def expire_hold(database: Path) -> None:
    """Let the bank take its hold back, as it does after some days."""
    rows(
        database,
        "UPDATE simulated_objects SET body ="
        " json_set(body, '$.status', 'canceled', '$.amount_capturable', 0)"
        " WHERE kind = 'stripe_payment_intent' AND body ->> 'status' = 'requires_capture'",
    )


def states(database: Path) -> list[str]:
    """Say where purchases stand."""
    sql = "SELECT state FROM operations WHERE kind = 'purchase' ORDER BY id"
    return [row[0] for row in rows(database, sql)]


def settle(database: Path) -> None:
    """Wait until a server that is running has brought everything to an end."""
    until = time.monotonic() + PATIENCE_S
    while any(state in OPEN for state in states(database)):
        if time.monotonic() > until:
            raise TimeoutError(f"not at an end: {states(database)}")
        pass_time(database)
        time.sleep(0.2)


def problems(database: Path, vendor: Mapping[str, str] = SIMULATED) -> list[str]:
    """Compare journal, ledger, vendor and chain; what waits for a person is no problem here."""
    found = anyio.run(partial(_reconciled, database, vendor))
    told = [f"{it.where}: {it.sentence}" for it in found.differences if it.where != "journal"]
    ours = {row[0] for row in rows(database, "SELECT id FROM operations")}
    marks = "SELECT body ->> '$.metadata.operation' FROM simulated_objects WHERE kind = ?"
    kept = Path(vendor.get(FILE, database))
    paid = [row[0] for row in rows(kept, marks, "stripe_payment_intent") if row[0] in ours]
    if len(paid) != len(set(paid)):
        told.append("a purchase has more than one payment")
    nonces = [
        row[0] for row in rows(database, "SELECT nonce FROM chain_transactions ORDER BY nonce")
    ]
    if nonces != list(range(len(nonces))):
        told.append(f"nonces have gaps: {nonces}")
    return told


async def _reconciled(database: Path, vendor: Mapping[str, str]) -> reconciling.Reconciled:
    names = {
        name.removeprefix("ONE_MCP_").lower(): value
        for name, value in vendor.items()
        if name != FILE
    }
    settings = Settings.model_validate({"database": database, "embedding_model": "none", **names})
    async with open_app(settings) as app:
        return await reconciling.reconcile(app.session(Call("benchmark"), LOCAL))


TROUBLES = (
    Trouble("nothing else", frozenset({"done"})),
    Trouble("the card is declined", frozenset({"undone"}), card="pm_card_chargeDeclined"),
    Trouble("nothing can be minted", frozenset({"undone"}), contract=WALLET),
    Trouble("the capture is refused", frozenset({"undone", "done"}), meanwhile=expire_hold),
    Trouble("the transfer is refused", frozenset({"needs_review"}), wallet=NOBODY),
    Trouble("the deadline passes", frozenset({"undone", "done"}), meanwhile=pass_deadline),
)

AT_STRIPE = (
    Trouble("nothing else", frozenset({"done"}), sells="course"),
    Trouble(
        "the card is declined", frozenset({"undone"}), "pm_card_chargeDeclined", sells="course"
    ),
)


def ended_at(
    folder: Path, trouble: Trouble, at: float | None, vendor: Mapping[str, str] = SIMULATED
) -> tuple[str, list[str], bool]:
    """Kill a purchase at a commit, or at a random moment, and let another server end it.

    Returns how it ended, what is wrong, and whether the server was killed before it had answered.
    """
    database = folder / f"{time.monotonic_ns()}.db"
    with server(database, **vendor) as wire:
        quote = quoted(wire, founded(wire, trouble), trouble.card)
    was_killed = _killed(database, quote, at, vendor)
    if trouble.meanwhile is not None:
        trouble.meanwhile(database)
    pass_time(database)
    with server(database, **vendor) as wire:
        asked(wire, quote)
        settle(database)
    state = states(database)[0]
    wrong = problems(database, vendor)
    if state not in trouble.ends:
        wrong.append(f"{trouble.name} ended {state}")
    return state, wrong, was_killed


def _killed(
    database: Path, quote: str, at: float | None, vendor: Mapping[str, str] = SIMULATED
) -> bool:
    more = {AT: str(at or 10_000), BY: "KILL", **vendor}
    try:
        with server(database, DYING, **more) as wire:
            if at is None:
                wire.call("find_entities", limit=1)
                after = random.uniform(0.0, 0.25)
                threading.Timer(after, os.kill, (wire.process.pid, signal.SIGKILL)).start()
            asked(wire, quote)
            return False
    except (RuntimeError, BrokenPipeError):
        return True


def at_every_commit(
    folder: Path, trouble: Trouble, vendor: Mapping[str, str] = SIMULATED
) -> Counts:
    """Kill a purchase right after each of its commits, and before, where a vendor is elsewhere.

    A vendor in the same file does nothing between one commit and the next.
    """
    step = 0.5 if vendor else 1.0
    counts, at, was_killed = Counts(), step, True
    while was_killed:
        state, wrong, was_killed = ended_at(folder, trouble, at, vendor)
        counts.end(state, wrong)
        at += step
    return counts


def at_random(folder: Path, kills: int) -> Counts:
    counts = Counts()
    for _ in range(kills):
        state, wrong, _ = ended_at(folder, TROUBLES[0], None)
        counts.end(state, wrong)
    return counts


def stopped_at(folder: Path, at: float) -> tuple[str, list[str]]:
    """Stop a server in its purchase, let another one end it, and let the first go on."""
    database = folder / f"{time.monotonic_ns()}.db"
    with server(database) as wire:
        quote = quoted(wire, founded(wire, TROUBLES[0]))
    with server(database, DYING, **{AT: str(at), BY: "STOP"}) as sleeper:
        answers: list[dict[str, Any]] = []
        asking = threading.Thread(target=lambda: answers.append(asked(sleeper, quote)))
        asking.start()
        _wait_stopped(sleeper.process.pid, asking)
        pass_time(database)
        with server(database) as other:
            asked(other, quote)
            settle(database)
        os.kill(sleeper.process.pid, signal.SIGCONT)
        asking.join(PATIENCE_S)
    wrong = problems(database)
    if not answers or answers[0]["structuredContent"].get("state") not in {"done", "running"}:
        wrong.append(f"the server that slept answered {answers}")
    return states(database)[0], wrong


def _wait_stopped(pid: int, asking: threading.Thread) -> None:
    while asking.is_alive():
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if status == "T":
            return
        time.sleep(0.01)


def recovered_by_two(folder: Path, at: float) -> tuple[str, list[str]]:
    """Kill a purchase, and let two servers find it at once."""
    database = folder / f"{time.monotonic_ns()}.db"
    with server(database) as wire:
        quote = quoted(wire, founded(wire, TROUBLES[0]))
    _killed(database, quote, at)
    pass_time(database)
    with server(database), server(database):
        settle(database)
    return states(database)[0], problems(database)


def retried(folder: Path, retries: int) -> Counts:
    """Ask for one purchase again and again with fresh keys, and hear no answer."""
    database, counts = folder / "retried.db", Counts()
    with server(database) as wire:
        quote = quoted(wire, founded(wire, TROUBLES[0]))
        for number in range(retries):
            given = {"quote": quote, "idempotency_key": f"fresh-{number}"}
            wire.send(wire.message("tools/call", name="purchase_tokens", arguments=given))
        asked(wire, quote)
        settle(database)
    for state in states(database):
        counts.end(state, [])
    counts.wrong += problems(database)
    return counts


def at_once(folder: Path, buyers: int, processes: int = PROCESSES) -> Counts:
    """Let many buyers buy at once, from several processes."""
    database, counts = folder / "crowd.db", Counts()
    with server(database) as wire:
        sale = founded(wire, TROUBLES[0])
        ids = [new_buyer(wire, f"Buyer{number}") for number in range(buyers)]

    def buy(some: list[str]) -> None:
        with server(database) as wire:
            for buyer in some:
                asked(wire, quoted(wire, {**sale, "buyer": buyer}))

    with ThreadPoolExecutor(processes) as pool:
        for done in [pool.submit(buy, ids[place::processes]) for place in range(processes)]:
            done.result()
    with server(database):
        settle(database)
    for state in states(database):
        counts.end(state, [])
    counts.wrong += problems(database)
    held = rows(database, "SELECT balance FROM ledger_accounts WHERE kind = 'custody'")
    if [row[0] for row in held] != [f"{AMOUNT}{'0' * 18}"] * buyers:
        counts.wrong.append(f"balances are {held}")
    return counts


def overhead_ms(folder: Path, purchases: int = 40) -> tuple[float, float]:
    """Time a purchase at the median, and what ten plain writes take beside it."""
    database = folder / "overhead.db"
    with server(database) as wire:
        sale = founded(wire, TROUBLES[0])
        bought: list[float] = []
        written: list[float] = []
        for number in range(purchases):
            quote = quoted(wire, {**sale, "buyer": new_buyer(wire, f"Buyer{number}")})
            begun = time.perf_counter()
            asked(wire, quote)
            bought.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            wire.call("create_entity", type="video", name=f"Video {number}")
            written.append((time.perf_counter() - begun) * 1000)
    return Latencies.of(bought).median, Latencies.of(written).median


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    kills, retries, buyers = [*given, *(500, 200, 50)[len(given) :]]
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name:
        folder = Path(name)
        print("| what | times | ended | wrong |\n|---|---:|---|---:|")
        for trouble in TROUBLES:
            counts = at_every_commit(folder, trouble)
            print(counts.row(f"killed at every commit; {trouble.name}"), *counts.wrong, flush=True)
        for trouble in AT_STRIPE:
            with bank(folder) as vendor:
                counts = at_every_commit(folder, trouble, vendor)
            what = f"killed at every commit, Stripe in another process; {trouble.name}"
            print(counts.row(what), flush=True)
        print(at_random(folder, kills).row("killed at a random moment"), flush=True)
        for what, run in (
            ("stopped, ended by another, woken", stopped_at),
            ("resumed by two at once", recovered_by_two),
        ):
            counts = Counts()
            for number in range(4, 16):
                counts.end(*run(folder, float(number)))
            print(counts.row(what), flush=True)
        print(retried(folder, retries).row(f"asked for {retries} times"), flush=True)
        print(at_once(folder, buyers).row(f"{buyers} buyers, {PROCESSES} processes"), flush=True)
        bought, written = overhead_ms(folder)
        print(f"\nA purchase takes {bought:.0f} ms at the median, a plain write {written:.1f} ms.")


if __name__ == "__main__":
    main()
