"""The vendors of a benchmark, and what they say of themselves, which nobody else's books say.

Stripe and the chain are processes of their own where anvil is installed: npm puts it into the
folder that CHAIN_MODULES names. Else both are the simulation in the file of the business.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread
from typing import IO, Any, Protocol

import httpx2

from benchmarks.bank import KEY

MODULES = os.environ.get("CHAIN_MODULES")
OWNER_KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's own
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
NOBODY = "0x" + "0" * 40
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_LISTENING = re.compile(r"Listening on (\S+)")


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as Stripe has it, in minor units."""

    taken: int
    held: int
    returned: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Tokens that a contract moved: made where they come from nobody, burnt where they go there."""

    source: str
    target: str
    units: int


class Vendors(Protocol):
    """What a benchmark asks of vendors behind the back of the server."""

    def settings(self) -> dict[str, str]: ...

    def paid(self, operation: str) -> list[Paid]: ...

    def taken(self) -> int:
        """Add up what was taken of all payments there are, less what was given back."""
        ...

    def let_go(self) -> int:
        """Take every hold back, and say how many there were."""
        ...

    def moved(self, contract: str) -> list[Moved]: ...

    def nonces(self) -> int:
        """Count the sender's transactions that are in blocks."""
        ...


@dataclass
class Processes:
    """Stripe and an EVM chain as processes, asked over HTTP."""

    bank_file: Path
    bank: str
    node: str
    web: httpx2.Client
    ids: Iterator[int] = field(default_factory=count)

    def settings(self) -> dict[str, str]:
        return {
            "ONE_MCP_STRIPE_SECRET_KEY": KEY,
            "ONE_MCP_STRIPE_API_URL": self.bank,
            "ONE_MCP_LIVE_MONEY": "true",
            "ONE_MCP_BASE_RPC_URL": self.node,
            "ONE_MCP_DEPLOYER_PRIVATE_KEY": OWNER_KEY,
            "ONE_MCP_CHAIN_CONFIRMATIONS": "1",
        }

    def paid(self, operation: str) -> list[Paid]:
        query = f"metadata['operation']:'{operation}'"
        found = self._stripe("GET", "payment_intents/search", query=query)["data"]
        return [
            Paid(it["amount_received"], it["amount_capturable"], self._returned(it["id"]))
            for it in found
        ]

    def taken(self) -> int:
        return _taken(self.bank_file)

    def let_go(self) -> int:
        intents = _bodies(self.bank_file, "stripe_payment_intent")
        held = [id for id, body in intents if body["status"] == "requires_capture"]
        for id in held:
            self._stripe("POST", f"payment_intents/{id}/cancel")
        return len(held)

    def moved(self, contract: str) -> list[Moved]:
        wanted = {"address": contract, "fromBlock": "0x0", "toBlock": "latest"}
        logs = self.ask("eth_getLogs", {**wanted, "topics": [TRANSFER]})
        return [
            Moved(_address(it["topics"][1]), _address(it["topics"][2]), int(it["data"], 16))
            for it in logs
        ]

    def nonces(self) -> int:
        mined = int(self.ask("eth_getTransactionCount", OWNER, "latest"), 16)
        assert mined == int(self.ask("eth_getTransactionCount", OWNER, "pending"), 16)
        return mined

    def ask(self, method: str, *params: Any) -> Any:
        """Send the node a request."""
        request = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}
        answer = self.web.post(self.node, json=request).json()
        assert "error" not in answer, answer
        return answer["result"]

    def _returned(self, payment: str) -> int:
        found = self._stripe("GET", "refunds", payment_intent=payment)["data"]
        return sum(it["amount"] for it in found)

    def _stripe(self, method: str, path: str, **given: str) -> Any:
        answer = self.web.request(
            method,
            f"{self.bank}/v1/{path}",
            params=given,
            headers={"authorization": f"Bearer {KEY}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass(frozen=True, slots=True)
class InFile:
    """The simulation in the file of the business: what it remembers."""

    database: Path

    def settings(self) -> dict[str, str]:
        return {}

    def paid(self, operation: str) -> list[Paid]:
        return [
            Paid(it["amount_received"], it["amount_capturable"], _returned(self.database, id))
            for id, it in _bodies(self.database, "stripe_payment_intent")
            if it["metadata"].get("operation") == operation
        ]

    def taken(self) -> int:
        return _taken(self.database)

    def let_go(self) -> int:
        with closing(sqlite3.connect(self.database, timeout=60)) as raw:
            done = raw.execute(
                "UPDATE simulated_objects SET body ="
                " json_set(body, '$.status', 'canceled', '$.amount_capturable', 0)"
                " WHERE kind = 'stripe_payment_intent' AND body ->> 'status' = 'requires_capture'"
            )
            raw.commit()
            return done.rowcount

    def moved(self, contract: str) -> list[Moved]:
        found = [it for _, it in _bodies(self.database, "chain_transaction") if it.get("succeeded")]
        signed = [json.loads(bytes.fromhex(it["raw"][2:])) for it in found]
        return [
            Moved(
                NOBODY if it["call"]["act"] == "mint" else it["from"].lower(),
                (it["call"]["to"] or NOBODY).lower(),
                int(it["call"]["units"]),
            )
            for it in signed
            if it["call"]["contract"] == contract
        ]

    def nonces(self) -> int:
        return max((it["nonce"] for _, it in _bodies(self.database, "chain_account")), default=0)


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """Start Stripe and a node that mines whatever it gets at once."""
    file = folder / "bank.db"
    bank = [sys.executable, "-m", "benchmarks.bank", str(file)]
    node = [_anvil(), "--port", "0", "--chain-id", "8453"]
    with (
        subprocess.Popen(bank, stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen(node, stdout=subprocess.PIPE, text=True) as second,
    ):
        assert first.stdout
        assert second.stdout
        try:
            url = first.stdout.readline().strip()
            said = next(found for line in second.stdout if (found := _LISTENING.search(line)))
            Thread(target=_drain, args=(second.stdout,), daemon=True).start()
            with httpx2.Client(timeout=60) as web:
                yield Processes(file, url, f"http://{said[1]}", web)
        finally:
            first.kill()
            second.kill()


def _drain(said: IO[str]) -> None:
    """Read on what a node says of each request: it would stand still before a full pipe."""
    with suppress(ValueError):  # closed with its process
        while said.read(1 << 16):
            pass


def _anvil() -> Path:
    (program,) = Path(MODULES or "").absolute().glob("@foundry-rs/anvil-*/bin/anvil*")
    return program


def _address(topic: str) -> str:
    return "0x" + topic[-40:]


def _bodies(file: Path, kind: str) -> list[tuple[str, Any]]:
    with closing(sqlite3.connect(file, timeout=60)) as raw:
        rows = raw.execute("SELECT id, body FROM simulated_objects WHERE kind = ?", [kind])
        return [(id, json.loads(body)) for id, body in rows]


def _taken(file: Path) -> int:
    taken = sum(it["amount_received"] for _, it in _bodies(file, "stripe_payment_intent"))
    return taken - sum(it["amount"] for _, it in _bodies(file, "stripe_refund"))


def _returned(file: Path, payment: str) -> int:
    refunds = [it for _, it in _bodies(file, "stripe_refund")]
    return sum(it["amount"] for it in refunds if it["payment_intent"] == payment)
