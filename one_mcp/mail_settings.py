"""Settings of mail: who sends it, and in whose name."""

import os
from email.utils import parseaddr
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from one_mcp import vendor_urls
from one_mcp.errors import SettingsError

RESEND_URL = "https://api.resend.com"
_PORTS = {"smtp": 587, "smtps": 465}
_EXAMPLE = "a URL such as smtps://USER:PASSWORD@mail.example.com"
_WHO = "ONE_MCP_MAIL_FROM"


class ResendAccess(BaseModel):
    """Which key goes to which server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["resend"] = "resend"
    key: SecretStr
    url: str
    sender: str


class SmtpAccess(BaseModel):
    """Which server takes mails; `tls` from the first byte on, else by STARTTLS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["smtp"] = "smtp"
    host: str
    port: int
    tls: bool
    user: str | None
    password: SecretStr | None
    sender: str


MailAccess = ResendAccess | SmtpAccess


class MailSettings(BaseModel):
    """Who sends receipts; without a key or a server live sales send none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    resend_api_key: SecretStr | None = Field(
        default=None,
        description=(
            "Resend's key, which sends receipts of live sales; RESEND_API_KEY and "
            "RESEND_FROM_EMAIL count where neither this nor `smtp_url` is set."
        ),
    )
    resend_api_url: str | None = Field(
        default=None,
        description="Another server that speaks Resend's API, on this machine or over https.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description=(
            "A mail server instead of Resend: smtps://USER:PASSWORD@HOST, or smtp:// for STARTTLS."
        ),
    )
    mail_from: str | None = Field(
        default=None, description="Whose mails they are, such as Shop <shop@example.com>."
    )

    _mail_nothing = field_validator(
        *("resend_api_key", "resend_api_url", "smtp_url", "mail_from"),
        mode="before",
    )(vendor_urls.unless_blank)

    @field_validator("resend_api_url")
    @classmethod
    def _resend_url(cls, given: str | None) -> str | None:
        if given is None:
            return None
        example = "http://127.0.0.1:14000"
        parts = vendor_urls.require_plain(given, example)
        if parts.path.strip("/") or not vendor_urls.is_private(parts):
            raise ValueError(f"a URL without a path, over https or on this machine: {example}")
        return given.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            _smtp_parts(given.get_secret_value())
        return given

    @field_validator("mail_from")
    @classmethod
    def _mail_from(cls, given: str | None) -> str | None:
        if given is not None and not _names_one(given):
            raise ValueError("an address such as Shop <shop@example.com>")
        return given

    def mail_access(self) -> MailAccess | None:
        """Say who sends mails; None where nobody does.

        RESEND_API_KEY is never sent to a server that ONE_MCP_RESEND_API_URL names. Raises
        SettingsError where it is not said in whose name, and where two would send.
        """
        if self.smtp_url is not None:
            if self.resend_api_key is not None:
                raise SettingsError(
                    "Both ONE_MCP_SMTP_URL and ONE_MCP_RESEND_API_KEY are set; one sends mails.",
                    setting="ONE_MCP_SMTP_URL",
                )
            return self._smtp(_smtp_parts(self.smtp_url.get_secret_value()))
        key = self.resend_api_key
        if key is None and self.resend_api_url is None:
            key = _plain_key()
        if key is None:
            return None
        return ResendAccess(key=key, url=self.resend_api_url or RESEND_URL, sender=self._sender())

    def _smtp(self, parts: SplitResult) -> SmtpAccess:
        return SmtpAccess(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "smtps",
            user=unquote(parts.username) if parts.username else None,
            password=SecretStr(unquote(parts.password)) if parts.password else None,
            sender=self._sender(),
        )

    def _sender(self) -> str:
        sender = self.mail_from or os.environ.get("RESEND_FROM_EMAIL", "").strip()
        if not _names_one(sender):
            raise SettingsError(
                f"Mails need a sender: set {_WHO} to an address such as Shop <shop@example.com>.",
                setting=_WHO,
            )
        return sender


def is_address(text: str) -> bool:
    """Tell whether a text is one plain address, which ends no line and begins no other header."""
    name, at, host = text.rpartition("@")
    return bool(name and at and "." in host) and text.isprintable() and not set(' ,;:<>"') & {*text}


def _names_one(text: str) -> bool:
    return text.isprintable() and is_address(parseaddr(text)[1])


def _smtp_parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.path.strip("/"):
        raise ValueError(_EXAMPLE)
    try:
        port = parts.port
    except ValueError:
        raise ValueError(_EXAMPLE) from None
    if port == 0:
        raise ValueError(_EXAMPLE)
    if (parts.password is None) != (parts.username is None):
        raise ValueError("a URL with a user and a password, or with neither")
    return parts


def _plain_key() -> SecretStr | None:
    text = os.environ.get("RESEND_API_KEY", "").strip()
    return SecretStr(text) if text else None
