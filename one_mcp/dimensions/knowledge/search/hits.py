"""Hits: ranked passages as an answer, neighbours of one document joined, each with its source."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from one_mcp import clock, jsons
from one_mcp.answers import Answer, few
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.documents import labels
from one_mcp.dimensions.knowledge.documents.labels import Linked
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

SHORTEST_QUOTE, LONGEST_QUOTE = 160, 20_000
MOST_LINKED = 8
LABELS_CHARACTERS = 400
NOT_WORSE = 0.7  # part of the best score that a neighbour needs to be quoted along


class Scores(Answer):
    """Why a passage was found: its similarity in meaning (cosine) and its words (BM25)."""

    similarity: float | None = None
    words: float | None = None


class Hit(Answer):
    """A passage. `quote` is text[start:stop] of the document `id`, by characters.

    Of many `entities` only some are named.
    """

    id: str
    title: str
    heading: str | None = None
    quote: str | None = None
    start: int
    stop: int
    score: float
    entities: list[Linked] | None = None
    around: list[str] | None = None
    labels: list[str] | None = None
    source: str | None = None
    language: str | None = None
    updated: str
    redacted: bool | None = None
    scores: Scores | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands: its document, its number in it, and what the document weighs."""

    chunk: int
    document: int
    ordinal: int
    updated_at: int
    quality: float | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place with its score from 0 to 1; why, if that was asked for."""

    place: Place
    score: float
    similarity: float | None = None
    words: float | None = None


def documents(work: Work, chunks: Sequence[int]) -> dict[int, int]:
    """Find which documents, by number, passages belong to."""
    rows = work.all(
        f"""
        SELECT chunks.seq AS chunk, document
        FROM {dialect.each_number("chunks", "wanted")}
        CROSS JOIN chunks
        WHERE chunks.organization_id = :organization
          AND chunks.seq = wanted.value
        """,
        chunks=jsons.dumps(list(chunks)),
    )
    return {row["chunk"]: row["document"] for row in rows}


def places(work: Work, chunks: Sequence[int]) -> dict[int, Place]:
    """Find where passages stand; those of archived entities' fields are not in the answer."""
    rows = work.all(
        f"""
        SELECT chunks.seq AS chunk, document, ordinal, knowledge.updated_at, quality
        FROM {dialect.each_number("chunks", "wanted")}
        CROSS JOIN chunks
        CROSS JOIN knowledge
        WHERE chunks.organization_id = :organization
          AND chunks.seq = wanted.value
          AND knowledge.organization_id = :organization
          AND knowledge.seq = chunks.document
          AND (
              source_id IS NULL
              OR EXISTS (
                  SELECT 1
                  FROM entities
                  WHERE entities.organization_id = :organization
                    AND entities.id = source_id
                    AND entities.deleted_at IS NULL
              )
          )
        """,
        chunks=jsons.dumps(list(chunks)),
    )
    return {row["chunk"]: Place(**dict(row)) for row in rows}


def joined(ranked: Sequence[Ranked], most: int, of_one: int) -> list[list[Ranked]]:
    """Join passages that stand beside each other, and let no document have more than `of_one` hits.

    Each group begins with its best passage; groups come in the order of those.
    """
    by_document: dict[int, list[list[Ranked]]] = defaultdict(list)
    for one in ranked:
        mine = by_document[one.place.document]
        beside = [group for group in mine if _beside(group, one)]
        if not beside:
            mine.append([one])
            continue
        first, *others = beside
        first.append(one)
        for other in others:  # it stands between them
            first.extend(other)
            mine.remove(other)
    kept = [group for mine in by_document.values() for group in mine[:of_one]]
    kept.sort(key=lambda group: (-group[0].score, group[0].place.chunk))
    return kept[:most]


def shown(
    work: Work, groups: Sequence[Sequence[Ranked]], characters: int, *, explained: bool
) -> list[Hit]:
    """Make hits of groups, with quotes that together have about so many characters."""
    rows = _rows(work, [one.place.chunk for group in groups for one in group])
    share = min(max(characters // max(len(groups), 1), SHORTEST_QUOTE), LONGEST_QUOTE)
    hits = [_hit(work, group, rows, share, explained=explained) for group in groups]
    ids = [hit.id for hit in hits]
    linked, labelled = labels.links(work, ids), labels.of_many(work, ids)
    return [
        hit.model_copy(
            update={
                "entities": linked.get(hit.id, [])[:MOST_LINKED] or None,
                "labels": few(labelled.get(hit.id, []), LABELS_CHARACTERS),
            }
        )
        for hit in hits
    ]


def _beside(group: Sequence[Ranked], one: Ranked) -> bool:
    """Whether a passage continues a group, and is not much worse than the best of it."""
    best = group[0]
    return one.score >= best.score * NOT_WORSE and any(
        abs(each.place.ordinal - one.place.ordinal) <= 1 for each in group
    )


def _rows(work: Work, chunks: Sequence[int]) -> dict[int, Row]:
    rows = work.all(
        f"""
        SELECT
            chunks.seq AS chunk, start, stop, heading, chunks.text, knowledge.seq, knowledge.id,
            title, source, language, redacted, knowledge.updated_at
        FROM {dialect.each_number("chunks", "wanted")}
        CROSS JOIN chunks
        CROSS JOIN knowledge
        WHERE chunks.organization_id = :organization
          AND chunks.seq = wanted.value
          AND knowledge.organization_id = :organization
          AND knowledge.seq = chunks.document
        """,
        chunks=jsons.dumps(list(chunks)),
    )
    return {row["chunk"]: row for row in rows}


def _first(group: Sequence[Ranked], rows: Mapping[int, Row]) -> Row:
    return rows[group[0].place.chunk]


def _hit(
    work: Work,
    group: Sequence[Ranked],
    rows: Mapping[int, Row],
    share: int,
    *,
    explained: bool,
) -> Hit:
    best = _first(group, rows)
    quote, start, stop = _quote(work, group, rows, share)
    heading = best["heading"]
    return Hit(
        id=best["id"],
        title=best["title"],
        heading=None if best["redacted"] or heading in ("", best["title"]) else heading,
        quote=None if best["redacted"] else quote,
        start=start,
        stop=stop,
        score=round(group[0].score, 4),
        source=best["source"],
        language=best["language"],
        updated=clock.to_text(best["updated_at"]),
        redacted=bool(best["redacted"]) or None,
        scores=_scores(group[0]) if explained else None,
    )


def _scores(one: Ranked) -> Scores:
    return Scores(
        similarity=None if one.similarity is None else round(one.similarity, 4),
        words=None if one.words is None else round(one.words, 4),
    )


def _quote(
    work: Work, group: Sequence[Ranked], rows: Mapping[int, Row], share: int
) -> tuple[str, int, int]:
    """Quote the best passage, with those beside it as far as there is room.

    Alone where the text of an entity has changed, and is not cut anew yet.
    """
    best = _first(group, rows)
    start, stop = best["start"], best["stop"]
    if best["text"] is None:
        return "", start, stop
    for one in group[1:]:
        row = rows[one.place.chunk]
        wider = min(start, row["start"]), max(stop, row["stop"])
        if wider[1] - wider[0] <= share:
            start, stop = wider
    text = best["text"]
    if (start, stop) != (best["start"], best["stop"]):
        text, _ = texts.text(work, best, start, stop - start)
        if text[best["start"] - start : best["stop"] - start] != best["text"]:
            text, start, stop = best["text"], best["start"], best["stop"]
    return text[:share], start, min(stop, start + share)
