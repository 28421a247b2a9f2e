"""Ingest: a text becomes a document, cut beforehand, so that its words are found at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from anyio import to_thread

from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.knowledge.documents.document import Added
from one_mcp.dimensions.knowledge.documents.drafts import Draft, Keep
from one_mcp.dimensions.knowledge.documents.labels import Role
from one_mcp.errors import EmbedderError, InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.services import bookkeeping
from one_mcp.services.exchange import places
from one_mcp.services.knowledge import indexing, passages, reading
from one_mcp.services.knowledge.indexing import ActiveModel
from one_mcp.services.knowledge.reading import Text
from one_mcp.session import Session

LONGEST = 4_000_000
LONGEST_TITLE = 200
LONGEST_LANGUAGE = 100
MOST_EMBEDDED = 200  # passages within a call: some ten seconds with the model that comes along
UNTITLED = "Untitled"
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_MARKS = re.compile(r"^[#>*\-=\s]+")


@dataclass(frozen=True, slots=True)
class Filing:
    """How a text is to be kept, and what it belongs to."""

    title: str | None = None
    entities: Sequence[str] = ()
    role: Role = "about"
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
        vectors = await _vectors(one, model, cut)
        cut = [replace(each, heading=title) for each in cut]  # its headings are its text, too
    draft = Draft(
        title=title,
        text=given.text,
        passages=cut,
        media_type=given.media_type,
        language=filing.language or _language(given.language),
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
    return await one.finish(document.add, draft)


async def _given(one: Session, text: str | None, path: str | None, url: str | None) -> Text:
    if sum(each is not None for each in (text, path, url)) != 1:
        raise InvalidArgumentError("Give one of text, path and url.", argument="text")
    if path is not None:
        return await reading.from_file(path, places.of_agents(one.settings))
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
    own = _UNFIT.sub("", given.title or "")  # front matter writes any character as an escape
    named = filing.title if filing.keep != "text" else filing.title or own
    if named is not None and named.strip():
        return " ".join(named.split())[:LONGEST_TITLE]
    if filing.keep != "text":
        return UNTITLED
    lines = (_MARKS.sub("", line).strip() for line in given.text.splitlines())
    first = next(filter(None, lines), UNTITLED)
    return first if len(first) <= LONGEST_TITLE else f"{first[: LONGEST_TITLE - 1]}…"


def _language(said: str | None) -> str | None:
    """Take what a file or a page says of its language, unless that is none."""
    fits = said is not None and len(said) <= LONGEST_LANGUAGE and not _UNFIT.search(said)
    return said if fits else None


async def _vectors(
    one: Session, model: ActiveModel, cut: Sequence[passages.Passage]
) -> list[bytes]:
    """Embed a text within the call: afterwards there is no text any more to embed."""
    if model.loaded is None or model.number is None:
        raise EmbedderError(
            "keep=vector_only keeps nothing but vectors, and there is no embedding model here; "
            "keep the text redacted instead.",
        )
    if len(cut) > MOST_EMBEDDED:
        raise InvalidArgumentError(
            f"The text has {len(cut):,} passages, and {MOST_EMBEDDED} is the most with "
            "keep=vector_only, since they are embedded within the call; add it in parts, each "
            "with a title or source of its own, or keep it redacted: searched, never shown.",
            argument="text",
        )
    embedder, made = model.loaded.embedder, b""
    for first in range(0, len(cut), indexing.EMBED_AT_ONCE):
        await one.call.report(first, len(cut), "passages")
        slice = cut[first : first + indexing.EMBED_AT_ONCE]
        async with bookkeeping.counted(one, embedder.name, "indexing") as count:
            made += await embedder.embed([each.whole for each in slice], "passage", count)
    return model.loaded.arithmetic.quantised(made, embedder.dimension)
