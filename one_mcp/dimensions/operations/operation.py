"""Operations: work that leaves the database, as far as its journal says it has come."""

from dataclasses import dataclass
from enum import StrEnum

from one_mcp import jsons
from one_mcp.errors import NotFoundError
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Row, Work

_COLUMNS = (
    "id, kind, version, plan_id, person_id, role, simulated, state, was, body, answer, failure,"
    " deadline, traceparent, fence, leased_until, due_at, created_at, updated_at"
)


class State(StrEnum):
    """Where an operation stands: on its way, on its way back, at an end, or left to a person."""

    RUNNING = "running"
    UNDOING = "undoing"
    DONE = "done"
    UNDONE = "undone"
    NEEDS_REVIEW = "needs_review"
    HELD = "held"


class StepState(StrEnum):
    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


OPEN = frozenset({State.RUNNING, State.UNDOING})


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step, forwards or back: its state, and what came of it."""

    name: str
    state: StepState
    attempts: int
    result: JsonObject
    failure: JsonObject | None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as the journal has it.

    `was` is its state before it needed review or was held. `body` is what it was begun with, `done`
    and `back` its steps forwards and back by their names. `fence` is the number under which the
    reader may write, if it is the one who took it.
    """

    id: str
    kind: str
    version: int
    plan: str | None
    person: str
    role: str
    simulated: bool
    state: State
    was: State | None
    body: JsonObject
    answer: JsonObject | None
    failure: JsonObject | None
    deadline: int | None
    traceparent: str | None
    fence: int
    leased_until: int
    due_at: int
    created_at: int
    updated_at: int
    done: dict[str, StepRow]
    back: dict[str, StepRow]

    @property
    def mark(self) -> JsonObject:
        return mark(simulated=self.simulated)

    def result(self, step: str) -> JsonObject:
        """Return what came of a step; nothing where it is not done."""
        row = self.done.get(step)
        return row.result if row is not None and row.state is StepState.DONE else {}


def mark(*, simulated: bool) -> JsonObject:
    """Return what marks the rows that a simulation leaves behind: they are no business."""
    return {"simulated": True} if simulated else {}


def read(work: Work, id: str) -> Operation:
    """Return an operation with its steps; raises NotFoundError."""
    row = work.one(
        f"""
        SELECT {_COLUMNS}
        FROM operations
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    if row is None:
        raise NotFoundError(
            f"There is no operation {id}; list_operations shows what there is.", id=id
        )
    steps = work.all(
        """
        SELECT name, undoing, state, attempts, result, failure
        FROM operation_steps
        WHERE organization_id = :organization
          AND operation_id = :id
        ORDER BY at, name
        """,
        id=id,
    )
    return _operation(row, steps)


def of_subject(work: Work, kind: str, entity: str) -> str | None:
    """Return the operation of a kind that needs an entity and has not ended, if there is one."""
    return work.value(
        """
        SELECT operations.id
        FROM operation_subjects
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id = operation_subjects.operation_id
        WHERE operation_subjects.organization_id = :organization
          AND operation_subjects.entity_id = :entity
          AND operations.kind = :kind
        ORDER BY operations.id
        LIMIT 1
        """,
        entity=entity,
        kind=kind,
    )


def _operation(row: Row, steps: list[Row]) -> Operation:
    return Operation(
        id=row["id"],
        kind=row["kind"],
        version=row["version"],
        plan=row["plan_id"],
        person=row["person_id"],
        role=row["role"],
        simulated=bool(row["simulated"]),
        state=State(row["state"]),
        was=None if row["was"] is None else State(row["was"]),
        body=jsons.load_object(row["body"]),
        answer=_object(row["answer"]),
        failure=_object(row["failure"]),
        deadline=row["deadline"],
        traceparent=row["traceparent"],
        fence=row["fence"],
        leased_until=row["leased_until"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        done={it["name"]: _step(it) for it in steps if not it["undoing"]},
        back={it["name"]: _step(it) for it in steps if it["undoing"]},
    )


def _step(row: Row) -> StepRow:
    return StepRow(
        row["name"],
        StepState(row["state"]),
        row["attempts"],
        _object(row["result"]) or {},
        _object(row["failure"]),
    )


def _object(text: str | None) -> JsonObject | None:
    return None if text is None else jsons.load_object(text)


def was_any(work: Work, *, simulated: bool) -> bool:
    """Tell whether the organization has done anything live, or anything simulated."""
    found = work.one(
        """
        SELECT 1
        FROM operations
        WHERE organization_id = :organization
          AND simulated = :simulated
          AND state = 'done'
        LIMIT 1
        """,
        simulated=int(simulated),
    )
    return found is not None
