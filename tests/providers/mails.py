"""Servers on this machine that take mails: Resend as its documentation has it, and one of SMTP.

https://resend.com/docs/api-reference/emails/send-email, https://resend.com/docs/api-reference/errors
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "re_0123456789abcdefghijklmn"
REFUSED = "nobody@example.com"
LONGEST_KEY, LONGEST_LIST = 256, 50


@dataclass(frozen=True)
class Arrived:
    """A mail as its recipient would see it."""

    sender: str
    to: str
    subject: str
    text: str
    html: str


@dataclass
class ResendServer:
    """Resend's `POST /emails`, with its refusals; `next` are answers instead, once each.

    `domains` are what `GET /domains` lists, by their status; None where the key may only send.
    """

    arrived: list[Arrived] = field(default_factory=list)
    keys: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    next: list[Response] = field(default_factory=list)
    domains: dict[str, str] | None = field(default_factory=lambda: {"example.com": "verified"})
    lost: int = 0  # answers that do not arrive, although the mail was sent

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/emails", self.emails, methods=["POST"]),
                Route("/domains", self.listed, methods=["GET"]),
            ]
        )

    async def listed(self, request: Request) -> Response:
        refused = stranger(request)
        if refused is not None:
            return refused
        if self.domains is None:
            message = "This API key is restricted to only send emails"
            return refusal(401, "restricted_api_key", message)
        data = [{"id": "d", "name": name, "status": it} for name, it in self.domains.items()]
        return JSONResponse({"object": "list", "has_more": False, "data": data})

    async def emails(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        if self.next:
            return self.next.pop(0)
        answer = self.answer(request, await request.body())
        if self.lost:
            self.lost -= 1
            raise ConnectionAbortedError
        return answer

    def answer(self, request: Request, body: bytes) -> Response:
        key = request.headers.get("idempotency-key", "")
        given: dict[str, Any] = json.loads(body)
        refused = denied(request, key) or invalid(given)
        if refused is not None:
            return refused
        if key not in self.keys:
            id = f"49a3999c-0ce1-4ea6-ab68-{len(self.keys):012d}"
            self.keys[key] = (body, id)
            mail = (*given["to"], given["subject"], given["text"], given["html"])
            self.arrived.append(Arrived(given["from"], *mail))
        first, id = self.keys[key]
        if first != body:
            return refusal(409, "invalid_idempotent_request", "The key came with another payload.")
        return JSONResponse({"id": id})


def stranger(request: Request) -> Response | None:
    said = request.headers.get("authorization")
    if said is None:
        return refusal(401, "missing_api_key", "Missing API key in the authorization header.")
    if said != f"Bearer {KEY}":
        return refusal(403, "invalid_api_key", f"API key is invalid: {said}")
    return None


def denied(request: Request, key: str) -> Response | None:
    refused = stranger(request)
    if refused is not None:
        return refused
    if not request.headers.get("user-agent") or "json" not in request.headers["content-type"]:
        return refusal(403, "validation_error", "The request lacks a header.")
    if not 1 <= len(key) <= LONGEST_KEY:
        return refusal(400, "invalid_idempotency_key", "The key must be 1-256 characters.")
    return None


def invalid(given: dict[str, Any]) -> Response | None:
    if {"from", "to", "subject"} - given.keys() or not ({"text", "html"} & given.keys()):
        return refusal(422, "missing_required_field", "The request body lacks a field.")
    to = given["to"]
    if not 0 < len(to) <= LONGEST_LIST or not all("@" in it for it in to) or REFUSED in to:
        return refusal(422, "validation_error", f"Invalid `to` field: {to}")
    if "@" not in parseaddr(given["from"])[1]:
        return refusal(422, "invalid_from_address", "Invalid `from` field.")
    return None


def refusal(status: int, name: str, message: str) -> Response:
    return JSONResponse({"statusCode": status, "name": name, "message": message}, status)


@dataclass
class SmtpHandler:
    """What an SMTP server does with mails; `drops` loses its answer to one that it has taken."""

    arrived: list[Arrived] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    drops: int = 0
    next: list[str] = field(default_factory=list)  # answers to DATA instead

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address == REFUSED:
            return f"550 5.1.1 no mailbox {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.next:
            return self.next.pop(0)
        found = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(found, EmailMessage)
        (to,) = envelope.rcpt_tos
        text, html = found.get_body(["plain"]), found.get_body(["html"])
        assert text is not None
        assert html is not None
        assert str(found["To"]) == to
        self.ids.append(str(found["Message-ID"]))
        self.arrived.append(
            Arrived(
                str(found["From"]),
                to,
                str(found["Subject"]),
                *(part.get_content().replace("\r", "").rstrip("\n") for part in (text, html)),
            )
        )
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return "250 OK"


@asynccontextmanager
async def smtp_server(
    handler: SmtpHandler, ssl_context: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """Serve SMTP in the loop of the test; yields its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **options), "127.0.0.1", 0, ssl=ssl_context
    )
    async with server:
        yield server.sockets[0].getsockname()[1]
