"""Subscriptions: what the rooms above ask of whoever bills again and again.

Who holds a subscription bills it: nothing here charges what the vendor charges.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class BillingInterval(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class BillingState(StrEnum):
    """Where a subscription stands; `past_due` is tried again by the vendor, for a while."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class BillingPrice:
    """What is billed each time: minor units, and what for (the id of an entity, and its name)."""

    amount: int
    currency: str
    interval: BillingInterval
    item: str
    name: str


@dataclass(frozen=True, slots=True)
class BillingOrder:
    """Who is to be billed for what; `operation` is noted at the vendor's."""

    operation: str
    customer: str
    method: str
    price: BillingPrice


@dataclass(frozen=True, slots=True)
class Billing:
    """A subscription as the vendor has it.

    It is paid until `paid_until_ms`, and is not renewed then if it `ends`.
    """

    id: str
    state: BillingState
    amount: int
    currency: str
    interval: BillingInterval
    paid_until_ms: int
    ends: bool


@dataclass(frozen=True, slots=True)
class BillPaid:
    """One bill that was paid; `at_ms` is when."""

    id: str
    amount: int
    currency: str
    at_ms: int


class Subscriptions(Protocol):
    """Bills at intervals. Keys and failures are those of `Payments`."""

    async def begin(self, order: BillingOrder, key: str) -> Billing:
        """Charge the first bill and begin; a card that is declined begins nothing."""
        ...

    async def change(self, id: str, price: BillingPrice, key: str) -> Billing:
        """Bill another price from the next time on; nothing is charged or given back now."""
        ...

    async def end(self, id: str, key: str) -> Billing:
        """Let it run out: it is not renewed."""
        ...

    async def resume(self, id: str, key: str) -> Billing:
        """Renew it after all, while it has not run out."""
        ...

    async def stop(self, id: str, key: str) -> Billing:
        """End it at once; nothing is given back, and what ended before stays so."""
        ...

    async def look(self, id: str) -> Billing:
        """Say how it stands now."""
        ...

    async def find(self, customer: str, operation: str) -> Billing | None:
        """Find what an operation began for a customer."""
        ...

    async def paid(self, id: str) -> list[BillPaid]:
        """List the bills that were paid, the newest first."""
        ...
