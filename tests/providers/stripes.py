"""Servers on this machine that speak Stripe's API: the simulation behind HTTP, and accidents."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import uvicorn
from pydantic import SecretStr

from one_mcp import jsons
from one_mcp.jsons import JsonObject
from one_mcp.money_settings import StripeAccess
from one_mcp.providers.simulated.stripe.server import Receive, Scope, Send, StripeApp

KEY = "rk_test_0123456789abcdefghij"


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead: an answer, or none after it was done (`lost`)."""

    status: int = 500
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False


LOST = Fault(lost=True)


@dataclass
class Faulty:
    """A server whose next answers follow a script; it remembers what it was asked."""

    app: StripeApp
    next: list[Fault] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    said: list[JsonObject] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append({**headers, "method": scope["method"], "path": scope["path"]})
        fault = self.next.pop(0) if self.next else None
        if fault is None:
            await self.app(scope, self._heard(scope, receive), self._overheard(send))
        elif fault.lost:
            await self.app(scope, receive, _nowhere)
            await send(_start(200, {"content-length": "9"}))
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionAbortedError
        else:
            await send(_start(fault.status, fault.headers))
            await send({"type": "http.response.body", "body": fault.body})

    def _heard(self, scope: Scope, receive: Receive) -> Receive:
        async def hear() -> Any:
            message = await receive()
            body = message.get("body", b"") or scope["query_string"]
            self.bodies.append(body.decode())
            return message

        return hear

    def _overheard(self, send: Send) -> Send:
        async def say(message: Any) -> None:
            if message["type"] == "http.response.body":
                self.said.append(jsons.load_object(message["body"]))
            await send(message)

        return say


async def _nowhere(_: Any) -> None:
    """Lose an answer."""


def _start(status: int, headers: dict[str, str]) -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an app on this machine, in the loop of the test; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True


def access(url: str, key: str = KEY) -> StripeAccess:
    return StripeAccess(key=SecretStr(key), url=url, mode="test", restricted=True)
