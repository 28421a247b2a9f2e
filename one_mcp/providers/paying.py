"""Who moves money here: Stripe where there is a key, else a simulation of it."""

import anyio
from anyio import to_thread

from one_mcp.jsons import JsonObject
from one_mcp.money_settings import PaymentSettings, StripeAccess
from one_mcp.providers import catalog
from one_mcp.providers.ports.payments import Payments
from one_mcp.providers.ports.subscriptions import Subscriptions
from one_mcp.providers.simulated.cabinet import Cabinet
from one_mcp.providers.simulated.payments import SimulatedStripe
from one_mcp.providers.stripe_payments import Parameters, StripeApi, StripePayments
from one_mcp.providers.stripe_subscriptions import StripeSubscriptions


class _StripeOnDemand:
    """Stripe, whose SDK is imported for the first request."""

    simulated = False

    def __init__(self, access: StripeAccess) -> None:
        self.name = access.name
        self.moves_money = access.mode == "live"
        self._access = access
        self._api: StripeApi | None = None
        self._loading = anyio.Lock()

    async def ask(
        self, method: str, path: str, given: Parameters, key: str | None = None
    ) -> JsonObject:
        async with self._loading:
            if self._api is None:
                self._api = await to_thread.run_sync(catalog.stripe, self._access)
        return await self._api.ask(method, path, given, key)

    async def close(self) -> None:
        if self._api is not None:
            await self._api.close()


class Paying:
    """The payments of a server, as the settings say."""

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings
        self._stripe: StripeApi | None = None

    def over(self, cabinet: Cabinet) -> Payments:
        """Return whoever moves money; a simulation remembers in the caller's cabinet.

        Raises SettingsError where a key may not be used: it is never simulated in its stead.
        """
        return StripePayments(self._api(cabinet), self._settings.stripe_return_url)

    def again(self, cabinet: Cabinet) -> Subscriptions:
        """Return whoever bills at intervals, likewise."""
        return StripeSubscriptions(self._api(cabinet))

    async def close(self) -> None:
        """Close the connections."""
        if self._stripe is not None:
            await self._stripe.close()

    def _api(self, cabinet: Cabinet) -> StripeApi:
        if self._stripe is None:
            access = self._settings.stripe_access()
            if access is None:
                return SimulatedStripe(cabinet)
            self._stripe = _StripeOnDemand(access)
        return self._stripe
