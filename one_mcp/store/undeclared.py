"""Undeclared fields: what no type declares, and perhaps nobody has, which may be misspelt."""

from collections.abc import Iterable, Sequence
from typing import Literal

from one_mcp.errors import shown
from one_mcp.ontology import names, operands
from one_mcp.ontology.model import Kind, Ontology, Property
from one_mcp.store import dialect, filters
from one_mcp.store.work import Work

Table = Literal["entities", "connections", "events"]
Shape = dict[str, Property]
LOOKED_AT = 10_000  # rows of each type
MOST_LISTED = 8
KINDS: dict[Table, Kind] = {"entities": "entity", "connections": "relationship", "events": "event"}
_HOLDERS: dict[Table, tuple[str, str, str]] = {  # where fields are, the order, and what it needs
    "entities": ("properties", "created_at", "deleted_at IS NULL"),
    "connections": ("metadata", "created_at", "deleted_at IS NULL"),
    "events": ("metadata", "at", "type IS NOT NULL"),
}


def shapes(ontology: Ontology, table: Table, types: Sequence[str]) -> list[Shape]:
    """Return what some types declare, or all of a table where none is named."""
    kind = KINDS[table]
    known = {
        "entity": ontology.entity_types,
        "relationship": ontology.relationship_types,
        "event": ontology.event_types,
    }[kind]
    return [ontology.shape(kind, type) for type in types or known]


def warnings(work: Work, table: Table, types: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Tell of each field that the types do not declare and that is near to one, or on no row.

    Where rows are very many, the newest are looked at, and that is said.
    """
    declared = shapes(work.ontology, table, types)
    told: list[str | None] = []
    for path in filter(filters.is_path, dict.fromkeys(paths)):
        known = operands.find(declared, path)[1]
        told.append(_counted(path, known) if known else _told(work, table, types, path))
    return [sentence for sentence in told if sentence is not None]


def absent(work: Work, table: Table, types: Sequence[str], path: str) -> str | None:
    """Say that no type declares a field and no row whatever has it; None where that is not so."""
    if not filters.is_path(path) or operands.find(shapes(work.ontology, table, types), path)[1]:
        return None
    held, whole = _looked(work, table, types, path)
    if held or not (whole or _is_nowhere(work, table, types, path)):
        return None
    return _unknown(work.ontology, table, types, path, whole=True)


def _counted(path: str, known: Iterable[Property]) -> str | None:
    """Say that a number is not stored which is counted where one entity is shown."""
    how = next((it.computed for it in known if it.computed is not None), None)
    if how is None:
        return None
    if how.direction is None:
        instead = f'has=[{{"event": "{how.type}", "min": 1}}] or sort="-count:{how.type}"'
    else:
        instead = (
            f'has=[{{"connection": "{how.type}", "direction": "{how.direction}", "min": 1}}] or '
            f'sort="-count:{how.type}"'
        )
    return (
        f"{shown(path)} is counted from {how.words} where one entity is shown, and stored only "
        "where somebody gave it: conditions, sorts and sums see no other. In find_entities "
        f"{instead} asks the graph."
    )


def _told(work: Work, table: Table, types: Sequence[str], path: str) -> str | None:
    held, whole = _looked(work, table, types, path)
    if not held:
        return _unknown(work.ontology, table, types, path, whole=whole)
    near = names.near(path, _beside(shapes(work.ontology, table, types), path))
    if not near:
        return None
    holder = _holder(table, types)
    return f"{shown(path)} is no declared field of {holder}; did you mean {near[0]}?"


def _unknown(
    ontology: Ontology, table: Table, types: Sequence[str], path: str, *, whole: bool
) -> str:
    known = _beside(shapes(ontology, table, types), path)
    near = names.near(path, known)
    holder = _holder(table, types)
    among = f"No {holder}" if whole else f"None of the newest {LOOKED_AT:,} of {holder}"
    if near:
        return f"{among} has {shown(path)}; did you mean {near[0]}?"
    listed = ", ".join(known[:MOST_LISTED]) if len(types) == 1 else ""
    usual = f"; there may be {listed}" if listed else ""
    return f"{among} has {shown(path)}{usual}."


def _holder(table: Table, types: Sequence[str]) -> str:
    return " or ".join(types[:MOST_LISTED]) or KINDS[table].replace("relationship", "connection")


def _is_nowhere(work: Work, table: Table, types: Sequence[str], path: str) -> bool:
    """Look through all rows, where the newest have nothing at a path."""
    column, _, live = _HOLDERS[table]
    typed = f"AND type {dialect.any_of('types')}" if types else ""
    found = work.value(
        f"""
        SELECT 1
        FROM {table}
        WHERE organization_id = :organization
          AND {live}
          {typed}
          AND {dialect.json_kind(f"{table}.{column}", ":place")} IS NOT NULL
        LIMIT 1
        """,
        types=list(types),
        place=filters.json_path(path),
    )
    return found is None


def _beside(declared: Iterable[Shape], path: str) -> tuple[str, ...]:
    """List what may stand where a path ends."""
    first, _, rest = path.partition(".")
    found: dict[str, None] = {}
    for shape in declared:
        if not rest:
            found.update(dict.fromkeys(shape))
        elif first in shape:
            inner = _beside([shape[first].properties], rest)
            found.update(dict.fromkeys(f"{first}.{name}" for name in inner))
    return tuple(found)


def _looked(work: Work, table: Table, types: Sequence[str], path: str) -> tuple[bool, bool]:
    """Tell whether the newest rows have something at a path, and whether these were all rows."""
    whole = True
    for type in types or [None]:
        newest, place = _newest(table, type), filters.json_path(path)
        kind = dialect.json_kind("looked.held", ":place")
        # read no further than to the first that has something, which is mostly the first of all
        held = f"SELECT 1 FROM ({newest}) AS looked WHERE {kind} IS NOT NULL LIMIT 1"
        if work.value(held, type=type, place=place):
            return True, True
        looked: int = work.value(f"SELECT count(*) FROM ({newest}) AS looked", type=type)
        whole = whole and looked < LOOKED_AT
    return False, whole


def _newest(table: Table, type: str | None) -> str:
    column, order, live = _HOLDERS[table]
    typed = "AND type = :type" if type is not None else ""
    return f"""
        SELECT {column} AS held
        FROM {table}
        WHERE organization_id = :organization
          AND {live}
          {typed}
        ORDER BY {order} DESC
        LIMIT {LOOKED_AT}
    """
