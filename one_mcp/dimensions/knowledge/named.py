"""Named: entities that a question names, by their names, properties or tags."""

from collections.abc import Collection, Sequence

from one_mcp import jsons
from one_mcp.dimensions import items
from one_mcp.dimensions.items import Item
from one_mcp.dimensions.knowledge import words
from one_mcp.ontology import check
from one_mcp.search.memory import Frequencies, rarest
from one_mcp.store import search
from one_mcp.store.work import Work

EFFORT = 2_000  # entities to score
FEW, COMMON = 3, 10  # a word of more entities than these, or than one in ten, names none
LONGEST_TAG = 3  # words
MARKS = (" ", "-", "_")  # between them


def find(
    work: Work,
    text: str,
    frequencies: Frequencies,
    *,
    types: Sequence[str] = (),
    known: Collection[str] = (),
    most: int,
) -> list[Item]:
    """Find live entities that words of a text name, the best first, but for those in `known`."""
    newest = _newest(work)
    frequencies.refresh(newest)
    said = words.said(text)
    counts = {
        word: frequencies.of(word, lambda word: search.hits(work, word, EFFORT + 1))
        for word in (f'"{word.lower()}"' for word in said)
    }
    telling = max(FEW, newest // COMMON)
    rare = rarest({word: n for word, n in counts.items() if n <= telling}, EFFORT)
    found = _tagged(work, said, most) + _named(work, rare, most + len(known))
    ids = [id for id in dict.fromkeys(found) if id not in known]
    names = [check.entity_type(work.ontology, type).name for type in types]
    rows = work.all(
        """
        SELECT entities.id, entities.type, entities.name, entities.status
        FROM json_each(:ids) AS wanted
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.id = wanted.value
          AND entities.deleted_at IS NULL
        ORDER BY wanted.key
        """,
        ids=jsons.dumps(ids),
    )
    fitting = [row for row in rows if not names or row["type"] in names]
    return [items.concise(row) for row in fitting[:most]]


def _newest(work: Work) -> int:
    row: int | None = work.value(
        """
        SELECT row
        FROM entities NOT INDEXED
        WHERE organization_id = :organization
        ORDER BY row DESC
        LIMIT 1
        """
    )
    return row or 0


def _named(work: Work, chosen: Sequence[str], most: int) -> list[str]:
    """List entities with one of some words in the name or in a property, the best first."""
    if not chosen:
        return []
    rows = work.all(
        f"""
        SELECT entities.id
        FROM (
            SELECT rowid AS row, {search.RANK} AS score
            FROM entities_fts
            WHERE entities_fts MATCH :query
            ORDER BY score
            LIMIT :most
        ) AS hits
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.row = hits.row
        ORDER BY hits.score
        """,
        query=" OR ".join(chosen),
        most=most,
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
        """
        SELECT DISTINCT tags.entity_id AS id
        FROM json_each(:values) AS said
        CROSS JOIN tags
        WHERE tags.organization_id = :organization
          AND tags.value = said.value
        LIMIT :most
        """,
        values=jsons.dumps(sorted(values)),
        most=most,
    )
    return [row["id"] for row in rows]


def _both(value: str) -> tuple[str, str]:
    return value, value.lower()
