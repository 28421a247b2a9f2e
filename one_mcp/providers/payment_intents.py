"""What Stripe's objects and errors mean here, whoever says them."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.money_errors import PaymentFailedError, ProviderError
from one_mcp.providers.ports.payments import (
    Checkout,
    CheckoutState,
    Payment,
    PaymentState,
    Refund,
    SavedMethod,
)

UNREAD = "Stripe's answer cannot be read."
UNEXPECTED_STATE = "payment_intent_unexpected_state"
_STATES = {
    "requires_action": PaymentState.REQUIRES_ACTION,
    "requires_confirmation": PaymentState.REQUIRES_ACTION,
    "requires_capture": PaymentState.AUTHORIZED,
    "succeeded": PaymentState.CAPTURED,
    "canceled": PaymentState.CANCELED,
    "requires_payment_method": PaymentState.FAILED,
}
_DENIED = frozenset({401, 403})
_LATER = frozenset({409, 429, 500, 502, 503, 504})
# 409: a request with the same key is under way, and may succeed
_UNKNOWN = frozenset({409, 500, 502, 503, 504})


class _Said(BaseModel):
    """What Stripe says, as far as it matters here."""

    model_config = ConfigDict(extra="allow", frozen=True)


class _SaidCharge(_Said):
    amount_refunded: int


class _SaidRedirect(_Said):
    url: str


class _SaidAction(_Said):
    redirect_to_url: _SaidRedirect | None = None


class _SaidIntent(_Said):
    id: str
    status: str
    amount: int
    amount_received: int
    currency: str
    latest_charge: _SaidCharge | str | None = None
    next_action: _SaidAction | None = None


class _SaidCustomer(_Said):
    id: str


class _SaidCard(_Said):
    brand: str
    last4: str


class _SaidMethod(_Said):
    id: str
    card: _SaidCard


class _SaidMethods(_Said):
    data: list[_SaidMethod]


class _SaidCheckout(_Said):
    id: str
    status: CheckoutState
    url: str | None = None


class _SaidRefund(_Said):
    id: str
    payment_intent: str
    amount: int
    status: str
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class _SaidRefunds(_Said):
    data: list[_SaidRefund]
    has_more: bool = False


S = TypeVar("S", bound=_Said)


def payment(given: JsonObject) -> Payment:
    """Read a payment intent; one that is still processing is an error of unknown outcome.

    What was given back is known where its `latest_charge` came along as an object.
    """
    intent = _read(_SaidIntent, given)
    if intent.status not in _STATES:
        raise ProviderError(
            f"The payment is {intent.status}; its end is not known yet.",
            retryable=True,
            outcome="unknown",
        )
    charge, action = intent.latest_charge, intent.next_action
    return Payment(
        intent.id,
        _STATES[intent.status],
        intent.amount,
        intent.amount_received,
        charge.amount_refunded if isinstance(charge, _SaidCharge) else 0,
        intent.currency,
        action.redirect_to_url.url if action and action.redirect_to_url else None,
    )


def refund(given: JsonObject) -> Refund:
    """Read a refund; raises PaymentFailedError for one that the bank refused."""
    return _refund(_read(_SaidRefund, given))


def refund_of(given: JsonObject, operation: str) -> Refund | None:
    """Find in a list what an operation gave back; what is not on a first page leaves it open."""
    listed = _read(_SaidRefunds, given)
    for each in listed.data:
        if (each.metadata or {}).get("operation") == operation:
            return _refund(each)
    if listed.has_more:
        raise ProviderError(
            "Stripe has more refunds of this payment than can be looked through.",
            retryable=False,
            outcome="unknown",
        )
    return None


def _refund(read: _SaidRefund) -> Refund:
    if read.status in {"failed", "canceled"}:
        raise PaymentFailedError(
            f"The refund {read.id} is {read.status}: {read.failure_reason or 'no reason given'}.",
            provider_code=read.failure_reason,
        )
    return Refund(read.id, read.payment_intent, read.amount)


def customer(given: JsonObject) -> str:
    """Read whose a customer's methods are."""
    return _read(_SaidCustomer, given).id


def methods(given: JsonObject) -> list[SavedMethod]:
    """Read a list of methods of payment."""
    listed = _read(_SaidMethods, given).data
    return [SavedMethod(each.id, each.card.brand, each.card.last4) for each in listed]


def checkout(given: JsonObject) -> Checkout:
    """Read a checkout session."""
    read = _read(_SaidCheckout, given)
    return Checkout(read.id, read.status, read.url)


def _read(model: type[S], given: JsonObject) -> S:
    try:
        return model.model_validate(given)
    except ValidationError:
        raise failure(0, {"message": UNREAD}) from None  # it repeats what was said


def failure(status: int, error: Mapping[str, JsonValue], *, doubted: bool = False) -> ProviderError:
    """Make the error that an answer of Stripe's stands for; its sentence tells no secret.

    `doubted` says that an earlier try may have arrived. Only an answer that the same key would
    have got the first time makes that certain.
    """
    message = str(error.get("message") or "Stripe refused the request.")
    code, type = error.get("code"), error.get("type")
    if type == "card_error":
        declined = error.get("decline_code") or code
        return PaymentFailedError(
            f"The payment was declined: {message}", declined_code=declined, provider_code=code
        )
    if type == "idempotency_error":  # the key was used before, for something else
        return ProviderError(message, retryable=False, outcome="unknown", status=status)
    if status in _LATER or not status:
        outcome = "unknown" if doubted or status in _UNKNOWN or not status else "failed"
        return ProviderError(
            message, retryable=True, outcome=outcome, status=status, provider_code=code
        )
    if status in _DENIED:
        return ProviderError(
            f"Stripe does not accept the key for this: {message}",
            retryable=False,
            outcome="unknown" if doubted else "failed",
            status=status,
            provider_code=code,
        )
    return PaymentFailedError(
        f"The payment cannot be made: {message}", status=status, provider_code=code
    )
