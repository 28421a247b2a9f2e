"""Turn the tables of ontology files into types, and refuse references to nothing."""

from dataclasses import dataclass, field

from one_mcp.ontology import names, properties
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
from one_mcp.ontology.tables import TomlTable

_SEARCHED: tuple[PropertyType, ...] = ("string", "text", "string_list", "email", "url")


@dataclass(slots=True)
class Known:
    """Every name that the core files and the packs in use define, before types are built."""

    entities: dict[str, TomlTable] = field(default_factory=dict[str, TomlTable])
    relationships: dict[str, TomlTable] = field(default_factory=dict[str, TomlTable])
    events: dict[str, TomlTable] = field(default_factory=dict[str, TomlTable])
    shapes: dict[str, dict[str, Property]] = field(default_factory=dict[str, dict[str, Property]])
    members: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    groups: dict[Kind, dict[str, str]] = field(
        default_factory=lambda: {"entity": {}, "relationship": {}, "event": {}}
    )
    expanded: dict[tuple[str, ...], tuple[str, ...]] = field(
        default_factory=dict[tuple[str, ...], tuple[str, ...]]
    )

    def group(self, table: TomlTable, kind: Kind) -> str:
        """Take the group of a type and refuse it when no file describes it."""
        name = table.text("group")
        if name not in self.groups[kind]:
            near = names.near(name, tuple(self.groups[kind]))
            hint = f"; did you mean {near[0]}?" if near else f"; describe it in [{kind}_groups]"
            raise table.fault(f"no group is called '{name}'{hint}", "group")
        return name

    def shared(self, table: TomlTable) -> dict[str, Property]:
        """Take the named shapes that a type shares with others."""
        found: dict[str, Property] = {}
        for name in table.words("shapes"):
            if name not in self.shapes:
                raise table.fault(f"no [entity_shapes] is called '{name}'", "shapes")
            found |= self.shapes[name]
        return found

    def one(self, table: TomlTable, key: str, among: dict[str, TomlTable]) -> str | None:
        """Take an optional name and refuse it when nothing has that name."""
        name = table.optional_text(key)
        return None if name is None else _known(table, key, name, among)

    def types(self, table: TomlTable, key: str) -> tuple[str, ...]:
        """Take a list of entity types, in which `@Group` stands for the types of a group."""
        words = table.words(key)
        if words not in self.expanded:
            self.expanded[words] = self._expand(table, key, words)
        return self.expanded[words]

    def _expand(self, table: TomlTable, key: str, words: tuple[str, ...]) -> tuple[str, ...]:
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


def entity_type(name: str, table: TomlTable, known: Known) -> EntityType:
    declared = known.shared(table) | properties.shapes(table.table("properties"))
    built = EntityType(
        name=name,
        group=known.group(table, "entity"),
        meaning=table.text("meaning"),
        title=_title(name, table),
        properties=declared,
        identity=table.optional_text("identity"),
        record=table.flag("record"),
        on_create=known.one(table, "on_create", known.events),
        on_update=known.one(table, "on_update", known.events),
        on_archive=known.one(table, "on_archive", known.events),
        on_restore=known.one(table, "on_restore", known.events),
        text_fields=_fields(table, "text_fields", declared),
        embeddable=_fields(table, "embeddable", declared),
        usual=_usual(table, known),
    )
    table.close()
    for computed in (it.computed for it in declared.values() if it.computed):
        among = known.relationships if computed.direction else known.events
        _known(table, "properties", computed.type, among)
    if built.identity is not None and not (
        built.identity in declared and declared[built.identity].required
    ):
        raise table.fault("must name a property that is required", "identity")
    return built


def relationship_type(
    name: str, table: TomlTable, known: Known, more_ends: tuple[Ends, ...]
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
        metadata=properties.shapes(table.table("metadata")),
        acyclic=table.flag("acyclic"),
        directed=table.flag("directed"),
        usual=_usual(table, known),
    )
    table.close()
    return built


def event_type(name: str, table: TomlTable, known: Known) -> EventType:
    built = EventType(
        name=name,
        group=known.group(table, "event"),
        meaning=table.text("meaning"),
        title=_title(name, table),
        metadata=properties.shapes(table.table("metadata")),
        targets=known.types(table, "targets"),
    )
    table.close()
    return built


def ends(table: TomlTable, known: Known) -> Ends:
    built = Ends(known.types(table, "from"), known.types(table, "to"))
    for key, types in (("from", built.from_types), ("to", built.to_types)):
        if not types:
            raise table.fault("at least one type is needed", key)
    table.close()
    return built


def alias(name: str, table: TomlTable, among: dict[str, TomlTable]) -> Alias:
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


def terms(table: TomlTable) -> dict[str, Term]:
    """Build a closed list of words: `name = "meaning"`, or a table with more."""
    return {name: _term(name, table) for name in table}


def _term(name: str, table: TomlTable) -> Term:
    value = table.value(name)
    if isinstance(value, str):
        return Term(name, value)
    inside = table.table(name)
    built = Term(name, inside.text("meaning"), inside.words("permissions"), inside.object("limits"))
    inside.close()
    return built


def dimension(name: str, table: TomlTable) -> Dimension:
    built = Dimension(name, table.text("title"), table.text("meaning"), table.text("test"))
    table.close()
    return built


def _usual(table: TomlTable, known: Known) -> tuple[Usual, ...]:
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


def _fields(table: TomlTable, key: str, declared: dict[str, Property]) -> tuple[str, ...]:
    fields = table.words(key)
    for name in fields:
        if name not in declared or declared[name].type not in _SEARCHED:
            raise table.fault(f"'{name}' is no text property of this type", key)
    return fields


def _title(name: str, table: TomlTable) -> str:
    return table.optional_text("title") or name.replace("_", " ").capitalize()


def _known(table: TomlTable, key: str, name: str, among: dict[str, TomlTable]) -> str:
    if name not in among:
        near = names.near(name, tuple(among))
        hint = f"; did you mean {near[0]}?" if near else ""
        raise table.fault(f"nothing is called '{name}'{hint}", key)
    return name
