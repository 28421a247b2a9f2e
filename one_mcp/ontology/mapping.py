"""Judge a proposed mapping against the ontology and what is known to be there, without writing."""

from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

from one_mcp.errors import (
    InvalidArgumentError,
    InvalidPropertyError,
    UnknownTypeError,
    WrongDirectionError,
    shown,
)
from one_mcp.jsons import JsonObject
from one_mcp.ontology import check, completeness, nearest, proposal, shape
from one_mcp.ontology.check import CheckedProperties
from one_mcp.ontology.completeness import Drawn, Made, Occurrence
from one_mcp.ontology.model import EntityType, Ontology, Property
from one_mcp.ontology.proposal import (
    Mapping,
    Placed,
    ProposedConnection,
    ProposedEntity,
    ProposedEvent,
    ProposedOperation,
    ProposedTag,
)
from one_mcp.ontology.referring import Existing, KnownEnds
from one_mcp.ontology.report import Findings, Report

_ARCHIVED = "archived"


def check_mapping(ontology: Ontology, mapping: Mapping, existing: dict[str, Existing]) -> Report:
    """Report what would be refused, what is unusual, and what usually comes with it.

    `existing` are the entities that are there, by the ids that the mapping names.
    """
    pieces = proposal.pieces(mapping)
    review = _Review(ontology, existing)
    for faulty in pieces.faulty:
        review.found.refuse(faulty.at, "INVALID_ARGUMENT", *faulty.it)
    for entity in pieces.entities:
        review.entity(entity)
    for other in pieces.others:
        review.other(other)
    for edge in pieces.connections:
        review.connection(edge)
    for event in pieces.events:
        review.event(event)
    for tag in pieces.tags:
        review.tag(tag)
    completeness.refuse_cycles(review.drawn, review.found)
    completeness.advise(review.made, review.drawn, review.happened, review.found)
    return review.found.report(
        {
            "entities": len(pieces.entities),
            "connections": len(pieces.connections),
            "events": len(pieces.events),
            "tags": len(pieces.tags),
        }
    )


@dataclass(slots=True)
class _Review:
    """One pass over the pieces; what is sound in itself is kept for the questions about all."""

    ontology: Ontology
    existing: InitVar[dict[str, Existing]]
    found: Findings = field(default_factory=Findings)
    ends: KnownEnds = field(init=False)
    made: list[Made] = field(default_factory=list[Made])
    drawn: list[Drawn] = field(default_factory=list[Drawn])
    happened: list[Occurrence] = field(default_factory=list[Occurrence])

    def __post_init__(self, existing: dict[str, Existing]) -> None:
        def find(name: str, at: str) -> EntityType | None:
            return self._type(check.entity_type, name, at)

        self.ends = KnownEnds(self.ontology, self.found, find, existing)

    def entity(self, placed: Placed[ProposedEntity]) -> None:
        at, it = placed.at, placed.it
        type = self._type(check.entity_type, it.type, f"{at}.type", given=it.properties)
        self.ends.define(placed, None if type is None else type.name)
        if it.status is not None:
            self._status(it.status, at)
        if type is None:
            return
        self.made.append(Made(at, type, it.as_))
        if it.properties is None and not placed.exact:
            self._still_missing(at, "properties", type.properties)
            return
        given = it.properties or {}
        self._fields(at, lambda: check.properties(type, given))

    def other(self, placed: Placed[ProposedOperation]) -> None:
        at, it = placed.at, placed.it
        match it.op:
            case "disconnect_entities":
                self._type(check.relationship_type, it.type or "", f"{at}.type")
                self.ends.end(it.from_ or "", placed, "from")
                self.ends.end(it.to or "", placed, "to")
            case "merge_entities":
                self._merged(placed)
            case "convert_entity":
                self._converted(placed)
            case "change_found":
                if it.type is not None:
                    self._type(check.entity_type, it.type, f"{at}.type")
                if it.set_status is not None:
                    self._status(it.set_status, at)
            case _:
                self._changed(placed)

    def _changed(self, placed: Placed[ProposedOperation]) -> None:
        at, it = placed.at, placed.it
        end = self.ends.end(it.id or "", placed, "id", hidden=it.op == "restore_entity")
        if it.status is not None:
            self._status(it.status, at)
        if end is not None and it.op in ("archive_entity", "restore_entity"):
            self.ends.turn(end.ref, placed.step, archived=it.op == "archive_entity")
        if end is None or end.type is None or it.properties is None:
            return
        type, given = self.ontology.entity_types[end.type], it.properties
        self._fields(at, lambda: check.properties(type, given, patch=not it.replace))

    def _merged(self, placed: Placed[ProposedOperation]) -> None:
        it = placed.it
        survivor = self.ends.end(it.survivor or "", placed, "survivor")
        for id in it.losers or ():
            gone = self.ends.end(id, placed, "losers")
            if survivor and gone and survivor.type and gone.type and survivor.type != gone.type:
                self.found.refuse(
                    f"{placed.at}.losers",
                    "INVALID_ARGUMENT",
                    f"{gone.ref} has the type {gone.type}, the survivor {survivor.type}",
                    "merge entities of one type; convert_entity gives one another type",
                )

    def _converted(self, placed: Placed[ProposedOperation]) -> None:
        end = self.ends.end(placed.it.id or "", placed, "id")
        type = self._type(check.entity_type, placed.it.type or "", f"{placed.at}.type")
        if end is not None and type is not None and end.type == type.name:
            wrong = f"{end.ref} has the type {type.name} already"
            self.found.refuse(placed.at, "INVALID_ARGUMENT", wrong, "leave it out")

    def connection(self, placed: Placed[ProposedConnection]) -> None:
        at, it = placed.at, placed.it
        edge = self._type(check.relationship_type, it.type, f"{at}.type")
        start, end = self.ends.end(it.from_, placed, "from"), self.ends.end(it.to, placed, "to")
        if edge is not None and it.metadata is not None:
            given = it.metadata
            self._fields(at, lambda: check.metadata(edge, given, patch=True))
        if edge is None or start is None or end is None:
            return
        if start.ref == end.ref and start.one:
            self.found.refuse(
                at, "SELF_CONNECTION", f"{start.ref} {edge.reading} itself", "connect two things"
            )
            return
        self.drawn.append(Drawn(at, edge, start, end))
        if start.type is None or end.type is None:
            return
        try:
            advice = check.endpoints(self.ontology, start.type, edge.name, end.type)
        except WrongDirectionError as error:
            fix = f'{{"from": "{end.ref}", "type": "{edge.name}", "to": "{start.ref}"}}'
            self.found.refuse_error(at, error, fix)
        else:
            if advice is None:
                return
            if edge.fits(end.type, start.type):
                turned: JsonObject = {"from": end.ref, "type": edge.name, "to": start.ref}
                self.found.advise(at, "PROBABLY_REVERSED", advice, turned)
            else:
                self.found.advise(at, "UNUSUAL_CONNECTION", advice)

    def event(self, placed: Placed[ProposedEvent]) -> None:
        at, it = placed.at, placed.it
        type = self._type(check.event_type, it.type, f"{at}.type")
        target = None if it.target is None else self.ends.end(it.target, placed, "target")
        if it.actor is not None:
            self.ends.end(it.actor, placed, "actor")
        if type is None:
            return
        self.happened.append(Occurrence(type, target))
        if it.metadata is None and not placed.exact:
            self._still_missing(at, "metadata", type.metadata)
        else:
            given = it.metadata or {}
            self._fields(at, lambda: check.metadata(type, given))
        if it.target is None:
            self._advise(at, "NO_TARGET", check.target(type, None))
        elif target is not None and target.type is not None:
            self._advise(at, "UNUSUAL_TARGET", check.target(type, target.type))

    def tag(self, placed: Placed[ProposedTag]) -> None:
        at, it = placed.at, placed.it
        if it.on is not None:
            self.ends.end(it.on, placed, "on")
        try:
            key, _ = check.tag(it.tag)
        except InvalidArgumentError as error:
            self.found.refuse(at, "INVALID_TAG", str(error), "write it like skill:python")
            return
        self._advise(at, "UNUSUAL_TAG_KEY", check.tag_key(self.ontology, key))

    def _advise(self, at: str, code: str, advice: str | None) -> None:
        if advice is not None:
            self.found.advise(at, code, advice)

    def _type(
        self,
        find: Callable[[Ontology, str], check.AnyType],
        name: str,
        at: str,
        *,
        given: JsonObject | None = None,
    ) -> check.AnyType | None:
        try:
            type = find(self.ontology, name)
        except UnknownTypeError as error:
            fix = None
            if given and error.fields.get("fits") is False:  # its properties may tell more
                fix = nearest.told("entity", nearest.to(self.ontology, "entity", name, given))
            self.found.refuse_error(at, error, fix)
            return None
        if type.name != name:
            self.found.advise(at, "SYNONYM", f"{name} is called {type.name} here")
        return type

    def _fields(self, at: str, fit: Callable[[], CheckedProperties]) -> None:
        try:
            checked = fit()
        except InvalidPropertyError as error:
            self.found.refuse_error(at, error)
            return
        for hint in checked.hints:
            self.found.advise(at, "EXTRA_PROPERTY", hint)
        if checked.extra and not checked.hints:
            listed = ", ".join(shown(name) for name in checked.extra)
            self.found.advise(at, "EXTRA_PROPERTY", f"no shape declares {listed}; kept as given")

    def _still_missing(self, at: str, key: str, declared: dict[str, Property]) -> None:
        for needed in declared.values():
            if needed.required:
                advice = f"{key}.{needed.name} will be needed: {shape.expected(needed)}"
                self.found.advise(at, "STILL_MISSING", advice)

    def _status(self, status: str, at: str) -> None:
        usable = [name for name in self.ontology.statuses if name != _ARCHIVED]
        if status not in usable:
            wrong = f"no status '{shown(status)}'"
            if status == _ARCHIVED:
                wrong = "only archive_entity leads to the status archived"
            self.found.refuse(at, "INVALID_STATUS", wrong, f"use {' or '.join(usable)}")
