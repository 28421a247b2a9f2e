"""Workflows: a table of steps at vendors, and the business rows that its end leaves behind."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from one_mcp.dimensions.commerce.receipts import Letter
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.services.rails import Rails
from one_mcp.session import Session
from one_mcp.store.work import Work


@dataclass(frozen=True, slots=True)
class Run:
    """What a step works with: the caller's door, the vendors, the operation so far."""

    one: Session
    rails: Rails
    operation: Operation

    @property
    def body(self) -> JsonObject:
        return self.operation.body

    def key(self, effect: str) -> str:
        """Make the key of an effect: of the operation and never of the attempt (D-24)."""
        return f"{self.operation.id}:{effect}"


Effect = Callable[[Run], Awaitable[JsonObject]]


@dataclass(frozen=True, slots=True)
class Step:
    """One effect. Where it may be repeated, `do` has its effect once all the same.

    `resolve` finds out whether an effect happened, without causing it; None says that it did not.
    Without it, `do` is repeated to know. `starts_deadline` is for the step that holds funds.
    """

    name: str
    do: Effect
    undo: Effect | None = None
    resolve: Callable[[Run], Awaitable[JsonObject | None]] | None = None
    is_pivot: bool = False
    starts_deadline: bool = False


Receipt = Callable[[Work, Operation], Letter | None]
Conclusion = Callable[[Work, Operation], JsonObject]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A table of steps. `finish` and `undone` write the business rows that an end leaves behind.

    `receipt` writes the mail that tells of a good one.
    `steps` chooses those that an operation has by its body. An operation of another `version` is
    left to a person.
    """

    kind: str
    version: int
    steps: Callable[[JsonObject], Sequence[Step]]
    finish: Conclusion
    undone: Conclusion
    receipt: Receipt | None = None
