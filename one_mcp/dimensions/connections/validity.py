"""Validity: from when until when a connection holds, as somebody said (D-67)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from one_mcp import clock
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.relative import NO_BOUND
from one_mcp.store.work import Row, Work

Mark = Literal["upcoming", "expired"]
Bound = int | str | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Both ends as somebody wrote them; an end that is not given stays what it is."""

    valid_from: Bound = None
    valid_until: Bound = None


UNSAID = Bounds()


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last moment at which a connection holds; None where it is open."""

    valid_from: int | None = None
    valid_until: int | None = None

    @classmethod
    def of(cls, row: Row | Mapping[str, Any]) -> "Span":
        return cls(row["valid_from"], row["valid_until"])

    @property
    def is_reversed(self) -> bool:
        begin, end = self.valid_from, self.valid_until
        return begin is not None and end is not None and end < begin

    def checked(self) -> "Span":
        """Return it, or raise InvalidArgumentError where it ends before it begins."""
        if self.is_reversed:
            begin, end = shown(self.valid_from), shown(self.valid_until)
            raise InvalidArgumentError(
                f"valid_until ({end}) is before valid_from ({begin}); "
                f'"{NO_BOUND}" takes either away.',
                argument="valid_until",
            )
        return self

    def holds(self, at: int) -> bool:
        return self.mark(at) is None

    def mark(self, at: int) -> Mark | None:
        """Say why it does not hold at a time, or nothing where it does."""
        if self.valid_from is not None and at < self.valid_from:
            return "upcoming"
        if self.valid_until is not None and at > self.valid_until:
            return "expired"
        return None

    def with_(self, other: "Span") -> "Span":
        """Return the span that has both in it."""
        begins, ends = (self.valid_from, other.valid_from), (self.valid_until, other.valid_until)
        return Span(
            None if None in begins else min(it for it in begins if it is not None),
            None if None in ends else max(it for it in ends if it is not None),
        )


ALWAYS = Span()


class Validity(TypedDict):
    """What answers say of a span; `validity` stands where the connection does not hold now."""

    valid_from: str | None
    valid_until: str | None
    validity: Mark | None


def span(work: Work, before: Row | None, given: Bounds) -> Span:
    """Work out the span of a connection: what is given, beside what was there.

    Raises InvalidArgumentError.
    """
    there = ALWAYS if before is None else Span.of(before)
    begin, end = there.valid_from, there.valid_until
    if given.valid_from is not None:
        unset = given.valid_from == NO_BOUND
        begin = None if unset else moments.read(work, given.valid_from, "valid_from")
    if given.valid_until is not None:
        unset = given.valid_until == NO_BOUND
        end = None if unset else moments.last(work, given.valid_until, "valid_until")
    return Span(begin, end).checked()


def told(span: Span, at: int) -> Validity:
    """Write a span out for an answer, with its mark at a time."""
    return Validity(
        valid_from=shown(span.valid_from),
        valid_until=shown(span.valid_until),
        validity=span.mark(at),
    )


def held(alias: str) -> str:
    """Write SQL for whether a connection holds at `:valid_at`."""
    return (
        f"coalesce({alias}.valid_from, :valid_at) <= :valid_at"
        f" AND coalesce({alias}.valid_until, :valid_at) >= :valid_at"
    )


def shown(ms: int | None) -> str | None:
    return None if ms is None else str(clock.shown(ms))
