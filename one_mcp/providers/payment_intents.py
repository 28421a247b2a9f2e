"""What Stripe's payment intents and errors mean here, whoever says them."""

from collections.abc import Mapping

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.money_errors import PaymentFailedError, ProviderError
from one_mcp.providers.ports.payments import Payment, PaymentState

_STATES = {
    "requires_action": PaymentState.REQUIRES_ACTION,
    "requires_confirmation": PaymentState.REQUIRES_ACTION,
    "requires_capture": PaymentState.AUTHORIZED,
    "succeeded": PaymentState.CAPTURED,
    "canceled": PaymentState.CANCELED,
    "requires_payment_method": PaymentState.FAILED,
}
_LATER = frozenset({409, 429, 500, 502, 503, 504})
_UNKNOWN = frozenset({500, 502, 503, 504})


def payment(intent: JsonObject, refunded: int = 0) -> Payment:
    """Read a payment intent; one that is still processing is an error of unknown outcome."""
    status = str(intent["status"])
    if status not in _STATES:
        raise ProviderError(
            f"The payment is {status}; its end is not known yet.",
            retryable=True,
            outcome="unknown",
        )
    return Payment(
        str(intent["id"]),
        _STATES[status],
        int(str(intent["amount"])),
        int(str(intent["amount_received"])),
        refunded,
        str(intent["currency"]),
        _url(intent.get("next_action")),
    )


def failure(status: int, error: Mapping[str, JsonValue]) -> ProviderError:
    """Make the error that an answer of Stripe's stands for; its sentence tells no secret."""
    message = str(error.get("message") or "Stripe refused the request.")
    code = error.get("code")
    if error.get("type") == "card_error":
        declined = error.get("decline_code") or code
        return PaymentFailedError(
            f"The payment was declined: {message}", declined_code=declined, provider_code=code
        )
    if status in _LATER:
        outcome = "unknown" if status in _UNKNOWN else "failed"
        return ProviderError(
            message, retryable=True, outcome=outcome, status=status, provider_code=code
        )
    return PaymentFailedError(
        f"The payment cannot be made: {message}", status=status, provider_code=code
    )


def _url(action: JsonValue) -> str | None:
    redirect = action.get("redirect_to_url") if isinstance(action, dict) else None
    return str(redirect.get("url")) if isinstance(redirect, dict) else None
