"""Schema: does a file have what this version writes, whatever number it says it has.

Between releases a migration may still change: a file that such a version wrote has the number of
the released one, and other tables.
"""

from contextlib import closing
from dataclasses import dataclass

from one_mcp.errors import DatabaseError
from one_mcp.store.sqlite import migrate
from one_mcp.store.sqlite.connection import Raw, connect
from one_mcp.store.tables import TABLES

SHOWN = 5
ADVICE = (
    "A version between releases wrote it. Export everything with the version that did "
    "(`one-mcp export`) and import it into a new file, or put a backup in its place with "
    "`one-mcp restore`."
)
_MEMORY = ":memory:"
_COLUMNS = """
    SELECT tables.name || '.' || columns.name AS name
    FROM sqlite_schema AS tables
    CROSS JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table'
"""
_OTHERS = "SELECT name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql NOT NULL"


@dataclass(frozen=True, slots=True)
class Departures:
    """What a file lacks, has beside, or has otherwise than a new file of this version."""

    lacking: list[str]
    beside: list[str]
    otherwise: list[str]


def require(raw: Raw, path: str) -> None:
    """Raise DatabaseError where a file lacks tables or columns of this version."""
    have = _columns(raw)
    wanted = [f"{table.name}.{name}" for table in TABLES.values() for name in table.names]
    lacking = [name for name in wanted if name not in have]
    if lacking:
        raise DatabaseError(
            f"{path} says that it has schema {migrate.newest()}, but lacks {listed(lacking)}; "
            f"nothing was written. {ADVICE}",
            lacking=[*lacking[:SHOWN]],
        )


def compare(raw: Raw) -> Departures:
    """Compare a file with a new one: tables, columns, indexes and triggers."""
    with closing(connect(_MEMORY, read_only=False)) as fresh:
        migrate.migrate(fresh, _MEMORY)
        wanted, others = _columns(fresh), _others(fresh)
    have, there = _columns(raw), _others(raw)
    both = others.keys() & there.keys()
    return Departures(
        sorted((wanted - have) | (others.keys() - there.keys())),
        sorted((have - wanted) | (there.keys() - others.keys())),
        sorted(name for name in both if others[name] != there[name]),
    )


def listed(names: list[str]) -> str:
    """Name a few, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _columns(raw: Raw) -> set[str]:
    return {row["name"] for row in raw.execute(_COLUMNS)}


def _others(raw: Raw) -> dict[str, str]:
    return {row["name"]: row["sql"] for row in raw.execute(_OTHERS)}
