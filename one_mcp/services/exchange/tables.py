"""Write entities or connections as a CSV table, which can be imported as it is."""

import csv
import io
from collections.abc import Callable, Iterable
from contextlib import closing

from one_mcp import clock, jsons
from one_mcp.dimensions.exchange import export
from one_mcp.jsons import JsonValue
from one_mcp.ontology import check
from one_mcp.ontology.model import Property
from one_mcp.services.exchange import cells
from one_mcp.services.exchange.mapping import FIELDS, INSIDE, Kind
from one_mcp.store.work import Work

_VALID = ("valid_from", "valid_until")
_ENTITY = ("id", "type", "name", "status", "tags", "external_id", "created_at", "updated_at")
_CONNECTION = ("id", "from", "from.name", "type", "to", "to.name", "created_at", *_VALID)

Put = Callable[[str], None]


def write_entities(work: Work, put: Put, *, type: str) -> dict[str, int]:
    """Write the live entities of a type, with a column for each property."""
    kind = check.entity_type(work.ontology, type)
    present = export.property_names(work, kind.name)
    shape = [
        (name, kind.properties.get(name)) for name in dict.fromkeys([*kind.properties, *present])
    ]
    found = export.entities_of(work, kind.name)
    rows = (
        [
            row["id"],
            row["type"],
            row["name"],
            row["status"],
            cells.joined([*export.tags(row)]),
            row["external_id"],
            clock.to_text(row["created_at"]),
            clock.to_text(row["updated_at"]),
            *_inside(shape, row["properties"]),
        ]
        for row in found
    )
    header = [*_ENTITY, *_titles("entities", shape)]
    with closing(found):
        return {"entities": _write(put, header, rows)}


def write_connections(work: Work, put: Put, *, type: str | None) -> dict[str, int]:
    """Write the live connections, all or those of a type, with a column for each metadata name."""
    kind = check.relationship_type(work.ontology, type) if type else None
    declared = kind.metadata if kind else {}
    present = export.metadata_names(work, kind and kind.name)
    shape = [(name, declared.get(name)) for name in dict.fromkeys([*declared, *present])]
    found = export.connections_of(work, kind and kind.name)
    rows = (
        [
            row["id"],
            row["from_id"],
            row["from_name"],
            row["type"],
            row["to_id"],
            row["to_name"],
            clock.to_text(row["created_at"]),
            *("" if row[name] is None else clock.to_text(row[name]) for name in _VALID),
            *_inside(shape, row["metadata"]),
        ]
        for row in found
    )
    header = [*_CONNECTION, *_titles("connections", shape)]
    with closing(found):
        return {"connections": _write(put, header, rows)}


def _titles(kind: Kind, shape: list[tuple[str, Property | None]]) -> list[str]:
    """Name the columns as an import knows them: what no shape declares says where it belongs."""
    return [
        name if declared is not None and name not in FIELDS[kind] else f"{INSIDE[kind]}{name}"
        for name, declared in shape
    ]


def _inside(shape: list[tuple[str, Property | None]], text: str) -> list[str]:
    values = jsons.load_object(text)
    return [cells.show(declared, values.get(name)) for name, declared in shape]


def _write(put: Put, header: list[str], rows: Iterable[list[JsonValue]]) -> int:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow(row)
        put(buffer.getvalue())
        buffer.seek(0)
        buffer.truncate()
        count += 1
    put(buffer.getvalue())
    return count
