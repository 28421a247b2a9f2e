"""Questions about a mapping as a whole: cycles, and what usually comes with its pieces."""

from dataclasses import dataclass

from one_mcp.jsons import JsonObject
from one_mcp.ontology.model import EntityType, EventType, RelationshipType, Usual
from one_mcp.ontology.report import Findings


@dataclass(frozen=True, slots=True)
class Referent:
    """What a reference stands for: one entity, or any entity of a type."""

    ref: str
    type: str | None
    one: bool


@dataclass(frozen=True, slots=True)
class Made:
    at: str
    type: EntityType
    local: str | None

    @property
    def ref(self) -> str:
        return self.local or self.type.name

    def is_meant(self, end: Referent) -> bool:
        return end.ref == self.local or (not end.one and end.type == self.type.name)


@dataclass(frozen=True, slots=True)
class Drawn:
    at: str
    type: RelationshipType
    start: Referent
    end: Referent


@dataclass(frozen=True, slots=True)
class Occurrence:
    type: EventType
    target: Referent | None


def refuse_cycles(drawn: list[Drawn], found: Findings) -> None:
    """Refuse each connection that closes a cycle in a relationship that allows none (D-08)."""
    reached: dict[str, dict[str, set[str]]] = {}
    for edge in drawn:
        if not (edge.type.acyclic and edge.start.one and edge.end.one):
            continue
        ahead = reached.setdefault(edge.type.name, {})
        start, end = edge.start.ref, edge.end.ref
        if start in _ahead(ahead, end):
            found.refuse(
                edge.at,
                "CYCLE",
                f"{start} {edge.type.name} {end} closes a cycle: {end} leads to {start} already",
                "leave out one of the connections of the cycle",
            )
        else:
            ahead.setdefault(start, set()).add(end)


def _ahead(ahead: dict[str, set[str]], start: str) -> set[str]:
    """Return everything that can be reached from a reference."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for ref in ahead.get(waiting.pop(), set()) - seen:
            seen.add(ref)
            waiting.append(ref)
    return seen


def advise(
    made: list[Made], drawn: list[Drawn], happened: list[Occurrence], found: Findings
) -> None:
    """Advise what usually comes with the types of a mapping and is not in it."""
    types = {entity.type.name: entity.type for entity in made}
    for type in types.values():
        alike = [entity for entity in made if entity.type.name == type.name]
        for usual in type.usual:
            without = [entity for entity in alike if not _has(entity, usual, drawn, happened)]
            if without:
                _advise_entity(without, usual, made, found)
    recorded = {event.type.name for event in happened}
    recorded |= {entity.type.on_create for entity in made if entity.type.on_create}
    edges = {edge.type.name: edge for edge in reversed(drawn)}
    for edge in reversed(edges.values()):
        for usual in edge.type.usual:
            if recorded.isdisjoint(usual.events):
                found.advise(
                    edge.at,
                    "USUALLY_RECORDED",
                    f"{edge.type.name} usually comes with the event "
                    f"{' or '.join(usual.events)}: {usual.why}",
                    {"type": usual.events[0], "target": edge.end.ref},
                )


def _has(entity: Made, usual: Usual, drawn: list[Drawn], happened: list[Occurrence]) -> bool:
    if usual.connection is None:
        return any(
            event.type.name in usual.events
            and (event.target is None or entity.is_meant(event.target))
            for event in happened
        )
    return any(
        edge.type.name == usual.connection
        and entity.is_meant(edge.end if usual.from_types else edge.start)
        for edge in drawn
    )


def _advise_entity(without: list[Made], usual: Usual, made: list[Made], found: Findings) -> None:
    first = without[0]
    more = f" and {len(without) - 1} more" if len(without) > 1 else ""
    who = f"{first.ref}{more}"
    if usual.connection is None:
        found.advise(
            first.at,
            "USUALLY_RECORDED",
            f"{who} usually comes with the event {' or '.join(usual.events)}: {usual.why}",
            {"type": usual.events[0], "target": first.ref},
        )
        return
    wanted = usual.from_types or usual.to_types
    others = [entity.ref for entity in made if entity.type.name in wanted and entity != first]
    other = others[0] if others else wanted[0]
    start, end = (other, first.ref) if usual.from_types else (first.ref, other)
    add: JsonObject = {"from": start, "type": usual.connection, "to": end}
    found.advise(
        first.at,
        "USUALLY_CONNECTED",
        f"{who} has no {usual.connection} {'from' if usual.from_types else 'to'} "
        f"{_some(wanted)}: {usual.why}",
        add,
    )


def _some(types: tuple[str, ...]) -> str:
    longest = 3
    return " or ".join(types[:longest]) + (" or another" if len(types) > longest else "")
