"""Tasks as the extension writes them."""

from dataclasses import dataclass
from typing import Literal

from one_mcp import clock
from one_mcp.jsons import JsonObject

Status = Literal["working", "input_required", "completed", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Task:
    """Work that a call began, and how it goes. `more` is what its status demands beside.

    A task that is `completed` has a `result` there, one that `failed` an `error`, one that waits
    for input its `inputRequests`. Without `ttl_ms` it is kept for good.
    """

    id: str
    status: Status
    message: str
    created_at: int
    updated_at: int
    poll_ms: int
    more: JsonObject
    ttl_ms: int | None = None


def created(task: Task) -> JsonObject:
    """Write the answer of the call that began a task."""
    return {"resultType": "task", **_fields(task)}


def detailed(task: Task) -> JsonObject:
    """Write the answer of `tasks/get`."""
    return {"resultType": "complete", **_fields(task), **task.more}


def _fields(task: Task) -> JsonObject:
    return {
        "taskId": task.id,
        "status": task.status,
        "statusMessage": task.message,
        "createdAt": clock.to_text(task.created_at),
        "lastUpdatedAt": clock.to_text(task.updated_at),
        "ttlMs": task.ttl_ms,
        "pollIntervalMs": task.poll_ms,
    }
