"""A real node of an EVM chain on this machine, one for each test that asks."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any

import httpx2

from one_mcp.chain_settings import ChainSettings
from one_mcp.providers import evm
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.providers import Providers
from one_mcp.providers.simulated.cabinet import Cabinet
from tests.chain import modules

CHAIN_ID = 31337
KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's, known to all
SENDER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
OTHER_KEYS = (
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
)
_LISTENING = re.compile(r"Listening on (\S+)")


@dataclass
class Node:
    """The node; `ask` sends it what only a node of tests does, such as anvil_reorg."""

    url: str
    ids: Iterator[int] = field(default_factory=count)

    def ask(self, method: str, *params: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}
        answer = httpx2.post(self.url, json=request).json()
        assert "error" not in answer, answer
        return answer["result"]

    def settings(self, **other: Any) -> ChainSettings:
        given = {"base_rpc_url": self.url, "deployer_private_key": KEY, "chain_id": CHAIN_ID}
        return ChainSettings.model_validate({"chain_confirmations": 1, **given, **other})

    def chain(self, **other: Any) -> evm.EvmChain:
        """A chain that does not wait for long: the node's blocks come at once, or by hand."""
        access = self.settings(**other).chain_access(live_money=False)
        assert access is not None
        return evm.connect(access, polls_s=(0.0, 0.05, 0.1, 0.2))


@contextmanager
def running(*flags: str) -> Iterator[Node]:
    command = [modules.anvil(), "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = next(found for line in process.stdout if (found := _LISTENING.search(line)))
            yield Node(f"http://{said[1]}")
        finally:
            process.kill()


@contextmanager
def narrow(node: Node, most: int) -> Iterator[Node]:
    """The same node behind a server that gives the logs of so many blocks at a time only."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's own
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = {
                "jsonrpc": "2.0",
                "id": asked["id"],
                "error": {"code": -32005, "message": "no"},
            }
            if asked["method"] != "eth_getLogs" or blocks(asked["params"][0]) <= most:
                answer = httpx2.post(node.url, json=asked).json()
            said = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Node(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


def blocks(wanted: dict[str, str]) -> int:
    return int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1


@dataclass(frozen=True, slots=True)
class OnAnvil(Providers):
    """The product's providers, with a chain of the tests'."""

    evm: Chain = field(kw_only=True)

    def chain(self, cabinet: Cabinet) -> Chain:  # noqa: ARG002
        return self.evm
