"""Scoring: how well entities answer to words; a word in the name counts four times."""

from collections.abc import Sequence

from one_mcp import jsons
from one_mcp.search import bm25
from one_mcp.store import dialect, fulltext
from one_mcp.store.fulltext import ENTITIES, Words
from one_mcp.store.work import Work
from one_mcp.texts import indexed

NAME_COUNTS = 4
USUAL_CHARACTERS = 200  # of a name and its properties


def scores(work: Work, words: Words) -> dict[int, float]:
    """Score all entities that have one of some words; reads them all."""
    found = [(1.0, _times(work, words.tenant, word)) for word in words.all]
    lengths = _lengths(work, sorted({seq for _, times in found for seq in times}))
    return bm25.scores(found, fulltext.size(work, ENTITIES), lengths)


def _times(work: Work, tenant: int, word: str) -> dict[int, float]:
    """Count a word of each entity; what is in a name is in the index as a word of the text, too."""
    anywhere = fulltext.times(work, ENTITIES, tenant, word)
    named = fulltext.times(work, ENTITIES, tenant, word, indexed.NAME)
    return {seq: count + (NAME_COUNTS - 1) * named[seq] for seq, count in anywhere.items()}


def _lengths(work: Work, seqs: Sequence[int]) -> dict[int, float]:
    rows = work.all(
        f"""
        SELECT
            entities.seq,
            length(entities.name) + length(CAST(entities.properties AS TEXT)) AS characters
        FROM {dialect.each_number("seqs", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = wanted.value
        """,
        seqs=jsons.dumps(list(seqs)),
    )
    return {row["seq"]: row["characters"] / USUAL_CHARACTERS for row in rows}
