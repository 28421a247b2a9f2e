"""Text search: which rows of an organization have a word, how often, and in what order.

The index holds words as texts/words.py makes them, each with its tenant's number before it, and the
engine neither splits nor ranks. A word is letters and digits, so nothing that a person types is an
operator. Every question here is bounded by the rows that have a word in this organization alone.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from one_mcp.store import dialect
from one_mcp.store.work import Work
from one_mcp.texts import indexed
from one_mcp.texts import words as texts

MOST_WORDS = 32
RARE_HITS = 20
MOST_COMPLETIONS = 10
HIGHEST = "\U0010ffff"
NO_NUMBER = 2**63 - 1  # is higher


@dataclass(frozen=True, slots=True)
class Index:
    """An index of rows by their words: its table, its vocabulary, and what kind of rows it has."""

    table: str
    vocabulary: str
    kind: str


ENTITIES = Index("entity_words", "entity_terms", "entity")
PASSAGES = Index("passage_words", "passage_terms", "passage")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a search: each with the others that stand for it; `last` as it was typed."""

    tenant: int
    each: tuple[tuple[str, ...], ...]
    last: str
    text: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for others in self.each for word in others))

    @property
    def some(self) -> str:
        """A query for rows with any of the words."""
        return " OR ".join(query(self.tenant, word) for word in self.all)

    @property
    def tiers(self) -> tuple[str, str, str]:
        """Queries for rows with all words in the name; with all of them; with any: no row twice."""
        named, every = self._every(indexed.NAME), self.every
        return named, f"({every}) NOT ({named})", f"({self.some}) NOT ({every})"

    @property
    def every(self) -> str:
        """A query for rows with all of the words."""
        return self._every(indexed.ANYWHERE)

    def _every(self, where: str) -> str:
        return " AND ".join(
            f"({' OR '.join(query(self.tenant, word, where) for word in others)})"
            for others in self.each
        )


def tenant(work: Work) -> int:
    """Return the number that stands before each word of the caller's organization."""
    number: int | None = work.value(
        "SELECT number FROM tenants WHERE organization_id = :organization"
    )
    return number or 0


def query(tenant: int, word: str, where: str = indexed.ANYWHERE) -> str:
    """Ask for rows that have a word."""
    return f'"{indexed.term(tenant, word, where)}"'


def words(work: Work, text: str) -> Words | None:
    """Read the words of a text; None where it has only punctuation.

    Words past the 32nd do not count.
    """
    found = texts.asked(text)[:MOST_WORDS]
    if not found:
        return None
    return Words(tenant(work), tuple((word,) for word in found), texts.unfolded(text)[-1], text)


def completed(work: Work, typed: Words) -> Words:
    """Let the last word also stand for longer ones that begin with it, where it is rare itself."""
    *before, last = typed.each
    if hits(work, ENTITIES, query(typed.tenant, last[0]), RARE_HITS) == RARE_HITS:
        return typed
    longer = _beginning_with(work, ENTITIES, typed.tenant, typed.last)
    return replace(typed, each=(*before, (*last, *longer)))


def hits(work: Work, index: Index, query: str, most: int) -> int:
    """Count the rows that a query finds, up to `most`."""
    return work.value(
        f"""
        SELECT count(*)
        FROM (
            SELECT 1 FROM {index.table} WHERE {index.table} MATCH :query {dialect.most("most")}
        ) AS found
        """,
        query=query,
        most=most,
    )


def oldest(work: Work, index: Index, query: str, most: int) -> list[int]:
    """List the oldest rows that a query finds."""
    found = work.all(
        f"""
        SELECT rowid AS seq
        FROM {index.table}
        WHERE {index.table} MATCH :query
        ORDER BY rowid
        {dialect.most("most")}
        """,
        query=query,
        most=most,
    )
    return [row["seq"] for row in found]


def newest(work: Work, index: Index, query: str, most: int, before: int = NO_NUMBER) -> list[int]:
    """List the newest rows that a query finds, of those before a number."""
    found = work.all(
        f"""
        SELECT rowid AS seq
        FROM {index.table}
        WHERE {index.table} MATCH :query
          AND rowid < :before
        ORDER BY rowid DESC
        {dialect.most("most")}
        """,
        query=query,
        before=before,
        most=most,
    )
    return [row["seq"] for row in found]


def among(work: Work, index: Index, query: str, rows: Sequence[int]) -> list[int]:
    """List which of a few rows a query finds."""
    found = work.all(
        f"""
        SELECT rowid AS seq
        FROM {index.table}
        WHERE {index.table} MATCH :query
          AND rowid {dialect.any_of("rows")}
        """,
        query=query,
        rows=json.dumps(list(rows)),
    )
    return [row["seq"] for row in found]


def times(
    work: Work, index: Index, tenant: int, word: str, where: str = indexed.ANYWHERE
) -> Counter[int]:
    """Count how often each row has a word; reads every row that has it."""
    found = work.value(
        f"SELECT {dialect.json_list('doc')} FROM {index.vocabulary} WHERE term = :term",
        term=indexed.term(tenant, word, where),
    )
    return Counter(json.loads(found))


def added(work: Work, index: Index) -> int:
    """Count the rows of the caller's organization that ever came into an index."""
    rows: int | None = work.value(
        "SELECT added FROM text_counts WHERE organization_id = :organization AND kind = :kind",
        kind=index.kind,
    )
    return rows or 0


def size(work: Work, index: Index) -> int:
    """Count the rows of the caller's organization that are in an index."""
    rows: int | None = work.value(
        "SELECT texts FROM text_counts WHERE organization_id = :organization AND kind = :kind",
        kind=index.kind,
    )
    return rows or 0


def _beginning_with(work: Work, index: Index, tenant: int, start: str) -> list[str]:
    """List some words of the caller's organization that begin with `start`, by one seek each."""
    before = indexed.term(tenant, "")
    found: list[str] = []
    at = before + start
    while len(found) < MOST_COMPLETIONS:
        word: str | None = work.value(
            f"SELECT term FROM {index.vocabulary} WHERE term >= :at AND term < :end LIMIT 1",
            at=at,
            end=before + start + HIGHEST,
        )
        if word is None:
            break
        found.append(word.removeprefix(before))
        at = word + "\x01"  # past every row that has this word
    return found
