"""Rails: the vendors that an operation runs on: all of them live, in test mode, or simulated."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from one_mcp import chain_settings
from one_mcp.dimensions.commerce import simulated
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import MixedRailsError, UnsupportedChainError
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.payments import Payments
from one_mcp.providers.ports.subscriptions import Subscriptions
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.session import Session

R = TypeVar("R")


class RailsMode(StrEnum):
    """How real it is. In `test` a vendor's own servers answer, and no money moves."""

    SIMULATED = "simulated"
    TEST = "test"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Rails:
    """Whoever moves money and tokens for one caller."""

    payments: Payments
    chain: Chain
    subscriptions: Subscriptions


class SimulatedCabinet:
    """Where the simulated vendors of the caller's organization remember."""

    def __init__(self, one: Session) -> None:
        self._one = one

    async def open(self, run: Callable[[Drawer], R]) -> R:
        return await self._one.derive(simulated.run, run)


def of(one: Session) -> Rails:
    """Return the rails of a caller."""
    cabinet = SimulatedCabinet(one)
    return Rails(
        one.providers.payments(cabinet),
        one.providers.chain(cabinet),
        one.providers.subscriptions(cabinet),
    )


def mode(on: Rails, body: JsonObject) -> RailsMode:
    """Say how real a sale is; raises MixedRailsError where it would be so in a part only.

    What has no price needs no payments, and what is not on a chain needs none.
    """
    if "minor" not in body:  # no sale, but an act on the chain alone
        return mode_of_chain(on.chain)
    payments, chain = mode_of_payments(on.payments), mode_of_chain(on.chain)
    if "contract" not in body:
        return payments
    if not body["minor"]:
        return chain
    if payments is not chain:
        raise MixedRailsError(
            f"Payments are {_ADJECTIVES[payments]} ({on.payments.name}) and the chain is "
            f"{_ADJECTIVES[chain]} ({on.chain.name}); one sale is wholly the one or the other. Set "
            "the keys of both, of one mode, or of neither.",
            payments=payments.value,
            chain=chain.value,
        )
    return payments


def has_changed(on: Rails, body: JsonObject) -> bool:
    """Say whether a plan or an operation was begun on other rails than there are now."""
    begun = body.get("mode")
    try:
        return begun is not None and begun != mode(on, body)
    except MixedRailsError:
        return True


def require_same(on: Rails, body: JsonObject) -> None:
    """Raise MixedRailsError where a plan or an operation was begun on other rails."""
    if has_changed(on, body):
        raise MixedRailsError(
            f"This was begun with vendors in the mode {body['mode']}, and those of the settings "
            "are others now; it goes on, and back, with the first ones alone.",
            mode=body["mode"],
        )


_ADJECTIVES = {
    RailsMode.SIMULATED: "simulated",
    RailsMode.TEST: "in test mode",
    RailsMode.LIVE: "live",
}


def mode_of_payments(payments: Payments) -> RailsMode:
    """Say how real what is paid is."""
    if payments.simulated:
        return RailsMode.SIMULATED
    return RailsMode.LIVE if payments.moves_money else RailsMode.TEST


def is_trial(chain: Chain) -> bool:
    """Say whether what happens on a chain counts as simulated: a test network's tokens are none."""
    return mode_of_chain(chain) is not RailsMode.LIVE


def mode_of_chain(chain: Chain) -> RailsMode:
    """Say how real what is on a chain is."""
    if chain.simulated:
        return RailsMode.SIMULATED
    return RailsMode.TEST if chain_settings.is_test(chain.chain_id) else RailsMode.LIVE


def require_chain(rails: Rails, blockchain: str | None) -> None:
    """Raise UnsupportedChainError for a chain that this server does not act on (D-34)."""
    if blockchain is not None and blockchain != rails.chain.name:
        raise UnsupportedChainError(
            f"This server acts on {rails.chain.name}, and the token is on {blockchain}.",
            blockchain=blockchain,
            supported=[rails.chain.name],
        )
