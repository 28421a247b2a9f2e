"""Details: one entity with as much of what surrounds it as is asked for, in one answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import Field

from one_mcp import clock, jsons
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.entities import as_of as past
from one_mcp.dimensions.entities import computed, neighbours, tags
from one_mcp.dimensions.entities.neighbours import Happened, Neighbour, Tie
from one_mcp.dimensions.entities.non_entities import Party
from one_mcp.dimensions.events import statistics
from one_mcp.dimensions.events.statistics import Stats
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import ArchivedError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.store.pages import Detail
from one_mcp.store.work import Row, Work

Include = Literal["tags", "counts", "neighbours", "events", "stats", "archived"]
Listed = TypeVar("Listed", bound=Answer | str)
USUAL: tuple[Include, ...] = ("tags", "counts")
OF_THE_PAST = frozenset({"tags", "archived"})


@dataclass(frozen=True, slots=True)
class Frame:
    """How much of each part a portrait shows: numbers of items, and characters."""

    neighbours: int
    events: int
    properties_characters: int
    tags_characters: int
    neighbours_characters: int
    events_characters: int


FRAMES: dict[Detail, Frame] = {
    "concise": Frame(10, 5, 4_000, 1_200, 3_000, 2_000),
    "full": Frame(200, 20, 14_000, 4_000, 8_000, 4_000),
}


class Portrait(Answer):
    """An entity. `shortened` names properties that are cut, `cut` says what else is left out.

    `counts` are exact numbers of connections by type and direction, such as "following in". A
    connection has its ends, an event who did it to what, and both have metadata in the place of
    properties; their name is a sentence.
    `computed` are properties that nobody has given, as connections and events have them.
    """

    id: str
    type: str
    name: str
    status: str
    from_: Party | None = Field(default=None, serialization_alias="from")
    to: Party | None = None
    actor: Party | None = None
    target: Party | None = None
    at: str | None = None
    properties: JsonObject | None = None
    metadata: JsonObject | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    validity: str | None = None
    shortened: list[str] | None = None
    computed: JsonObject | None = None
    tags: list[str] | None = None
    counts: dict[str, int] | None = None
    neighbours: dict[str, list[Neighbour]] | None = None
    events: list[Happened] | None = None
    stats: Stats | None = None
    retracted: str | None = None
    reason: str | None = None
    replaced_by: str | None = None
    external_id: str | None = None
    created: str
    updated: str
    version: int
    as_of: str | None = None
    cut: list[str] | None = None


def portrait(
    work: Work,
    id: str,
    include: Collection[Include] | None = None,
    *,
    relationships: Collection[str] | None = None,
    as_of: int | str | None = None,
    detail: Detail = "concise",
) -> Portrait:
    """Show an entity, unless told otherwise with its tags and the numbers of its connections.

    `relationships` includes the neighbours by some types only. `as_of` shows the entity and its
    tags as they were at a time. Raises NotFoundError; ArchivedError unless "archived" is included.
    """
    at = moments.read(work, as_of, "as_of")
    parts = _parts(include, relationships, at)
    row = lookup.any_state(work, id, follow=True) if at is None else past.entity(work, id, at)
    id = row["id"]
    if row["deleted_at"] is not None and "archived" not in parts:
        raise ArchivedError(
            f"{id} ({row['name'][:80]}) is archived; restore_entity in apply_changes brings it "
            "back, and "
            'get_entity with include=["archived"] shows it as it is.',
            id=id,
        )
    frame, cut = FRAMES[detail], list[str]()
    room, shape = frame.properties_characters, work.ontology.shape("entity", row["type"])
    properties, shortened = excerpts.properties(row["properties"], room, shape)
    ties = neighbours.ties(work, id) if parts & {"counts", "neighbours"} else []
    near = neighbours.chosen(work, ties, relationships) if "neighbours" in parts else []
    return Portrait(
        id=id,
        type=row["type"],
        name=row["name"],
        status=row["status"],
        properties=properties or None,
        shortened=shortened,
        computed=_computed(work, row, ties) if "counts" in parts else None,
        tags=_tags(work, id, at, frame, cut) if "tags" in parts else None,
        counts={tie.label: tie.count for tie in ties} or None,
        neighbours=_neighbours(work, id, near, frame, cut) or None,
        events=_events(work, id, frame, cut) if "events" in parts else None,
        stats=statistics.stats(work, row) if "stats" in parts else None,
        external_id=row["external_id"],
        created=clock.to_text(row["created_at"]),
        updated=clock.to_text(row["updated_at"]),
        version=row["version"],
        as_of=None if at is None else clock.to_text(at),
        cut=cut or None,
    )


def _computed(work: Work, row: Row, ties: Sequence[Tie]) -> JsonObject | None:
    kind = work.ontology.entity_types.get(row["type"])
    if kind is None or not any(declared.computed for declared in kind.properties.values()):
        return None
    given = jsons.load_object(row["properties"])
    found = computed.of(work, kind, row["id"], ties)
    return {name: count for name, count in found.items() if name not in given} or None


def _parts(
    include: Collection[Include] | None, relationships: Collection[str] | None, as_of: int | None
) -> set[Include]:
    parts: set[Include] = {*(USUAL if include is None else include)}
    if relationships is not None:
        parts.add("neighbours")
    if as_of is None:
        return parts
    if include is None and relationships is None:
        return {"tags"}
    if parts - OF_THE_PAST:
        raise InvalidArgumentError(
            "as_of shows the entity and its tags as they were, without "
            f"{', '.join(sorted(parts - OF_THE_PAST))}; leave these out, or as_of.",
            argument="include",
        )
    return parts


def _tags(work: Work, id: str, as_of: int | None, frame: Frame, cut: list[str]) -> list[str] | None:
    carried = tags.of(work, id) if as_of is None else past.tags_of(work, id, as_of)
    shown = _fitting(carried, frame.tags_characters)
    if len(shown) < len(carried):
        cut.append(f"{len(shown)} of {len(carried):,} tags are shown.")
    return shown or None


def _neighbours(
    work: Work, id: str, ties: Sequence[Tie], frame: Frame, cut: list[str]
) -> dict[str, list[Neighbour]]:
    found: dict[str, list[Neighbour]] = {}
    short: list[str] = []
    for tie in ties:
        listed = neighbours.neighbours(work, id, tie, frame.neighbours)
        found[tie.label] = _fitting(listed, frame.neighbours_characters // len(ties))
        if len(found[tie.label]) < tie.count:
            short.append(f"{tie.label} ({len(found[tie.label])} of {tie.count:,})")
    if short:
        cut.append(
            f"Not all neighbours are shown: {', '.join(short)}; find_entities lists them, with "
            f'connected_to={{"id": "{id}", "type": ..., "direction": "in" or "out"}}.'
        )
    return found


def _events(work: Work, id: str, frame: Frame, cut: list[str]) -> list[Happened]:
    listed = neighbours.events(work, id, frame.events + 1)
    shown = _fitting(listed[: frame.events], frame.events_characters)
    if len(shown) < len(listed):
        cut.append(f"The newest {len(shown)} events are shown; find_events goes further back.")
    return shown


def _fitting(listed: list[Listed], budget: int) -> list[Listed]:
    """Keep what fits into a number of characters, and at least one."""
    used = 0
    for count, one in enumerate(listed):
        used += len(one) if isinstance(one, str) else len(one.model_dump_json(exclude_none=True))
        if count and used > budget:
            return listed[:count]
    return listed
