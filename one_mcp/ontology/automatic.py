"""Automatic: what follows from what somebody said: an event of an entity, a name it goes by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from one_mcp.errors import InvalidPropertyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import shape
from one_mcp.ontology.model import EntityType, EventType, FieldSource, Moment, Ontology, Property

MOST_NAMES = 50  # of changed fields
CHANGED = "content_changed"
MARK = "simulated"  # of an entity that a trial left behind, and of what is told of it
CASE = "action"  # a field of an event type that tells moments apart
_FIGURES = frozenset({"integer", "number", "decimal"})
_UNIT = "currency"  # without which an amount is none
TIMES = (  # properties that say when a thing came to be, or came to its end; the plainest first
    *("processedAt", "endedAt", "createdAt", "joinedAt", "issuedAt", "placedAt", "purchasedAt"),
    *("registeredAt", "promisedAt", "startedAt", "publishedAt", "sentAt", "recordedAt"),
    *("generatedAt", "timestamp", "deployedAt", "paidAt"),
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A moment in the life of an entity. `changed` names its fields that became others.

    `was` is the type that it had before, where it became one of another.
    """

    kind: EntityType
    moment: Moment
    id: str
    properties: JsonObject = field(default_factory=dict[str, JsonValue])
    changed: Sequence[str] = ()
    was: str | None = None

    @property
    def names(self) -> list[str]:
        """The fields that changed, properties without `properties.`."""
        return [name.removeprefix("properties.") for name in self.changed]


@dataclass(frozen=True, slots=True)
class Automatic:
    """An event that an occasion records by itself; `at` is when it happened, if that is said."""

    type: EventType
    metadata: JsonObject
    at: int | None


def event(ontology: Ontology, occasion: Occasion) -> Automatic | None:
    """Return the event that an occasion records by itself, with what it says of the entity.

    None where there is none, and where what tells its cases apart is not said: a payment whose
    description becomes another is not processed again.
    """
    name = occasion.kind.records(occasion.moment)
    if name is None:
        return None
    type = ontology.event_types[name]
    said: JsonObject = {}
    for declared in type.metadata.values():
        value = _said(declared, occasion)
        if value is not None:
            said[declared.name] = value
        elif declared.required:
            return None
    return Automatic(type, said | _beside(occasion), _moment(type, occasion))


def conversion(ontology: Ontology, occasion: Occasion) -> Automatic:
    """Return the event of an entity that became one of another type, where that type has none."""
    said: JsonObject = {CASE: "updated", "fields": [*occasion.names]}
    return Automatic(ontology.event_types[CHANGED], said | _beside(occasion), None)


def _beside(occasion: Occasion) -> JsonObject:
    """Say what any event does: what became what (D-60), and that it was only simulated (D-68)."""
    mark: JsonObject = {MARK: True} if occasion.properties.get(MARK) is True else {}
    if occasion.was is None:
        return mark
    return {"fromType": occasion.was, "toType": occasion.kind.name, **mark}


def figures(ontology: Ontology, occasion: Occasion) -> list[str]:
    """Name the changed numbers that the event of the entity's creation has as they were."""
    if occasion.kind.on_create is None:
        return []
    said = [
        declared.told.source if declared.told else declared.name
        for declared in ontology.event_types[occasion.kind.on_create].metadata.values()
        if declared.type in _FIGURES or declared.name == _UNIT
    ]
    return [name for name in occasion.names if name in said]


def is_own(ontology: Ontology, kind: EntityType) -> bool:
    """Tell whether the event that creating such an entity records says that of its type alone."""
    if kind.on_create is None:
        return False
    case = ontology.event_types[kind.on_create].metadata.get(CASE)
    return case is None or "created" not in case.options


def begun(kind: EntityType, name: str, given: JsonObject, values: JsonObject) -> JsonObject:
    """Add to the values of a new entity what it has from its name and other properties.

    What somebody gave, were it null, is not touched.
    """
    own: Mapping[str, JsonValue] = {"entity.name": name}
    for declared in kind.properties.values():
        told = declared.told
        if told is not None and given.keys().isdisjoint((declared.name, *declared.aliases)):
            value = _in_words(told, own.get(told.source, values.get(told.source)))
            if value is not None:
                values[declared.name] = value
    return values


def _said(declared: Property, occasion: Occasion) -> JsonValue:
    """Return what a metadata field says of an occasion, if it fits."""
    told = declared.told
    if told is None:
        if declared.name == CASE and occasion.moment in declared.options:
            return occasion.moment
        return _fitting(declared, occasion)
    own: Mapping[str, JsonValue] = {
        "entity.id": occasion.id,
        "entity.type": occasion.kind.name,
        "entity.moment": occasion.moment,
        "entity.changed": [*occasion.names[:MOST_NAMES]] or None,
    }
    value = own.get(told.source, occasion.properties.get(told.source))
    if occasion.moment != "created" and (
        value is None or (declared.required and told.source not in (*own, *occasion.names))
    ):
        return None
    value = _in_words(told, value)
    return value if not declared.options or value in declared.options else None


def _fitting(declared: Property, occasion: Occasion) -> JsonValue:
    """Take the property of a field's name, or one that has it as another name, where it fits."""
    shapes, name = occasion.kind.properties, declared.name
    known = shapes.get(name) or shape.by_alias(shapes, name)
    value = occasion.properties.get(known.name if known else name)
    if value is None or (known and known.type == declared.type):
        return value
    try:
        return shape.fit(declared, value, name)
    except InvalidPropertyError:
        return None


def _in_words(told: FieldSource, value: JsonValue) -> JsonValue:
    if value is None:
        return told.otherwise
    if not isinstance(value, str):
        return value
    cut = value if told.until is None else value.partition(told.until)[0]
    return told.words.get(cut, cut)


def _moment(type: EventType, occasion: Occasion) -> int | None:
    """Find when it happened: "leads of November" came in November, whenever that was written down.

    Of an update, only a state that somebody says the time of with it has one of its own.
    """
    names = TIMES
    if occasion.moment != "created":
        states = [it.told for it in type.metadata.values() if it.required and it.told]
        changed = occasion.names if any("." not in it.source for it in states) else []
        names = tuple(name for name in TIMES if name in changed)
    times = (occasion.properties.get(name) for name in names)
    return next((it for it in times if isinstance(it, int) and not isinstance(it, bool)), None)
