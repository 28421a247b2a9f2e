"""Mails by Resend (https://resend.com/docs/api-reference/emails/send-email)."""

from email.utils import parseaddr
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError

from one_mcp import __version__, jsons, logs
from one_mcp.clock import DAY_MS
from one_mcp.mail_settings import ResendAccess
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.mail import Mail
from one_mcp.providers.wire import VendorWire, WireReply

_UNREAD = "Resend gave no answer that can be read."
_USED = "invalid_idempotent_request"  # the key came with another mail before
_BUSY = "concurrent_idempotent_requests"
_SENDS_ONLY = "restricted_api_key"
_UNPROVEN = frozenset({"not_started", "pending", "failed"})
_TRIAL = "resend.dev"  # Resend's own, for mails to oneself
_SPENT = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class _SentMail(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    id: str


class _RefusedMail(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = ""
    message: str = "It refused the mail."


class _Domain(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    status: str


class _Domains(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    data: list[_Domain]
    has_more: bool = False

    def of(self, host: str) -> _Domain | None:
        """Return the domain that a host is, or is a part of."""
        found = [it for it in self.data if f".{host}".endswith(f".{it.name.lower()}")]
        return max(found, key=lambda it: len(it.name), default=None)


class Resend:
    """An account at Resend, which sends a mail of one key once in 24 hours."""

    name = "resend"
    simulated = False
    remembers_ms = DAY_MS

    def __init__(self, access: ResendAccess, wire: VendorWire | None = None) -> None:
        self._key = access.key.get_secret_value()
        self._url = access.url
        self._sender = access.sender
        self._wire = wire or VendorWire("Resend")

    async def send(self, mail: Mail, key: str) -> str:
        body = {
            "from": self._sender,
            "to": [mail.to],
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
        }
        headers = {**self._headers(), "content-type": "application/json", "idempotency-key": key}
        reply = await self._wire.ask("POST", f"{self._url}/emails", headers, jsons.dumps(body))
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise self._failure(reply)
        try:
            return _SentMail.model_validate_json(reply.body).id
        except ValidationError:
            raise ProviderError(_UNREAD, retryable=True, outcome="unknown") from None

    async def check(self) -> Checkup:
        """List the domains; a key that may only send is told so, and is the better one."""
        reply = await self._wire.ask("GET", f"{self._url}/domains", self._headers())
        if reply.status >= HTTPStatus.BAD_REQUEST:
            failure = self._failure(reply)
            if failure.fields.get("provider_code") != _SENDS_ONLY:
                raise failure
            return Checkup("Resend knows the key, which may send and do nothing else")
        try:
            return self._told(_Domains.model_validate_json(reply.body))
        except ValidationError:
            raise ProviderError(_UNREAD, retryable=True) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self._key}",
            "user-agent": f"one-mcp/{__version__}",  # without one Resend refuses
        }

    def _told(self, domains: _Domains) -> Checkup:
        """Say whether the sender's domain is one that Resend sends from."""
        host = parseaddr(self._sender)[1].rpartition("@")[2].lower()
        found = domains.of(host)
        if host == _TRIAL or (found is None and domains.has_more):
            return Checkup(f"Resend knows the key; mails are from {host}")
        if found is None or found.status in _UNPROVEN:
            raise ProviderError(
                f"Resend has not verified the domain {host}; do that there, or set "
                "ONE_MCP_MAIL_FROM to an address of a domain that is.",
                retryable=False,
            )
        return Checkup(
            f"Resend knows the key, and has {found.name} as {found.status}",
            doubtful=found.status != "verified",
        )

    def _failure(self, reply: WireReply) -> ProviderError:
        """Read a refusal; its words may have the key in them, or an address."""
        try:
            said = _RefusedMail.model_validate_json(reply.body)
        except ValidationError:
            said = _RefusedMail()
        name, message = [
            logs.redact(logs.hide(word, [self._key])) for word in (said.name, said.message)
        ]
        is_broken = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        is_open = is_broken or reply.doubted or said.name in {_USED, _BUSY}
        return ProviderError(
            f"Resend refuses: {message}",
            retryable=said.name not in _SPENT
            and (is_broken or reply.status in _LATER or said.name == _BUSY),
            outcome="unknown" if is_open else "failed",
            status=reply.status,
            provider_code=name or None,
        )
