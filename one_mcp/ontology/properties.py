"""Build declared properties from the tables of ontology files, in short or at length."""

import re

from one_mcp.errors import InvalidPropertyError
from one_mcp.ontology import names, shape
from one_mcp.ontology.model import Property, PropertyType
from one_mcp.ontology.tables import TomlTable

_PROPERTY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_BOUNDED: dict[str, tuple[PropertyType, float, float | None]] = {
    "count": ("integer", 0, None),
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
    )
    table.close()
    if type == "enum" and not options:
        raise table.fault("an enum needs its options", "options")
    if built.default is not None:
        try:
            shape.fit(built, built.default, name)
        except InvalidPropertyError as failure:
            raise table.fault(f"does not fit the property: {failure}", "default") from failure
    return built


def _type(table: TomlTable, key: str, name: str) -> PropertyType:
    for type in shape.PROPERTY_TYPES:
        if type == name:
            return type
    near = names.near(name, shape.PROPERTY_TYPES) or shape.PROPERTY_TYPES
    raise table.fault(f"no property type '{name}'; did you mean {' or '.join(near)}?", key)
