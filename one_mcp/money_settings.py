"""Settings of money: the keys of vendors, and whether real money may move at all.

A key of a vendor's live mode moves nothing before `live_money` says so, wherever it came from.
"""

import os
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from one_mcp import vendor_urls
from one_mcp.errors import SettingsError

STRIPE_URL = "https://api.stripe.com"
STRIPE_RETURN_URL = "https://stripe.com"
RESTRICTED_TO = (
    "write payment intents, refunds, customers, checkout sessions, products and subscriptions, and "
    "read invoices"
)
_SECRET_KEYS = ("rk_test_", "sk_test_", "rk_live_", "sk_live_")
_PUBLISHABLE_KEYS = ("pk_test_", "pk_live_")
_LIVE = ("rk_live_", "sk_live_")
_AMOUNT = re.compile(r"\d{1,30}(\.\d{1,30})? ([A-Za-z]{3}|ent_\w{1,40})")
_KEY = re.compile(r"[0-9a-f]{64}")


class StripeAccess(BaseModel):
    """Which key goes to which server. A restricted key (rk_) may do no more than it needs to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: SecretStr
    url: str
    mode: Literal["test", "live"]
    restricted: bool

    @property
    def name(self) -> str:
        """Name the vendor as it is shown."""
        return "stripe" if self.mode == "live" else "stripe (test mode)"


class PaymentSettings(BaseModel):
    """Who moves money; without a key a simulation stands in, and says so."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    stripe_secret_key: SecretStr | None = Field(
        default=None,
        description=(
            f"Stripe's key for payments, best a restricted one (rk_) that may {RESTRICTED_TO}; "
            "without one payments are simulated. STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY "
            "count where these are not set."
        ),
    )
    stripe_publishable_key: str | None = Field(
        default=None, description="Stripe's publishable key (pk_), for pages in a browser."
    )
    stripe_webhook_secret: SecretStr | None = Field(
        default=None, description="What Stripe signs its events with (whsec_)."
    )
    stripe_api_url: str | None = Field(
        default=None,
        description="Another server that speaks Stripe's API, on this machine or over https.",
    )
    stripe_return_url: str = Field(
        default=STRIPE_RETURN_URL,
        description="Where Stripe's page leads buyers who have given a card there.",
    )
    live_money: bool = Field(
        default=False, description="Let keys of a live mode move real money; else they are refused."
    )

    _stripe_nothing = field_validator(
        *("stripe_secret_key", "stripe_publishable_key", "stripe_webhook_secret", "stripe_api_url"),
        mode="before",
    )(vendor_urls.unless_blank)

    @field_validator("stripe_secret_key")
    @classmethod
    def _stripe_secret_key(cls, given: SecretStr | None) -> SecretStr | None:
        if given and not given.get_secret_value().startswith(_SECRET_KEYS):
            raise ValueError(f"a key that begins with {', '.join(_SECRET_KEYS)}")
        return given

    @field_validator("stripe_publishable_key")
    @classmethod
    def _stripe_publishable_key(cls, given: str | None) -> str | None:
        if given and not given.startswith(_PUBLISHABLE_KEYS):
            raise ValueError(f"a key that begins with {' or '.join(_PUBLISHABLE_KEYS)}")
        return given

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _stripe_webhook_secret(cls, given: SecretStr | None) -> SecretStr | None:
        if given and not given.get_secret_value().startswith("whsec_"):
            raise ValueError("a secret that begins with whsec_")
        return given

    @field_validator("stripe_api_url")
    @classmethod
    def _stripe_url(cls, given: str | None) -> str | None:
        if given is None:
            return None
        example = "http://127.0.0.1:12111"
        parts = vendor_urls.require_plain(given, example)
        if parts.path.strip("/") or not vendor_urls.is_private(parts):
            raise ValueError(f"a URL without a path, over https or on this machine: {example}")
        return given.rstrip("/")

    @field_validator("stripe_return_url")
    @classmethod
    def _stripe_return_url(cls, given: str) -> str:
        vendor_urls.require_plain(given, "https://example.com/thanks")
        return given

    def stripe_access(self) -> StripeAccess | None:
        """Say which key goes to which server; None where payments are simulated.

        STRIPE_SECRET_KEY is never sent to a server that ONE_MCP_STRIPE_API_URL names. Raises
        SettingsError for a live key that may not be used, and for none of Stripe's.
        """
        name, key = "ONE_MCP_STRIPE_SECRET_KEY", self.stripe_secret_key
        if key is None and self.stripe_api_url is None:
            name, key = "STRIPE_SECRET_KEY", vendor_urls.plain_key("STRIPE_SECRET_KEY")
        if key is None:
            return None
        text = key.get_secret_value()
        if not text.startswith(_SECRET_KEYS):
            raise SettingsError(
                f"{name} must be a key that begins with {', '.join(_SECRET_KEYS)}.", setting=name
            )
        if text.startswith(_LIVE) and not self.live_money:
            raise SettingsError(
                f"{name} is a live key, which moves real money; set ONE_MCP_LIVE_MONEY=true to let "
                "it, or give a key of the test mode (rk_test_).",
                setting=name,
            )
        return StripeAccess(
            key=key,
            url=self.stripe_api_url or STRIPE_URL,
            mode="live" if text.startswith(_LIVE) else "test",
            restricted=text.startswith("rk_"),
        )

    def publishable_key(self) -> str | None:
        """Return the key for pages in a browser, of whichever variable."""
        return self.stripe_publishable_key or os.environ.get("STRIPE_PUBLISHABLE_KEY") or None


class SpendingSettings(BaseModel):
    """When a person has to approve what moves value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    approvals: Literal["live", "always"] = Field(
        default="live",
        description="What a person has to approve: what is real (live), or all.",
    )
    form_limit: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "How much a client's own form may approve in 24 hours, instead of the page, such as "
            "5 usd,20 ent_…; a client can answer it by itself."
        ),
    )
    approver_key: str | None = Field(
        default=None,
        description=(
            "The only public key whose approvals count, as `one-mcp passphrase` shows it; unless "
            "set, those of the owners that the database holds."
        ),
    )

    @field_validator("form_limit", mode="before")
    @classmethod
    def _form_list(cls, given: object) -> object:
        return (
            [it.strip().lower() for it in given.split(",") if it.strip()]
            if isinstance(given, str)
            else given
        )

    @field_validator("form_limit")
    @classmethod
    def _form_limit(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for each in given:
            if not _AMOUNT.fullmatch(each):
                raise ValueError("amounts such as 5 usd,20 ent_…, once for each currency and token")
        return given

    @field_validator("approver_key", mode="before")
    @classmethod
    def _approver_nothing(cls, given: object) -> object:
        return (given.strip().lower() or None) if isinstance(given, str) else given

    @field_validator("approver_key")
    @classmethod
    def _approver_key(cls, given: str | None) -> str | None:
        if given and not _KEY.fullmatch(given):
            raise ValueError("the 64 hexadecimal digits that `one-mcp passphrase` shows")
        return given
