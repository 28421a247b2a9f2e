"""What an import did: counts, the first bad rows in full, the others by their code."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from one_mcp.answers import Answer, Written
from one_mcp.errors import ImportRowsError, OneError
from one_mcp.jsons import JsonObject

LISTED = 50
LISTED_CHARS = 300
WARNINGS = 20
SHOWN = 3
Place = Callable[[int], tuple[int, str]]


def at_its_line(number: int) -> tuple[int, str]:
    """Place a record that stands in the line of its number."""
    return number, ""


class BadRow(Answer):
    line: int
    code: str
    problem: str


class Loaded(Written):
    """Counts by kind. `more_errors` counts bad rows beyond those in `errors` by their code.

    `extra` names properties beyond their type's shape; they are kept.
    """

    lines: int
    created: dict[str, int] | None = None
    updated: dict[str, int] | None = None
    unchanged: dict[str, int] | None = None
    failed: int | None = None
    errors: list[BadRow] | None = None
    more_errors: dict[str, int] | None = None
    extra: list[str] | None = None
    dry_run: bool | None = None


class Counts(Answer):
    """What a report has counted, so that several can be added up."""

    lines: int
    created: dict[str, int]
    updated: dict[str, int]
    unchanged: dict[str, int]
    failed: int
    listed: list[BadRow]
    more: dict[str, int]
    extra: list[str]
    advice: dict[str, int]


@dataclass(slots=True)
class Tally:
    """Collects while rows are loaded; its size does not grow with theirs.

    `place` tells by a record's number which line to name, and which file if there are several.
    """

    place: Place = at_its_line
    lines: int = 0
    created: Counter[str] = field(default_factory=Counter[str])
    updated: Counter[str] = field(default_factory=Counter[str])
    unchanged: Counter[str] = field(default_factory=Counter[str])
    failed: int = 0
    listed: list[BadRow] = field(default_factory=list[BadRow])
    more: Counter[str] = field(default_factory=Counter[str])
    extra: dict[str, None] = field(default_factory=dict[str, None])
    advice: Counter[str] = field(default_factory=Counter[str])

    def refuse(self, number: int, error: OneError) -> None:
        """Count a bad row, and keep it while there is room."""
        self.failed += 1
        if len(self.listed) < LISTED:
            line, file = self.place(number)
            problem = (f"{file}: {error}" if file else str(error))[:LISTED_CHARS]
            self.listed.append(BadRow(line=line, code=error.code, problem=problem))
        else:
            self.more[error.code] += 1

    def counts(self) -> Counts:
        return Counts(
            lines=self.lines,
            created=self.created,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            listed=self.listed,
            more=self.more,
            extra=list(self.extra),
            advice=self.advice,
        )

    def add(self, counts: Counts) -> None:
        """Add what another report has counted."""
        self.lines += counts.lines
        self.created.update(counts.created)
        self.updated.update(counts.updated)
        self.unchanged.update(counts.unchanged)
        self.failed += counts.failed
        room = LISTED - len(self.listed)
        self.listed += counts.listed[:room]
        self.more.update(counts.more)
        self.more.update(bad.code for bad in counts.listed[room:])
        self.remark(tuple(counts.extra), ())
        for sentence, times in counts.advice.items():
            if sentence in self.advice or len(self.advice) < WARNINGS:
                self.advice[sentence] += times

    def note(self, advice: str) -> None:
        """Count a sentence of advice; the answer has each of them once."""
        if advice in self.advice or len(self.advice) < WARNINGS:
            self.advice[advice] += 1

    def remark(self, extra: tuple[str, ...], hints: tuple[str, ...]) -> None:
        """Remember names that no shape declares, as far as they fit into an answer, and hints."""
        if extra and len(self.extra) < LISTED:
            self.extra.update(dict.fromkeys(extra))
        for hint in hints:
            self.note(hint)

    def forget_remarks(self) -> None:
        """Leave out what was said when the rows were written for the first time."""
        self.extra.clear()
        self.advice.clear()

    def warnings(self) -> list[str]:
        return [
            sentence if times == 1 else f"{sentence} ({times:,} rows)"
            for sentence, times in self.advice.items()
        ]

    def answer(self) -> Loaded:
        self.listed.sort(key=lambda row: row.line)
        return Loaded(
            lines=self.lines,
            created=dict(+self.created) or None,
            updated=dict(+self.updated) or None,
            unchanged=dict(+self.unchanged) or None,
            failed=self.failed or None,
            errors=self.listed or None,
            more_errors=dict(self.more) or None,
            extra=list(self.extra) or None,
        )

    def refusal(self, came_of_it: str | None = None) -> ImportRowsError:
        """Say that nothing was written, or what came of what was; and list what is wrong."""
        self.listed.sort(key=lambda row: row.line)
        first = " ".join(
            f"Line {row.line}: {row.code}: {row.problem.removesuffix('.')}."
            for row in self.listed[:SHOWN]
        )
        rows = "1 row is" if self.failed == 1 else f"{self.failed:,} rows are"
        came_of_it = (came_of_it or "so nothing was written").removesuffix(".")
        errors: list[JsonObject] = [row.model_dump() for row in self.listed]
        return ImportRowsError(
            f"{rows} bad, {came_of_it}. {first} Mend the rows and send them all again, "
            'or leave the bad ones out with on_error="skip".',
            lines=self.lines,
            failed=self.failed,
            errors=[*errors],
            more_errors=dict(self.more) or None,
        )
