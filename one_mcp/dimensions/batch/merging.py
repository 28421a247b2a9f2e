"""Merging: several entities that are one become one, with all that belongs to them (D-60)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.batch import following
from one_mcp.dimensions.changes import touched
from one_mcp.dimensions.connections import moving
from one_mcp.dimensions.connections.moving import Moved
from one_mcp.dimensions.entities import rows
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.events import carrying, event
from one_mcp.errors import ConflictError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, names
from one_mcp.ontology.automatic import Occasion
from one_mcp.store.work import Row, Work

MOST = 50
SHOWN = 8
Prefer = Literal["survivor", "newest", "none"]


@dataclass(slots=True)
class Merged:
    """What came to the survivor. `unkept` names values of others that it has otherwise."""

    id: str
    name: str
    merged: int
    connections: Moved = field(default_factory=Moved)
    tags: int = 0
    documents: int = 0
    events: int = 0
    unkept: list[str] = field(default_factory=list[str])

    @property
    def sentence(self) -> str:
        """Tell all of it in one sentence."""
        it = self.connections
        told = (
            (it.moved, "connections"),
            (it.joined, "connections that it had already"),
            (it.dropped, "connections among them, dropped"),
            (self.tags, "tags"),
            (self.documents, "links from documents"),
            (self.events, "events"),
        )
        came = ", ".join(f"{count:,} {what}" for count, what in told if count) or "nothing more"
        return f"merged {self.merged} into {self.name}: {came}"


def merge(work: Work, survivor_id: str, gone_ids: Sequence[str], prefer: Prefer) -> Merged:
    """Merge live entities of one type into another, which keeps its id and history.

    Their connections, tags, documents, events and external ids follow, and their ids lead to it.
    Lists are joined; of two other values of a property the survivor's stays, or with "newest" that
    of whoever changed last, and "none" refuses. Raises ConflictError, CycleError.
    """
    survivor, gone = _found(work, survivor_id, gone_ids)
    kind = check.entity_type(work.ontology, survivor["type"])
    merged = Merged(survivor["id"], survivor["name"], len(gone))
    properties = _properties(survivor, gone, prefer, merged.unkept)
    for row in gone:
        touched.around(work, row["id"])
        moving.move(work, row["id"], survivor["id"], merged.connections)
        merged.tags += following.tags(work, row["id"], survivor["id"])
        merged.documents += following.documents(work, row["id"], survivor["id"])
        merged.events += carrying.carry(work, row["id"], survivor["id"])
        following.old_ids(work, row, survivor["id"])
        work.run(
            "DELETE FROM entities WHERE organization_id = :organization AND id = :id", id=row["id"]
        )
    external = [row["external_id"] for row in (survivor, *gone) if row["external_id"] is not None]
    after = EntityRow(
        kind,
        survivor["id"],
        survivor["name"],
        survivor["status"],
        check.properties(kind, properties, stored=True).values,
        external_id=external[0] if external else None,
    )
    rows.update(work, [after])
    changed = rows.differing(survivor, after)
    event.expect(work, Occasion(kind, "updated", after.id, after.properties, changed))
    work.touch(survivor["id"], *(row["id"] for row in gone))
    _warn(work, merged)
    return merged


def _found(work: Work, survivor_id: str, gone_ids: Sequence[str]) -> tuple[Row, list[Row]]:
    survivor = lookup.live(work, survivor_id, "survivor")
    given = list(dict.fromkeys(gone_ids))
    if not given or len(given) > MOST or survivor_id in given:
        raise InvalidArgumentError(
            f"losers takes 1 to {MOST} ids of entities other than the survivor.", argument="losers"
        )
    gone = [lookup.live(work, id, "losers") for id in given]
    for row in gone:
        if row["type"] != survivor["type"]:
            raise InvalidArgumentError(
                f"{row['id']} is {names.a(row['type'])}, the survivor "
                f"{names.a(survivor['type'])}; only entities of one type are merged, and "
                "convert_entity gives one another type.",
                argument="losers",
            )
    return survivor, gone


def _properties(survivor: Row, gone: list[Row], prefer: Prefer, unkept: list[str]) -> JsonObject:
    order = [survivor, *gone]
    if prefer == "newest":
        order.sort(key=lambda row: -row["updated_at"])
    merged: JsonObject = {}
    for row in order:
        for name, value in jsons.load_object(row["properties"]).items():
            has = merged.get(name)
            if name not in merged:
                merged[name] = value
            elif isinstance(has, list) and isinstance(value, list):
                new = [it for it in value if not any(jsons.same(it, one) for one in has)]
                merged[name] = [*has, *new]
            elif not jsons.same(has, value):
                unkept.append(f"{name} of {row['id']}")
    if prefer == "none" and unkept:
        raise ConflictError(
            f"They say different things: {', '.join(unkept[:SHOWN])}; update them first, or "
            'prefer "survivor" or "newest".',
            fields=[*unkept[:SHOWN]],
        )
    return merged


def _warn(work: Work, merged: Merged) -> None:
    unkept = [*merged.unkept, *dict.fromkeys(merged.connections.unkept)]
    if unkept:
        more = f" and {len(unkept) - SHOWN} more" if len(unkept) > SHOWN else ""
        work.warn(f"Other values were not kept: {', '.join(unkept[:SHOWN])}{more}.")
