"""The two ends of the wire under stdio, as the SDK's `Server.run` wants them.

Both write and read without a thread where the descriptor can be waited for (pipes, sockets), and
through a worker thread elsewhere (files, terminals).
"""

import os
from collections import deque
from types import TracebackType
from typing import Self

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from one_mcp.prelude import Opening
from one_mcp.server import frames
from one_mcp.server.frames import Id, Lines, Overlong, Refusal

_CHUNK_BYTES = 256 * 1024
_LAST_ANSWERS_S = 0.025  # for requests under way when the client says no more


class Outlet:
    """Where messages leave: each is written whole, whatever happens to its sender meanwhile."""

    def __init__(self, descriptor: int, *, pollable: bool, opening: Opening) -> None:
        self._descriptor = descriptor
        self._pollable = pollable
        self._said: set[tuple[str, object]] = {("answer", id) for id in opening.answered}
        self._said |= {("stream", id) for id in opening.acknowledged}
        self._owed: set[Id] = set()
        self._backlog = bytearray()
        self._filled = anyio.Event()
        self._drained = anyio.Event()
        self._settled = anyio.Event()
        self.broken = anyio.Event()

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message, and wait while the client is slow to read."""
        if self.broken.is_set():
            raise anyio.BrokenResourceError
        message = item.message
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self.forgive(message.id)
        if self._said and (said := _subject(message)) in self._said:
            self._said.remove(said)
            return
        if frame := frames.encode(message):
            self._put(frame)
        if self._backlog:
            await self._drained.wait()

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


class Inlet:
    """Where messages arrive. What cannot be served is answered here and does not get further."""

    def __init__(self, descriptor: int, outlet: Outlet, *, pollable: bool, received: bytes) -> None:
        self._descriptor = descriptor
        self._outlet = outlet
        self._pollable = pollable
        self._lines = Lines()
        self._waiting: deque[bytes | Overlong] = deque(self._lines.feed(received))
        self.ended = anyio.Event()
        self._reading = anyio.CancelScope()

    async def receive(self) -> SessionMessage:
        """Wait for the next message; raise `EndOfStream` when the client has left."""
        while True:
            while self._waiting:
                if message := await self._admit(self._waiting.popleft()):
                    return message
            if self.ended.is_set():
                with anyio.move_on_after(_LAST_ANSWERS_S):
                    await self._outlet.settle()
                raise anyio.EndOfStream
            await self._fill()

    def end(self) -> None:
        """Take no further message."""
        self.ended.set()
        self._waiting.clear()
        self._reading.cancel()

    async def _admit(self, line: bytes | Overlong) -> SessionMessage | None:
        message = frames.parse(line)
        match message:
            case None:
                return None
            case Refusal(answers):
                for answer in answers:
                    await self._outlet.send(SessionMessage(answer))
                return None
            case JSONRPCRequest(id=id, method=method) if method != "subscriptions/listen":
                self._outlet.owe(id)
            case JSONRPCNotification(
                method="notifications/cancelled", params={"requestId": int() | str() as id}
            ):
                self._outlet.forgive(id)
            case _:
                pass
        return SessionMessage(message)

    async def _fill(self) -> None:
        with anyio.CancelScope() as self._reading:
            if chunk := await self._read():
                self._waiting.extend(self._lines.feed(chunk))
                return
            self.ended.set()
            if line := self._lines.end():
                self._waiting.append(line)

    async def _read(self) -> bytes:
        if not self._pollable:
            return await anyio.to_thread.run_sync(
                os.read, self._descriptor, _CHUNK_BYTES, abandon_on_cancel=True
            )
        while True:
            try:
                return os.read(self._descriptor, _CHUNK_BYTES)
            except BlockingIOError:
                await anyio.wait_readable(self._descriptor)

    async def aclose(self) -> None:
        """Leave the descriptor open: it belongs to the process."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        return None
