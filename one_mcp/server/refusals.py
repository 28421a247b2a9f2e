"""Why arguments were refused, in a sentence that names them and never repeats their values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology.names import shown

SHOWN = 4
EXPECTED: dict[str, str] = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
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


@dataclass(frozen=True, slots=True)
class Problem:
    """One argument that does not fit: where it is, what is wrong, and what would fit."""

    place: str
    sentence: str
    expected: str | None = None
    did_you_mean: str | None = None

    def as_json(self) -> JsonObject:
        """Show the problem as data."""
        named = {
            "argument": self.place,
            "expected": self.expected,
            "did_you_mean": self.did_you_mean,
        }
        return {name: value for name, value in named.items() if value is not None}


def refusal(
    error: ValidationError,
    given: Mapping[str, object],
    names: Collection[str],
    inner_names: Collection[str],
) -> InvalidArgumentError:
    """Turn pydantic's findings into one error.

    `names` are the tool's arguments, `inner_names` those of the objects inside them.
    """
    found = error.errors(include_url=False, include_input=False)
    problems = _problems(found, given, names, inner_names)
    sentence = "; ".join(problem.sentence for problem in problems[:SHOWN])
    if len(problems) > SHOWN:
        sentence += f"; and {len(problems) - SHOWN} more"
    if any(detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1 for detail in found):
        sentence += f". Arguments: {', '.join(names)}"
    fields = problems[0].as_json()
    if len(problems) > 1:
        fields["problems"] = [problem.as_json() for problem in problems[:SHOWN]]
    return InvalidArgumentError(f"{sentence}.", **fields)


def unfit(path: str, predicate: str) -> InvalidArgumentError:
    """Refuse a value that is no sound JSON."""
    place = shown(path) or "The arguments"
    return InvalidArgumentError(f"{place} {predicate}.", argument=shown(path) or None)


def _problems(
    found: list[ErrorDetails],
    given: Mapping[str, object],
    names: Collection[str],
    inner_names: Collection[str],
) -> list[Problem]:
    unknown: list[Problem] = []
    missing: list[Problem] = []
    wrong: dict[str, list[str]] = {}
    for detail in found:
        place = _place(detail, given)
        match detail["type"]:
            case "extra_forbidden":
                choices = names if len(detail["loc"]) == 1 else inner_names
                unknown.append(_unknown(place, choices))
            case "missing":
                missing.append(Problem(place, f"{place} is required", expected="a value"))
            case _:
                wrong.setdefault(place, []).append(_expected(detail))
    mistyped = [
        Problem(place, f"{place or 'The call'} must be {expected}", expected=expected)
        for place, options in wrong.items()
        if not any(other.startswith((f"{place}.", f"{place}[")) for other in wrong)
        for expected in [" or ".join(dict.fromkeys(options))]
    ]
    return unknown + missing + mistyped


def _unknown(place: str, choices: Collection[str]) -> Problem:
    name = place.rpartition(".")[2]
    near = get_close_matches(name, choices, 1, 0.6)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return Problem(place, f"no argument {place!r}{hint}", did_you_mean=near[0] if near else None)


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


def _place(detail: ErrorDetails, given: Mapping[str, object]) -> str:
    """Say where in the arguments this is, as a path such as operations[2].name.

    pydantic's path also holds the names of union members, which mean nothing to a caller: a step
    counts only where the arguments have it, or where it is what is missing.
    """
    steps: list[str] = []
    here: object = given
    last = len(detail["loc"]) - 1
    for position, step in enumerate(detail["loc"]):
        match here, step:
            case list(), int():
                here = here[step] if step < len(here) else None  # pyright: ignore[reportUnknownVariableType]  # JSON
                steps.append(f"[{step}]")
            case dict(), str() if step in here:
                here = here[step]  # pyright: ignore[reportUnknownVariableType]  # JSON
                steps.append(f".{shown(step)}")
            case _ if position == last and detail["type"] == "missing":
                steps.append(f".{step}")
            case _:
                pass
    return "".join(steps).removeprefix(".")
