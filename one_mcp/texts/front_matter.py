"""Front matter: the fields at the beginning of a Markdown file, as YAML or TOML.

YAML is read from the parser's events, and no object is ever built from it: there are no aliases
to blow up, no tags to call code, and words mean what YAML 1.2 says (`no` is a word, not false).
"""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeAlias

import yaml
from yaml import events

from one_mcp import jsons
from one_mcp.errors import TextFileError, shown
from one_mcp.jsons import Json, JsonObject

LARGEST_CHARACTERS = 32 * 1024
DEEPEST = 16
_BEGINNING = re.compile(r"(---|\+\+\+)[ \t]*\n")
_END = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE),
}
_FIELD = re.compile(r"[A-Za-z_][\w -]{0,100}:(?:\s|\Z)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,2})?")
_ENDLESS = re.compile(r"[0-9]{400}")
_WORDS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TOML_TOKEN = re.compile(
    r""""{3}(?:[^\\]|\\.)*?(?:"{3,5}|\Z)|'{3}.*?(?:'{3,5}|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_-]++|[ \t]++|\#[^\n]*+"""
    r"|(?P<dot>\.)|(?P<end>.)",
    re.DOTALL,
)
_Toml: TypeAlias = bool | int | float | str | date | time | list["_Toml"] | dict[str, "_Toml"]
_TEXT_TAG = "tag:yaml.org,2002:str"
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def split(text: str) -> tuple[JsonObject, str]:
    """Cut a file's text into the fields of its front matter and what stands below it.

    Dates become ISO strings. Raises TextFileError where the front matter cannot be read.
    """
    beginning = _BEGINNING.match(text)
    if beginning is None:
        return {}, text
    mark = beginning[1]
    end = _END[mark].search(text, beginning.end(), beginning.end() + LARGEST_CHARACTERS)
    if end is not None:
        return _fields(mark, text[beginning.end() : end.start()]), text[end.end() :]
    if mark == "---" and not _FIELD.match(text, beginning.end()):
        return {}, text  # a line across the page
    raise TextFileError(
        f"The front matter has no end: a line {mark} has to stand below it, "
        f"within {LARGEST_CHARACTERS:,} characters."
    )


def _fields(mark: str, text: str) -> JsonObject:
    return _toml(text) if mark == "+++" else _yaml(text)


def _toml(text: str) -> JsonObject:
    if _longest_key(text) > DEEPEST:
        raise _too_deep()
    try:
        return {
            key: _plain(value) for key, value in tomllib.loads(text, parse_float=_float).items()
        }
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        if _ENDLESS.search(text):
            raise _too_large() from error
        raise TextFileError(f"The front matter is not TOML: {shown(str(error))}.") from error


def _float(digits: str) -> float | str:
    """Keep a number as text, as those of YAML are, where a float would be another one."""
    value, written = float(digits), digits.replace("_", "")
    is_kept = value - value != 0 or Decimal(repr(value)) == Decimal(written)
    return value if is_kept else written


def _longest_key(text: str) -> int:
    """Count the names in the longest dotted key.

    The parser copies all that stands before each dot: 32 KB of dots took a gigabyte.
    """
    longest = dots = 0
    for token in _TOML_TOKEN.finditer(text):
        if token["dot"]:
            dots += 1
            longest = max(longest, dots + 1)
        elif token["end"]:
            dots = 0
    return longest


def _plain(value: _Toml, depth: int = 1) -> Json:
    if depth > DEEPEST:
        raise _too_deep()
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, int) and abs(value) > jsons.MAX_INTEGER:
        raise _too_large()
    return value.isoformat() if isinstance(value, date | time) else value


def _yaml(text: str) -> JsonObject:
    try:
        parsed = _content(yaml.parse(text, Loader=_LOADER))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # its stubs are partial
        value = _value(parsed, next(parsed), 1)
        if next(parsed, None) is not None:
            raise TextFileError("The front matter holds more than one document.")
    except StopIteration:
        return {}
    except yaml.YAMLError as error:
        raise TextFileError(_problem(error)) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TextFileError(
            "What stands between the first two lines --- is no front matter, which is made of "
            "fields such as title: Yoga. If they are lines across the page, write *** for them."
        )
    return value


def _content(parsed: Iterator[Any]) -> Iterator[events.Event]:
    """Leave out the events around the documents."""
    around = (
        events.StreamStartEvent,
        events.StreamEndEvent,
        events.DocumentStartEvent,
        events.DocumentEndEvent,
    )
    return (event for event in parsed if not isinstance(event, around))


def _value(parsed: Iterator[events.Event], event: events.Event, depth: int) -> Json:
    if depth > DEEPEST:
        raise _too_deep()
    tag: str | None = getattr(event, "tag", None)
    if tag not in (None, "!", _TEXT_TAG):
        raise TextFileError(f"The front matter has the YAML tag {shown(tag)}; leave it out.")
    match event:
        case events.ScalarEvent():
            return _scalar(event)
        case events.SequenceStartEvent():
            return list(_items(parsed, depth))
        case events.MappingStartEvent():
            return _mapping(parsed, depth)
        case _:
            raise TextFileError("The front matter has an alias (*name); write its value out.")


def _items(parsed: Iterator[events.Event], depth: int) -> Iterator[Json]:
    while not isinstance(event := next(parsed), events.SequenceEndEvent):
        yield _value(parsed, event, depth + 1)


def _mapping(parsed: Iterator[events.Event], depth: int) -> JsonObject:
    fields: JsonObject = {}
    while not isinstance(event := next(parsed), events.MappingEndEvent):
        key = _value(parsed, event, depth + 1)
        if not isinstance(key, str):
            said = shown(jsons.dumps(key))
            raise TextFileError(f"The front matter has the key {said}; put it in quotes.")
        if key in fields:
            raise TextFileError(f"The front matter has {shown(key)} twice.")
        fields[key] = _value(parsed, next(parsed), depth + 1)
    return fields


def _scalar(event: Any) -> Json:  # noqa: ANN401  # an event's fields have no types
    text: str = event.value
    plain: bool = event.implicit[0]
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    return float(text) if number[1] or number[2] else int(text)


def _problem(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "The front matter is not YAML: it has a character that YAML does not allow."
    line = error.problem_mark.line + 2  # the first line is the mark, and lines count from one
    return (
        f"The front matter is not YAML: {shown(error.problem or 'it breaks off')} in line {line}. "
        "A text with a colon in it needs quotes."
    )


def _too_large() -> TextFileError:
    return TextFileError(
        "The front matter has an integer beyond 2^53, which would lose digits; put it in quotes."
    )


def _too_deep() -> TextFileError:
    return TextFileError(f"The front matter is nested more than {DEEPEST} levels deep.")
