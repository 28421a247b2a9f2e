"""Why arguments were refused, in a sentence that names them and never repeats their values."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from one_mcp.errors import InvalidArgumentError, shown
from one_mcp.jsons import JsonObject

# how a model reads what a caller wrote: nothing is converted, a name such as from_ is called from,
# and what is wrong is told without the value
GIVEN = ConfigDict(
    frozen=True,
    extra="forbid",
    strict=True,
    hide_input_in_errors=True,
    alias_generator=lambda name: name.rstrip("_"),
)
Step = str | int
SHOWN = 4
MOST_TOLD_APART = 500  # a message of 16 MiB may have a million
EXPECTED: dict[str, str] = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "an array",
    "tuple_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dataclass_type": "an object",
    "none_required": "null",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "string_pattern_mismatch": "of the form {pattern}",
    "too_short": "at least {min_length} long",
    "too_long": "at most {max_length} long",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "an object whose {discriminator} is one of {expected_tags}",
    "union_tag_not_found": "an object with {discriminator}",
}
_WORD_INSIDE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]")  # dryRun, dry-run


@dataclass(frozen=True, slots=True)
class Misfit:
    """One argument that does not fit: where it is, what is wrong, and what would fit."""

    place: str
    sentence: str
    expected: str | None = None
    did_you_mean: str | None = None
    is_foreign: bool = False  # no such name at the top, where all names can be told

    def as_json(self) -> JsonObject:
        """Show the problem as data."""
        named = {
            "argument": self.place,
            "expected": self.expected,
            "did_you_mean": self.did_you_mean,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Form:
    """What was to be filled in: its model, where it stands, and what it and its fields are called.

    Without a model no name is suggested for one that does not exist.
    """

    model: type[BaseModel] | None = None
    at: str = ""
    whole: str = "The call"
    noun: str = "argument"

    def names(self) -> tuple[str, ...]:
        """List the names that may stand at the top."""
        return _names(self.model) if self.model else ()

    def beside(self, way: tuple[Step, ...]) -> tuple[str, ...]:
        """List the names that may stand where the last step of a way stands."""
        found = _models_at(self.model, way[:-1]) if self.model else []
        return tuple(dict.fromkeys(name for model in found for name in _names(model)))

    def near(self, name: str, *, inside: bool) -> str | None:
        """Name the field that may have been meant."""
        choices = _names_within(self.model) if inside and self.model else self.names()
        found = get_close_matches(_WORD_INSIDE.sub("_", name).casefold(), choices, 1, 0.6)
        return found[0] if found else None


def problems(
    error: ValidationError,
    given: object,
    form: Form,
    only: Callable[[tuple[Step, ...]], bool] = lambda _place: True,
) -> list[Misfit]:
    """List what does not fit: names that do not exist, then what is missing, then what is wrong.

    Of very many it only says how many there are; `only` picks the places that are told.
    """
    if error.error_count() > MOST_TOLD_APART:
        count = f"{error.error_count():,} names or values that do not fit"
        sentence = f"{form.at or form.whole} has {count}"
        return [Misfit(form.at, sentence, is_foreign=form.model is not None)]
    unknown: list[Misfit] = []
    missing: list[Misfit] = []
    wrong: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        way = steps(detail, given)
        if not only(way):
            continue
        place = form.at + _place(way) if form.at else _place(way)[1:]
        match detail["type"]:
            case "extra_forbidden":
                inside, hints = len(detail["loc"]) > 1, len(unknown) < SHOWN
                unknown.append(_unknown(place, form, way, inside=inside, hints=hints))
            case "missing":
                missing.append(Misfit(place, f"{place} is required", expected="a value"))
            case _:
                wrong.setdefault(place, []).append(_expected(detail))
    places = [*wrong, *(problem.place for problem in (*unknown, *missing))]
    mistyped = [
        Misfit(place, f"{place or form.whole} must be {expected}", expected=expected)
        for place, options in wrong.items()
        if not any(other.startswith((f"{place}.", f"{place}[")) for other in places)
        for expected in [" or ".join(dict.fromkeys(options))]
    ]
    return unknown + missing + mistyped


def told(found: list[Misfit], form: Form) -> str:
    """Tell the first problems in one sentence, which has no full stop yet."""
    sentence = "; ".join(problem.sentence for problem in found[:SHOWN])
    if len(found) > SHOWN:
        sentence += f"; and {len(found) - SHOWN} more"
    if any(problem.is_foreign for problem in found):
        sentence += f". {form.noun.capitalize()}s: {', '.join(form.names())}"
    return sentence


def refusal(
    error: ValidationError,
    given: object,
    form: Form,
    only: Callable[[tuple[Step, ...]], bool] = lambda _place: True,
) -> InvalidArgumentError:
    """Turn pydantic's findings into one error; `only` picks the places that it tells."""
    found = problems(error, given, form, only) or problems(error, given, form)
    fields = found[0].as_json()
    if len(found) > 1:
        fields["problems"] = [problem.as_json() for problem in found[:SHOWN]]
    refused = InvalidArgumentError(f"{told(found, form)}.", at=form.at or None)
    refused.fields = {**fields, **refused.fields}
    return refused


def unfit(path: str, predicate: str) -> InvalidArgumentError:
    """Refuse a value that is no sound JSON."""
    place = shown(path) or "The arguments"
    return InvalidArgumentError(f"{place} {predicate}.", argument=shown(path) or None)


def _unknown(place: str, form: Form, way: tuple[Step, ...], *, inside: bool, hints: bool) -> Misfit:
    known = form.beside(way) if inside and hints else ()
    near = form.near(place.rpartition(".")[2], inside=inside) if hints else None
    if known:
        near = near if near in known else None
        takes = f"; it takes {', '.join(known)}"
    else:
        takes = ""
    hint = f" (did you mean {near!r}?)" if near else ""
    sentence = f"no {form.noun} {place!r}{hint}{takes}"
    return Misfit(
        place, sentence, did_you_mean=near, is_foreign=not inside and form.model is not None
    )


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context.get("error"))
    if detail["type"] == "string_too_short" and context.get("min_length") == 1:
        return "a string that is not empty"
    template = EXPECTED.get(detail["type"])
    if template is None:
        return detail["msg"].removeprefix("Input should be ")
    return template.format_map(context)


def steps(detail: ErrorDetails, given: object) -> tuple[Step, ...]:
    """Say where in what was given something does not fit: names in objects and places in arrays.

    pydantic's path also holds the names of union members, which mean nothing to a caller: a step
    counts only where the arguments have it, or where it is what is missing.
    """
    found: list[Step] = []
    here: Any = given  # JSON
    last = len(detail["loc"]) - 1
    for position, step in enumerate(detail["loc"]):
        if isinstance(here, list) and isinstance(step, int):
            inside = len(here)  # pyright: ignore[reportUnknownArgumentType]
            here = here[step] if step < inside else None  # pyright: ignore[reportUnknownVariableType]
            found.append(step)
        elif isinstance(here, dict) and isinstance(step, str) and step in here:
            here = here[step]  # pyright: ignore[reportUnknownVariableType]
            found.append(step)
        elif position == last and detail["type"] == "missing":
            found.append(step)
    return tuple(found)


def _place(way: tuple[Step, ...]) -> str:
    """Write where something is as a path such as .operations[2].name."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in way)


def _names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _models_at(annotation: object, way: tuple[Step, ...]) -> list[type[BaseModel]]:
    """List the models of the objects that a way through a value of a type leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not way:
            return [annotation]
        fields = annotation.model_fields.items()
        return [
            model
            for name, field in fields
            if way[0] in (field.alias or name, name)
            for model in _models_at(field.annotation, way[1:])
        ]
    rest = way[1:] if way and isinstance(way[0], int) and get_origin(annotation) is list else way
    return [model for part in get_args(annotation) for model in _models_at(part, rest)]


@cache
def _names_within(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(_collected(model, set()))


def _collected(annotation: object, seen: set[object]) -> set[str]:
    """Collect the field names of all objects that may stand inside a value of a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return set()
        seen.add(annotation)
        fields = annotation.model_fields.values()
        return {*_names(annotation)}.union(*(_collected(each.annotation, seen) for each in fields))
    return set[str]().union(*(_collected(part, seen) for part in get_args(annotation)))
