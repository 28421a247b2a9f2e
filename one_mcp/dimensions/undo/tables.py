"""Images: how a row that the log keeps is written back, in each of the logged tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.store.table import TENANT, Table
from one_mcp.store.tables import LOGGED

# rows that are told apart by all that they say, since their `row_id` is another row's
WHOLE_KINDS = f"({', '.join(repr(kind) for kind, table in LOGGED.items() if table.is_whole)})"


@dataclass(frozen=True, slots=True)
class Statements:
    """What writes a row of one table back; the parameters are called as its columns."""

    insert: str
    update: str
    delete: str


def row_id(kind: str) -> str:
    """Return the column that says which row of a kind it is."""
    logged = LOGGED[kind].logged
    return "id" if logged is None else logged.row_id


def _statements(table: Table) -> Statements:
    names = table.imaged
    values = [f":{name}" for name in names]
    key = [name for name in table.key if name != TENANT]
    written = [name for name in names if name not in {"seq", *key}]
    where = " AND ".join(["organization_id = :organization", *_bound(key)])
    return Statements(
        insert=(
            f"INSERT INTO {table.name} (organization_id, {', '.join(names)}) "
            f"VALUES (:organization, {', '.join(values)})"
        ),
        update=f"UPDATE {table.name} SET {', '.join(_bound(written))} WHERE {where}",
        delete=f"DELETE FROM {table.name} WHERE {where}",
    )


def _bound(names: Sequence[str]) -> list[str]:
    return [f"{name} = :{name}" for name in names]


TABLES = {kind: _statements(table) for kind, table in LOGGED.items()}
