"""Allowances: what a person lets agents do without asking again, within limits, for a time.

What an operation takes is put down in the transaction that begins it, which holds the lock of the
organization: two agents never both take the last of it.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from one_mcp import ids, jsons
from one_mcp.access import Permission
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.operations import approvers
from one_mcp.dimensions.operations.approvals import How
from one_mcp.dimensions.operations.approvers import Notary
from one_mcp.dimensions.operations.worth import Amount, PlanWorth
from one_mcp.errors import NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Row, Work

ALLOWANCE = "alw"
_COLUMNS = "id, person_id, how, terms, created_at, expires_at, ended_at, signature"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so much of one unit in any 24 hours; less in one call, or to one recipient in all."""

    per_day: Amount
    per_call: Amount | None = None
    per_recipient: Amount | None = None

    @property
    def unit(self) -> str:
        return self.per_day.unit


@dataclass(frozen=True, slots=True)
class AllowanceTerms:
    """What is allowed: one tool, up to limits; `person` and `client` narrow it to who asks.

    Where `only` says something, all that a call is about must stand in it.
    """

    tool: str
    limits: tuple[Limit, ...]
    expires_at: int
    only: tuple[str, ...] | None = None
    person: str | None = None
    client: str | None = None


_TERMS = TypeAdapter(AllowanceTerms)


@dataclass(frozen=True, slots=True)
class Allowance:
    """An allowance that a person granted; `ended_at` where somebody took it back."""

    id: str
    person: str
    how: How
    terms: AllowanceTerms
    created_at: int
    ended_at: int | None = None

    def statement(self, work: Work) -> bytes:
        """Write out what the person signs."""
        about: JsonObject = {"allowance": self.id, "how": self.how, "terms": _data(self.terms)}
        return approvers.statement(work, "allow", self.person, self.created_at, about)


def draft(work: Work, terms: AllowanceTerms, how: How) -> Allowance:
    """Write an allowance of the caller's, to be signed."""
    person = work.principal.person
    return Allowance(ids.new(ALLOWANCE, work.now), person, how, terms, work.now)


def keep(work: Work, allowance: Allowance, signature: str) -> None:
    """Keep a signed allowance."""
    work.principal.require(Permission.ADMIN)
    work.run(
        """
        INSERT INTO allowances
            (organization_id, id, person_id, how, terms, created_at, expires_at, signature)
        VALUES
            (:organization, :id, :person, :how, :terms, :created_at, :expires_at, :signature)
        """,
        id=allowance.id,
        person=allowance.person,
        how=allowance.how,
        terms=jsons.dumps(_data(allowance.terms)),
        created_at=allowance.created_at,
        expires_at=allowance.terms.expires_at,
        signature=signature,
    )


def end(work: Work, id: str) -> None:
    """Take an allowance back, from now on. Raises NotFoundError where it is not in force."""
    work.principal.require(Permission.WRITE)
    ended = work.run(
        """
        UPDATE allowances
        SET ended_at = :now
        WHERE organization_id = :organization
          AND id = :id
          AND ended_at IS NULL
        """,
        id=id,
        now=work.now,
    )
    if not ended:
        raise NotFoundError(f"There is no allowance {id} in force; `one-mcp allow` lists them.")


def in_force(work: Work, notary: Notary) -> list[Allowance]:
    """List the allowances that count, the one that ends first in front."""
    return [it for row in _rows(work) if (it := _signed(work, row, notary)) is not None]


def without_effect(work: Work, notary: Notary) -> list[str]:
    """Name the allowances that nobody whose word counts has signed as they stand."""
    return [row["id"] for row in _rows(work) if _signed(work, row, notary) is None]


def covering(
    work: Work, tool: str, worth: PlanWorth, client: str | None, notary: Notary, *, simulated: bool
) -> str | None:
    """Find an allowance that has room for this: the one that ends first."""
    for row in _rows(work):
        allowance = _read(row)
        if (
            allowance is not None
            and _is_about(allowance.terms, work, tool, worth, client)
            and _has_room(work, allowance, worth, simulated=simulated)
            and _signed(work, row, notary) is not None
        ):
            return allowance.id
    return None


def reserve(
    work: Work, allowance: str, operation: str, worth: PlanWorth, *, simulated: bool
) -> None:
    """Put down what an operation takes of an allowance."""
    work.many(
        """
        INSERT INTO allowance_uses
            (organization_id, allowance_id, operation_id, unit, units, recipient, simulated, at,
             given_back)
        VALUES
            (:organization, :allowance, :operation, :unit, :units, :recipient, :simulated, :at, 0)
        """,
        (
            {
                "allowance": allowance,
                "operation": operation,
                "unit": amount.unit,
                "units": str(amount.units),
                "recipient": worth.recipient,
                "simulated": int(simulated),
                "at": work.now,
            }
            for amount in worth.moves
        ),
    )


def give_back(work: Work, operation: str) -> None:
    """Give back what an operation took, of which nothing came."""
    work.run(
        """
        UPDATE allowance_uses
        SET given_back = 1
        WHERE organization_id = :organization
          AND operation_id = :operation
        """,
        operation=operation,
    )


def used(
    work: Work, allowance: str, unit: str, *, simulated: bool, since: int, by: str | None = None
) -> int:
    """Add up what was taken of an allowance since a time, or in favour of one recipient."""
    rows = work.all(
        """
        SELECT units, recipient
        FROM allowance_uses
        WHERE organization_id = :organization
          AND allowance_id = :allowance
          AND unit = :unit
          AND simulated = :simulated
          AND at > :since
          AND given_back = 0
        """,
        allowance=allowance,
        unit=unit,
        simulated=int(simulated),
        since=since,
    )
    return sum(int(row["units"]) for row in rows if by is None or row["recipient"] == by)


def _is_about(
    terms: AllowanceTerms, work: Work, tool: str, worth: PlanWorth, client: str | None
) -> bool:
    named = (client or "").casefold()
    wanted = (terms.client or "").casefold()
    return (
        terms.tool == tool
        and terms.person in {None, work.principal.person}
        and (not wanted or named == wanted or named.startswith(f"{wanted} "))
        and (terms.only is None or worth.things <= set(terms.only))
    )


def _has_room(work: Work, allowance: Allowance, worth: PlanWorth, *, simulated: bool) -> bool:
    limits = {limit.unit: limit for limit in allowance.terms.limits}
    return all(
        amount.unit in limits
        and _fits(work, allowance.id, limits[amount.unit], amount, worth, simulated=simulated)
        for amount in worth.moves
    )


def _fits(
    work: Work, id: str, limit: Limit, amount: Amount, worth: PlanWorth, *, simulated: bool
) -> bool:
    if limit.per_call is not None and amount.units > limit.per_call.units:
        return False
    today = used(work, id, limit.unit, simulated=simulated, since=work.now - DAY_MS)
    if today + amount.units > limit.per_day.units:
        return False
    if limit.per_recipient is None:
        return True
    had = used(work, id, limit.unit, simulated=simulated, since=0, by=worth.recipient)
    return had + amount.units <= limit.per_recipient.units


def _data(terms: AllowanceTerms) -> JsonObject:
    return _TERMS.dump_python(terms, mode="json")


def _rows(work: Work) -> list[Row]:
    return work.all(
        f"""
        SELECT {_COLUMNS}
        FROM allowances
        WHERE organization_id = :organization
          AND ended_at IS NULL
          AND expires_at > :now
        ORDER BY expires_at, id
        """,
        now=work.now,
    )


def _signed(work: Work, row: Row, notary: Notary) -> Allowance | None:
    """Return an allowance if it counts."""
    allowance = _read(row)
    if allowance is None:
        return None
    said = allowance.statement(work)
    return allowance if notary.confirms(work, row["person_id"], row["signature"], said) else None


def _read(row: Row) -> Allowance | None:
    """Return an allowance; None where its terms are none, as whoever has the file can write."""
    try:
        terms = _TERMS.validate_json(row["terms"])
    except ValidationError:
        return None
    return Allowance(
        row["id"], row["person_id"], row["how"], terms, row["created_at"], row["ended_at"]
    )
