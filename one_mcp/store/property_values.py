"""Property values: which entities may have a value, from tables that triggers keep.

Every value of an indexed property stands there, whatever the type of the entity, by its beginning
and in small letters: what is found there may fit, what is not there does not. Properties that many
search by are indexed; the ontology files name them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store import dialect, filters
from one_mcp.store.work import Work

LONGEST = 100
SLICE = 5_000  # numbers of entities, whoever they belong to
_HIGHEST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class ValueTable:
    """A table of values: which elements stand in it, and as what."""

    name: str
    test: str
    value: str


TEXTS = ValueTable(
    "property_texts",
    "element.type = 'text'",
    f"lower(substr(element.value, 1, {LONGEST}))",
)
NUMBERS = ValueTable(
    "property_numbers",
    "(element.type IN ('integer', 'real')"
    f" OR element.type = 'text' AND {dialect.is_decimal('element.value')})",
    "CAST(element.value AS DOUBLE PRECISION)",
)
KINDS = (TEXTS, NUMBERS)


@dataclass(frozen=True, slots=True)
class Range:
    """What to look for in a table of values: all from one value to another, or up to its end."""

    table: ValueTable
    low: JsonValue = None
    high: JsonValue = None


@dataclass(frozen=True, slots=True)
class Field:
    """An indexed property of a type, by its number."""

    number: int
    type: str


Indexed = dict[str, list[Field]]
Bind = Callable[[object], str]


def indexed(work: Work, names: Iterable[str], type: str | None) -> Indexed:
    """Tell which of some properties are indexed, and in which types entities have them.

    None are as long as values of older entities are still to be put in.
    """
    found: Indexed = {}
    for row in work.all(
        f"""
        SELECT indexed_properties.name, field.number, field.type
        FROM indexed_properties
        LEFT JOIN property_fields AS field
          ON field.organization_id = :organization
         AND field.name = indexed_properties.name
        WHERE indexed_properties.name {dialect.any_of("names")}
          AND NOT EXISTS (
              SELECT 1 FROM unindexed_properties WHERE organization_id = :organization
          )
        ORDER BY field.number
        """,
        names=list(names),
    ):
        fields = found.setdefault(row["name"], [])
        if row["number"] is not None and type in (None, row["type"]):
            fields.append(Field(row["number"], row["type"]))
    return found


def ranges(operators: JsonObject, *, single: bool, listed: bool) -> list[list[Range]]:
    """Turn the conditions on a property into sets of ranges that hold all that fulfil them.

    A value has to be in one range of each set. Of a property with `single` values two bounds are
    one range; of one that is `listed`, always a list, `contains` asks for an element.
    """
    found: list[list[Range]] = []
    low: float | None = None
    high: float | None = None
    for operator, operand in operators.items():
        number = _bound(operand) if operator in {"gt", "gte", "lt", "lte"} else None
        if number is not None:
            if operator in {"gt", "gte"}:
                low = number if low is None else max(low, number)
            else:
                high = number if high is None else min(high, number)
            if not single:
                found.append([Range(NUMBERS, low, high)])
                low = high = None
        elif some := _equal_ranges(operator, operand, listed=listed):
            found.append(some)
    return [*found, [Range(NUMBERS, low, high)]] if (low, high) != (None, None) else found


def _bound(operand: JsonValue) -> float | None:
    """Return a bound among numbers, which bounds are unless they may be texts, too."""
    if isinstance(operand, bool):
        return None
    if isinstance(operand, str):
        return float(operand) if filters.is_decimal(operand) else None
    return float(operand) if isinstance(operand, int | float) else None


def _equal_ranges(operator: str, operand: JsonValue, *, listed: bool) -> list[Range]:
    match operator, operand:
        case "in", list():
            each = [_equals(option) for option in operand]
            return [one for some in each for one in some] if all(each) else []
        case "starts_with", str():
            begin = operand[:LONGEST]
            return [Range(TEXTS, begin, begin + _HIGHEST)]
        case "eq", _:
            return _equals(operand)
        case "contains", _ if listed or not isinstance(operand, str):
            return _equals(operand)
        case _:
            return []


def _equals(operand: JsonValue) -> list[Range]:
    if isinstance(operand, bool) or not isinstance(operand, str | int | float):
        return []
    if not isinstance(operand, str):
        return [Range(NUMBERS, float(operand), float(operand))]
    text = operand[:LONGEST]
    number = filters.number_of(operand)
    also = [] if number is None else [Range(NUMBERS, float(number), float(number))]
    return [Range(TEXTS, text, text), *also]


def rows(some: Sequence[Range], fields: Sequence[Field], bind: Bind) -> str:
    """Write a query for the numbers (`seq`) of the entities with a value in one of some ranges."""
    numbers = bind(jsons.dumps([field.number for field in fields]))[1:]
    return " UNION ALL ".join(
        f"SELECT entity AS seq FROM {one.table.name}"
        f" WHERE organization_id = :organization AND field {dialect.any_of(numbers)}"
        f"{within(one, bind)}"
        for one in some
    )


def within(one: Range, bind: Bind) -> str:
    """Say in SQL, each condition after an AND, that a value is in a range."""
    if one.low is not None and one.low == one.high:
        return f" AND value = {_bound_to(one, one.low, bind)}"
    bounds = ((">=", one.low), ("<=", one.high))
    return "".join(
        f" AND value {sign} {_bound_to(one, at, bind)}" for sign, at in bounds if at is not None
    )


def _bound_to(one: Range, value: JsonValue, bind: Bind) -> str:
    return f"lower({bind(value)})" if one.table is TEXTS else bind(value)


def undeclared(work: Work) -> list[str]:
    """List the properties that the ontology wants indexed and that the file does not know of."""
    known = {row["name"] for row in work.all("SELECT name FROM indexed_properties ORDER BY name")}
    return sorted(set(work.ontology.indexed) - known)


def declare(work: Work) -> None:
    """Tell the file which properties are indexed; entities that have them already must wait.

    This is about the entities of every organization.
    """
    names = undeclared(work)
    if not names:
        return
    work.many(
        """
        INSERT INTO indexed_properties (name)
        VALUES (:name)
        ON CONFLICT (name) DO NOTHING
        """,
        [{"name": name} for name in names],
    )
    work.run(
        """
        INSERT INTO unindexed_properties (organization_id, below)
        SELECT organization_id, max(seq) + 1
        FROM entities
        -- always true, since those of every organization are meant
        WHERE organization_id = entities.organization_id
        GROUP BY organization_id
        ON CONFLICT (organization_id) DO UPDATE SET below = excluded.below
        """
    )


def take(work: Work) -> int:
    """Put in the values of one slice of the entities that wait; return how many it passed."""
    below = work.value(
        "SELECT below FROM unindexed_properties WHERE organization_id = :organization"
    )
    if below is None:
        return 0
    first = max(below - SLICE, 0)
    for statement in (_FIELDS, *map(fill, KINDS)):
        work.run(statement, first=first, below=below)
    work.run(
        """
        UPDATE unindexed_properties
        SET below = :first
        WHERE organization_id = :organization
        """,
        first=first,
    )
    work.run(
        """
        DELETE FROM unindexed_properties
        WHERE organization_id = :organization
          AND below = 0
        """
    )
    return below - first


_FIELDS = f"""
    INSERT INTO property_fields (organization_id, type, name)
    SELECT DISTINCT :organization, entities.type, indexed_properties.name
    FROM entities {dialect.by_number()} -- see unindexed.py
    CROSS JOIN indexed_properties
    WHERE entities.organization_id = :organization
      AND entities.seq >= :first
      AND entities.seq < :below
      AND entities.properties -> indexed_properties.name IS NOT NULL
    ON CONFLICT (organization_id, type, name) DO NOTHING
"""


def fill(table: ValueTable) -> str:
    """Write SQL that keeps the values of the entities from `first` to `below`, if they are not."""
    return f"""
        INSERT INTO {table.name} (organization_id, field, value, entity)
        SELECT :organization, field.number, {table.value}, entities.seq
        FROM entities {dialect.by_number()}
        CROSS JOIN property_fields AS field
        CROSS JOIN {dialect.each_value("entities.properties", "field.name")}
        WHERE entities.organization_id = :organization
          AND entities.seq >= :first
          AND entities.seq < :below
          AND field.organization_id = :organization
          AND field.type = entities.type
          AND {table.test}
        ON CONFLICT (organization_id, field, value, entity) DO NOTHING
    """
