"""What a simulated vendor remembers, and where: its objects survive a restart."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from one_mcp.jsons import JsonObject

R = TypeVar("R")


class Drawer(Protocol):
    """The objects of one simulated vendor, inside a transaction."""

    @property
    def now_ms(self) -> int: ...

    def get(self, kind: str, id: str) -> JsonObject | None: ...

    def put(self, kind: str, id: str, body: JsonObject, mark: str = "") -> None:
        """Write an object, new or changed; it can be looked up by its `mark`, too."""
        ...

    def find(self, kind: str, mark: str) -> list[JsonObject]:
        """List the objects with a mark, the oldest first."""
        ...


class Cabinet(Protocol):
    """Where drawers are kept."""

    async def open(self, run: Callable[[Drawer], R]) -> R:
        """Run a function on a drawer, wholly or not at all."""
        ...
