"""Vendors on this machine who tell everybody the keys that they were asked with, and break off."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from one_mcp.providers.simulated.stripe.server import Receive, Scope, Send
from tests.providers.mails import SmtpHandler

App = Callable[[Scope, Receive, Send], Any]


@dataclass(frozen=True)
class Asked:
    """A request, in its parts."""

    path: bytes
    headers: dict[str, bytes]
    body: bytes

    @property
    def told(self) -> str:
        """All that somebody could repeat of it."""
        key = self.headers.get("authorization", b"").decode().removeprefix("Bearer ")
        rest = {name: value.decode() for name, value in self.headers.items()}
        return f"Invalid key: {key} ({self.path.decode()}) {json.dumps(rest)}"


@dataclass
class Waited:
    """Somebody whom a test waits for."""

    came: int = 0
    news: anyio.Event = field(default_factory=anyio.Event)

    def comes(self) -> None:
        self.came += 1
        self.news.set()

    async def has_come(self, times: int) -> None:
        with anyio.fail_after(20):
            while self.came < times:
                self.news = anyio.Event()
                await self.news.wait()


@dataclass
class Partner:
    """A vendor that works until it is `failing`, and then fails in another way each time."""

    works: App
    shape: Callable[[str], Any]
    failing: bool = False
    asked: list[Asked] = field(default_factory=list)
    turn: int = 0
    answered: Waited = field(default_factory=Waited)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        path = scope["raw_path"] + b"?" + scope["query_string"]
        headers = {name.decode(): value for name, value in scope["headers"]}
        self.asked.append(Asked(path, headers, body))
        if not self.failing:
            await self.works(scope, _again(body), send)
            return
        self.turn += 1
        ways = FAILURES if self.turn < len(FAILURES) else QUICK
        try:
            await ways[self.turn % len(ways)](self, self.asked[-1].told, send)
        finally:
            self.answered.comes()

    async def refuses(self, told: str, send: Send) -> None:
        await answer(send, 401, json.dumps(self.shape(told)).encode())

    async def doubts(self, told: str, send: Send) -> None:
        more = self.shape(told) | {"name": told, "code": told, "type": told, "id": [told]}
        await answer(send, 400, json.dumps(more).encode(), {"request-id": "r_1"})

    async def stammers(self, told: str, send: Send) -> None:
        await answer(send, 200, b'{"id": ' + told.encode())

    async def misunderstands(self, told: str, send: Send) -> None:
        await answer(send, 200, json.dumps({"object": told, told: [told], "data": told}).encode())

    async def leads_away(self, told: str, send: Send) -> None:
        await answer(send, 302, told.encode(), {"location": f"/{self.turn}"})

    async def breaks_off(self, told: str, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send({**start, "headers": [(b"content-length", b"9999")]})
        await send({"type": "http.response.body", "body": told.encode(), "more_body": True})
        raise ConnectionAbortedError


FAILURES = (
    *(Partner.refuses, Partner.stammers, Partner.doubts, Partner.misunderstands),
    *(Partner.breaks_off, Partner.leads_away),
)

QUICK = FAILURES[:4]  # after none of these does anybody wait and ask again


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _again(body: bytes) -> Receive:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def answer(
    send: Send, status: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    given = {"content-type": "application/json", **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def error(told: str) -> Any:
    """The shape of Stripe's errors, and OpenAI's."""
    names = ("message", "code", "param", "decline_code", "doc_url", "request_log_url")
    return {"error": {**dict.fromkeys(names, told), "type": "invalid_request_error"}}


def refused_mail(told: str) -> Any:
    return {"statusCode": 401, "name": told, "message": told}


def refused_call(told: str) -> Any:
    return {"jsonrpc": "2.0", "id": 0, "error": {"code": -32000, "message": told, "data": told}}


def says(given: Any) -> App:
    """Answer the same each time."""

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await answer(send, 200, json.dumps(given).encode())

    return app


async def embeds(_: Scope, receive: Receive, send: Send) -> None:
    """Give each text a vector, and questions an answer."""
    asked = json.loads((await receive())["body"])
    texts = asked.get("input", [])
    rows = [{"embedding": [1.0, float(at), 0.5], "index": at} for at in range(len(texts))]
    await answer(send, 200, json.dumps({"data": rows, "usage": {"prompt_tokens": 1}}).encode())


BLOCK = {"number": "0x10", "timestamp": "0x6b000000", "baseFeePerGas": "0x7", "transactions": []}
NODE: dict[str, Any] = {
    "eth_chainId": "0x7a69",
    "eth_getTransactionCount": "0x0",
    "eth_estimateGas": "0x5208",
    "eth_getBlockByNumber": BLOCK,
    "eth_blockNumber": "0x10",
    "eth_maxPriorityFeePerGas": "0x1",
    "eth_gasPrice": "0x1",
    "eth_getBalance": hex(10**20),
    "eth_getCode": "0x60",
    "eth_getLogs": [],
    "eth_getTransactionReceipt": None,
}


async def mines_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Be a node that helps to plan, and then refuses what was signed, and tells its address."""
    asked = json.loads((await receive())["body"])
    said: Any = {"jsonrpc": "2.0", "id": asked["id"]}
    if asked["method"] in NODE:
        said["result"] = NODE[asked["method"]]
    else:
        told = f"no {asked['method']} at {scope['raw_path'].decode()}"
        said["error"] = {"code": -32000, "message": told, "data": told}
    await answer(send, 200, json.dumps(said).encode())


@dataclass
class Postman(SmtpHandler):
    """A mail server that repeats the password: where it refuses it, and where it takes no mail."""

    passwords: list[bytes] = field(default_factory=list)
    asked: Waited = field(default_factory=Waited)

    def authenticate(self, *given: Any) -> AuthResult:
        login = next(it for it in given if isinstance(it, LoginPassword))
        self.passwords.append(login.password)
        refusal = f"535 5.7.8 {login.password.decode()} is wrong"
        refused = len(self.passwords) % 2 == 1
        self.asked.comes()
        return AuthResult(success=not refused, handled=False, message=refusal if refused else None)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's
        self, _: SMTP, __: Session, ___: Envelope, ____: str, _____: list[str]
    ) -> str:
        return f"550 5.1.1 whoever says {self.passwords[-1].decode()} has no mailbox"
