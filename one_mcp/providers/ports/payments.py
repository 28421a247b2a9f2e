"""Payments: what the rooms above ask of whoever moves money."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from one_mcp.providers.ports.checkup import Checkup


class PaymentState(StrEnum):
    """Where a payment stands; `authorized` holds the buyer's funds, and has not taken them."""

    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELED = "canceled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be held: an amount in minor units, by a method the vendor knows.

    `operation` is the vendor's note of what the payment is for, by which it can be found again. A
    method that the vendor keeps for a customer goes with that customer.
    """

    operation: str
    amount: int
    currency: str
    method: str
    description: str
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as the vendor has it; amounts are minor units.

    `action_url` is the buyer's to open.
    """

    id: str
    state: PaymentState
    amount: int
    captured: int
    refunded: int
    currency: str
    action_url: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    id: str
    payment: str
    amount: int


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, as the vendor is told: the id of an entity, and how people call it."""

    id: str
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """By what somebody can pay without being there; of a card no more than one may show."""

    id: str
    brand: str
    last4: str


class CheckoutState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page of the vendor's on which a buyer gives a card; while it is open it has a `url`."""

    id: str
    state: CheckoutState
    url: str | None


class Payments(Protocol):
    """Moves money. A `key` makes a call safe to repeat: the vendor does it once for each.

    Every method raises ProviderError, whose `outcome` says whether it may have happened all the
    same, and PaymentFailedError where the vendor says no.
    """

    @property
    def name(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def moves_money(self) -> bool:
        """Say whether it is real money: the test mode of a vendor moves none."""
        ...

    async def authorize(self, charge: Charge, key: str) -> Payment:
        """Hold an amount, or say that the buyer has something to do first."""
        ...

    async def capture(self, payment: str, key: str) -> Payment:
        """Take what is held."""
        ...

    async def cancel(self, payment: str, key: str) -> Payment:
        """Let what is held go; a payment that is cancelled already stays so."""
        ...

    async def refund(self, payment: str, amount: int, key: str, operation: str) -> Refund:
        """Give back a part of what was taken, never more than is left; `operation` is noted."""
        ...

    async def find_refund(self, payment: str, operation: str) -> Refund | None:
        """Find what an operation gave back of a payment, by the vendor's note of it."""
        ...

    async def retrieve(self, payment: str) -> Payment: ...

    async def find(self, operation: str) -> Payment | None:
        """Find the payment of an operation by the vendor's note of it."""
        ...

    async def customer(self, payer: Payer, key: str) -> str:
        """Make a customer, for whom the vendor keeps methods of payment."""
        ...

    async def methods(self, customer: str) -> list[SavedMethod]:
        """List by what a customer can pay, the newest first."""
        ...

    async def checkout(self, customer: str, currency: str, key: str) -> Checkout:
        """Open a page on which a customer gives a card to keep; nothing is charged there."""
        ...

    async def retrieve_checkout(self, id: str) -> Checkout: ...

    async def check(self) -> Checkup:
        """Ask for something that changes nothing, and say what was heard."""
        ...

    async def close(self) -> None: ...
