"""Subscriptions: what a vendor bills again and again, and when somebody looks at it next.

Whoever looks takes it first, under a number that each taker raises: what was seen under an older
one is not written, so that nothing late overwrites what is newer.
"""

from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Row, Work

ACTIVE, PAST_DUE, CANCELLED = "active", "past_due", "cancelled"
LEASE_MS = 60_000
OFTEN_MS, SELDOM_MS = 60 * 60_000, 6 * 60 * 60_000
AFTER_MS = 60_000  # the end of a period: the vendor bills a little later
_COLUMNS = (
    "entity_id, operation_id, vendor_id, item_id, buyer_id, mode, body, state, paid_until, ends,"
    " fence"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands at the vendor's; money is in minor units, time in milliseconds."""

    vendor: str
    state: str
    minor: int
    paid_until: int
    ends: bool

    @property
    def body(self) -> JsonObject:
        """Write it as a step of an operation keeps it."""
        return {
            "vendor": self.vendor,
            "state": self.state,
            "minor": self.minor,
            "paidUntil": self.paid_until,
            "ends": self.ends,
        }


@dataclass(frozen=True, slots=True)
class Billed:
    """A subscription as it is known here; `body` says what is billed to whom."""

    id: str
    operation: str
    vendor: str
    item: str
    buyer: str
    mode: str
    body: JsonObject
    state: str
    paid_until: int
    ends: bool
    fence: int

    @property
    def mark(self) -> JsonObject:
        return operation.mark(simulated=self.body["simulated"] is True)


def standing(said: JsonObject) -> Standing:
    """Read what a step kept."""
    return Standing(
        str(said["vendor"]),
        str(said["state"]),
        int(str(said["minor"])),
        int(str(said["paidUntil"])),
        said["ends"] is True,
    )


def take(work: Work, id: str) -> Billed | None:
    """Take one to look at it, unless its time has not come or somebody else does."""
    row = work.one(
        f"""
        UPDATE subscriptions
        SET fence = fence + 1, leased_until = :until
        WHERE organization_id = :organization
          AND entity_id = :id
          AND due_at <= :clock
          AND (leased_until <= :clock OR leased_until > :until)
        RETURNING {_COLUMNS}
        """,
        id=id,
        clock=work.clock,
        until=work.clock + LEASE_MS,
    )
    return None if row is None else _billed(row)


def put_off(work: Work, seen: Billed) -> None:
    """Look again later at what could not be looked at now."""
    work.run(
        """
        UPDATE subscriptions
        SET due_at = :due, leased_until = 0
        WHERE organization_id = :organization
          AND entity_id = :id
          AND fence = :fence
        """,
        id=seen.id,
        due=work.clock + OFTEN_MS,
        fence=seen.fence,
    )


def wake(work: Work, vendor: str) -> bool:
    """Have one looked at now, as its vendor says that something has happened; False without one.

    Who looks at it at this moment may have asked before that, so what they saw is not written.
    """
    return bool(
        work.run(
            """
            UPDATE subscriptions
            SET due_at = :clock, leased_until = 0, fence = fence + 1
            WHERE organization_id = :organization
              AND vendor_id = :vendor
              AND due_at IS NOT NULL
            """,
            vendor=vendor,
            clock=work.clock,
        )
    )


def find(work: Work, id: str) -> Billed | None:
    """Return what is known of the subscription that an entity is, if it is billed here."""
    row = work.one(
        f"""
        SELECT {_COLUMNS}
        FROM subscriptions
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
    )
    return None if row is None else _billed(row)


def of_buyer(work: Work, buyer: str, item: str) -> str | None:
    """Return the subscription that a buyer has to something and that is not over."""
    return work.value(
        """
        SELECT entity_id
        FROM subscriptions
        WHERE organization_id = :organization
          AND buyer_id = :buyer
          AND item_id = :item
          AND state <> 'cancelled'
        """,
        buyer=buyer,
        item=item,
    )


def any_of(work: Work, buyer: str) -> str | None:
    """Return a subscription that a buyer has and that is not over, if any."""
    return work.value(
        """
        SELECT entity_id
        FROM subscriptions
        WHERE organization_id = :organization
          AND buyer_id = :buyer
          AND state <> 'cancelled'
        ORDER BY entity_id
        LIMIT 1
        """,
        buyer=buyer,
    )


def require_none_begins(work: Work, buyer: str, item: str) -> None:
    """Raise where an operation is about to bill a buyer for something again and again."""
    begun = work.value(
        """
        SELECT id
        FROM operations
        WHERE organization_id = :organization
          AND kind = 'manage_subscription'
          AND state IN ('running', 'undoing', 'held', 'needs_review')
          AND body ->> 'action' IN ('start', 'change')
          AND body ->> 'buyer' = :buyer
          AND body ->> 'item' = :item
        """,
        buyer=buyer,
        item=item,
    )
    if begun is not None:
        told = f"{begun} is about to bill them for it; get_operation tells how it goes."
        raise InvalidArgumentError(told, argument="item", operation=begun)


def insert(work: Work, id: str, at: Operation, now: Standing) -> Billed:
    """Keep a new one, in the name of whoever started it."""
    work.run(
        """
        INSERT INTO subscriptions
            (organization_id, entity_id, operation_id, vendor_id, item_id, buyer_id, mode, body,
             state, paid_until, ends, person_id, role, due_at, leased_until, fence)
        VALUES
            (:organization, :id, :operation, :vendor, :item, :buyer, :mode, :body, :state,
             :paid_until, :ends, :person, :role, :due, 0, 0)
        """,
        id=id,
        operation=at.id,
        vendor=now.vendor,
        item=at.body["item"],
        buyer=at.body["buyer"],
        mode=at.body["mode"],
        body=jsons.dumps(at.body),
        state=now.state,
        paid_until=now.paid_until,
        ends=int(now.ends),
        person=at.person,
        role=at.role,
        due=_next(work, now),
    )
    made = find(work, id)
    assert made is not None  # noqa: S101  # written above
    return made


def keep(work: Work, id: str, body: JsonObject, now: Standing) -> None:
    """Keep how one stands now, and when to look next."""
    work.run(
        """
        UPDATE subscriptions
        SET body = :body, item_id = :item, state = :state, paid_until = :paid_until, ends = :ends,
            due_at = :due, leased_until = 0, fence = fence + 1
        WHERE organization_id = :organization
          AND entity_id = :id
        """,
        id=id,
        body=jsons.dumps(body),
        item=body["item"],
        state=now.state,
        paid_until=now.paid_until,
        ends=int(now.ends),
        due=_next(work, now),
    )


def _next(work: Work, now: Standing) -> int | None:
    """Say when to look next: soon after the period, and now and then, as others may end it."""
    if now.state == CANCELLED:
        return None
    often = OFTEN_MS if now.state == PAST_DUE else SELDOM_MS
    ends_at = now.paid_until + AFTER_MS
    return min(work.clock + often, ends_at) if ends_at > work.clock else work.clock + OFTEN_MS


def _billed(row: Row) -> Billed:
    return Billed(
        row["entity_id"],
        row["operation_id"],
        row["vendor_id"],
        row["item_id"],
        row["buyer_id"],
        row["mode"],
        jsons.load_object(row["body"]),
        row["state"],
        row["paid_until"],
        bool(row["ends"]),
        row["fence"],
    )
