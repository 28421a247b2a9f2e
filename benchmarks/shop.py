"""A business that sells a token: its file, its vendors, and a server that is killed and comes back.

Its owner has allowed everything that a benchmark does, so that it can run with live vendors.
"""

import os
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import anyio

from benchmarks import vendors
from benchmarks.dying import FUSE
from benchmarks.nursery import Nursery
from benchmarks.vendors import InFile, Vendors
from benchmarks.wire import Wire
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.operations import approvers
from one_mcp.providers import keccak
from one_mcp.services import allowing, authorizing, reconciling
from one_mcp.services.allowing import AllowanceOrder
from one_mcp.services.reconciling import Reconciled
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

PASSPHRASE = "correct horse battery"  # noqa: S105  # it opens nothing but a benchmark's file
PRICE = 0.125
DECIMALS = 18
MOST = f"{(2**256 - 1) // 10**DECIMALS}"  # so many wholes a contract can make, and no more
ALLOWED = (
    *("refund_purchase", "mint_tokens", "burn_tokens"),
    *("transfer_tokens", "spend_tokens", "grant_tokens"),
)
OPEN = ("running", "undoing")
PATIENCE_S = 90.0
Row: TypeAlias = tuple[Any, ...]


class Shop:
    """One file with its vendors. `wire` leads to a server, which is started where there is none."""

    def __init__(self, folder: Path, nursery: Nursery, sells_with: Vendors | None = None) -> None:
        self.nursery = nursery
        self.database = folder / "shop.db"
        self.vendors: Vendors = sells_with or InFile(self.database)
        self.amounts = count(100)  # each is used once, so that whatever moves says what it was for
        self._fuse = folder / "fuse"
        self._wire: Wire | None = None

    def environment(self, database: Path | None = None) -> dict[str, str]:
        return {
            "ONE_MCP_DATABASE": str(database or self.database),
            "ONE_MCP_TOOLSETS": "default,commerce,chain",
            "ONE_MCP_EMBEDDING_MODEL": "none",
            "ONE_MCP_LOG_LEVEL": "error",
            FUSE: str(self._fuse),
            **self.vendors.settings(),
        }

    def found(self, most_sales: str = "10000000 usd") -> None:
        """Make the token, its contract, and a treasury; allow what will be done."""
        self.token = self.new_token("JANE")
        self._allow("deploy_token", "100000 calls")
        self.contract = self.deployed(self.token)
        self.full_token = self.new_token("FULL")
        self.deployed(self.full_token)
        tokens = [f"{MOST} {it}" for it in (self.token, self.full_token)]
        self._allow("purchase_tokens", most_sales, *tokens)
        for tool in ALLOWED:
            self._allow(tool, "10000000 usd", *tokens)
        self._minted(self.token, "1000000")
        self._minted(self.full_token, MOST)
        self.buyer = self.new_buyer()

    def _minted(self, token: str, amount: str) -> None:
        plan = self.wire.call("mint_tokens", token=token, amount=amount, dry_run=True)
        self.wire.call("mint_tokens", plan=plan["plan"])

    def deployed(self, token: str) -> str:
        plan = self.wire.call("deploy_token", token=token, dry_run=True)
        return self.wire.call("deploy_token", plan=plan["plan"])["contractAddress"]

    def new_token(self, symbol: str, **more: object) -> str:
        about = {"symbol": symbol, "price": PRICE, "decimals": DECIMALS, "blockchain": "base"}
        given = {"type": "token", "name": f"{symbol} Token", "properties": {**about, **more}}
        return self.wire.call("create_entity", **given)["id"]

    def new_buyer(self, wallet: str | None = None) -> str:
        about = {"email": f"{secrets.token_hex(8)}@example.com"}
        about |= {"walletAddress": wallet} if wallet else {}
        given = {"type": "audience_member", "name": "Ann", "properties": about}
        return self.wire.call("create_entity", **given)["id"]

    @property
    def wire(self) -> Wire:
        if self._wire is None:
            self._wire = self.started()
        return self._wire

    def started(self, database: Path | None = None) -> Wire:
        """Start a server, which at once goes on with what it finds unfinished."""
        wire = self._born(database)
        wire.open()
        return wire

    def _born(self, database: Path | None = None) -> Wire:
        return Wire([], process=self.nursery.born(self.environment(database)))

    def has_died(self) -> None:
        """Forget the server, which is no more."""
        if self._wire is not None:
            self._wire.__exit__()
            self._wire = None

    @contextmanager
    def another(self) -> Iterator[None]:
        """Have a new server beside the one there is, if there is one; afterwards only the new."""
        before, after = self._wire, self._born()
        if before is None:
            before = self._born()
            before.open()
        after.open()
        self._wire = after
        try:
            yield
        finally:
            before.__exit__()

    def warm(self) -> None:
        """Have the libraries of the vendors loaded, so that accidents fall into the work."""
        self.wire.call("get_token_supply", token=self.token)

    def light(self, wire: Wire, commits: float, by: str) -> None:
        """Have a server end or stop at a commit from here on."""
        self._fuse.write_text(f"{commits} {by}")
        os.kill(wire.process.pid, signal.SIGUSR1)

    def killed_at(self, tool: str, given: dict[str, Any], commits: float) -> bool:
        """Call a tool and have the server killed at a commit; say whether it was, before the end.

        A half is right before a commit, such as 6.5 before the seventh.
        """
        self.light(self.wire, commits, "KILL")
        was_killed = self._call(tool, given)
        if not was_killed:
            self.light(self.wire, 0, "KILL")  # put it out
        return was_killed

    def killed_after(self, tool: str, given: dict[str, Any], after_s: float) -> bool:
        """Call a tool and kill the server at a moment, likewise."""
        timer = threading.Timer(after_s, os.kill, (self.wire.process.pid, signal.SIGKILL))
        timer.start()
        try:
            return self._call(tool, given)
        finally:
            timer.join()
            self.has_died()

    def _call(self, tool: str, given: dict[str, Any]) -> bool:
        try:
            asked(self.wire, tool, given)
        except (RuntimeError, BrokenPipeError):
            self.has_died()
            return True
        return False

    def rows(self, sql: str, *given: object) -> list[Row]:
        with closing(sqlite3.connect(self.database, timeout=60)) as raw:
            found = raw.execute(sql, given).fetchall()
            raw.commit()
        return found

    def pass_time(self) -> None:
        """Let leases and waits be over, as if their time had passed."""
        self.rows(f"UPDATE operations SET leased_until = 0, due_at = 0 WHERE state IN {OPEN}")

    def pass_deadline(self) -> bool:
        """Let deadlines be over; say whether an open operation has one."""
        sql = "UPDATE operations SET deadline = 1 WHERE deadline IS NOT NULL"
        return bool(self.rows(f"{sql} AND state IN {OPEN} RETURNING id"))

    def deliver_to(self, quote: str, buyer: str, wallet: str) -> None:
        """Have a quote's tokens go to a wallet that no quote is made for."""
        self.wire.call("update_entity", id=buyer, properties={"walletAddress": wallet})
        body = f"json_set(body, '$.wallet', '{wallet}')"
        self.rows(f"UPDATE plans SET body = {body} WHERE id = '{quote}' RETURNING id")

    def settle(self) -> None:
        """Wait until a server that is running has brought everything to an end."""
        until = time.monotonic() + PATIENCE_S
        while self.rows(f"SELECT id FROM operations WHERE state IN {OPEN}"):
            if time.monotonic() > until:
                raise TimeoutError(str(self.rows("SELECT id, kind, state FROM operations")[-3:]))
            self.rows(
                f"UPDATE operations SET due_at = 0 WHERE state IN {OPEN} AND leased_until = 0"
            )
            time.sleep(0.02)

    def reconciled(self) -> Reconciled:
        """Compare journal, ledger, vendors and chain as `one-mcp reconcile` does."""
        return anyio.run(self.with_session, reconciling.reconcile)

    async def with_session(self, run: Any) -> Any:
        """Run a function with the owner's session, in this process."""
        prefix = "ONE_MCP_"
        given = {
            name.removeprefix(prefix).lower(): value
            for name, value in self.environment().items()
            if name.startswith(prefix)
        }
        async with open_app(Settings.model_validate(given)) as app:
            return await run(app.session(Call("benchmark"), LOCAL))

    def _allow(self, tool: str, *per_day: str) -> None:
        """Grant an allowance as a person does; what is simulated needs none."""
        if self.vendors.settings():
            anyio.run(self.with_session, partial(_allowed, AllowanceOrder(tool, "+30d", per_day)))


async def _allowed(order: AllowanceOrder, one: Session) -> None:
    if not await one.read(approvers.is_any):
        await authorizing.set_passphrase(one, PASSPHRASE, None)
    terms = await one.read(allowing.terms, order)
    await authorizing.allow(one, terms, PASSPHRASE, "terminal")


def asked(wire: Wire, tool: str, given: dict[str, Any]) -> dict[str, Any]:
    """Call a tool; what a vendor refuses is an answer as well."""
    return wire.request("tools/call", name=tool, arguments=given)


def new_address() -> str:
    return keccak.checksummed("0x" + secrets.token_hex(20))


@contextmanager
def opened(folder: Path, *, beside: bool, most_sales: str = "10000000 usd") -> Iterator[Shop]:
    """Open a shop in a folder of its own; `beside` has its vendors as other processes."""
    folder.mkdir(parents=True)
    with Nursery() as nursery:
        if not beside:
            yield from _run(Shop(folder, nursery), most_sales)
            return
        with vendors.processes(folder) as they:
            yield from _run(Shop(folder, nursery, they), most_sales)


def _run(shop: Shop, most_sales: str) -> Iterator[Shop]:
    try:
        shop.found(most_sales)
        yield shop
    finally:
        with suppress(OSError):
            shop.has_died()
