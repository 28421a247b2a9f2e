"""Tracing: an operation as one span with a child for each step, whichever processes took them.

The span's id follows from the operation's, and its parent stands in the journal, so that a process
that goes on with it continues the trace (D-89). It is told once, by whoever ends the operation.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from one_mcp import traces
from one_mcp.dimensions.operations.operation import Operation, State
from one_mcp.money_errors import LostLeaseError
from one_mcp.providers.ports.spans import Attribute, TraceSpan
from one_mcp.services import failures
from one_mcp.session import Session

_NAMES = {"purchase": "purchaseTokens"}  # as the specification calls it
_SPECIFIED = {"userId": "buyer", "tokenId": "item", "amount": "amount"}


@asynccontextmanager
async def step(
    one: Session, at: Operation, name: str, *, undoing: bool = False
) -> AsyncGenerator[None]:
    """Tell of one try of a step, however it ends."""
    tracing = one.providers.tracing
    if not tracing.is_on:
        yield
        return
    began_at, error = one.clock(), None
    try:
        yield
    except LostLeaseError:
        error = LostLeaseError.code
        raise
    except Exception as failed:
        error = failures.code(failed)
        raise
    finally:
        own = traces.of(at.id, traces.parse(at.traceparent))
        row = (at.back if undoing else at.done)[name]
        await tracing.tell(
            TraceSpan(
                f"undo {name}" if undoing else name,
                own.child(),
                own,
                began_at,
                one.clock(),
                {"one_mcp.operation": at.id, "one_mcp.attempt": row.attempts},
                error,
            )
        )


async def ended(one: Session, at: Operation) -> None:
    """Tell of an operation that has come to its end."""
    tracing = one.providers.tracing
    if not tracing.is_on:
        return
    parent = traces.parse(at.traceparent)
    code = (at.failure or {}).get("code")
    await tracing.tell(
        TraceSpan(
            _NAMES.get(at.kind, at.kind),
            traces.of(at.id, parent),
            parent,
            at.created_at,
            at.updated_at,
            _attributes(at),
            str(code) if at.state is State.UNDONE else None,
        )
    )


def _attributes(at: Operation) -> dict[str, Attribute]:
    """Say which operation it was; of who and how much only what the specification names."""
    own: dict[str, Attribute] = {
        "one_mcp.operation": at.id,
        "one_mcp.state": at.state.value,
        "one_mcp.simulated": at.simulated,
    }
    if at.kind not in _NAMES:
        return own
    return {**{name: str(at.body[under]) for name, under in _SPECIFIED.items()}, **own}
