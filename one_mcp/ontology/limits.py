"""How much one object may hold, and the refusal of what cannot be stored at all."""

from one_mcp import jsons
from one_mcp.errors import InvalidPropertyError
from one_mcp.jsons import JsonObject, JsonValue

LONGEST_TEXT = 1_000_000
LARGEST_JSON_BYTES = 1024 * 1024
LONGEST_NAME = 200


def storable(given: JsonObject, at: str) -> None:
    """Raise InvalidPropertyError, naming the field, unless the whole object can be stored."""
    if not given:
        return
    size, wrong = jsons.weighed(given)
    if wrong is not None:
        path, predicate = wrong
        field = f"{at}.{path}" if path else at
        raise InvalidPropertyError(f"{field} {predicate}", field=field)
    longest = max(map(len, given))
    if longest > LONGEST_NAME:
        raise refusal(at, f"a name of {longest:,} characters", f"at most {LONGEST_NAME}")
    if size <= LONGEST_TEXT:
        return
    for name, value in given.items():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise refusal(f"{at}.{name}", f"{len(value):,} characters", f"at most {LONGEST_TEXT:,}")
    if size > LARGEST_JSON_BYTES:
        raise refusal(at, f"{size:,} bytes of JSON", f"at most {LARGEST_JSON_BYTES:,}")


def refusal(at: str, got: str, expected: str) -> InvalidPropertyError:
    return InvalidPropertyError(
        f"{at}: got {got}, expected {expected}", field=at, got=got, expected=expected
    )


def absence(at: str, expected: str) -> InvalidPropertyError:
    return InvalidPropertyError(
        f"{at} is required: {expected}", field=at, got="nothing", expected=expected
    )


def kind_of(value: JsonValue) -> str:
    """Name the JSON type of a value, with its article."""
    return _KINDS[type(value)]


_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}
