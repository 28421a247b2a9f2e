"""Keys: in which groups the rows are that a line of the engine's answer is about."""

import json
from collections.abc import Iterator, Sequence
from itertools import product

from one_mcp.dimensions.graph.summary.queries import Grouping, Key, Value
from one_mcp.ontology import currencies
from one_mcp.store.work import Row


def of(row: Row, grouping: Grouping, starts: Sequence[int]) -> Iterator[Key]:
    """Return the groups of a line's rows: one, or one for each value of a list."""
    places = enumerate(grouping.fields)
    return product(
        *(
            dict.fromkeys(
                folded(name, value)
                for value in _values(row[f"key{index}"], row[f"kind{index}"], starts)
            )
            for index, name in places
        )
    )


def folded(name: str, value: Value) -> Value:
    """Read a currency whatever the case it was written in."""
    return value.upper() if isinstance(value, str) and currencies.is_field(name) else value


def _values(value: Value, kind: str | None, starts: Sequence[int]) -> list[Value]:
    match kind:
        case "bucket":
            return [starts[int(value or 0)]]
        case "array":
            found = json.loads(str(value))
            plain = [it if isinstance(it, str | int | float) else json.dumps(it) for it in found]
            return list(dict.fromkeys(plain)) or [None]
        case "true" | "false":
            return [kind == "true"]
        case None | "null":
            return [None]
        case _:
            return [value]
