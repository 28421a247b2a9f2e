"""What every answer has in common."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """An answer that a model reads: flat, short keys, names beside ids, nothing empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Written(Answer):
    """The answer of a write.

    `change` is what `undo_change` takes; it is missing when nothing had to be written. `replayed`
    says that the idempotency key was seen before, and that this is the first call's answer.
    """

    change: str | None = None
    replayed: bool | None = None
    warnings: list[str] | None = None
