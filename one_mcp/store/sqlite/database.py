"""The database: one writer, a few readers, one file that other processes share."""

import contextlib
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from one_mcp.errors import DatabaseError, OneError, ReadOnlyError
from one_mcp.store.sqlite import erasing, lock, schema
from one_mcp.store.sqlite.connection import (
    Connection,
    Raw,
    begin,
    commit,
    connect,
    failures,
    is_fixed,
    rollback,
)
from one_mcp.store.sqlite.migrate import check, migrate, newest, version

T = TypeVar("T")
READERS = 3


@dataclass(frozen=True, slots=True)
class FirstUse:
    """What a file needs once it has its schema, and how to tell that it has it."""

    is_ready: Callable[[Raw], bool]
    make_ready: Callable[[Raw], None]


class Database:
    """Runs whole functions as transactions; several processes may do so on one file.

    The file is opened on first use, and again on the next use where that failed: a server whose
    file cannot be opened lives on, and says why on every call.
    """

    def __init__(
        self, path: Path, stack: AsyncExitStack, first: FirstUse, *, read_only: bool
    ) -> None:
        self.path = path
        self._name = str(path)
        self.read_only = read_only
        self._stack = stack
        self._first = first
        self._writer: Connection | None = None
        self._idle: deque[Connection] = deque()
        self._slots = anyio.Semaphore(READERS)
        self._opened: tuple[int, ...] | None = None
        self._fixed = False
        self._started = False
        self._starting = anyio.Lock()

    async def read(self, function: Callable[[Raw], T]) -> T:
        """Run `function` on a snapshot of the file."""
        if not self._started:
            await self.start()
        async with self._slots:
            reader = self._idle.popleft() if self._idle else await self._reader()
            try:
                return await reader.call(partial(self._snapshot, function))
            finally:
                self._idle.append(reader)

    async def glance(self, function: Callable[[Raw], T]) -> T | None:
        """Run `function` as `read` does, but without opening a file that nobody has used yet.

        Such a file is looked at and left alone again; None where it cannot be read as it is.
        """
        if self._started:
            return await self.read(function)
        return await to_thread.run_sync(_glanced, function, self.path)

    async def write(self, function: Callable[[Raw], T], *, keep: bool = True) -> T:
        """Run `function` as one durable transaction; its exception rolls everything back.

        The call goes on when its caller is cancelled: it is wholly done or wholly not. Without
        `keep` everything is rolled back in any case: a rehearsal.
        """
        if self.read_only:
            raise ReadOnlyError(
                "This server was started read-only; start one with ONE_MCP_READ_ONLY=false."
            )
        if self._writer is None:
            await self.start()
        return await _to_the_end(self._writer, partial(self._transaction, function, keep))

    async def erase(self, *, rewrite: bool) -> bool:
        """Leave nothing of what was deleted before in the file or beside it.

        `rewrite` writes the whole file anew, for what was deleted without being overwritten.
        False where somebody who reads keeps the write-ahead log from being cut.
        """
        for index in await self.write(erasing.indexes):
            more = await self.write(partial(erasing.merge, index=index, first=True))
            while more:
                more = await self.write(partial(erasing.merge, index=index, first=False))

        def last(raw: Raw) -> bool:
            with failures(self._name):
                self._require_same()
                if rewrite:
                    erasing.rewrite(raw)
                return erasing.cut_log(raw)

        return await _to_the_end(self._writer, last)

    async def start(self) -> None:
        """Open the file and bring its schema up to date; once is enough.

        Raises a DatabaseError where the file cannot be used as it is.
        """
        async with self._starting:
            if self._started:
                return
            async with AsyncExitStack() as opened:
                if not self.read_only:
                    await to_thread.run_sync(_make_place, self.path)
                opened.enter_context(lock.on(self.path))
                prepare = _check if self.read_only else partial(_prepare, self._first)
                connection = Connection(self._name, read_only=self.read_only)
                await _open(opened, connection)
                await connection.call(partial(prepare, self._name))
                self._fixed = self.read_only and is_fixed(self._name)
                self._opened = await connection.call(lambda _: self._identity())
                self._stack.push_async_exit(opened.pop_all())
            if self.read_only:
                self._idle.append(connection)
            else:
                self._writer = connection
            self._started = True

    async def _reader(self) -> Connection:
        connection = Connection(self._name, read_only=True)
        await _open(self._stack, connection)
        return connection

    def _snapshot(self, function: Callable[[Raw], T], raw: Raw) -> T:
        with failures(self._name):
            self._require_same()
            raw.execute("BEGIN")
            try:
                answer = function(raw)
            finally:
                rollback(raw)
            if self._fixed:  # nothing is locked: whoever may write it could have done so meanwhile
                self._require_same()
            return answer

    def _transaction(self, function: Callable[[Raw], T], keep: bool, raw: Raw) -> T:
        with failures(self._name):
            self._require_same()
            return _ended(function, raw, commit if keep else rollback)

    def _require_same(self) -> None:
        """Raise DatabaseError where the path leads to another file now: SQLite does not notice."""
        if self._identity() != self._opened:
            raise DatabaseError(
                f"{self.path} was {'written' if self._fixed else 'deleted'} or replaced while this "
                "server had it open; nothing was written. Put the file back, or restart the server "
                "to use what is there now."
            )

    def _identity(self) -> tuple[int, ...] | None:
        """Tell files apart that had one path after another; None where there is none.

        A file that is taken never to change is another one, too, once it was written.
        """
        try:
            found = self.path.stat()
        except OSError:
            return None
        if not self._fixed:
            return found.st_dev, found.st_ino
        is_written = not is_fixed(self._name)
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, is_written


async def _open(stack: AsyncExitStack, connection: Connection) -> None:
    """Open a connection for as long as the stack lives; half-open, its thread would outlive it."""
    with anyio.CancelScope(shield=True):
        await stack.enter_async_context(connection)


async def _to_the_end(connection: Connection | None, function: Callable[[Raw], T]) -> T:
    assert connection is not None  # noqa: S101  # start() opened it, or raised
    answers: list[T] = []
    with anyio.CancelScope(shield=True):
        answers.append(await connection.call(function))
    return answers[0]


def _glanced(function: Callable[[Raw], T], path: Path) -> T | None:
    if not path.is_file():
        return None
    try:
        # a connection that only reads would leave files of SQLite's beside it
        with (
            lock.on(path),
            closing(connect(str(path), read_only=False)) as raw,
            failures(str(path)),
        ):
            return function(raw) if version(raw) == newest() else None
    except OneError:  # whoever uses the file is told what is wrong with it
        return None


def _make_place(path: Path) -> None:
    """Make the folder, and an empty file that only its owner reads: a whole business comes in it.

    SQLite gives the files beside it the same mode.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder of {path} cannot be made ({error.strerror}); set ONE_MCP_DATABASE."
        ) from error
    with contextlib.suppress(OSError):  # it is there, or SQLite will say what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _ended(function: Callable[[Raw], T], raw: Raw, end: Callable[[Raw], None]) -> T:
    begin(raw)
    try:
        answer = function(raw)
        end(raw)
    except BaseException:
        rollback(raw)
        raise
    return answer


def _prepare(first: FirstUse, path: str, raw: Raw) -> None:
    with failures(path):
        check(raw, path)
        raw.execute("PRAGMA journal_mode = WAL")
        migrate(raw, path)
        schema.require(raw, path)
        if not first.is_ready(raw):
            _ended(first.make_ready, raw, commit)


def _check(path: str, raw: Raw) -> None:
    with failures(path):
        check(raw, path)
        if version(raw) < newest():
            raise DatabaseError(
                f"{path} has an older schema, which a read-only server cannot bring up to date; "
                "start one-mcp once without ONE_MCP_READ_ONLY."
            )
        schema.require(raw, path)


@asynccontextmanager
async def open_database(
    path: Path, first: FirstUse, *, read_only: bool = False
) -> AsyncGenerator[Database]:
    """Stand ready to open the file at `path`; `first` runs where that is needed.

    The file and its folder are made where they are missing.
    """
    async with AsyncExitStack() as stack:
        yield Database(path, stack, first, read_only=read_only)
