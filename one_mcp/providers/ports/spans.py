"""Spans: what was done, from when to when, as part of which trace."""

from dataclasses import dataclass, field
from typing import Protocol

from one_mcp.traces import TraceContext

Attribute = str | int | bool


@dataclass(frozen=True, slots=True)
class TraceSpan:
    """Something that is over. `error` is the code of what it failed of."""

    name: str
    context: TraceContext
    parent: TraceContext | None
    began_at: int
    ended_at: int
    attributes: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    error: str | None = None
    serves: bool = False  # it answers somebody's request


class Spans(Protocol):
    """Whoever takes spans; nobody waits for them."""

    def take(self, span: TraceSpan) -> None: ...

    def close(self) -> None:
        """Send what is left; blocks for a few seconds at most."""
        ...
