"""Former: what a line tells of that is something else by now, since it was merged or converted."""

from dataclasses import dataclass
from typing import NamedTuple

from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store.work import Row


@dataclass(frozen=True, slots=True)
class Former:
    """The row that it is now, its id until the change `since`, and what it was before that.

    What it was is missing where the log has it no more.
    """

    row: Row
    id: str
    was: JsonObject | None
    since: int

    @property
    def is_merged(self) -> bool:
        return self.id != self.row["id"]


class News(NamedTuple):
    """What a line says of a field, which is not what the former entity had, nor what it has now."""

    field: str
    value: JsonValue
    was: JsonValue
    now: JsonValue
