"""Turn the tables of ontology files into types, and refuse references to nothing."""

import re
from dataclasses import dataclass, field

from one_mcp.errors import InvalidPropertyError
from one_mcp.ontology import names, shape
from one_mcp.ontology.model import (
    ANY,
    Alias,
    Dimension,
    Ends,
    EntityType,
    EventType,
    Kind,
    Property,
    PropertyType,
    RelationshipType,
    Term,
    Usual,
)
from one_mcp.ontology.tables import Table

_PROPERTY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_BOUNDED: dict[str, tuple[PropertyType, float, float | None]] = {
    "count": ("integer", 0, None),
    "share": ("number", 0, 1),
}
_SEARCHED: tuple[PropertyType, ...] = ("string", "text", "string_list", "email", "url")


@dataclass(slots=True)
class Known:
    """Every name that the core files and the packs in use define, before types are built."""

    entities: dict[str, Table] = field(default_factory=dict[str, Table])
    relationships: dict[str, Table] = field(default_factory=dict[str, Table])
    events: dict[str, Table] = field(default_factory=dict[str, Table])
    shapes: dict[str, dict[str, Property]] = field(default_factory=dict[str, dict[str, Property]])
    members: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    groups: dict[Kind, dict[str, str]] = field(
        default_factory=lambda: {"entity": {}, "relationship": {}, "event": {}}
    )

    expanded: dict[tuple[str, ...], tuple[str, ...]] = field(
        default_factory=dict[tuple[str, ...], tuple[str, ...]]
    )

    def group(self, table: Table, kind: Kind) -> str:
        """Take the group of a type and refuse it when no file describes it."""
        name = table.text("group")
        if name not in self.groups[kind]:
            near = names.near(name, tuple(self.groups[kind]))
            hint = f"; did you mean {near[0]}?" if near else f"; describe it in [{kind}_groups]"
            raise table.fault(f"no group is called '{name}'{hint}", "group")
        return name

    def shared(self, table: Table) -> dict[str, Property]:
        """Take the named shapes that a type shares with others."""
        found: dict[str, Property] = {}
        for name in table.words("shapes"):
            if name not in self.shapes:
                raise table.fault(f"no [entity_shapes] is called '{name}'", "shapes")
            found |= self.shapes[name]
        return found

    def one(self, table: Table, key: str, among: dict[str, Table]) -> str | None:
        """Take an optional name and refuse it when nothing has that name."""
        name = table.optional_text(key)
        return None if name is None else _known(table, key, name, among)

    def types(self, table: Table, key: str) -> tuple[str, ...]:
        """Take a list of entity types, in which `@Group` stands for the types of a group."""
        words = table.words(key)
        if words not in self.expanded:
            self.expanded[words] = self._expand(table, key, words)
        return self.expanded[words]

    def _expand(self, table: Table, key: str, words: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for word in words:
            if word == ANY:
                found.append(word)
            elif word.startswith("@"):
                if word[1:] not in self.members:
                    raise table.fault(f"no group of entity types is called '{word[1:]}'", key)
                found.extend(self.members[word[1:]])
            else:
                found.append(_known(table, key, word, self.entities))
        return tuple(dict.fromkeys(found))


def entity_type(name: str, table: Table, known: Known) -> EntityType:
    properties = known.shared(table) | shapes(table.table("properties"))
    built = EntityType(
        name=name,
        group=known.group(table, "entity"),
        meaning=table.text("meaning"),
        title=_title(name, table),
        properties=properties,
        identity=table.optional_text("identity"),
        on_create=known.one(table, "on_create", known.events),
        on_update=known.one(table, "on_update", known.events),
        on_archive=known.one(table, "on_archive", known.events),
        on_restore=known.one(table, "on_restore", known.events),
        text_fields=_fields(table, "text_fields", properties),
        embeddable=_fields(table, "embeddable", properties),
        usual=_usual(table, known),
    )
    table.close()
    if built.identity is not None and not (
        built.identity in properties and properties[built.identity].required
    ):
        raise table.fault("must name a property that is required", "identity")
    return built


def relationship_type(
    name: str, table: Table, known: Known, more_ends: tuple[Ends, ...]
) -> RelationshipType:
    own_ends = tuple(ends(inside, known) for inside in table.listed("ends"))
    if not own_ends:
        raise table.fault("at least one pair of from and to types is needed", "ends")
    built = RelationshipType(
        name=name,
        group=known.group(table, "relationship"),
        meaning=table.text("meaning"),
        title=_title(name, table),
        reading=table.text("reading"),
        inverse_reading=table.text("inverse_reading"),
        ends=own_ends + more_ends,
        metadata=shapes(table.table("metadata")),
        acyclic=table.flag("acyclic"),
        directed=table.flag("directed"),
        usual=_usual(table, known),
    )
    table.close()
    return built


def event_type(name: str, table: Table, known: Known) -> EventType:
    built = EventType(
        name=name,
        group=known.group(table, "event"),
        meaning=table.text("meaning"),
        title=_title(name, table),
        metadata=shapes(table.table("metadata")),
        targets=known.types(table, "targets"),
    )
    table.close()
    return built


def ends(table: Table, known: Known) -> Ends:
    built = Ends(known.types(table, "from"), known.types(table, "to"))
    for key, types in (("from", built.from_types), ("to", built.to_types)):
        if not types:
            raise table.fault("at least one type is needed", key)
    table.close()
    return built


def alias(name: str, table: Table, among: dict[str, Table]) -> Alias:
    """Build `"synonym"`, `["one", "other"]`, `"one | other: advice"` or `{ advice = "…" }`."""
    value = table.value(name)
    if isinstance(value, str):
        types, colon, advice = value.partition(": ")
        built = Alias(name, tuple(types.split(" | ")), advice, synonym=not colon)
    elif isinstance(value, dict):
        inside = table.table(name)
        built = Alias(name, (), inside.text("advice"))
        inside.close()
    else:
        built = Alias(name, table.words(name))
    for candidate in built.candidates:
        _known(table, name, candidate, among)
    return built


def terms(table: Table) -> dict[str, Term]:
    """Build a closed list of words: `name = "meaning"`, or a table with more."""
    return {name: _term(name, table) for name in table}


def _term(name: str, table: Table) -> Term:
    value = table.value(name)
    if isinstance(value, str):
        return Term(name, value)
    inside = table.table(name)
    built = Term(name, inside.text("meaning"), inside.words("permissions"), inside.object("limits"))
    inside.close()
    return built


def dimension(name: str, table: Table) -> Dimension:
    built = Dimension(name, table.text("title"), table.text("meaning"), table.text("test"))
    table.close()
    return built


def shapes(table: Table) -> dict[str, Property]:
    """Build the properties of a table, each in short or as a table with more."""
    built: dict[str, Property] = {}
    for name in table:
        if not _PROPERTY_NAME.fullmatch(name):
            raise table.fault("a property name is letters, digits and _, at most 63", name)
        built[name] = _short(name, table) or _long(name, table.table(name))
    seen: set[str] = set(built)
    for declared in built.values():
        for other in declared.aliases:
            if other in seen:
                raise table.fault(f"the alias '{other}' is another property's name", declared.name)
            seen.add(other)
    return built


def _short(name: str, table: Table) -> Property | None:
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


def _long(name: str, table: Table) -> Property:
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


def _type(table: Table, key: str, name: str) -> PropertyType:
    for type in shape.PROPERTY_TYPES:
        if type == name:
            return type
    near = names.near(name, shape.PROPERTY_TYPES) or shape.PROPERTY_TYPES
    raise table.fault(f"no property type '{name}'; did you mean {' or '.join(near)}?", key)


def _usual(table: Table, known: Known) -> tuple[Usual, ...]:
    built: list[Usual] = []
    for inside in table.listed("usual"):
        usual = Usual(
            connection=known.one(inside, "connection", known.relationships),
            from_types=known.types(inside, "from"),
            to_types=known.types(inside, "to"),
            events=inside.words("events"),
            why=inside.optional_text("why") or "",
        )
        inside.close()
        for event in usual.events:
            _known(inside, "events", event, known.events)
        if (usual.connection is None) == (not usual.events):
            raise inside.fault("needs either a connection or events")
        if usual.connection is not None and bool(usual.from_types) == bool(usual.to_types):
            raise inside.fault("a connection needs either `from` or `to`")
        built.append(usual)
    return tuple(built)


def _fields(table: Table, key: str, properties: dict[str, Property]) -> tuple[str, ...]:
    fields = table.words(key)
    for name in fields:
        if name not in properties or properties[name].type not in _SEARCHED:
            raise table.fault(f"'{name}' is no text property of this type", key)
    return fields


def _title(name: str, table: Table) -> str:
    return table.optional_text("title") or name.replace("_", " ").capitalize()


def _known(table: Table, key: str, name: str, among: dict[str, Table]) -> str:
    if name not in among:
        near = names.near(name, tuple(among))
        hint = f"; did you mean {near[0]}?" if near else ""
        raise table.fault(f"nothing is called '{name}'{hint}", key)
    return name
