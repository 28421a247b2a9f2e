"""Payments: what the rooms above ask of whoever moves money."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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

    `operation` is the vendor's note of what the payment is for, by which it can be found again.
    """

    operation: str
    amount: int
    currency: str
    method: str
    description: str


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

    async def refund(self, payment: str, amount: int, key: str) -> Refund:
        """Give back a part of what was taken, never more than is left."""
        ...

    async def retrieve(self, payment: str) -> Payment: ...

    async def find(self, operation: str) -> Payment | None:
        """Find the payment of an operation by the vendor's note of it."""
        ...

    async def close(self) -> None: ...
