"""JSON Lines: one record in each line, the form in which nothing is lost."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from json import JSONDecodeError

from pydantic_core import from_json

from one_mcp import clock, jsons
from one_mcp.dimensions.exchange import export, records
from one_mcp.dimensions.exchange.records import Numbered, Record
from one_mcp.errors import BrokenLineError
from one_mcp.jsons import Json, JsonValue
from one_mcp.services.exchange.sources import Source
from one_mcp.store.work import Row, Work
from one_mcp.texts import visible

_TIMES = frozenset(
    {"created_at", "updated_at", "archived_at", "hidden_at", "at", "valid_from", "valid_until"}
)
_JSON = frozenset({"properties", "metadata", "tags", "labels", "links"})
_FLAGS = frozenset({"vector_only", "redacted", "retracted"})
_LONG_FRACTION = re.compile(r"(?<![\d.])(?=[\d.]{19})\d+\.\d")
_EMPTY = frozenset({"{}", "[]"})


class Lines:
    """The records of a JSONL source."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __iter__(self) -> Iterator[Numbered]:
        for number, text in self._source.lines():
            if isinstance(text, BrokenLineError):
                yield number, text
            elif text.strip():
                try:
                    yield number, _record(text)
                except BrokenLineError as error:
                    yield number, error


def _record(text: str) -> Record:
    if _LONG_FRACTION.search(text):
        return records.parse(_loaded(text))  # which sees digits that a float would lose
    try:
        value: Json = from_json(text, allow_inf_nan=False)  # fast, and vague about what is wrong
    except ValueError:
        value = _loaded(text)
    return records.parse(value)


def _loaded(text: str) -> Json:
    try:
        return jsons.loads(text)
    except JSONDecodeError as error:
        raise BrokenLineError(
            f"The line is not JSON: {error.msg} at character {error.pos + 1}."
        ) from error
    except ValueError as error:
        raise BrokenLineError(f"The line is not JSON: {error}.") from error
    except RecursionError as error:
        raise BrokenLineError(
            f"The line is nested deeper than {jsons.MAX_DEPTH} levels."
        ) from error


def write(work: Work, put: Callable[[str], None]) -> dict[str, int]:
    """Write the caller's whole organization line by line, and return counts by kind.

    Nothing in it varies but the rows themselves: the same rows give the same bytes. Characters that
    cannot be seen are escaped, so that nothing is lost and a terminal shows them.
    """
    put(jsons.dumps({"format": records.FORMAT, "version": records.VERSION}) + "\n")
    kinds: list[tuple[str, str, export.Rows]] = [
        ("organization", "organization", export.organization(work)),
        ("person", "people", export.people(work)),
        ("entity", "entities", export.entities(work)),
        ("connection", "connections", export.connections(work)),
        ("event", "events", export.events(work)),
        ("document", "documents", export.documents(work)),
    ]
    counts: dict[str, int] = {}
    for kind, plural, rows in kinds:
        counts[plural] = 0
        with closing(rows):
            for row in rows:
                put(visible.escaped(f'{{"{kind}":{_fields(row)}}}\n'))
                counts[plural] += 1
    return counts


def _fields(row: Row) -> str:
    """Write a row's columns in their order, without those that are empty."""
    written = [
        f'"{_name(name)}":{_value(name, row)}'
        for name in row.keys()  # noqa: SIM118  # a database row iterates over its values
        if row[name] is not None and not (name in _JSON and row[name] in _EMPTY)
    ]
    return f"{{{','.join(written)}}}"


def _name(column: str) -> str:
    return column.removesuffix("_id") if column in ("from_id", "to_id") else column


def _value(column: str, row: Row) -> str:
    value: JsonValue = row[column]
    if column == "tags":
        return jsons.dumps(export.tags(row))
    if column in _FLAGS:
        return "true"  # what is false is left out
    if column in _JSON:
        return str(value)  # stored as compact JSON already
    if column in _TIMES and isinstance(value, int):
        return f'"{clock.to_text(value)}"'
    return jsons.dumps(value)
