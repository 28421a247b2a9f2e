"""Mails by Resend (https://resend.com/docs/api-reference/emails/send-email)."""

from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError

from one_mcp import __version__, jsons, logs
from one_mcp.clock import DAY_MS
from one_mcp.mail_settings import ResendAccess
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.mail import Mail
from one_mcp.providers.wire import VendorWire, WireReply

_UNREAD = "Resend gave no answer that can be read."
_USED = "invalid_idempotent_request"  # the key came with another mail before
_BUSY = "concurrent_idempotent_requests"
_SPENT = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class _SentMail(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    id: str


class _RefusedMail(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = ""
    message: str = "It refused the mail."


class Resend:
    """An account at Resend, which sends a mail of one key once in 24 hours."""

    name = "resend"
    simulated = False
    remembers_ms = DAY_MS

    def __init__(self, access: ResendAccess, wire: VendorWire | None = None) -> None:
        self._key = access.key.get_secret_value()
        self._url = f"{access.url}/emails"
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
        headers = {
            "authorization": f"Bearer {self._key}",
            "content-type": "application/json",
            "idempotency-key": key,
            "user-agent": f"one-mcp/{__version__}",  # without one Resend refuses
        }
        reply = await self._wire.ask("POST", self._url, headers, jsons.dumps(body))
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise self._failure(reply)
        try:
            return _SentMail.model_validate_json(reply.body).id
        except ValidationError:
            raise ProviderError(_UNREAD, retryable=True, outcome="unknown") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

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
            f"Resend did not send the mail: {message}",
            retryable=said.name not in _SPENT
            and (is_broken or reply.status in _LATER or said.name == _BUSY),
            outcome="unknown" if is_open else "failed",
            status=reply.status,
            provider_code=name or None,
        )
