"""What SQLite itself can say about a file: is it whole, and do its search indexes fit."""

from dataclasses import dataclass

from one_mcp.store.ports import Raw
from one_mcp.store.sqlite.driver import driver


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """A search index, the table of its rows, and what makes the words of one."""

    name: str
    kind: str
    table: str
    words: str

    @property
    def rows(self) -> str:
        """The rows that should be in it: all but those that still wait for the indexer."""
        return f"""
            FROM {self.table} AS kept
            JOIN tenants ON tenants.organization_id = kept.organization_id
            WHERE NOT EXISTS (
                SELECT 1 FROM unindexed
                WHERE organization_id = kept.organization_id AND kind = '{self.kind}'
                  AND below > kept.seq
            )
        """

    def fill(self, into: str) -> str:
        return f"INSERT INTO {into} (rowid, words) SELECT seq, {self.words} {self.rows}"


ENTITIES = SearchIndex(
    "entity_words", "entity", "entity_texts", "one_entity_words(number, name, text)"
)
PASSAGES = SearchIndex(
    "passage_words", "passage", "chunks", "one_passage_words(number, heading, text)"
)
# made from other tables, so that a row of theirs which leads nowhere is no loss
DERIVED = frozenset({"chunks", "embeddings", "embedding_queue"})


def damage(raw: Raw) -> list[str]:
    """List what SQLite's integrity check finds; it checks the search index's inside too."""
    try:
        found = [row[0] for row in raw.execute("PRAGMA integrity_check")]
    except driver.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def dangling(raw: Raw) -> list[str]:
    """List rows whose foreign keys lead nowhere, but for those that can be made anew."""
    return [
        f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}"
        for row in raw.execute("PRAGMA foreign_key_check")
        if row[0] not in DERIVED
    ]


def journal_mode(raw: Raw) -> str:
    """Read how commits are written; `wal` is what lets several processes work at once."""
    return raw.execute("PRAGMA journal_mode").fetchone()[0]


def search_drift(raw: Raw, index: SearchIndex) -> tuple[int, int]:
    """Compare a search index with one made afresh: rows and words that differ.

    The index keeps no text of its own, so its words and each row's number of words are all there
    is to compare. Writes temporary tables only.
    """
    made = raw.execute("SELECT sql FROM sqlite_schema WHERE name = :name", {"name": index.name})
    raw.execute(made.fetchone()[0].replace(index.name, "temp.fresh", 1))
    raw.execute(f"CREATE VIRTUAL TABLE temp.kept_words USING fts5vocab (main, {index.name}, row)")
    raw.execute("CREATE VIRTUAL TABLE temp.fresh_words USING fts5vocab (temp, fresh, row)")
    raw.execute(index.fill("temp.fresh"))
    differing = (
        _differing(raw, "id, sz", f"main.{index.name}_docsize", "temp.fresh_docsize")
        + _miscounted(raw, index),
        _differing(raw, "term, doc, cnt", "temp.kept_words", "temp.fresh_words"),
    )
    for table in ("kept_words", "fresh_words", "fresh"):
        raw.execute(f"DROP TABLE temp.{table}")
    return differing


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


def _miscounted(raw: Raw, index: SearchIndex) -> int:
    """Count organizations of whose rows another number is kept than there are."""
    return raw.execute(
        f"""
        SELECT count(*)
        FROM (
            SELECT organization_id, texts FROM text_counts WHERE kind = :kind AND texts > 0
            EXCEPT
            SELECT kept.organization_id, count(*) {index.rows} GROUP BY kept.organization_id
        )
        """,
        {"kind": index.kind},
    ).fetchone()[0]


def rebuild_search(raw: Raw, index: SearchIndex) -> None:
    """Fill a search index anew, with the rows that waited for it; runs inside a transaction."""
    kind = {"kind": index.kind}
    raw.execute("DELETE FROM unindexed WHERE kind = :kind", kind)
    raw.execute(f"INSERT INTO {index.name} ({index.name}) VALUES ('delete-all')")
    raw.execute(index.fill(index.name))
    raw.execute("UPDATE text_counts SET texts = 0 WHERE kind = :kind", kind)
    raw.execute(
        f"""
        INSERT INTO text_counts (organization_id, kind, texts, added)
        SELECT kept.organization_id, :kind, count(*), count(*) {index.rows}
        GROUP BY kept.organization_id
        ON CONFLICT (organization_id, kind)
        DO UPDATE SET texts = excluded.texts, added = max(text_counts.added, excluded.texts)
        """,
        kind,
    )


def fill_search(raw: Raw) -> None:
    """Fill all search indexes afresh."""
    for index in (ENTITIES, PASSAGES):
        rebuild_search(raw, index)
