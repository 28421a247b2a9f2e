"""The write-ahead log: what a reader made it grow to is given back."""

import threading
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from one_mcp.app import App
from one_mcp.dimensions.entities import entity
from one_mcp.session import Session
from one_mcp.store.ports import Raw
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


@pytest.mark.anyio
async def test_an_export_of_long_duration_leaves_no_large_log(app: App, one: Session) -> None:
    """One snapshot is one state of all; what others write meanwhile collects in the log."""
    log = app.settings.database.with_name("one.db-wal")
    reading, enough = threading.Event(), threading.Event()

    def read_long(raw: Raw) -> int:
        count = "SELECT count(*) FROM entities"
        before = raw.execute(count).fetchone()[0]
        reading.set()
        enough.wait(60)
        return raw.execute(count).fetchone()[0] - before

    def fill(raw: Raw) -> None:
        raw.execute("CREATE TABLE IF NOT EXISTS fillings (filling BLOB)")
        raw.execute("INSERT INTO fillings VALUES (zeroblob(4000000))")

    seen: list[int] = []

    async def export() -> None:
        seen.append(await app.database.read(read_long))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(export)
        await to_thread.run_sync(reading.wait, 60)
        for _ in range(6):
            await app.database.write(fill)
        await one.write(entity.create, "website", "Meanwhile")
        grown = log.stat().st_size
        enough.set()
    for name in ("First", "Second"):
        await one.write(entity.create, "website", name)

    assert seen == [0]
    assert grown > LOG_BYTES
    assert log.stat().st_size <= LOG_BYTES
