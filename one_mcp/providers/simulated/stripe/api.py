"""Stripe's API as far as payments need it, without Stripe: the same words, states and refusals.

A request is answered as https://docs.stripe.com/api says: idempotency keys, declines by the names
of the test cards (https://docs.stripe.com/testing), 3-D Secure, manual capture, refunds that never
exceed what is left.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.providers.simulated.stripe import (
    customers,
    intents,
    refunds,
    sessions,
    subscriptions,
)
from one_mcp.providers.simulated.stripe.objects import StripeRefusal, StripeReply

KEYS_LAST_MS = 24 * 60 * 60_000  # after that a key is as good as new


@dataclass(frozen=True, slots=True)
class Request:
    """A request as Stripe gets it: `key` is its Idempotency-Key."""

    method: str
    path: str
    parameters: Mapping[str, JsonValue]
    key: str | None = None


def answer(drawer: Drawer, request: Request) -> StripeReply:
    """Answer a request; one with a key that was used before gets the first answer."""
    if request.key is None or request.method != "POST":
        return _answered(drawer, request)
    told = json.dumps([request.path, dict(request.parameters)], sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()
    kept = drawer.get("stripe_key", request.key)
    if kept is not None and drawer.now_ms < int(str(kept["at"])) + KEYS_LAST_MS:
        if kept["digest"] != digest:
            message = "Keys for idempotent requests can only be used with the same parameters."
            return StripeReply(400, {"error": {"type": "idempotency_error", "message": message}})
        body = kept["body"]
        assert isinstance(body, dict)  # noqa: S101  # this function wrote it
        return StripeReply(int(str(kept["status"])), body)
    reply = _answered(drawer, request)
    drawer.put(
        "stripe_key",
        request.key,
        {"digest": digest, "at": drawer.now_ms, "status": reply.status, "body": reply.body},
    )
    return reply


def _answered(drawer: Drawer, request: Request) -> StripeReply:
    for method, pattern, act in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            try:
                return StripeReply(200, act(drawer, found.groups(), request.parameters))
            except StripeRefusal as refusal:
                return refusal.reply
    message = f"Unrecognized request URL ({request.path})."
    return StripeReply(404, {"error": {"type": "invalid_request_error", "message": message}})


_Act = Callable[[Drawer, tuple[str, ...], Mapping[str, JsonValue]], JsonObject]
_ROUTES: tuple[tuple[str, re.Pattern[str], _Act], ...] = tuple(
    (method, re.compile(pattern), act)
    for method, pattern, act in (
        ("POST", "/v1/payment_intents", intents.create),
        ("GET", "/v1/payment_intents/search", intents.search),
        ("GET", "/v1/payment_intents/([^/]+)", intents.retrieve),
        ("POST", "/v1/payment_intents/([^/]+)/confirm", intents.confirm),
        ("POST", "/v1/payment_intents/([^/]+)/capture", intents.capture),
        ("POST", "/v1/payment_intents/([^/]+)/cancel", intents.cancel),
        ("POST", "/v1/customers", customers.create),
        ("GET", "/v1/customers/([^/]+)", customers.retrieve),
        ("GET", "/v1/customers/([^/]+)/payment_methods", customers.methods),
        ("POST", "/v1/checkout/sessions", sessions.create),
        ("GET", "/v1/checkout/sessions/([^/]+)", sessions.retrieve),
        ("POST", "/v1/products", subscriptions.product),
        ("POST", "/v1/subscriptions", subscriptions.create),
        ("POST", "/v1/subscriptions/([^/]+)", subscriptions.update),
        ("GET", "/v1/subscriptions", subscriptions.listed),
        ("GET", "/v1/subscriptions/([^/]+)", subscriptions.retrieve),
        ("DELETE", "/v1/subscriptions/([^/]+)", subscriptions.cancel),
        ("GET", "/v1/invoices", subscriptions.invoices),
        ("POST", "/v1/refunds", refunds.create),
        ("GET", "/v1/refunds", refunds.listed),
    )
)
