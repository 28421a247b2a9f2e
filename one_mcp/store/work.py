"""An open transaction: it knows who asks, when and under which ontology, and cannot leave."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from one_mcp.access import Principal
from one_mcp.jsons import JsonObject
from one_mcp.ontology.model import Ontology
from one_mcp.store.ports import Raw, Row

TOUCHED_LIMIT = 500  # a change of more rows is told as touching everything
BEGINS = 0  # in the place of the first change of a group: the open one is the first


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that follows from a change by itself; it is recorded at the change's end."""

    type: str
    target: str
    metadata: JsonObject
    at: int


@dataclass(slots=True)
class Work:
    """The room in which a rule changes rows.

    `organization` is bound into every statement. `change` is the number that a write begins with,
    which rows carry as their version; 0 while reading. `now` is when the write happens, which is
    never before the last one; `clock` is what this process's own clock said. `undoes` is the
    number of the change that this one takes back, `part_of` that of the first change of its group,
    or BEGINS; `operation` is the one whose end this change tells of, `traceparent` the span that
    what begins here belongs to. `keeps_reason` is false for a purge, `has_recorded` true where the
    change recorded an event in so many words, `has_operations` where the organization ever began
    an operation.
    """

    raw: Raw
    principal: Principal
    ontology: Ontology
    now: int
    change: int = 0
    undoes: int | None = None
    part_of: int | None = None
    operation: str | None = None
    traceparent: str | None = None
    keeps_reason: bool = True
    has_recorded: bool = False
    has_operations: bool = False
    touched: set[str] = field(default_factory=set[str])
    warnings: list[str] = field(default_factory=list[str])
    happenings: list[Happening] = field(default_factory=list[Happening])
    clock: int = field(init=False)

    def __post_init__(self) -> None:
        self.clock = self.now

    @property
    def organization(self) -> str:
        return self.principal.organization

    def all(self, sql: str, **parameters: object) -> list[Row]:
        """Return all rows of a query."""
        return self.raw.execute(sql, {"organization": self.organization, **parameters}).fetchall()

    def each(self, sql: str, **parameters: object) -> Generator[Row]:
        """Stream the rows of a query of any length; other statements may run meanwhile."""
        yield from self.raw.execute(sql, {"organization": self.organization, **parameters})

    def one(self, sql: str, **parameters: object) -> Row | None:
        """Return the first row of a query, or None."""
        return self.raw.execute(sql, {"organization": self.organization, **parameters}).fetchone()

    def value(self, sql: str, **parameters: object) -> Any:  # noqa: ANN401  # a column's type is the schema's
        """Return the first column of the first row, or None."""
        row = self.raw.execute(sql, {"organization": self.organization, **parameters}).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, **parameters: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self.raw.execute(sql, {"organization": self.organization, **parameters}).rowcount

    def many(self, sql: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Run a statement once per row, and return how many rows it changed in all.

        Each row's mapping gets `organization`.
        """
        given = {"organization": self.organization}
        return self.raw.executemany(sql, ({**given, **row} for row in rows)).rowcount

    @property
    def violation(self) -> type[Exception]:
        """What a statement raises whose rows break a constraint; nothing may follow it here."""
        return self.raw.IntegrityError

    def touch(self, *ids: str) -> None:
        """Say what looks different, beside what follows from the rows that were written."""
        if len(self.touched) <= TOUCHED_LIMIT:
            self.touched.update(ids)

    def warn(self, sentence: str) -> None:
        """Add a warning to the answer."""
        self.warnings.append(sentence)
