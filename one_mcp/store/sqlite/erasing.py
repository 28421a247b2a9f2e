"""Erasing: what was deleted must not be left in an index, in a free page, or in the log of writes.

Deleted and replaced rows are overwritten in the file (`secure_delete`). Three places keep them
longer: a full-text index only notes that a row is gone, until its segments are merged; the
write-ahead log holds older pages, until it is cut; and a file that was written without
`secure_delete` has free space with anything in it, until it is written anew.
"""

import re

from one_mcp.store.sqlite.connection import Raw

MERGED_PAGES = 500  # at once: a few milliseconds, after which others may write
READERS_WAIT_MS = 2_000
WRITERS_WAIT_MS = 10_000
_FULL_TEXT = re.compile(r"USING\s+fts5\s*\(", re.IGNORECASE)


def indexes(raw: Raw) -> list[str]:
    """List the full-text indexes of a file."""
    tables = raw.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [name for name, sql in tables if _FULL_TEXT.search(sql or "")]


def merge(raw: Raw, index: str, *, first: bool) -> bool:
    """Merge a part of an index into one segment without deleted rows; tell if there is more to do.

    The first call begins with all segments there are, and the next ones go on, whatever was
    written meanwhile (https://sqlite.org/fts5.html, "The 'merge' command").
    """
    before = raw.total_changes
    raw.execute(
        f"INSERT INTO {index} ({index}, rank) VALUES ('merge', :pages)",
        {"pages": -MERGED_PAGES if first else MERGED_PAGES},
    )
    return raw.total_changes - before > 1


def rewrite(raw: Raw) -> None:
    """Write the file anew, without free space; takes the write lock for all of that time."""
    raw.execute(f"PRAGMA busy_timeout = {WRITERS_WAIT_MS}")
    raw.execute("PRAGMA temp_store = FILE")  # the whole file is in there once
    try:
        raw.execute("VACUUM")
    finally:
        raw.execute("PRAGMA temp_store = MEMORY")


def cut_log(raw: Raw) -> bool:
    """Bring the write-ahead log into the file and cut it to nothing; False where a reader holds it.

    Waits a little for readers, and keeps writers waiting meanwhile.
    """
    raw.execute(f"PRAGMA busy_timeout = {READERS_WAIT_MS}")
    return raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
