"""Tools that keep texts, find them again by meaning and by words, and let them go."""

from typing import Annotated

from pydantic import Field

from one_mcp.access import Permission
from one_mcp.answers import ROOM_CHARACTERS
from one_mcp.dimensions.knowledge.documents import document, reading
from one_mcp.dimensions.knowledge.documents.document import Added, Forgotten, Labelled
from one_mcp.dimensions.knowledge.documents.drafts import Keep
from one_mcp.dimensions.knowledge.documents.labels import Role
from one_mcp.dimensions.knowledge.documents.reading import Document
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services.knowledge import context, ingest, recall, upkeep
from one_mcp.services.knowledge.context import Context
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.services.knowledge.recall import Found
from one_mcp.services.knowledge.upkeep import Indexed
from one_mcp.session import Session
from one_mcp.store import pages

DocumentId = Annotated[str, Field(description="kno_…", min_length=1, max_length=64)]
EntityIds = Annotated[fields.EntityIds, Field(max_length=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Query = Annotated[str, Field(min_length=1, max_length=4_000)]


class About(fields.ArgumentObject):
    """Which texts are searched: those that fulfil every condition."""

    types: fields.TypeNames | None = None
    tags: fields.TagList | None = None
    labels: fields.TagList | None = None
    entity: fields.EntityId | None = None
    around: Annotated[bool, Field(description="and entity's neighbours")] = False
    since: fields.TimeText | None = None
    until: fields.UntilText | None = None

    def scope(self) -> Scope:
        return Scope(
            types=tuple(self.types or ()),
            tags=tuple(self.tags or ()),
            labels=tuple(self.labels or ()),
            entity=self.entity,
            around=self.around,
            since=self.since,
            until=self.until,
        )


class Weights(fields.ArgumentObject):
    """How much of a score recency and quality make, 0 to 1."""

    recency: Share = 0
    quality: Share = 0


AROUND = 6  # connections
PATIENCE_S = 45.0  # clients wait a minute, as a rule
Within = Annotated[About, Field(description="only texts of or about such entities")]


async def add_knowledge(
    one: Session,
    text: Annotated[str, Field(description="Markdown")] | None = None,
    title: fields.Name | None = None,
    *,
    path: Annotated[str, Field(description="a file instead", min_length=1, max_length=4096)]
    | None = None,
    url: Annotated[str, Field(min_length=1, max_length=4000)] | None = None,
    entities: Annotated[EntityIds, Field(description="it tells of")] | None = None,
    role: Role = "about",
    labels: fields.TagList | None = None,
    source: Annotated[str, Field(description="same source replaces", max_length=2000)]
    | None = None,
    quality: Share | None = None,
    keep: Keep = "text",
) -> Added:
    """Keep a text (document, transcript, note) so that it is found by meaning and words.

    Texts of entities, such as a blog_post's content, are found without this.
    """
    filing = Filing(
        title=title,
        entities=entities or (),
        role=role,
        labels=labels or (),
        keep=keep,
        source=source,
        quality=quality,
    )
    return await ingest.add(one, filing, text=text, path=path, url=url)


async def search_knowledge(
    one: Session,
    query: Query,
    within: Within | None = None,
    *,
    limit: Annotated[int, Field(ge=1, le=100)] = 8,
    per_document: Annotated[int, Field(ge=1, le=20)] = 3,
    weights: Weights | None = None,
    min_similarity: Share | None = None,
    around: Annotated[bool, Field(description="connections of each hit's entities")] = False,
    explain: Annotated[bool, Field(description="scores")] = False,
    detail: fields.Detail = "concise",
) -> Found:
    """Find passages by meaning and words, and entities by name, tags and properties.

    Quotes are exact: cite id[start:stop]. For an answer from passages and graph: recall_context.
    """
    weighing = weights or Weights()
    wish = Wish(
        query,
        (within or About()).scope(),
        limit=limit,
        of_one_document=per_document,
        recency=weighing.recency,
        quality=weighing.quality,
        min_similarity=min_similarity,
        characters=pages.CHARACTERS[detail],
        explained=explain,
        around=AROUND if around else 0,
    )
    return await recall.find(one, wish)


async def recall_context(
    one: Session,
    question: Query,
    within: Within | None = None,
    tokens: Annotated[int, Field(ge=100, le=context.MOST_TOKENS)] = 2_000,
) -> Context:
    """Gather what an answer can stand on: passages under numbers to cite, connections, events."""
    return await context.gather(one, question, (within or About()).scope(), tokens)


async def get_knowledge(
    one: Session,
    id: DocumentId,
    start: Annotated[int, Field(ge=0)] = 0,
    characters: Annotated[int, Field(ge=1, le=ROOM_CHARACTERS)] = 4_000,
) -> Document:
    """Read a document's text from a character on, with what it is about."""
    return await one.read(reading.document, id, start, characters)


async def label_knowledge(
    one: Session,
    id: DocumentId,
    add: fields.TagList | None = None,
    remove: fields.TagList | None = None,
    *,
    link: EntityIds | None = None,
    unlink: EntityIds | None = None,
) -> Labelled:
    """Label a document (key:value), or link it to entities."""
    return await one.write(document.label, id, add, remove, link=link, unlink=unlink)


async def forget_knowledge(one: Session, id: DocumentId) -> Forgotten:
    """Take a document out of knowledge; undo_change brings it back."""
    return await one.write(document.forget, id)


async def reindex_knowledge(
    one: Session,
    everything: Annotated[bool, Field(description="cut and embed all anew")] = False,
) -> Indexed:
    """Wait up to 45 s until all texts are found by meaning."""
    return await upkeep.reindex(one, everything=everything, patience_s=PATIENCE_S)


WRITE = Permission.WRITE
TOOLS = toolset(
    "knowledge",
    ToolSpec(add_knowledge, "Add knowledge", WRITE, repeatable=True),
    ToolSpec(search_knowledge, "Search knowledge"),
    ToolSpec(recall_context, "Recall a context"),
    ToolSpec(get_knowledge, "Read a document"),
    ToolSpec(label_knowledge, "Label a document", WRITE, repeatable=True, by_default=False),
    ToolSpec(
        forget_knowledge,
        "Forget a document",
        WRITE,
        destructive=True,
        repeatable=True,
        by_default=False,
    ),
    ToolSpec(reindex_knowledge, "Reindex knowledge", WRITE, repeatable=True, by_default=False),
)
