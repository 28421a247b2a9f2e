"""Stripe's API by its SDK, over the wire that all vendors have in common.

The SDK knows the form that parameters have, and the headers. Its own repeats are off: the wire's
tell, too, whether an earlier try may have arrived. Refusals are read before the SDK sees them.
"""

from collections.abc import Mapping
from http import HTTPStatus

import stripe
from stripe import StripeClient, StripeError

from one_mcp import jsons, logs
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError
from one_mcp.money_settings import StripeAccess
from one_mcp.providers import payment_intents
from one_mcp.providers.stripe_payments import Parameters
from one_mcp.providers.wire import VendorWire, WireReply

API_VERSION = "2026-10-28.endive"


class _Transport(stripe.HTTPClient):
    """Lets the SDK speak over the wire."""

    name = "httpx2"

    def __init__(self, wire: VendorWire, key: str) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # as the SDK has it
        self._wire = wire
        self._key = key

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        reply = await self._wire.ask(method, url, headers, post_data)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise _failure(reply, self._key)
        return reply.body, reply.status, reply.headers


class StripeServer:
    """Stripe, or another server that speaks its API, by one key."""

    simulated = False

    def __init__(self, access: StripeAccess, wire: VendorWire) -> None:
        self.name = access.name
        self.moves_money = access.mode == "live"
        self._wire = wire
        key = access.key.get_secret_value()
        self._client = StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": access.url},
            http_client=_Transport(wire, key),
            max_network_retries=0,
        )

    async def ask(
        self, method: str, path: str, given: Parameters, key: str | None = None
    ) -> JsonObject:
        """Ask, with the caller's idempotency key."""
        options = {"idempotency_key": key} if key else {}
        try:
            answer = await self._client.raw_request_async(  # pyright: ignore[reportUnknownMemberType]  # parameters of any name
                method.lower(), path, **given, **options
            )
            return jsons.load_object(answer.body)
        except (StripeError, TypeError, ValueError):
            raise payment_intents.failure(0, {"message": payment_intents.UNREAD}) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()


def connect(access: StripeAccess) -> StripeServer:
    """Stand ready to ask; nothing is sent yet."""
    return StripeServer(access, VendorWire("Stripe"))


def _failure(reply: WireReply, key: str) -> ProviderError:
    """Read a refusal; each of its words may have the key in it."""
    told = _error(reply.body) or {"message": payment_intents.UNREAD}
    words: JsonObject = {
        name: logs.redact(logs.hide(word, [key]))
        for name, word in told.items()
        if isinstance(word, str)
    }
    return payment_intents.failure(reply.status, words, doubted=reply.doubted)


def _error(body: bytes) -> JsonObject:
    try:
        told = jsons.load_object(body).get("error")
    except (TypeError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
