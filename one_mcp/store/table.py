"""A table's description: its columns, its keys, and how the change log keeps its rows."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["serial", "integer", "real", "text", "json", "blob"]
KINDS: dict[str, Kind] = {
    "serial": "serial",  # a number that a new row gets by itself, larger than all before
    "integer": "integer",
    "real": "real",
    "text": "text",
    "json": "json",
    "blob": "blob",
}
TENANT = "organization_id"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `null` says whether a row may lack it."""

    name: str
    kind: Kind
    null: bool


@dataclass(frozen=True, slots=True)
class Unique:
    """What no two rows may share, among those that fulfil the condition `where`."""

    columns: tuple[str, ...]
    where: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that name a row of another table."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogRule:
    """How the change log keeps the rows of a table.

    `row_id` is the column that says which row it was. `when` is a condition on `{row}`, the row
    before or after; a change of a row is left out where `updated_unless` holds. Columns `apart` are
    in no image, and those `before_only` in none of what is.
    """

    kind: str
    row_id: str = "id"
    when: str | None = None
    updated_unless: str | None = None
    apart: frozenset[str] = frozenset()
    before_only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns in order, the key of its rows, and how they are logged, if they are."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique: tuple[Unique, ...] = ()
    references: tuple[ForeignKey, ...] = ()
    logged: LogRule | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(column.name for column in self.columns)

    @property
    def imaged(self) -> tuple[str, ...]:
        """The columns that an image has: it knows the organization by the row of the log."""
        apart = self.logged.apart if self.logged else frozenset[str]()
        return tuple(name for name in self.names if name not in {TENANT, *apart})

    @property
    def is_whole(self) -> bool:
        """Whether the key is all there is, so that a row comes and goes, and never changes."""
        return set(self.key) == set(self.names)


def _columns(text: str) -> tuple[Column, ...]:
    pairs = (part.split() for part in text.split(","))
    return tuple(Column(name, KINDS[kind.rstrip("?")], kind.endswith("?")) for name, kind in pairs)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def reference(text: str, table: str, target: str = f"{TENANT} id") -> ForeignKey:
    """Describe columns that name a row of another table, by its id unless said otherwise."""
    return ForeignKey(_names(text), table, _names(target))


def table(
    name: str,
    columns: str,
    key: str,
    *,
    unique: tuple[Unique, ...] = (),
    references: tuple[ForeignKey, ...] = (),
    logged: LogRule | None = None,
) -> Table:
    """Describe a table; columns are written "name kind", and "kind?" where a row may lack it."""
    return Table(name, _columns(columns), _names(key), unique, references, logged)


def unique(columns: str, where: str | None = None) -> Unique:
    """Describe what no two rows may share."""
    return Unique(_names(columns), where)
