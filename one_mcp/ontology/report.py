"""What a review of a mapping found: problems, which stop it, and advice, which does not."""

from typing import ClassVar, TypeVar

from one_mcp.answers import Answer
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject

ROOM = 30_000  # characters of all problems and advice
_SUGGESTIONS = 3

T = TypeVar("T", bound=Answer)


class Problem(Answer):
    """Something that would be refused. `fix` says what to write instead."""

    at: str
    code: str
    problem: str
    fix: str


class Advice(Answer):
    """Something unusual or missing. `add` is a connection or event that would complete it."""

    at: str
    code: str
    advice: str
    add: JsonObject | None = None


class Report(Answer):
    """What was found; `left_out` says what of it an answer has no room for."""

    quotes: ClassVar[bool] = False

    valid: bool
    problems: list[Problem]
    advice: list[Advice]
    counts: dict[str, int]
    left_out: str | None = None


class Findings:
    """Problems and advice while they are gathered."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.advice: list[Advice] = []

    def refuse(self, at: str, code: str, problem: str, fix: str) -> None:
        self.problems.append(Problem(at=at, code=code, problem=problem, fix=fix))

    def refuse_error(self, at: str, error: OneError, fix: str | None = None) -> None:
        self.refuse(at, error.code, str(error), fix or _fix(error))

    def report(self, counts: dict[str, int]) -> Report:
        """Tell all that was found, or as much as one answer holds, problems first."""
        problems, left = _fitting(self.problems, ROOM)
        advice, _ = _fitting(self.advice, left)
        missing = len(self.problems) - len(problems), len(self.advice) - len(advice)
        return Report(
            valid=not self.problems,
            problems=problems,
            advice=advice,
            counts=counts,
            left_out=f"{missing[0]:,} more problems and {missing[1]:,} more pieces of advice; "
            "mend these first, then check again."
            if any(missing)
            else None,
        )

    def advise(self, at: str, code: str, advice: str, add: JsonObject | None = None) -> None:
        self.advice.append(Advice(at=at, code=code, advice=advice, add=add))


def _fitting(items: list[T], room: int) -> tuple[list[T], int]:
    """Keep the first items that there is room for, and return the room that is left."""
    for index, item in enumerate(items):
        size = len(item.model_dump_json(exclude_none=True))
        if size > room:
            return items[:index], 0
        room -= size
    return items, room


def _fix(error: OneError) -> str:
    """Say what to write instead: other names, and how; what fits; or what the error itself says."""
    better = error.fields.get("use_instead") or error.fields.get("did_you_mean")
    advice = error.fields.get("advice")
    if isinstance(better, list) and better:
        named = f"use {' or '.join(str(name) for name in better[:_SUGGESTIONS])}"
        return f"{named}: {advice}" if advice else named
    if advice:
        return str(advice)
    expected = error.fields.get("expected")
    return f"write {expected}" if isinstance(expected, str) else f"mend what it says: {error}"
