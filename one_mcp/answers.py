"""What every answer has in common."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

MOST_CHARACTERS = (
    48_000  # of an answer: some clients show a model the name of a file instead of more
)
ROOM_CHARACTERS = 40_000  # of these for what was asked; the rest is for what stands around it
BRIEF_CHARACTERS = 8_000  # where nobody asked for more

A = TypeVar("A", bound=BaseModel)


class Answer(BaseModel):
    """An answer that a model reads: flat, short keys, names beside ids, nothing empty.

    It `quotes` what users have stored, unless it says that it does not.
    """

    quotes: ClassVar[bool] = True
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Written(Answer):
    """The answer of a write.

    `change` is what `undo_change` takes; it is missing when nothing had to be written. `replayed`
    says that the idempotency key was seen before, and that this is the first call's answer.
    """

    change: str | None = None
    replayed: bool | None = None
    warnings: list[str] | None = None


def cut(text: str, characters: int) -> str:
    """Keep as much of a text's beginning as its JSON has room for."""
    while (excess := len(to_json(text).decode()) - characters) > 0:
        text = text[: -max(excess // 6, 1)]  # no character takes more than six
    return text


def few(texts: Iterable[str], characters: int = 1_500) -> list[str] | None:
    """Keep each text once, and only as many as a short answer has room for; none is None.

    The last one tells how many are left out, so that nobody takes a part for the whole.
    """
    every = list(dict.fromkeys(texts))
    room = characters
    for index, text in enumerate(every):
        room -= len(text)
        if room < 0 and index:
            return [*every[:index], f"and {len(every) - index:,} more"]
    return every or None


def kept(answer: BaseModel) -> str:
    """Write an answer down for a repeat of its call."""
    return answer.model_dump_json(exclude_none=True, by_alias=True)


def replayed(shape: type[A], text: str) -> A:
    """Return the answer that was written down, marked as the first call's."""
    first = shape.model_validate_json(text)
    return first.model_copy(update={"replayed": True}) if isinstance(first, Written) else first
