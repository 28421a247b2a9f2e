"""Summaries: entities as lists show them."""

from collections.abc import Callable, Sequence

from one_mcp import clock
from one_mcp.answers import Answer
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.entities import tags
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row, Work

PROPERTIES_CHARACTERS = 2_000


class Item(Answer):
    """An entity in a list; the status is left out where it is active.

    `sorted_by` is the value of the property or measure that the list is sorted by.
    """

    id: str
    type: str
    name: str
    status: str | None = None
    sorted_by: JsonValue = None
    tags: list[str] | None = None
    properties: JsonObject | None = None
    shortened: list[str] | None = None
    external_id: str | None = None
    created: str | None = None
    updated: str | None = None
    version: int | None = None


def concise(row: Row) -> Item:
    return Item(id=row["id"], type=row["type"], name=row["name"], status=status(row))


def full(work: Work, rows: Sequence[Row]) -> Callable[[Row], Item]:
    """Read the tags of all rows at once, and return what makes a row's item."""
    carried = tags.of_many(work, [row["id"] for row in rows])

    def make(row: Row) -> Item:
        shape = work.ontology.shape("entity", row["type"])
        properties, shortened = excerpts.properties(row["properties"], PROPERTIES_CHARACTERS, shape)
        return Item(
            id=row["id"],
            type=row["type"],
            name=row["name"],
            status=status(row),
            tags=carried.get(row["id"]),
            properties=properties or None,
            shortened=shortened,
            external_id=row["external_id"],
            created=clock.to_text(row["created_at"]),
            updated=clock.to_text(row["updated_at"]),
            version=row["version"],
        )

    return make


def status(row: Row) -> str | None:
    return None if row["status"] == lookup.DEFAULT_STATUS else row["status"]


def size(item: Item) -> int:
    if item.properties is None and item.created is None:
        shown = 0 if item.sorted_by is None else len(str(item.sorted_by)) + 15
        return len(item.name) + len(item.type) + len(item.status or "") + shown + 60
    return len(item.model_dump_json(exclude_none=True))
