"""Build declared properties from the tables of ontology files, in short or at length."""

import re

from one_mcp.errors import InvalidPropertyError
from one_mcp.ontology import names, shape
from one_mcp.ontology.model import TELLABLE, Computed, FieldSource, Property, PropertyType
from one_mcp.ontology.tables import TomlTable

_COMPUTED = re.compile(
    r"(?P<type>\w+)(?: (?P<way>in|out)| (?P<field>[A-Za-z]\w{0,62})=(?P<value>\w+))?"
)
_PROPERTY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_BOUNDED: dict[str, tuple[PropertyType, float, float | None]] = {
    "count": ("integer", 0, None),
    "amount": ("decimal", 0, None),
    "share": ("number", 0, 1),
}


def is_name(name: str) -> bool:
    """Tell whether a text can be a property's name."""
    return bool(_PROPERTY_NAME.fullmatch(name))


def shapes(table: TomlTable) -> dict[str, Property]:
    """Build the properties of a table, each in short or as a table with more."""
    built: dict[str, Property] = {}
    for name in table:
        if not is_name(name):
            raise table.fault("a property name is letters, digits and _, at most 63", name)
        built[name] = _short(name, table) or _long(name, table.table(name))
    seen: set[str] = set(built)
    for declared in built.values():
        for other in declared.aliases:
            if other in seen:
                raise table.fault(f"the alias '{other}' is another property's name", declared.name)
            seen.add(other)
    return built


def _short(name: str, table: TomlTable) -> Property | None:
    """Build `name = "type (unit): meaning"` or `name = "one | other: meaning"`."""
    value = table.value(name)
    if not isinstance(value, str):
        return None
    kind, colon, meaning = value.partition(": ")
    if not colon:
        raise table.fault('must read "type: meaning"', name)
    if " | " in kind:
        return Property(name, "enum", meaning, options=tuple(kind.split(" | ")))
    kind, _, unit = kind.partition(" (")
    bounded = _BOUNDED.get(kind)
    type = bounded[0] if bounded else _type(table, name, kind)
    low, high = bounded[1:] if bounded else (None, None)
    unit = unit.removesuffix(")") or None
    return Property(name, type, meaning, unit=unit, minimum=low, maximum=high)


def _long(name: str, table: TomlTable) -> Property:
    options = table.words("options")
    type = _type(table, "type", table.optional_text("type") or ("enum" if options else ""))
    built = Property(
        name,
        type,
        table.text("meaning"),
        required=table.flag("required"),
        default=table.value("default"),
        unit=table.optional_text("unit"),
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        options=options,
        aliases=table.words("aliases"),
        properties=shapes(table.table("properties")),
        told=_told(table),
        computed=_computed(table),
    )
    table.close()
    if type == "enum" and not options:
        raise table.fault("an enum needs its options", "options")
    if built.default is not None and built.computed is not None:
        raise table.fault("what is computed has no default", "computed")
    if built.default is not None:
        try:
            shape.fit(built, built.default, name)
        except InvalidPropertyError as failure:
            raise table.fault(f"does not fit the property: {failure}", "default") from failure
    return built


def _told(table: TomlTable) -> FieldSource | None:
    """Build where a field is told from: `from = "status"`, with `words`, `until`, `otherwise`."""
    source, words = table.optional_text("from"), dict(table.sentences("words"))
    until, otherwise = table.optional_text("until"), table.optional_text("otherwise")
    if source is None:
        if words or until or otherwise:
            raise table.fault("needs a `from` that words, until and otherwise belong to", "from")
        return None
    if source not in TELLABLE and not is_name(source):
        raise table.fault(f"is a property's name or one of {', '.join(TELLABLE)}", "from")
    return FieldSource(source, words, until, otherwise)


def _computed(table: TomlTable) -> Computed | None:
    """Build `"following in"`, `"comment_posted"` or `"content_interacted interaction=viewed"`."""
    text = table.optional_text("computed")
    if text is None:
        return None
    found = _COMPUTED.fullmatch(text)
    if found is None:
        raise table.fault(
            "is a relationship type with its direction, or an event type, perhaps with a case: "
            '"following in", "content_interacted interaction=viewed"',
            "computed",
        )
    way, field, value = found["way"], found["field"], found["value"]
    direction = None if way is None else "in" if way == "in" else "out"
    return Computed(found["type"], direction, field, value)


def _type(table: TomlTable, key: str, name: str) -> PropertyType:
    for type in shape.PROPERTY_TYPES:
        if type == name:
            return type
    near = names.near(name, shape.PROPERTY_TYPES) or shape.PROPERTY_TYPES
    raise table.fault(f"no property type '{name}'; did you mean {' or '.join(near)}?", key)
