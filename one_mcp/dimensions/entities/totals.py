"""Totals: how many entities meet conditions, exactly where that is cheap."""

from one_mcp import jsons
from one_mcp.dimensions.entities import orders, scans
from one_mcp.dimensions.entities.scans import Wanted
from one_mcp.dimensions.entities.selection import FEW, Members, Selection
from one_mcp.store import dialect, fulltext, pages
from one_mcp.store.fulltext import ENTITIES, Words
from one_mcp.store.work import Work


def of(work: Work, selection: Selection, words: Words | None) -> int | str | None:
    """Count a selection, exactly up to a number of rows that are looked through."""
    if words is not None:
        return _with_words(work, selection, words)
    small = selection.smallest(work)
    return _among(work, selection, small) if small else _counted(work, selection)


def _counted(work: Work, selection: Selection) -> int | str | None:
    tests = selection.tests()
    columns = scans.FULL if tests else "1"
    held = f"FILTER (WHERE {' AND '.join(tests)})" if tests else ""
    row = work.one(
        f"""
        SELECT count(*) AS seen, count(*) {held} AS fits
        FROM (
            SELECT {columns}
            FROM entities
            WHERE organization_id = :organization
              AND {" AND ".join(selection.scope)}
            {orders.NEWEST.clause} -- so that the index is the one that pages walk
            LIMIT {pages.MOST_COUNTED + 1}
        ) AS entities
        """,
        **selection.parameters,
    )
    return pages.total(row["seen"], row["fits"]) if row else None


def _among(work: Work, selection: Selection, members: Members) -> int:
    """Count those of a small set, of which there are a few at most."""
    wanted = Wanted(selection, FEW + 1, "entities.seq")
    return len(scans.sorted_few(work, wanted, members, orders.NEWEST).rows)


def _with_words(work: Work, selection: Selection, words: Words) -> int | str | None:
    """Count among the newest hits; of more than a few, only that there are so many at least."""
    some = fulltext.completed(work, words).some
    seqs = fulltext.newest(work, ENTITIES, some, FEW + 1)
    fits: int = work.value(
        f"""
        SELECT count(*)
        FROM {dialect.each_number("seqs", "hits")}
        CROSS JOIN entities
        WHERE entities.organization_id = :organization
          AND entities.seq = hits.value
          AND {" AND ".join([*selection.scope, *selection.tests()])}
        """,
        **selection.parameters,
        seqs=jsons.dumps(seqs[:FEW]),
    )
    if len(seqs) <= FEW:
        return fits
    return f"at least {fits:,}" if fits else None
