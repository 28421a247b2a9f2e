"""Reading: one document as it can be read, and all that is known about an entity."""

from one_mcp import clock
from one_mcp.answers import Answer, cut, few
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.documents import labels
from one_mcp.dimensions.knowledge.documents.labels import Linked
from one_mcp.dimensions.knowledge.index import entity_texts
from one_mcp.jsons import JsonObject
from one_mcp.store import dialect, pages
from one_mcp.store.work import Row, Work

LABELS_CHARACTERS = 2_000
METADATA_CHARACTERS = 2_000
ROOM = 42_000  # of the whole answer as JSON, where a line's end counts twice
MOST_LINKED = 20


class Document(Answer):
    """A document, and a part of its text: `quote` is text[start:stop] of `characters` in all.

    `field` says which text of the first entity it is, where it is not a document of its own.
    `more_entities` counts those that it tells of and that are not shown.
    """

    id: str
    kind: str
    title: str
    quote: str | None = None
    start: int | None = None
    stop: int | None = None
    characters: int | None = None
    media_type: str
    language: str | None = None
    source: str | None = None
    field: str | None = None
    entities: list[Linked] | None = None
    more_entities: int | None = None
    labels: list[str] | None = None
    quality: float | None = None
    metadata: JsonObject | None = None
    redacted: bool | None = None
    created: str
    updated: str
    version: int


class Brief(Answer):
    """A document in a list. One without an id is a field of the entity that waits to be cut."""

    id: str | None = None
    title: str
    role: str
    field: str | None = None
    characters: int | None = None
    source: str | None = None
    labels: list[str] | None = None


class Shelf(Answer):
    """The texts of an entity and the documents that tell of it, the newest first."""

    id: str
    name: str
    documents: list[Brief]
    cursor: str | None = None


def document(work: Work, id: str, start: int = 0, characters: int = 4_000) -> Document:
    """Show a document with a part of its text."""
    row = texts.one(work, id)
    redacted = bool(row["redacted"])
    text, whole = texts.text(work, row, start, characters)
    metadata, _ = excerpts.properties(row["metadata"], METADATA_CHARACTERS, {})
    linked = labels.links(work, [id]).get(id, [])
    found = Document(
        id=id,
        kind=row["kind"],
        title=row["title"],
        characters=whole or None,
        media_type=row["media_type"],
        language=row["language"],
        source=row["source"],
        field=row["source_field"],
        entities=linked[:MOST_LINKED] or None,
        more_entities=len(linked[MOST_LINKED:]) or None,
        labels=few(labels.of(work, id), LABELS_CHARACTERS),
        quality=row["quality"],
        metadata=metadata or None,
        redacted=redacted or None,
        created=clock.to_text(row["created_at"]),
        updated=clock.to_text(row["updated_at"]),
        version=row["version"],
    )
    if redacted or not text:
        return found
    quote = cut(text, ROOM - len(found.model_dump_json(exclude_none=True)))
    return found.model_copy(update={"quote": quote, "start": start, "stop": start + len(quote)})


def about(work: Work, id: str, limit: int = 50, cursor: str | None = None) -> Shelf:
    """List an entity's own texts, and then the documents that tell of it."""
    pages.require_limit(limit)
    entity = lookup.live(work, id)
    place = pages.decode(id, cursor, 1)
    own = _own(work, entity) if place is None else []
    rows = work.all(
        f"""
        SELECT knowledge.seq, knowledge.id, title, source, role, length(text) AS characters
        FROM knowledge_links
        CROSS JOIN knowledge
        WHERE knowledge_links.organization_id = :organization
          AND knowledge_links.entity_id = :entity
          AND knowledge.organization_id = :organization
          AND knowledge.id = knowledge_links.knowledge_id
          AND knowledge.source_id IS NULL
          AND knowledge.seq < :before
        ORDER BY knowledge.seq DESC
        {dialect.most("limit")}
        """,
        entity=id,
        before=2**62 if place is None else place[0],
        limit=limit + 1,
    )
    carried = labels.of_many(work, [row["id"] for row in rows])
    page = pages.page(
        rows,
        limit,
        lambda row: _brief(row, carried.get(row["id"])),
        cursor=lambda row: pages.encode(id, [row["seq"]]),
        size=lambda brief: len(brief.model_dump_json(exclude_none=True)),
        detail="full",
    )
    return Shelf(id=id, name=entity["name"], documents=[*own, *page.items], cursor=page.cursor)


def _own(work: Work, entity: Row) -> list[Brief]:
    rows = work.all(
        """
        SELECT id, source_field
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id = :entity
        """,
        entity=entity["id"],
    )
    ids = {row["source_field"]: row["id"] for row in rows}
    return [
        Brief(
            id=ids.get(text.field),
            title=text.title,
            role=entity_texts.LINKED_AS,
            field=text.field,
            characters=len(text.text),
        )
        for text in entity_texts.read(work, entity)
    ]


def _brief(row: Row, carried: list[str] | None) -> Brief:
    return Brief(
        id=row["id"],
        title=row["title"],
        role=row["role"],
        characters=row["characters"],
        source=row["source"],
        labels=carried,
    )
