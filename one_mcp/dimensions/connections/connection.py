"""Connections: how entities belong together."""

from one_mcp import ids, jsons
from one_mcp.answers import Written, few
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.connections import rows, validity
from one_mcp.dimensions.connections.cycles import Cycles
from one_mcp.dimensions.connections.rows import ConnectionRow
from one_mcp.dimensions.connections.validity import Bounds
from one_mcp.dimensions.organizations import currencies
from one_mcp.errors import ConflictError, InvalidArgumentError, NotFoundError, WrongDirectionError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import adjustments, check
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.ontology.model import RelationshipType
from one_mcp.store.work import Row, Work

SHOWN_CHARACTERS = 4_000


class Connected(Written):
    """`sentence` reads the connection aloud; `created` is false where it was there before.

    `metadata` is what the connection has now, all of it where `shortened` does not say otherwise;
    `extra` names what its type does not declare.
    """

    id: str
    sentence: str
    created: bool
    version: int
    metadata: JsonObject | None = None
    shortened: list[str] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    extra: list[str] | None = None


class Disconnected(Written):
    id: str
    sentence: str


def connect(
    work: Work,
    from_id: str,
    type: str,
    to_id: str,
    metadata: JsonObject | None = None,
    *,
    valid: Bounds = validity.UNSAID,
    expected_version: int | None = None,
    adjust: Adjustment = adjustments.NONE,
) -> Connected:
    """Connect two live entities, or merge metadata into the connection that is there (D-20).

    An end of its validity that is not given stays; "none" takes it away (D-67).
    `adjust` adds to numbers and lists what they have by then. `expected_version` is that of the
    connection; raises ConflictError where it has another, or is not there.

    Unusual ends are stored and warned of; a reversed `directed` type, a cycle in an acyclic one,
    a missing end and a connection to itself are refused (D-06, D-08).
    """
    kind = check.relationship_type(work.ontology, type)
    start, end = _ends(work, from_id, to_id)
    _advise(work, kind, start, end)
    from_id, to_id = start["id"], end["id"]
    existing = _expected(work, from_id, kind.name, to_id, expected_version)
    span = validity.span(work, existing, valid)
    if existing is None:
        kept, checked = rows.begun(kind, metadata or {}, adjust=adjust)
        Cycles(work).add(kind, from_id, to_id)
        new = ConnectionRow(kind, ids.new(ids.CONNECTION, work.now), from_id, to_id, kept, span)
        rows.insert(work, [new])
        version = work.change
    else:
        kept, checked = rows.patched(kind, existing, metadata or {}, adjust=adjust)
        new = ConnectionRow(kind, existing["id"], from_id, to_id, kept, span)
        version = _updated(work, existing, new)
    work.warnings.extend(checked.hints)
    currencies.warn(work, checked)
    shown, shortened = excerpts.properties(jsons.dumps(kept), SHOWN_CHARACTERS, kind.metadata)
    return Connected(
        id=new.id,
        sentence=kind.sentence(start["name"], end["name"]),
        created=existing is None,
        version=version,
        metadata=shown or None,
        shortened=shortened,
        extra=few(checked.extra),
        valid_from=validity.shown(span.valid_from),
        valid_until=validity.shown(span.valid_until),
    )


def _updated(work: Work, before: Row, after: ConnectionRow) -> int:
    """Write a connection anew where it differs, and return its version."""
    if not rows.differs(before, after):
        return before["version"]
    rows.update(work, [after])
    return work.change


def _expected(work: Work, from_id: str, type: str, to_id: str, expected: int | None) -> Row | None:
    existing = find(work, from_id, type, to_id)
    if existing is not None:
        lookup.require_version(existing, expected, "find_connections")
    elif expected:
        raise ConflictError(
            f"The connection is not there (any more), with version {expected} or any other; "
            "find_connections shows what is.",
            version=expected,
        )
    return existing


def disconnect(work: Work, from_id: str, type: str, to_id: str) -> Disconnected:
    """Remove a connection between two live entities; `undo_change` brings it back.

    Raises NotFoundError, which says so where there is one the other way.
    """
    kind = check.relationship_type(work.ontology, type)
    start, end = _ends(work, from_id, to_id)
    from_id, to_id = start["id"], end["id"]
    row = find(work, from_id, kind.name, to_id)
    if row is None:
        raise _absent(work, from_id, kind.name, to_id)
    work.run(
        "DELETE FROM connections WHERE organization_id = :organization AND id = :id",
        id=row["id"],
    )
    return Disconnected(id=row["id"], sentence=kind.sentence(start["name"], end["name"]))


def _ends(work: Work, from_id: str, to_id: str) -> tuple[Row, Row]:
    """Return the rows of two live ends; what was merged leads to its survivor."""
    start = lookup.live(work, from_id, "from", follow=True)
    end = lookup.live(work, to_id, "to", follow=True)
    if start["id"] == end["id"]:
        raise InvalidArgumentError(
            "An entity cannot be connected to itself; from and to must differ.", argument="to"
        )
    return start, end


def find(work: Work, from_id: str, type: str, to_id: str) -> Row | None:
    """Return the one connection of a type between two entities, in this direction."""
    return work.one(
        """
        SELECT id, from_id, type, to_id, metadata, valid_from, valid_until, deleted_at, version
        FROM connections
        WHERE organization_id = :organization
          AND from_id = :from_id
          AND to_id = :to_id
          AND type = :type
        """,
        from_id=from_id,
        type=type,
        to_id=to_id,
    )


def _absent(work: Work, from_id: str, type: str, to_id: str) -> NotFoundError:
    sentence = f"There is no connection {from_id} {type} {to_id}"
    if find(work, to_id, type, from_id) is None:
        return NotFoundError(f"{sentence}; find_connections shows what there is.")
    return NotFoundError(
        f"{sentence}, but one the other way, from {to_id} to {from_id}.",
        use_instead={"from": to_id, "type": type, "to": from_id},
    )


def _advise(work: Work, kind: RelationshipType, start: Row, end: Row) -> None:
    """Warn of unusual ends; refuse turned ones with the call that would work."""
    try:
        advice = check.endpoints(work.ontology, start["type"], kind.name, end["type"])
    except WrongDirectionError as turned:
        from_id, to_id = end["id"], start["id"]
        raise WrongDirectionError(
            f"{kind.sentence(start['name'], end['name'])} is turned around; use "
            f'connect_entities(from="{from_id}", type="{kind.name}", to="{to_id}"): '
            f"{kind.sentence(end['name'], start['name'])}.",
            relationship=kind.name,
            use_instead={"from": from_id, "type": kind.name, "to": to_id},
        ) from turned
    if advice is not None:
        work.warn(advice)
