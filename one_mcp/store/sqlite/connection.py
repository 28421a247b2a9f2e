"""One SQLite connection with a thread of its own, and what its failures mean."""

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite

from one_mcp.errors import (
    BusyError,
    DamagedDatabaseError,
    DatabaseError,
    DiskFullError,
    NotADatabaseError,
    OneError,
    OutcomeUnknownError,
    ReadOnlyError,
)
from one_mcp.ontology import decimals
from one_mcp.store import digests, patches
from one_mcp.store.sqlite.driver import driver
from one_mcp.texts import indexed

T = TypeVar("T")
Raw = sqlite3.Connection  # the shape; the module may be a newer build of the same interface
BUSY_WAIT_S = 60.0
BUSY_STEP_S = 0.004
PAGE_CACHE_KIB = 16_384
LOG_BYTES = 16 * 1024 * 1024  # what a write-ahead log shrinks to once all of it is in the file
BUSY = 5
DISK_FAILED = 10
OTHER = (
    DatabaseError,
    "SQLite says: {error}. Nothing was written; check the file with `one-mcp doctor`.",
)
_LOCKED = (
    BusyError,
    (
        "Other processes kept the database locked for a minute; nothing was written. "
        "Try again, or stop the process that holds it."
    ),
)
MEANINGS: dict[int, tuple[type[OneError], str]] = {  # by https://sqlite.org/rescode.html
    BUSY: _LOCKED,
    6: _LOCKED,
    8: (
        ReadOnlyError,
        (
            "The database file or its folder cannot be written; "
            "make them writable, or start with ONE_MCP_READ_ONLY=true."
        ),
    ),
    11: (
        DamagedDatabaseError,
        (
            "{path} is damaged ({error}); nothing was written. "
            "Put a backup in its place with `one-mcp restore`."
        ),
    ),
    13: (
        DiskFullError,
        "The disk is full; nothing was written. Free some space and send the call again.",
    ),
    14: (
        DatabaseError,
        (
            "{path} cannot be opened; check that its folder exists and may be written, or set "
            "ONE_MCP_DATABASE. Where it may only be read, start with ONE_MCP_READ_ONLY=true."
        ),
    ),
    26: (
        NotADatabaseError,
        (
            "{path} is not a SQLite database; "
            "set ONE_MCP_DATABASE to another path, or restore a backup to it."
        ),
    ),
}


class Connection(aiosqlite.Connection):
    """A connection whose unit of work is a whole function, not a statement.

    One hop to the thread and back for a transaction; and since the function cannot await, nobody
    can cancel it half-way.
    """

    def __init__(self, path: str, *, read_only: bool) -> None:
        self._failure: OneError | None = None
        super().__init__(partial(self._open, path, read_only), iter_chunk_size=64)

    async def call(self, function: Callable[[Raw], T]) -> T:
        """Run `function` with the raw connection on the connection's thread.

        Raises the failure to open the file, if there was one.
        """
        if self._failure is not None:
            raise self._failure
        return await self._execute(function, self._conn)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # aiosqlite declares no types here

    def _open(self, path: str, read_only: bool) -> Raw:
        try:
            return connect(path, read_only=read_only)
        except OneError as failure:
            self._failure = failure  # aiosqlite would leave its thread behind if this went through
            return driver.connect(":memory:")


def connect(path: str, *, read_only: bool) -> Raw:
    """Open a raw connection with the settings every connection has; runs on its thread."""
    with failures(path):
        raw: Raw = driver.connect(
            f"{_uri(path)}?{_mode(path) if read_only else 'mode=rwc'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            raw.row_factory = driver.Row
            raw.execute("PRAGMA busy_timeout = 10000")
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("PRAGMA synchronous = FULL")
            raw.execute("PRAGMA secure_delete = ON")  # what is deleted or replaced is overwritten
            raw.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
            raw.execute("PRAGMA temp_store = MEMORY")
            raw.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
            raw.create_function("patch_back", 2, patches.back, deterministic=True)
            raw.create_function("patch_told", 2, patches.told, deterministic=True)
            raw.create_function("decimal_rank", 1, decimals.rank, deterministic=True)
            raw.create_function("one_digest", 1, digests.of, deterministic=True)
            raw.create_function("one_entity_words", 3, indexed.entity, deterministic=True)
            raw.create_function("one_passage_words", 3, indexed.passage, deterministic=True)
        except BaseException:
            raw.close()
            raise
        return raw


def _mode(path: str) -> str:
    """Choose how to open a file that is to be read only.

    Where nobody writes, SQLite must not look for the files beside it, which it would have to make.
    Raises DatabaseError where the newest writes are in a log that cannot be read without a place
    to write.
    """
    if not is_fixed(path):
        return "mode=ro"
    beside = Path(f"{path}-wal")
    if beside.exists() and beside.stat().st_size:
        raise DatabaseError(
            f"The newest writes of {path} are in {beside.name}, which cannot be read in a folder "
            "that may only be read. Open it once where it may be written, or copy both there."
        )
    return "mode=ro&immutable=1"


def is_fixed(path: str) -> bool:
    """Tell whether a file is where this process cannot write, and nobody else has it open."""
    folder, effective = Path(path).absolute().parent, os.access in os.supports_effective_ids
    return (
        Path(path).is_file()
        and not os.access(folder, os.W_OK, effective_ids=effective)
        and not Path(f"{path}-shm").exists()
    )


def _uri(path: str) -> str:
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file://{quoted}" if path.startswith("/") else f"file:{quoted}"  # //a/b names no host


@contextlib.contextmanager
def snapshot(path: str) -> Generator[Raw]:
    """Open a file to be read as it is now, for a long look at all of it, while others write."""
    with contextlib.closing(connect(path, read_only=True)) as raw, failures(path):
        raw.execute("PRAGMA temp_store = FILE")  # the comparison of a search index is large
        raw.execute("BEGIN")
        yield raw


def begin(raw: Raw) -> None:
    """Take the write lock now; wait for other processes with a short random pause.

    SQLite's own waiting sleeps up to 100 ms at a time, which starves one of many writers.
    """
    raw.execute("PRAGMA busy_timeout = 0")
    deadline = time.monotonic() + BUSY_WAIT_S
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except driver.OperationalError as error:
            if code(error) != BUSY or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.0002, BUSY_STEP_S))  # noqa: S311  # jitter, no secret
        else:
            return


def commit(raw: Raw) -> None:
    """Make the open transaction durable.

    Raises OutcomeUnknownError where the disk fails at that: the pages may be on it, and count once
    the log is read anew, or not. Only the same call under the same key does it once in either case.
    """
    try:
        raw.execute("COMMIT")
    except driver.OperationalError as error:
        if code(error) != DISK_FAILED:
            raise
        raise OutcomeUnknownError(
            f"The disk failed while this was made durable ({error}), so whether it was written is "
            "not known. Send the same call again with the same idempotency_key, which does it "
            "once; where it had none, look with get_history first.",
            outcome="unknown",
            retryable=True,
        ) from error


def rollback(raw: Raw) -> None:
    """End an open transaction without a trace; a full disk may have ended it already."""
    if raw.in_transaction:
        with contextlib.suppress(driver.Error):
            raw.execute("ROLLBACK")


def code(error: Exception) -> int:
    """Return SQLite's primary result code of an error; 0 where there is none."""
    extended = getattr(error, "sqlite_errorcode", 0)
    return extended & 0xFF if isinstance(extended, int) else 0


@contextlib.contextmanager
def failures(path: str) -> Generator[None]:
    """Turn SQLite's failures into errors that say what would work."""
    try:
        yield
    except OneError:
        raise
    except driver.Error as error:
        raise _meaning(error, path) from error


def _meaning(error: Exception, path: str) -> OneError:
    kind, sentence = MEANINGS.get(code(error), OTHER)
    return kind(sentence.format(path=path, error=error))
