"""Traces: the context of W3C by which work in several places is one story.

https://www.w3.org/TR/trace-context/
"""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of a trace, by hexadecimal ids; what is not `sampled` is told nobody."""

    trace: str
    span: str
    sampled: bool = True

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{int(self.sampled):02x}"

    def child(self) -> "TraceContext":
        return TraceContext(self.trace, secrets.token_hex(_SPAN_DIGITS // 2), self.sampled)


def new() -> TraceContext:
    """Begin a trace."""
    return TraceContext(secrets.token_hex(_TRACE_DIGITS // 2), secrets.token_hex(_SPAN_DIGITS // 2))


def parse(header: object) -> TraceContext | None:
    """Read a `traceparent`; None for what is none, which the standard wants to be ignored."""
    found = _HEADER.fullmatch(header) if isinstance(header, str) else None
    if found is None:
        return None
    version, trace, span, flags, later = found.groups()
    if version == "ff" or (version == "00" and later) or not (int(trace, 16) and int(span, 16)):
        return None
    return TraceContext(trace, span, bool(int(flags, 16) & 1))


def of(id: str, parent: TraceContext | None) -> TraceContext:
    """Return the span of something with an id, which is the same in every process."""
    span = sha256(f"span {id}".encode()).hexdigest()[:_SPAN_DIGITS]
    if parent is not None:
        return TraceContext(parent.trace, span, parent.sampled)
    return TraceContext(sha256(f"trace {id}".encode()).hexdigest()[:_TRACE_DIGITS], span)
