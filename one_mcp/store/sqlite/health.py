"""What SQLite itself can say about a file: is it whole, and does its search index fit."""

from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.sqlite.library import driver

SEARCH = "entities_fts"


def damage(raw: Raw) -> list[str]:
    """List what SQLite's integrity check finds; it checks the search index's inside too."""
    try:
        found = [row[0] for row in raw.execute("PRAGMA integrity_check")]
    except driver.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def dangling(raw: Raw) -> list[str]:
    """List rows whose foreign keys lead nowhere."""
    return [
        f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}"
        for row in raw.execute("PRAGMA foreign_key_check")
    ]


def journal_mode(raw: Raw) -> str:
    """Read how commits are written; `wal` is what lets several processes work at once."""
    return raw.execute("PRAGMA journal_mode").fetchone()[0]


def search_drift(raw: Raw) -> tuple[int, int]:
    """Compare the search index with one made afresh: entities and words that differ.

    The index keeps no text of its own, so its words and each entity's number of words are all there
    is to compare. Writes temporary tables only.
    """
    made = raw.execute("SELECT sql FROM sqlite_schema WHERE name = :name", {"name": SEARCH})
    raw.execute(made.fetchone()[0].replace(SEARCH, "temp.fresh", 1))
    raw.execute(f"CREATE VIRTUAL TABLE temp.kept_words USING fts5vocab (main, {SEARCH}, row)")
    raw.execute("CREATE VIRTUAL TABLE temp.fresh_words USING fts5vocab (temp, fresh, row)")
    raw.execute(
        "INSERT INTO temp.fresh (rowid, name, text) SELECT row, name, text FROM entity_texts"
    )
    return (
        _differing(raw, "id, sz", f"main.{SEARCH}_docsize", "temp.fresh_docsize"),
        _differing(raw, "term, doc, cnt", "temp.kept_words", "temp.fresh_words"),
    )


def _differing(raw: Raw, columns: str, kept: str, fresh: str) -> int:
    """Count the first column's values on which two tables do not agree."""
    subject = columns.partition(",")[0]
    return raw.execute(
        f"""
        SELECT count(DISTINCT {subject})
        FROM (
            SELECT {subject}, count(*) AS times
            FROM (SELECT {columns} FROM {kept} UNION ALL SELECT {columns} FROM {fresh})
            GROUP BY {columns}
            HAVING times < 2
        )
        """
    ).fetchone()[0]


def rebuild_search(raw: Raw) -> None:
    """Fill the search index anew; runs inside a transaction."""
    raw.execute(f"INSERT INTO {SEARCH} ({SEARCH}) VALUES ('delete-all')")
    raw.execute(
        f"INSERT INTO {SEARCH} (rowid, name, text) SELECT row, name, text FROM entity_texts"
    )
