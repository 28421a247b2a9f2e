"""Rows that no index knows yet: put in by the indexer, in slices that hold nobody up for long.

After an upgrade that makes words anew, millions of rows may be waiting. New rows are never among
them, and rows that change or go while they wait are left to their turn, or to nobody.
"""

from dataclasses import dataclass

from one_mcp.store import fulltext
from one_mcp.store.fulltext import ENTITIES, PASSAGES, Index
from one_mcp.store.work import Work

SLICE = 500  # numbers of rows, whoever they belong to
SAYS = (
    "The words of older {what} are still being made anew after an upgrade, in the background: "
    "until that is done, search by words does not reach all of them."
)


@dataclass(frozen=True, slots=True)
class _IndexedRows:
    index: Index
    what: str
    rows: str


# NOT INDEXED: a slice is a range of numbers; by an index of the organization each slice would go
# through all of its rows
SOURCES = (
    _IndexedRows(
        ENTITIES,
        "entities",
        "SELECT seq, one_entity_words(:tenant, name, (SELECT group_concat(value, ' ')"
        " FROM json_tree(properties) WHERE type = 'text')) FROM entities NOT INDEXED",
    ),
    _IndexedRows(
        PASSAGES,
        "texts",
        "SELECT seq, one_passage_words(:tenant, heading, text) FROM chunks NOT INDEXED",
    ),
)
INDEXES = tuple(source.index for source in SOURCES)


def waiting(work: Work, *indexes: Index) -> str | None:
    """Say that rows of an index are still to come; None where all are there."""
    rows = work.all("SELECT kind FROM unindexed WHERE organization_id = :organization")
    kinds = {row["kind"] for row in rows} & {index.kind for index in indexes}
    what = [source.what for source in SOURCES if source.index.kind in kinds]
    return SAYS.format(what=" and ".join(what)) if what else None


def take(work: Work) -> int:
    """Put one slice of the rows that wait into their index; return how many numbers it passed."""
    for source in SOURCES:
        below = work.value(
            "SELECT below FROM unindexed WHERE organization_id = :organization AND kind = :kind",
            kind=source.index.kind,
        )
        if below is not None:
            return _take(work, source, below)
    return 0


def _take(work: Work, source: _IndexedRows, below: int) -> int:
    first, kind = max(below - SLICE, 0), source.index.kind
    added = work.run(
        f"""
        INSERT INTO {source.index.table} (rowid, words)
        {source.rows}
        WHERE organization_id = :organization
          AND seq >= :first
          AND seq < :below
        """,
        tenant=fulltext.tenant(work),
        first=first,
        below=below,
    )
    work.run(
        """
        INSERT INTO text_counts (organization_id, kind, texts, added)
        VALUES (:organization, :kind, :added, :added)
        ON CONFLICT (organization_id, kind)
        DO UPDATE SET texts = text_counts.texts + :added, added = text_counts.added + :added
        """,
        kind=kind,
        added=added,
    )
    work.run(
        """
        UPDATE unindexed
        SET below = :first
        WHERE organization_id = :organization
          AND kind = :kind
        """,
        kind=kind,
        first=first,
    )
    work.run("DELETE FROM unindexed WHERE organization_id = :organization AND below = 0")
    return below - first
