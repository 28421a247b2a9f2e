"""Sources: which entities, connections or events are summarized, by the conditions of finding."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from one_mcp.dimensions import lookup
from one_mcp.dimensions.connections import finding as connections
from one_mcp.dimensions.entities import conditions, existence, selection
from one_mcp.dimensions.entities.existence import Existence
from one_mcp.dimensions.entities.selection import NeighbourOf
from one_mcp.dimensions.events import finding, retracted
from one_mcp.dimensions.organizations import moments
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, operands
from one_mcp.ontology.model import Property
from one_mcp.store import dialect, filters, fulltext, sight, undeclared
from one_mcp.store.work import Work

Kind = Literal["entities", "connections", "events"]
MOST_BY_TEXT = 100_000
AMOUNT, CURRENCY = "amount", "currency"  # of events, which an index has beside their time and ends
BY_AMOUNT = "events_by_amount"
_TIMES = {"entities": "created_at", "connections": "created_at", "events": "at"}
_FIELDS = {"entities": "properties", "connections": "metadata", "events": "metadata"}
# names for columns, by which rows are grouped and whose values are counted
_COLUMNS: dict[str, dict[str, str]] = {
    "entities": {"type": "type", "status": "status", "name": "name", "id": "id"},
    "connections": {"type": "type", "relationship": "type", "from": "from_id", "to": "to_id"},
    "events": {"type": "type", "actor": "actor_id", "target": "target_id"},
}
_ALLOWED = {
    "entities": {"status", "text", "tags", "connected_to"},
    "connections": {"from", "to"},
    "events": {"actor", "target"},
}
ENDS: dict[Kind, tuple[str, ...]] = {
    "entities": ("id",),
    "connections": ("from", "to"),
    "events": ("actor", "target"),
}
NAMED = frozenset({"actor", "target", "from", "to", "id"})  # ids that are shown with names


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a caller asks for; only some of it fits entities, connections or events."""

    types: Sequence[str] = ()
    where: JsonObject | None = None
    status: str | None = None
    text: str | None = None
    tags: Sequence[str] = ()
    connected_to: NeighbourOf | None = None
    has: Sequence[Existence] = ()
    lacks: Sequence[Existence] = ()
    actor: str | None = None
    target: str | None = None
    from_id: str | None = None
    to_id: str | None = None
    since: int | str | None = None
    until: int | str | None = None


@dataclass(slots=True)
class RowSource:
    """The rows of a table that meet conditions, in SQL, and the span of time they are of.

    `shapes` are what their types declare.
    """

    table: Kind
    shapes: list[dict[str, Property]] = field(default_factory=list[dict[str, Property]])
    conditions: list[str] = field(default_factory=list[str])
    parameters: dict[str, object] = field(default_factory=dict[str, object])
    since: int | None = None
    until: int | None = None
    index: str | None = None
    whole_types: bool = False
    parted: bool = False  # what was simulated is left out

    def bind(self, value: object) -> str:
        """Bind a value under a new name and return the placeholder."""
        name = f"b{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    @property
    def rows(self) -> str:
        """The table as a statement names it after FROM."""
        return self.table if self.index is None else f"{self.table} {dialect.by_index(self.index)}"

    @property
    def time(self) -> str:
        return f"{self.table}.{_TIMES[self.table]}"

    @property
    def fields(self) -> str:
        """The JSON column that holds what a row of this table has of its own."""
        return f"{self.table}.{_FIELDS[self.table]}"

    def column(self, name: str) -> str | None:
        """Return the column that a caller's word stands for, if it is none of the JSON's."""
        found = _COLUMNS[self.table].get(name)
        return f"{self.table}.{found}" if found else None

    def path(self, name: str, argument: str) -> str:
        """Read the name of a property or metadata field, dotted, as a path in the JSON column.

        Raises InvalidArgumentError for what can be none.
        """
        plain = self.plain(name)
        if not filters.is_path(plain):
            known = ", ".join(_COLUMNS[self.table])
            raise InvalidArgumentError(
                f"{argument} takes {known}, or what {_FIELDS[self.table]} has, in letters, digits "
                "and _, with dots between the names of nested ones.",
                argument=argument,
            )
        if self.table == "connections":
            operands.refuse_outside(
                self.shapes, [plain], connections.BY_VALIDITY, "metadata", argument
            )
        return filters.json_path(operands.find(self.shapes, plain)[0])

    def plain(self, name: str) -> str:
        """Return a field's name without the word for all fields of a row in front of it."""
        return name.removeprefix(f"{_FIELDS[self.table]}.")


def select(work: Work, table: Kind, asked: Conditions) -> RowSource:
    """Make a source of conditions. Raises InvalidArgumentError for one that does not fit it."""
    _refuse_strangers(table, asked)
    source = RowSource(table, undeclared.shapes(work.ontology, table, typed(work, table, asked)))
    if table == "entities":
        _entities(work, source, asked)
    else:
        _others(work, source, asked)
    source.since, source.until = moments.span(work, asked.since, asked.until)
    return source


def typed(work: Work, table: Kind, asked: Conditions) -> list[str]:
    """Name the types that are asked about, as the ontology calls them; none is all."""
    match table:
        case "entities":
            return [check.entity_type(work.ontology, name).name for name in asked.types]
        case "connections":
            return check.relationship_types(work.ontology, asked.types)
        case "events":
            return check.event_types(work.ontology, asked.types)


def _refuse_strangers(table: Kind, asked: Conditions) -> None:
    given = {name.removesuffix("_id"): value for name, value in asdict(asked).items() if value}
    for name in given:
        if any(name in names for names in _ALLOWED.values()) and name not in _ALLOWED[table]:
            fits = ", ".join(sorted({"types", "where", "since", "until"} | _ALLOWED[table]))
            raise InvalidArgumentError(
                f"{name} is no condition on {table}, which take {fits}.", argument=name
            )


def _entities(work: Work, source: RowSource, asked: Conditions) -> None:
    kinds = [check.entity_type(work.ontology, name) for name in asked.types]
    chosen = selection.select(
        work,
        kinds[0] if len(kinds) == 1 else None,
        asked.status,
        conditions.fitted(work, kinds, asked.where or {}),
        asked.tags,
        connected_to=asked.connected_to,
        by_created=True,
    )
    existence.choose(work, chosen, asked.has, asked.lacks)
    if len(kinds) > 1:
        names = chosen.bind([kind.name for kind in kinds])[1:]
        chosen.scope.append(f"entities.type {dialect.any_of(names)}")
    if asked.text is not None:
        rows = chosen.bind(_worded(work, asked.text))[1:]
        chosen.scope.append(f"entities.seq {dialect.any_of(rows)}")
    small = chosen.smallest(work)
    source.conditions = [*chosen.scope, *chosen.tests(small)]
    if small is not None:
        source.conditions.append(f"entities.{small.key} IN ({small.ids})")
    elif len(kinds) == len(chosen.scope) - 1 == 1 and not chosen.archived:
        source.index = "entities_by_type"  # all of a type, which by names is several times as slow
    source.parameters = chosen.parameters


def _worded(work: Work, text: str) -> list[int]:
    """List the numbers of the entities with all words of a text."""
    words = fulltext.words(work, text)
    if words is None:
        return []
    every = " AND ".join(fulltext.query(words.tenant, word) for word in words.all)
    found = fulltext.newest(work, fulltext.ENTITIES, every, MOST_BY_TEXT + 1)
    if len(found) > MOST_BY_TEXT:
        raise InvalidArgumentError(
            f"More than {MOST_BY_TEXT:,} entities have these words; use more words, or a type.",
            argument="text",
        )
    return found


def _others(work: Work, source: RowSource, asked: Conditions) -> None:
    events = source.table == "events"
    known = (check.event_types if events else check.relationship_types)(
        work.ontology, asked.types or None
    )
    fitted = (finding.fitted if events else connections.fitted)(work, known, asked.where or {})
    made = filters.of(fitted, source.fields)
    source.conditions = [
        *made.conditions,
        *(retracted.live_of_many(work) if events else [sight.visible("connections")]),
    ]
    source.parameters = dict(made.parameters)
    ends = {name: f"{source.table}.{_COLUMNS[source.table][name]}" for name in ENDS[source.table]}
    source.conditions += existence.tests(work, source, ends, asked.has, asked.lacks)
    if known:
        source.conditions.append(f"{source.table}.type {dialect.any_of('types')}")
        source.parameters["types"] = known
        source.whole_types = events and asked.actor is None and asked.target is None
    given = {"actor_id": asked.actor, "target_id": asked.target}
    ends = {"from_id": asked.from_id, "to_id": asked.to_id}
    for column, id in {**given, **ends}.items():
        if id is None:
            continue
        if column in ends:
            lookup.live(work, id, column.removesuffix("_id"))
        source.conditions.append(f"{source.table}.{column} = :{column}")
        source.parameters[column] = id
