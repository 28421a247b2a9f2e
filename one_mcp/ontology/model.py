"""What the ontology files say, as data: types, shapes, edges, events and the words around them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from one_mcp.jsons import JsonObject, JsonValue

PropertyType = Literal[
    "string",
    "text",
    "integer",
    "number",
    "decimal",
    "boolean",
    "timestamp_ms",
    "url",
    "email",
    "enum",
    "id",
    "string_list",
    "object",
    "object_list",
    "json",
]
Kind = Literal["entity", "relationship", "event"]
Moment = Literal["created", "updated", "archived", "restored"]

ANY = "*"
TELLABLE = ("entity.id", "entity.type", "entity.name", "entity.moment", "entity.changed")


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where a field has its value from that nobody gives: from the entity that it is about.

    `source` is one of its properties or one of `TELLABLE`. `words` says what some of its values are
    called here, `until` where a text is cut, `otherwise` what it is where the entity has nothing.
    """

    source: str
    words: dict[str, str] = field(default_factory=dict[str, str])
    until: str | None = None
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """How a number follows from the graph: connections of a type and direction, or events.

    Events are those that happened to the entity, of all cases or of one: `interaction=viewed`.
    """

    type: str
    direction: Literal["in", "out"] | None = None
    field: str | None = None
    value: str | None = None

    @property
    def words(self) -> str:
        case = f" {self.field}={self.value}" if self.field else ""
        return f"{self.type} {self.direction}" if self.direction else f"{self.type}{case}"


@dataclass(frozen=True, slots=True)
class Property:
    """One field of a shape.

    `options` are the values of an enum; `properties` the fields of an object or of each object in
    a list. `aliases` are other names under which the value is accepted and renamed.
    """

    name: str
    type: PropertyType
    meaning: str = ""
    required: bool = False
    default: JsonValue = None
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    options: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    properties: "dict[str, Property]" = field(default_factory=dict[str, "Property"])
    told: FieldSource | None = None
    computed: Computed | None = None


@dataclass(frozen=True, slots=True)
class Usual:
    """What usually comes with a type: a connection to or from it, or one of some events.

    A connection names its other end: `from_types` when it arrives, `to_types` when it leaves.
    """

    connection: str | None = None
    from_types: tuple[str, ...] = ()
    to_types: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class EntityType:
    """A kind of thing. `identity` names the property that is unique among its entities.

    A `record` tells of other things, as a payment does, and is found after them.
    """

    name: str
    group: str
    meaning: str
    title: str
    properties: dict[str, Property]
    identity: str | None = None
    record: bool = False
    on_create: str | None = None
    on_update: str | None = None
    on_archive: str | None = None
    on_restore: str | None = None
    text_fields: tuple[str, ...] = ()
    embeddable: tuple[str, ...] = ()
    usual: tuple[Usual, ...] = ()

    def records(self, moment: Moment) -> str | None:
        """Name the event that a moment in the life of such an entity records by itself."""
        return {
            "created": self.on_create,
            "updated": self.on_update,
            "archived": self.on_archive,
            "restored": self.on_restore,
        }[moment]


@dataclass(frozen=True, slots=True)
class Ends:
    """Types that a relationship usually leads from and to; `*` stands for every type."""

    from_types: tuple[str, ...]
    to_types: tuple[str, ...]

    def fit(self, from_type: str, to_type: str) -> bool:
        return self.leave(from_type) and self.arrive(to_type)

    def leave(self, from_type: str) -> bool:
        return from_type in self.from_types or ANY in self.from_types

    def arrive(self, to_type: str) -> bool:
        return to_type in self.to_types or ANY in self.to_types


@dataclass(frozen=True, slots=True)
class RelationshipType:
    """A kind of edge.

    `{from} {reading} {to}` and `{to} {inverse_reading} {from}` are its two sentences. `directed`
    says that a reversed edge is refused rather than stored with a warning (D-06).
    """

    name: str
    group: str
    meaning: str
    title: str
    reading: str
    inverse_reading: str
    ends: tuple[Ends, ...]
    metadata: dict[str, Property]
    acyclic: bool = False
    directed: bool = False
    usual: tuple[Usual, ...] = ()

    @property
    def from_types(self) -> tuple[str, ...]:
        return _union(ends.from_types for ends in self.ends)

    @property
    def to_types(self) -> tuple[str, ...]:
        return _union(ends.to_types for ends in self.ends)

    def fits(self, from_type: str, to_type: str) -> bool:
        return any(ends.fit(from_type, to_type) for ends in self.ends)

    def sentence(self, from_name: str, to_name: str) -> str:
        """Read a connection aloud: `Jane owns Yoga for runners`."""
        return f"{from_name} {self.reading} {to_name}"


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event. `targets` are the types it usually happens to; empty: no target needed."""

    name: str
    group: str
    meaning: str
    title: str
    metadata: dict[str, Property]
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """A word that is no type of its own.

    A synonym resolves to its one candidate. Any other word only advises: the caller has to choose
    one of the candidates, or something else that `advice` describes (D-05).
    """

    name: str
    candidates: tuple[str, ...]
    advice: str = ""
    synonym: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of the six dimensions, with a simple test of what belongs there."""

    name: str
    title: str
    meaning: str
    test: str


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a closed list, such as a status, a plan or a knowledge kind, and its meaning."""

    name: str
    meaning: str
    permissions: tuple[str, ...] = ()
    limits: JsonObject = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class Ontology:
    """Everything the core files and the packs in use say.

    `indexed` names the properties by which entities are found fast, whatever their type.
    """

    dimensions: dict[str, Dimension]
    groups: dict[Kind, dict[str, str]]
    entity_types: dict[str, EntityType]
    relationship_types: dict[str, RelationshipType]
    event_types: dict[str, EventType]
    aliases: dict[str, Alias]
    relationship_aliases: dict[str, Alias]
    event_aliases: dict[str, Alias]
    organization: dict[str, Property]
    person: dict[str, Property]
    statuses: dict[str, Term]
    organization_statuses: dict[str, Term]
    person_statuses: dict[str, Term]
    roles: dict[str, Term]
    plans: dict[str, Term]
    knowledge_kinds: dict[str, Term]
    link_roles: dict[str, Term]
    tag_keys: dict[str, Term]
    packs: tuple[str, ...] = ()
    indexed: frozenset[str] = frozenset()

    def shape(self, kind: Kind, type: str) -> dict[str, Property]:
        """Return what a type declares of its own; nothing where no file names it (any more)."""
        match kind:
            case "entity":
                entity = self.entity_types.get(type)
                return entity.properties if entity else {}
            case "relationship":
                relationship = self.relationship_types.get(type)
                return relationship.metadata if relationship else {}
            case "event":
                event = self.event_types.get(type)
                return event.metadata if event else {}


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))
