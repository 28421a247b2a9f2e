"""Where messages arrive under stdio, as the SDK's `Server.run` wants it; see `outlet`."""

import os
from collections import deque
from types import TracebackType
from typing import Self

import anyio
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import (
    JSONRPCNotification,
    JSONRPCRequest,
)

from one_mcp.server.stdio import frames
from one_mcp.server.stdio.frames import LineBuffer, Overlong, Refusal
from one_mcp.server.stdio.outlet import Outlet

_CHUNK_BYTES = 256 * 1024
_LAST_ANSWERS_S = 30.0  # for requests under way when the client says no more


class Inlet:
    """Where messages arrive. What cannot be served is answered here and does not get further."""

    def __init__(self, descriptor: int, outlet: Outlet, *, pollable: bool, received: bytes) -> None:
        self._descriptor = descriptor
        self._outlet = outlet
        self._turns = outlet.turns
        self._pollable = pollable
        self._lines = LineBuffer()
        self._waiting: deque[bytes | Overlong] = deque(self._lines.feed(received))
        self.ended = anyio.Event()  # nothing more will be read
        self.left = anyio.Event()  # and nothing more is waited for
        self._reading = anyio.CancelScope()

    async def receive(self) -> SessionMessage:
        """Wait for the next message; raise `EndOfStream` when the client has left."""
        while True:
            if line := self._turns.next():
                self._waiting.appendleft(line)
            while self._waiting:
                if message := await self._admit(self._waiting.popleft()):
                    return message
            if not self.ended.is_set():
                await self._more()
            elif self.left.is_set() or not await self._answered():
                self.left.set()
                raise anyio.EndOfStream

    def end(self) -> None:
        """Take no further message, and wait for no answer."""
        self.ended.set()
        self.left.set()
        self._waiting.clear()
        self._turns.clear()
        self._reading.cancel()

    async def _admit(self, line: bytes | Overlong) -> SessionMessage | None:
        message = frames.parse(line)
        match message:
            case None:
                return None
            case Refusal(answers):
                for answer in answers:
                    await self._outlet.refuse(answer)
                return None
            case JSONRPCRequest(method=method) if method != "subscriptions/listen":
                assert isinstance(line, bytes)  # noqa: S101  # others are refused
                return self._in_turn(message, line)
            case JSONRPCNotification(
                method="notifications/cancelled", params={"requestId": int() | str() as id}
            ):
                self._outlet.forgive(id)
                self._turns.give_up(id)
            case _:
                pass
        return SessionMessage(message)

    def _in_turn(self, request: JSONRPCRequest, line: bytes) -> SessionMessage | None:
        self._outlet.owe(request.id)
        if not self._turns.begin(request.id, request.method):
            self._turns.wait(request.id, line)
            return None

        async def unanswered() -> None:
            self._turns.end(request.id)

        metadata = ServerMessageMetadata(on_request_unanswered=unanswered)
        return SessionMessage(request, metadata)

    async def _more(self) -> None:
        """Wait for lines, or for the turn of a request that waits."""
        with anyio.CancelScope() as self._reading:
            if not self._turns.waiting:
                await self._fill()
            elif self._turns.crowded or not self._pollable:  # a thread's read cannot be left
                await self._turns.ended.wait()
            else:
                async with anyio.create_task_group() as either:
                    either.start_soon(_leave, either.cancel_scope, self._turns.ended)
                    await self._fill()
                    either.cancel_scope.cancel()

    async def _answered(self) -> bool:
        """Wait until a request that waits has its turn; False where none does, or none comes.

        What was asked before the client said no more is answered, within a bound: a script writes
        its requests, closes the pipe and reads.
        """
        with anyio.move_on_after(_LAST_ANSWERS_S) as self._reading:
            if self._turns.waiting:
                await self._turns.ended.wait()
                return True
            await self._outlet.settle()
        return False

    async def _fill(self) -> None:
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


async def _leave(scope: anyio.CancelScope, when: anyio.Event) -> None:
    await when.wait()
    scope.cancel()
