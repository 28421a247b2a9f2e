"""Turns: how many requests of a client are served at once, and which wait until one ends.

A request has ended when its answer is written, not when it is made: a client that sends thousands
and reads late would otherwise have all their answers kept here.
"""

from collections import Counter, deque

import anyio

from one_mcp.server.stdio.frames import Id

AT_ONCE = 64
WAITING_BYTES = 16 * 1024 * 1024


class Turns:
    """Counts the requests under way, and keeps the lines of those that wait."""

    def __init__(self) -> None:
        self._under_way: Counter[Id] = Counter()
        self._waiting: deque[tuple[Id, bytes]] = deque()
        self._waiting_bytes = 0
        self.ended = anyio.Event()  # the next turn that ends sets it

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def crowded(self) -> bool:
        """Whether so much waits that nothing more is read."""
        return self._waiting_bytes >= WAITING_BYTES

    def begin(self, id: Id, method: str) -> bool:
        """Take a turn, if there is one; a ping is answered before those that wait."""
        most = AT_ONCE if method != "ping" else 2 * AT_ONCE
        if self._under_way.total() >= most:
            return False
        self._under_way[id] += 1
        return True

    def end(self, id: Id) -> None:
        """Give back the turn of a request, if it had one."""
        if self._under_way[id] > 1:
            self._under_way[id] -= 1
        else:
            del self._under_way[id]
        self.ended.set()
        self.ended = anyio.Event()

    def wait(self, id: Id, line: bytes) -> None:
        """Keep a request until there is a turn for it."""
        self._waiting.append((id, line))
        self._waiting_bytes += len(line)

    def next(self) -> bytes | None:
        """Take the request that has waited longest, if there is a turn for it."""
        if not self._waiting or self._under_way.total() >= AT_ONCE:
            return None
        _, line = self._waiting.popleft()
        self._waiting_bytes -= len(line)
        return line

    def give_up(self, id: Id) -> None:
        """Let go of a request that its client cancels while it waits."""
        for place, (other, line) in enumerate(self._waiting):
            if str(other) == str(id):
                del self._waiting[place]
                self._waiting_bytes -= len(line)
                return

    def clear(self) -> None:
        """Let go of all that wait."""
        self._waiting.clear()
        self._waiting_bytes = 0
