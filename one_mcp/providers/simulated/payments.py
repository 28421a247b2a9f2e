"""Stripe's API without Stripe, for a business that has no key yet."""

from one_mcp.jsons import JsonObject
from one_mcp.providers import payment_intents
from one_mcp.providers.simulated.cabinet import Cabinet, Drawer
from one_mcp.providers.simulated.stripe import api
from one_mcp.providers.simulated.stripe.api import Request
from one_mcp.providers.simulated.stripe.objects import StripeReply
from one_mcp.providers.stripe_payments import Parameters

_OK = 200


class SimulatedStripe:
    """The account that the cabinet's organization would have."""

    name = "simulated"
    simulated = True
    moves_money = False

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    async def ask(
        self, method: str, path: str, given: Parameters, key: str | None = None
    ) -> JsonObject:
        """Answer a request in one transaction."""
        request = Request(method, path, given, key)

        def answered(drawer: Drawer) -> StripeReply:
            return api.answer(drawer, request)

        reply = await self._cabinet.open(answered)
        if reply.status != _OK:
            error = reply.body["error"]
            raise payment_intents.failure(reply.status, error if isinstance(error, dict) else {})
        return reply.body

    async def close(self) -> None:
        """Nothing is open."""
