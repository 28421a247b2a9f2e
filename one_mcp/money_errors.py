"""Failures where money and tokens move; each says whether it may have happened all the same."""

from one_mcp.errors import OneError
from one_mcp.jsons import JsonValue


class ProviderError(OneError):
    """A vendor refused, failed or did not answer.

    `outcome` is "failed" where nothing happened, "unknown" where it may have.
    """

    code = "PROVIDER"

    def __init__(
        self,
        sentence: str,
        *,
        retryable: bool | None = None,
        outcome: str = "failed",
        **fields: JsonValue,
    ) -> None:
        super().__init__(sentence, retryable=retryable, outcome=outcome, **fields)
        self.outcome = outcome


class CancelledError(OneError):
    """Whoever began an operation cancelled it."""

    code = "CANCELLED"


class PaymentFailedError(ProviderError):
    """The payment was declined or cannot be made; `declined_code` is the vendor's reason."""

    code = "PAYMENT_FAILED"

    @property
    def declined_code(self) -> str | None:
        code = self.fields.get("declined_code")
        return code if isinstance(code, str) else None


class ChainError(ProviderError):
    """A transaction was refused or reverted, or the node does not answer."""

    code = "CHAIN"


class UnsupportedChainError(OneError):
    """The blockchain is one that this server does not act on (D-34)."""

    code = "UNSUPPORTED_CHAIN"


class MixedRailsError(OneError):
    """A part of it would be real and a part not."""

    code = "MIXED_RAILS"


class InsufficientTokensError(OneError):
    """The holder has fewer tokens than it takes (D-30): `user`, `required`, `available`."""

    code = "INSUFFICIENT_TOKENS"


class SoldOutError(OneError):
    """Nothing is left of what there is only so many of: `item`, `most`."""

    code = "SOLD_OUT"


class PlanError(OneError):
    """A quote or plan is expired, used up, somebody else's, or no longer what it was."""

    code = "PLAN"


class LooksLikeError(OneError):
    """The same was asked for a moment ago: `looks_like` names that operation."""

    code = "LOOKS_LIKE"


class ApprovalRequiredError(OneError):
    """A person has to approve this first; `approve_at` is where."""

    code = "APPROVAL_REQUIRED"


class PassphraseError(OneError):
    """The passphrase is wrong, or there is none yet; nothing was approved."""

    code = "PASSPHRASE"


class CheckoutRequiredError(OneError):
    """The buyer has to give a card first, on a page of the vendor's: `pay_at` is where."""

    code = "CHECKOUT_REQUIRED"


class WebhookError(OneError):
    """An event does not come from the vendor, or not now."""

    code = "WEBHOOK"


class LedgerError(OneError):
    """What was asked would write what only an operation may post."""

    code = "LEDGER"


class LostLeaseError(OneError):
    """Somebody else has taken over the operation; nothing more is written under the old lease."""

    code = "LEASE_LOST"
    retryable = True


class HeldError(OneError):
    """The database was restored or copied: no money moves from it before a person releases it."""

    code = "MONEY_HELD"


class OperationOpenError(OneError):
    """An operation is under way that needs this row."""

    code = "OPERATION_OPEN"
    retryable = True
