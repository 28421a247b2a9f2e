"""Ingest: a text becomes a document, cut beforehand, so that its words are found at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from anyio import to_thread

from one_mcp.dimensions.knowledge import documents
from one_mcp.dimensions.knowledge.documents import Added
from one_mcp.dimensions.knowledge.drafts import Draft, Keep
from one_mcp.dimensions.knowledge.labels import Role
from one_mcp.errors import EmbedderError, InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.services.knowledge import indexing, passages, reading
from one_mcp.services.knowledge.indexing import Model
from one_mcp.services.knowledge.reading import Text
from one_mcp.session import Session

LONGEST = 4_000_000
LONGEST_TITLE = 200
UNTITLED = "Untitled"
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_MARKS = re.compile(r"^[#>*\-=\s]+")


@dataclass(frozen=True, slots=True)
class Filing:
    """How a text is to be kept, and what it belongs to."""

    title: str | None = None
    entities: Sequence[str] = ()
    role: Role = "chunk_of"
    labels: Sequence[str] = ()
    keep: Keep = "text"
    source: str | None = None
    language: str | None = None
    quality: float | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])


async def add(
    one: Session,
    filing: Filing,
    *,
    text: str | None = None,
    path: str | None = None,
    url: str | None = None,
) -> Added:
    """Store a text that came with the call, from a file, or from the web.

    Raises InvalidArgumentError for what is no text, and what the reading of files and pages raises.
    """
    given = await _given(one, text, path, url)
    _require_text(given.text)
    model = await indexing.prepared(one)
    title = _title(filing, given)
    cut = await to_thread.run_sync(
        partial(
            passages.cut,
            given.text,
            title,
            model.loaded and model.loaded.embedder,
            markdown=given.media_type == "text/markdown",
        ),
        abandon_on_cancel=True,
    )
    vectors: list[bytes] = []
    if filing.keep == "vector_only":
        vectors = await _vectors(model, cut)
        cut = [replace(each, heading=title) for each in cut]  # its headings are its text, too
    draft = Draft(
        title=title,
        text=given.text,
        passages=cut,
        media_type=given.media_type,
        language=filing.language or given.language,
        source=(filing.source or "").strip() or given.source or None,
        keep=filing.keep,
        quality=filing.quality,
        metadata=filing.metadata,
        entities=filing.entities,
        role=filing.role,
        labels=filing.labels,
        model=model.number if vectors else None,
        vectors=vectors,
    )
    return await one.write(documents.add, draft)


async def _given(one: Session, text: str | None, path: str | None, url: str | None) -> Text:
    if sum(each is not None for each in (text, path, url)) != 1:
        raise InvalidArgumentError("Give one of text, path and url.", argument="text")
    if path is not None:
        return await reading.from_file(path, one.settings.folder)
    if url is not None:
        if not one.settings.fetch_urls:
            raise InvalidArgumentError(
                "This server fetches no pages; start it with ONE_MCP_FETCH_URLS=true, or send the "
                "page's text.",
                argument="url",
            )
        return await reading.from_url(url)
    return Text(None, text or "", "text/markdown", "", None)


def _require_text(text: str) -> None:
    if not text.strip():
        raise InvalidArgumentError("The text is empty; there is nothing to find.", argument="text")
    if len(text) > LONGEST:
        raise InvalidArgumentError(
            f"The text has {len(text):,} characters, and {LONGEST:,} is the most of one document; "
            "add it in parts.",
            argument="text",
        )
    if found := _UNFIT.search(text):
        raise InvalidArgumentError(
            f"The text has the character U+{ord(found[0]):04X}, which is no text; is it binary?",
            argument="text",
        )


def _title(filing: Filing, given: Text) -> str:
    """Take the given title, or the first line that says something.

    A text that is not shown keeps its first line for itself.
    """
    named = filing.title if filing.keep != "text" else filing.title or given.title
    if named is not None and named.strip():
        return " ".join(named.split())[:LONGEST_TITLE]
    if filing.keep != "text":
        return UNTITLED
    lines = (_MARKS.sub("", line).strip() for line in given.text.splitlines())
    first = next(filter(None, lines), UNTITLED)
    return first if len(first) <= LONGEST_TITLE else f"{first[: LONGEST_TITLE - 1]}…"


async def _vectors(model: Model, cut: Sequence[passages.Passage]) -> list[bytes]:
    if model.loaded is None or model.number is None:
        raise EmbedderError(
            "keep=vector_only keeps nothing but vectors, and there is no embedding model here; "
            "keep the text redacted instead.",
            retryable=False,
        )
    made = await model.loaded.embedder.embed([each.whole for each in cut], "passage")
    return model.loaded.arithmetic.quantised(made, model.loaded.embedder.dimension)
