"""Where messages leave under stdio, as the SDK's `Server.run` wants it; `inlet` is the other end.

Both write and read without a thread where the descriptor can be waited for (pipes, sockets), and
through a worker thread elsewhere (files, terminals).
"""

import os
from types import TracebackType
from typing import Self

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCResponse,
)

from one_mcp.opening.playing import Opening
from one_mcp.server.stdio import frames
from one_mcp.server.stdio.frames import Id
from one_mcp.server.stdio.turns import Turns

_CHUNK_BYTES = 256 * 1024


class Outlet:
    """Where messages leave: each is written whole, whatever happens to its sender meanwhile."""

    def __init__(self, descriptor: int, *, pollable: bool, opening: Opening) -> None:
        self._descriptor = descriptor
        self._pollable = pollable
        self._said: set[tuple[str, object]] = {("answer", id) for id in opening.answered}
        self._said |= {("stream", id) for id in opening.acknowledged}
        self._owed: set[Id] = set()
        self.turns = Turns()
        self._unwritten: list[Id] = []  # requests whose answers are in the backlog
        self._backlog = bytearray()
        self._filled = anyio.Event()
        self._drained = anyio.Event()
        self._settled = anyio.Event()
        self.broken = anyio.Event()

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message, and wait while the client is slow to read."""
        message = item.message
        self._say(message)
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self._unwritten.append(message.id)
        await self._written()

    async def refuse(self, answer: JSONRPCError) -> None:
        """Answer a line that never became a request under way."""
        self._say(answer)
        await self._written()

    def _say(self, message: JSONRPCMessage) -> None:
        if self.broken.is_set():
            raise anyio.BrokenResourceError
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self.forgive(message.id)
        if self._said and (said := _subject(message)) in self._said:
            self._said.remove(said)
        elif frame := frames.encode(message):
            self._put(frame)

    async def _written(self) -> None:
        if self._backlog:
            await self._drained.wait()
        else:
            self._end_turns()

    def _end_turns(self) -> None:
        for id in self._unwritten:
            self.turns.end(id)
        self._unwritten.clear()

    def owe(self, id: Id) -> None:
        """Note a request that waits for its answer."""
        self._owed.add(id)

    def forgive(self, id: Id) -> None:
        """Note that a request is answered, or needs no answer any more."""
        self._owed.discard(id)
        if not self._owed:
            self._settled.set()

    async def settle(self) -> None:
        """Wait until no request waits for its answer."""
        self._settled = anyio.Event()
        if self._owed:
            await self._settled.wait()

    async def drain(self) -> None:
        """Write what could not be written at once, for ever."""
        while True:
            await self._filled.wait()
            self._filled = anyio.Event()
            try:
                while self._backlog:
                    del self._backlog[: await self._write_later()]
            except OSError:
                self.break_off()
            self._drained.set()
            self._drained = anyio.Event()
            self._end_turns()

    async def flush(self) -> None:
        """Wait until everything is written."""
        if self._backlog and not self.broken.is_set():
            await self._drained.wait()

    def _put(self, frame: bytes) -> None:
        if self._pollable and not self._backlog:
            try:
                frame = frame[os.write(self._descriptor, frame) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self.break_off()
                raise anyio.BrokenResourceError from error
        if frame:
            self._backlog += frame
            self._filled.set()

    async def _write_later(self) -> int:
        chunk = bytes(self._backlog[:_CHUNK_BYTES])
        if not self._pollable:
            return await anyio.to_thread.run_sync(os.write, self._descriptor, chunk)
        await anyio.wait_writable(self._descriptor)
        try:
            return os.write(self._descriptor, chunk)
        except BlockingIOError:
            return 0

    def break_off(self) -> None:
        """Write no more: nobody reads."""
        self._backlog.clear()
        self.broken.set()

    async def aclose(self) -> None:
        """Leave the descriptor open: it belongs to the process."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        return None


def _subject(message: JSONRPCMessage) -> tuple[str, object]:
    """Name what a message says, so that it is not said twice."""
    match message:
        case JSONRPCResponse(id=id) | JSONRPCError(id=id):
            return "answer", id
        case JSONRPCNotification(
            method="notifications/subscriptions/acknowledged",
            params={"_meta": {"io.modelcontextprotocol/subscriptionId": id}},
        ):
            return "stream", id
        case _:
            return "", None
