"""The write-ahead log: what a reader made it grow to is given back."""

from contextlib import closing
from pathlib import Path

from one_mcp.store.sqlite.connection import LOG_BYTES, connect


def test_the_log_shrinks_once_no_reader_holds_it(tmp_path: Path) -> None:
    path, log = tmp_path / "one.db", tmp_path / "one.db-wal"
    with (
        closing(connect(str(path), read_only=False)) as writer,
        closing(connect(str(path), read_only=False)) as reader,
    ):
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE things (thing BLOB)")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM things").fetchone()
        for _ in range(6):
            writer.execute("INSERT INTO things VALUES (zeroblob(4000000))")
        grown = log.stat().st_size
        reader.execute("COMMIT")
        for _ in range(3):
            writer.execute("INSERT INTO things VALUES (1)")

        assert grown > LOG_BYTES
        assert log.stat().st_size <= LOG_BYTES
