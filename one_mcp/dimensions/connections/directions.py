"""Directions: which of an entity's connections are followed, and by which of their ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from one_mcp.dimensions.connections import validity
from one_mcp.dimensions.organizations import moments
from one_mcp.ontology import check
from one_mcp.store.work import Work

Way = Literal["in", "out"]
Direction = Literal["in", "out", "both"]
SIDES: dict[Way, tuple[str, str, str]] = {  # the near end, the far end, how indexes call the near
    "out": ("from_id", "to_id", "from"),
    "in": ("to_id", "from_id", "to"),
}


@dataclass(frozen=True, slots=True)
class Followed:
    """Which connections count: of which types (all if empty), and in which direction.

    With `valid_at`, only those that hold then; with `as_of`, those that were there at that time.
    """

    types: tuple[str, ...] = ()
    direction: Direction = "both"
    valid_at: int | None = None
    as_of: int | None = None

    @property
    def ways(self) -> tuple[Way, ...]:
        return ("out", "in") if self.direction == "both" else (self.direction,)

    def held(self, alias: str) -> str:
        """Write SQL for a further condition, which takes `:valid_at`."""
        return "" if self.valid_at is None else f"AND {validity.held(alias)}"


def followed(
    work: Work,
    types: Sequence[str] | None,
    direction: Direction,
    valid_at: int | str | None = None,
    as_of: int | str | None = None,
) -> Followed:
    """Check the types; raises UnknownTypeError."""
    known = tuple(check.relationship_types(work.ontology, types))
    at = moments.read(work, as_of, "as_of")
    return Followed(known, direction, moments.read(work, valid_at, "valid_at"), at)
