"""What an import did: counts, the first bad rows in full, the others by their code."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from one_mcp import answers, jsons
from one_mcp.answers import Answer, Written
from one_mcp.dimensions.events import event
from one_mcp.dimensions.exchange.notices import Notice, Noticed, Notices
from one_mcp.errors import ImportRowsError, OneError
from one_mcp.jsons import JsonObject

LISTED = 50
LISTED_CHARS = 300
WARNINGS = 20
WARNED_CHARACTERS = 6_000  # there are sentences with lists of rows among them
SHOWN = 3
ALONE = 2  # rows with the same problem that are told one by one
Place = Callable[[int], tuple[int, str]]


def at_its_line(number: int) -> tuple[int, str]:
    """Place a record that stands in the line of its number."""
    return number, ""


class BadRow(Answer):
    """A bad row, or several with the same problem: then `lines` names them, the first by `line`."""

    line: int
    code: str
    problem: str
    lines: str | None = None


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

    def warned(self, remarks: list[str]) -> "Loaded":
        """Put what an import left out before its other warnings."""
        sentences = [*remarks, *(self.warnings or ())]
        return self.model_copy(update={"warnings": answers.few(sentences, WARNED_CHARACTERS)})


class Alike(Answer):
    """Rows with the same problem, the first of them as they are told, and which there are."""

    code: str
    problem: str
    bad: list[BadRow]
    rows: tuple[int, list[int]]


class Counts(Answer):
    """What a report has counted, so that several can be added up."""

    lines: int
    created: dict[str, int]
    updated: dict[str, int]
    unchanged: dict[str, int]
    failed: int
    problems: list[Alike]
    more: dict[str, int]
    extra: list[str]
    advice: dict[str, int]
    ahead: tuple[int, list[int]]
    notices: list[Noticed]


@dataclass(slots=True)
class RowLines:
    """How many rows have something in common, and the lines of the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list[int])

    def add(self, *lines: int, count: int = 0) -> None:
        """Add some lines, of which there are `count`, if more than are named."""
        self.count += max(count, len(lines))
        self.first.extend(lines[: SHOWN - len(self.first)])

    @property
    def told(self) -> str:
        """Name the lines: 2; 2 and 3; 2, 3 and 81 more."""
        *others, last = sorted(self.first)
        if self.count > SHOWN:
            *others, last = [*others[: SHOWN - 1], f"{self.count - SHOWN + 1:,} more"]
        return f"{', '.join(map(str, others))} and {last}" if others else str(last)


@dataclass(slots=True)
class _AlikeRows:
    """What is wrong with some rows: the first of them as they are told, and which there are."""

    bad: list[BadRow] = field(default_factory=list[BadRow])
    rows: RowLines = field(default_factory=RowLines)

    def told(self) -> list[BadRow]:
        """Tell of few rows one by one, and of more as one."""
        self.bad.sort(key=lambda row: row.line)
        if self.rows.count <= ALONE:
            return self.bad
        return [self.bad[0].model_copy(update={"lines": self.rows.told})]


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
    problems: dict[tuple[str, str], _AlikeRows] = field(
        default_factory=dict[tuple[str, str], _AlikeRows]
    )
    more: Counter[str] = field(default_factory=Counter[str])
    extra: dict[str, None] = field(default_factory=dict[str, None])
    advice: Counter[str] = field(default_factory=Counter[str])
    ahead: RowLines = field(default_factory=RowLines)
    notices: Notices = field(default_factory=Notices)

    def refuse(self, number: int, error: OneError) -> None:
        """Count a bad row, and keep it while there is room; the same problem takes room once."""
        self.failed += 1
        line, file = self.place(number)
        alike, sentence = _sentences(error)
        told = (f"{file}: {sentence}" if file else sentence)[:LISTED_CHARS]
        bad = BadRow(line=line, code=error.code, problem=told)
        self._take(error.code, f"{file}: {alike}", [bad], 1, [line])

    def _take(
        self, code: str, problem: str, bad: list[BadRow], count: int, lines: list[int]
    ) -> None:
        """Keep rows with a problem that is known, or for which there is room; count the others."""
        key = code, problem
        if key not in self.problems and len(self.problems) >= LISTED:
            self.more[code] += count
            return
        known = self.problems.setdefault(key, _AlikeRows())
        known.rows.add(*lines, count=count)
        known.bad.extend(bad[: ALONE - len(known.bad)])

    def happens(self, number: int, at: int, now: int) -> None:
        """Remember an event that is new here, if its time may be mistyped."""
        if event.lies_ahead(at, now):
            self.ahead.add(self.place(number)[0])

    def notice(self, notice: Notice, number: int, what: str) -> None:
        """Tell something of a row that is not bad."""
        line, file = self.place(number)
        self.notices.add(notice, f"{file or f'line {line}'}: {what}")

    def counts(self) -> Counts:
        return Counts(
            lines=self.lines,
            created=self.created,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            problems=[
                Alike(code=code, problem=text, bad=it.bad, rows=(it.rows.count, it.rows.first))
                for (code, text), it in self.problems.items()
            ],
            more=self.more,
            extra=list(self.extra),
            advice=self.advice,
            ahead=(self.ahead.count, self.ahead.first),
            notices=self.notices.counted(),
        )

    def add(self, counts: Counts) -> None:
        """Add what another report has counted."""
        self.lines += counts.lines
        self.created.update(counts.created)
        self.updated.update(counts.updated)
        self.unchanged.update(counts.unchanged)
        self.failed += counts.failed
        for alike in counts.problems:
            self._take(alike.code, alike.problem, alike.bad, *alike.rows)
        self.more.update(counts.more)
        self.ahead.add(*counts.ahead[1], count=counts.ahead[0])
        self.remark(tuple(counts.extra), ())
        for told in counts.notices:
            self.notices.add(told.notice, *told.first, count=told.count)
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
        self.ahead = RowLines()

    def warnings(self) -> list[str]:
        told = [
            sentence if times == 1 else f"{sentence} ({times:,} rows)"
            for sentence, times in self.advice.items()
        ]
        if self.ahead.count:
            many = self.ahead.count > 1
            told.append(
                f"{self.ahead.count:,} event{'s lie' if many else ' lies'} far ahead, more than "
                f"{event.AHEAD_DAYS} days (line{'s' if many else ''} {self.ahead.told}); is that "
                "the year you mean?"
            )
        return [*told, *self.notices.sentences()]

    def listed(self) -> list[BadRow]:
        """List what is wrong in the order of the lines."""
        told = [row for problem in self.problems.values() for row in problem.told()]
        return sorted(told, key=lambda row: row.line)

    def answer(self) -> Loaded:
        return Loaded(
            lines=self.lines,
            created=dict(+self.created) or None,
            updated=dict(+self.updated) or None,
            unchanged=dict(+self.unchanged) or None,
            failed=self.failed or None,
            errors=self.listed() or None,
            more_errors=dict(self.more) or None,
            extra=list(self.extra) or None,
            warnings=self.warnings() or None,
        )

    def refusal(self, came_of_it: str | None = None) -> ImportRowsError:
        """Say that nothing was written, or what came of what was; and list what is wrong."""
        listed = self.listed()
        first = " ".join(
            f"{f'Lines {row.lines}' if row.lines else f'Line {row.line}'}: {row.code}: "
            f"{row.problem.removesuffix('.')}."
            for row in listed[:SHOWN]
        )
        rows = "1 row is" if self.failed == 1 else f"{self.failed:,} rows are"
        came_of_it = (came_of_it or "so nothing was written").removesuffix(".")
        errors: list[JsonObject] = [row.model_dump(exclude_none=True) for row in listed]
        return ImportRowsError(
            f"{rows} bad, {came_of_it}. {first} Mend the rows and send them all again, "
            'or leave the bad ones out with on_error="skip".',
            lines=self.lines,
            failed=self.failed,
            errors=[*errors],
            more_errors=dict(self.more) or None,
        )


def _sentences(error: OneError) -> tuple[str, str]:
    """Return an error's sentence without the cell that is wrong, and with it."""
    sentence, cell = str(error), error.fields.get("cell")
    if not isinstance(cell, str) or not cell:
        return sentence, sentence
    if cell in sentence:
        return sentence.replace(cell, ""), sentence
    return sentence, f"{sentence.removesuffix('.')}, not {jsons.dumps(cell)}."
