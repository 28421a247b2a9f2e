"""What a review of a mapping found: problems, which stop it, and advice, which does not."""

from typing import ClassVar

from one_mcp.answers import Answer
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject

_SUGGESTIONS = 3


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
    quotes: ClassVar[bool] = False

    valid: bool
    problems: list[Problem]
    advice: list[Advice]
    counts: dict[str, int]


class Findings:
    """Problems and advice while they are gathered."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.advice: list[Advice] = []

    def refuse(self, at: str, code: str, problem: str, fix: str) -> None:
        self.problems.append(Problem(at=at, code=code, problem=problem, fix=fix))

    def refuse_error(self, at: str, error: OneError, fix: str | None = None) -> None:
        self.refuse(at, error.code, str(error), fix or _fix(error))

    def advise(self, at: str, code: str, advice: str, add: JsonObject | None = None) -> None:
        self.advice.append(Advice(at=at, code=code, advice=advice, add=add))


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
