"""Mentioned: entities that a question names, by their names, properties or tags."""

from collections.abc import Collection, Sequence
from functools import partial

from one_mcp import jsons
from one_mcp.dimensions.entities import scoring, summaries
from one_mcp.dimensions.entities.selection import Selection
from one_mcp.dimensions.entities.summaries import Item
from one_mcp.dimensions.knowledge.search import lexical
from one_mcp.dimensions.knowledge.search import scope as scopes
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.search import fusion
from one_mcp.search.cache import Frequencies, rarest
from one_mcp.store import dialect, fulltext
from one_mcp.store.fulltext import ENTITIES, Words
from one_mcp.store.work import Work
from one_mcp.texts import words

EFFORT = 2_000  # entities to score
FEW, COMMON = 3, 10  # a word of more entities than these, or than one in ten, names none
LONGEST_TAG = 3  # words
MARKS = (" ", "-", "_")  # between them


def find(
    work: Work,
    text: str,
    frequencies: Frequencies,
    *,
    scope: Scope | None = None,
    known: Collection[str] = (),
    most: int,
) -> list[Item]:
    """Find live entities that words of a text name, the best first, but for those in `known`.

    Only those that a scope is about: of its types, with its tags, its entity and who is around it.
    """
    number, there = fulltext.tenant(work), fulltext.size(work, ENTITIES)
    frequencies.refresh(there)
    said = lexical.said(text)
    counts = {
        word: frequencies.of(word, partial(_count, work, number))
        for word in words.asked(" ".join(said))
    }
    telling = max(FEW, there // COMMON)
    rare = rarest({word: n for word, n in counts.items() if n <= telling}, EFFORT)
    named = Words(number, tuple((word,) for word in rare), "")
    found = _tagged(work, said, most) + _named(work, named, most + len(known))
    ids = [id for id in dict.fromkeys(found) if id not in known]
    selection, tests = Selection(), ""
    if scope is not None:
        tests = "".join(f" AND {test}" for test in scopes.of_entities(work, selection, scope))
    rows = work.all(
        f"""
        SELECT entities.id, entities.type, entities.name, entities.status
        FROM {dialect.each("ids", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.id = wanted.value
          AND entities.deleted_at IS NULL
          {tests}
        ORDER BY wanted.key
        """,
        **selection.parameters,
        ids=jsons.dumps(ids),
    )
    return [summaries.concise(row) for row in rows[:most]]


def _count(work: Work, tenant: int, word: str) -> int:
    return fulltext.hits(work, ENTITIES, fulltext.query(tenant, word), EFFORT + 1)


def _named(work: Work, chosen: Words, most: int) -> list[str]:
    """List entities with one of some words in the name or in a property, the best first."""
    scores = scoring.scores(work, chosen)
    rows = work.all(
        f"""
        SELECT entities.id
        FROM {dialect.each_number("best", "wanted")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = wanted.value
        ORDER BY wanted.key
        """,
        best=jsons.dumps(fusion.best(scores, most)),
    )
    return [row["id"] for row in rows]


def _tagged(work: Work, said: Sequence[str], most: int) -> list[str]:
    """List entities with a tag whose value is said, as it is or in small letters.

    In up to three words.
    """
    values = {
        value
        for length in range(1, LONGEST_TAG + 1)
        for start in range(len(said) - length + 1)
        for mark in MARKS[: 1 if length == 1 else None]
        for value in _both(mark.join(said[start : start + length]))
    }
    rows = work.all(
        f"""
        SELECT DISTINCT tags.entity_id AS id
        FROM {dialect.each("values", "said")}
        CROSS JOIN tags
        WHERE tags.organization_id = :organization
          AND tags.value = said.value
        {dialect.most("most")}
        """,
        values=jsons.dumps(sorted(values)),
        most=most,
    )
    return [row["id"] for row in rows]


def _both(value: str) -> tuple[str, str]:
    return value, value.lower()
