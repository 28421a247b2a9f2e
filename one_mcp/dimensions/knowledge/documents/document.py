"""Documents: whole texts with their source, which agents add, read and forget.

The text of an entity's own field is a document too, whose text stays in the entity; its row, its
link and its chunks follow the field, and are neither logged nor exported.
"""

from collections.abc import Sequence

from one_mcp.answers import Written, few
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.documents import drafts, labels
from one_mcp.dimensions.knowledge.documents.drafts import Draft
from one_mcp.dimensions.knowledge.documents.labels import Role
from one_mcp.errors import ConflictError
from one_mcp.store.work import Row, Work

LABELS_CHARACTERS = 2_000


class Added(Written):
    """The document. `unchanged` says that this text was there already, and was not stored again."""

    id: str
    title: str
    chunks: int
    characters: int
    unchanged: bool | None = None


class Labelled(Written):
    """The labels and links that a document has now."""

    id: str
    title: str
    labels: list[str] | None = None
    entities: list[str] | None = None


class Forgotten(Written):
    """What is gone from search; `undo_change` brings it back."""

    id: str
    title: str
    chunks: int


def add(work: Work, draft: Draft) -> Added:
    """Store a text with its passages, whose words are found at once.

    A text that comes from the same source as another replaces it; one that is there word for word
    is not stored again, and only gets the new links and labels.
    """
    before = drafts.known(work, draft)
    same = before is not None and drafts.repeats(work, draft, before)
    row = before if before is not None and same else drafts.write(work, draft, before)
    labels.link(work, row["id"], draft.entities, draft.role)
    labels.add(work, row["id"], draft.labels)
    return Added(
        id=row["id"],
        title=row["title"],
        chunks=texts.count_chunks(work, row["seq"]),
        characters=len(draft.text),
        unchanged=same or None,
    )


def label(
    work: Work,
    id: str,
    add: Sequence[str] | None = None,
    remove: Sequence[str] | None = None,
    *,
    link: Sequence[str] | None = None,
    unlink: Sequence[str] | None = None,
    role: Role = "about",
) -> Labelled:
    """Change what a document is filed under, and which entities it tells of."""
    row = texts.one(work, id)
    if row["source_id"] is not None:
        raise _belongs(row)
    labels.remove(work, id, remove or [])
    labels.add(work, id, add or [])
    labels.unlink(work, id, unlink or [])
    labels.link(work, id, link or [], role)
    linked = labels.links(work, [id]).get(id, [])
    return Labelled(
        id=id,
        title=row["title"],
        labels=few(labels.of(work, id), LABELS_CHARACTERS),
        entities=few((f"{each.id} ({each.name})" for each in linked), LABELS_CHARACTERS),
    )


def forget(work: Work, id: str) -> Forgotten:
    """Take a document out of the organization's knowledge, until the change is undone."""
    row = texts.one(work, id)
    if row["source_id"] is not None:
        raise _belongs(row)
    gone = texts.count_chunks(work, row["seq"])
    texts.remove(work, id)
    return Forgotten(id=id, title=row["title"], chunks=gone)


def _belongs(row: Row) -> ConflictError:
    return ConflictError(
        f"{row['id']} is the {row['source_field']} of {row['source_id']}; change that entity with "
        "update_entity or tag_entity, or archive it.",
        id=row["id"],
        entity=row["source_id"],
    )
