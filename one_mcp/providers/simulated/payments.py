"""Simulated payments: Stripe's rules without Stripe, for a business that has no key yet."""

from collections.abc import Mapping

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.providers import payment_intents
from one_mcp.providers.ports.payments import Charge, Payment, Refund
from one_mcp.providers.simulated.cabinet import Cabinet, Drawer
from one_mcp.providers.simulated.stripe import api, refunds
from one_mcp.providers.simulated.stripe.api import Request
from one_mcp.providers.simulated.stripe.objects import StripeReply

_OK = 200


class SimulatedPayments:
    """The payments of the cabinet's organization."""

    name = "simulated"
    simulated = True

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    async def authorize(self, charge: Charge, key: str) -> Payment:
        intent = await self._ask(
            "POST",
            "/v1/payment_intents",
            {
                "amount": charge.amount,
                "currency": charge.currency,
                "payment_method": charge.method,
                "description": charge.description,
                "capture_method": "manual",
                "confirm": True,
                "metadata": {"operation": charge.operation},
            },
            key,
        )
        return payment_intents.payment(intent)

    async def capture(self, payment: str, key: str) -> Payment:
        path = f"/v1/payment_intents/{payment}/capture"
        return payment_intents.payment(await self._ask("POST", path, {}, key))

    async def cancel(self, payment: str, key: str) -> Payment:
        path = f"/v1/payment_intents/{payment}/cancel"
        return payment_intents.payment(await self._ask("POST", path, {}, key))

    async def refund(self, payment: str, amount: int, key: str) -> Refund:
        given: Mapping[str, JsonValue] = {"payment_intent": payment, "amount": amount}
        refund = await self._ask("POST", "/v1/refunds", given, key)
        return Refund(str(refund["id"]), payment, amount)

    async def retrieve(self, payment: str) -> Payment:
        intent = await self._ask("GET", f"/v1/payment_intents/{payment}", {})
        return await self._whole(intent)

    async def find(self, operation: str) -> Payment | None:
        query = f"metadata['operation']:'{operation}'"
        found = await self._ask("GET", "/v1/payment_intents/search", {"query": query})
        intents = found["data"]
        if not isinstance(intents, list) or not intents or not isinstance(intents[0], dict):
            return None
        return await self._whole(intents[0])

    async def close(self) -> None:
        """Nothing is open."""

    async def _whole(self, intent: JsonObject) -> Payment:
        refunded = await self._cabinet.open(lambda drawer: refunds.refunded(drawer, intent))
        return payment_intents.payment(intent, refunded)

    async def _ask(
        self, method: str, path: str, given: Mapping[str, JsonValue], key: str | None = None
    ) -> JsonObject:
        request = Request(method, path, given, key)

        def answered(drawer: Drawer) -> StripeReply:
            return api.answer(drawer, request)

        reply = await self._cabinet.open(answered)
        if reply.status != _OK:
            error = reply.body["error"]
            raise payment_intents.failure(reply.status, error if isinstance(error, dict) else {})
        return reply.body
