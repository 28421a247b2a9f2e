"""The database: one writer, a few readers, one file that other processes share."""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio

from one_mcp.errors import ReadOnlyError
from one_mcp.store.sqlite import presence
from one_mcp.store.sqlite.connection import Connection, Raw, begin, connect, failures, rollback
from one_mcp.store.sqlite.migrate import check, migrate

T = TypeVar("T")
READERS = 3


class Database:
    """Runs whole functions as transactions; several processes may do so on one file."""

    def __init__(self, path: str, stack: AsyncExitStack, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._stack = stack
        self._writer: Connection | None = None
        self._idle: deque[Connection] = deque()
        self._opened = 0
        self._slots = anyio.Semaphore(READERS)

    async def read(self, function: Callable[[Raw], T]) -> T:
        """Run `function` on a snapshot of the file."""
        async with self._slots:
            reader = self._idle.popleft() if self._idle else await self._open(read_only=True)
            try:
                return await reader.call(partial(_snapshot, self.path, function))
            finally:
                self._idle.append(reader)

    async def write(self, function: Callable[[Raw], T]) -> T:
        """Run `function` as one durable transaction; its exception rolls everything back.

        The call goes on when its caller is cancelled: it is wholly done or wholly not.
        """
        if self._writer is None:
            raise ReadOnlyError(
                "This server was started read-only; start one with ONE_MCP_READ_ONLY=false."
            )
        return await _to_the_end(self._writer, partial(_transaction, self.path, function))

    async def start(self) -> None:
        """Open the writer and bring the schema up to date; readers open when they are needed."""
        if self.read_only:
            reader = await self._open(read_only=True)
            await reader.call(partial(_check, self.path))
            self._idle.append(reader)
        else:
            self._writer = await self._open(read_only=False)
            await self._writer.call(partial(_prepare, self.path))

    async def _open(self, *, read_only: bool) -> Connection:
        connection = Connection(partial(connect, self.path, read_only=read_only), 64)
        await self._stack.enter_async_context(connection)
        return connection


async def _to_the_end(connection: Connection, function: Callable[[Raw], T]) -> T:
    answers: list[T] = []
    with anyio.CancelScope(shield=True):
        answers.append(await connection.call(function))
    return answers[0]


def _prepare(path: str, raw: Raw) -> None:
    with failures(path):
        check(raw, path)
        raw.execute("PRAGMA journal_mode = WAL")
        migrate(raw, path)
        raw.execute("PRAGMA optimize = 0x10002")  # https://sqlite.org/pragma.html#pragma_optimize


def _check(path: str, raw: Raw) -> None:
    with failures(path):
        check(raw, path)


def _snapshot(path: str, function: Callable[[Raw], T], raw: Raw) -> T:
    with failures(path):
        raw.execute("BEGIN")
        try:
            return function(raw)
        finally:
            rollback(raw)


def _transaction(path: str, function: Callable[[Raw], T], raw: Raw) -> T:
    with failures(path):
        begin(raw)
        try:
            answer = function(raw)
            raw.execute("COMMIT")
        except BaseException:
            rollback(raw)
            raise
        return answer


@asynccontextmanager
async def open_database(path: Path, *, read_only: bool = False) -> AsyncGenerator[Database]:
    """Open the file at `path`, making it and its folder where they are missing."""
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(presence.on(path))
        database = Database(str(path), stack, read_only=read_only)
        await database.start()
        yield database
