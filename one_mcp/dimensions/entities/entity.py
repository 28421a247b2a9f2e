"""Entities: creating and changing the things that a business is made of."""

import re

from one_mcp import ids
from one_mcp.answers import Written, few
from one_mcp.dimensions import excerpts, lookup
from one_mcp.dimensions.entities import alike, identity, rows, tags
from one_mcp.dimensions.entities.rows import EntityRow
from one_mcp.dimensions.events import event
from one_mcp.dimensions.organizations import currencies
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.ontology import adjustments, check
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.ontology.automatic import Occasion
from one_mcp.ontology.model import EntityType
from one_mcp.ontology.names import a
from one_mcp.store.work import Work

LONGEST_NAME = 500
_UNFIT = re.compile("[\x00-\x1f\ud800-\udfff]")


class Saved(Written):
    """The entity as it is now. `extra` names properties beyond the type's shape; they are kept."""

    id: str
    type: str
    name: str
    status: str
    version: int
    extra: list[str] | None = None


class Updated(Saved):
    """`now` is what increment, append and remove made of the properties that they name."""

    changed: list[str] | None = None
    now: JsonObject | None = None


def create(
    work: Work,
    type: str,
    name: str,
    properties: JsonObject | None = None,
    *,
    status: str | None = None,
    with_tags: list[str] | None = None,
    external_id: str | None = None,
) -> Saved:
    """Create an entity with its defaults; the type's automatic event goes with it."""
    kind = check.entity_type(work.ontology, type)
    name = named(name)
    values, checked = rows.begun(kind, name, properties or {})
    new = EntityRow(
        kind,
        ids.new(ids.ENTITY, work.now),
        name,
        settable(work, status or lookup.DEFAULT_STATUS, kind),
        values,
        external_id=external_id,
    )
    same = rows.insert_one(work, new)
    if same is None:
        _refuse_taken(work, new)
        raise alike.refusal(work, new)
    work.warnings.extend(checked.hints)
    currencies.warn(work, checked)
    alike.warn(work, new, same)
    tags.add(work, new.id, with_tags or [])
    event.expect(work, Occasion(kind, "created", new.id, values))
    return Saved(
        id=new.id,
        type=kind.name,
        name=new.name,
        status=new.status,
        version=work.change,
        extra=few(checked.extra),
    )


def update(
    work: Work,
    id: str,
    properties: JsonObject | None = None,
    *,
    name: str | None = None,
    status: str | None = None,
    replace: bool = False,
    expected_version: int | None = None,
    adjust: Adjustment = adjustments.NONE,
) -> Updated:
    """Change a live entity: merge properties by RFC 7396 (null removes), or replace them (D-11).

    `adjust` adds to numbers and lists what they have by then, so nobody's addition is lost.
    Raises ConflictError where `expected_version` is given and is not the entity's version.
    """
    before = lookup.live(work, id, follow=True)
    id = before["id"]
    lookup.require_version(before, expected_version)
    kind = check.entity_type(work.ontology, before["type"])
    if replace and properties is not None:
        _refuse_both(adjust)
        new, checked = rows.replaced(kind, properties)
    else:
        new, checked = rows.patched(kind, before, properties or {}, adjust=adjust)
    after = EntityRow(
        kind,
        id,
        before["name"] if name is None else named(name),
        before["status"] if status is None else settable(work, status, kind),
        new,
    )
    work.warnings.extend(checked.hints)
    currencies.warn(work, checked)
    changed = rows.differing(before, after)
    if changed:
        if after.identity != before["identity"]:
            _refuse_taken(work, after)
        rows.update(work, [after])
        event.expect_of_update(work, Occasion(kind, "updated", id, new, changed))
    return Updated(
        id=id,
        type=kind.name,
        name=after.name,
        status=after.status,
        version=work.change if changed else before["version"],
        changed=few(changed),
        now=excerpts.adjusted(kind.properties, new, adjust),
        extra=few(checked.extra),
    )


def _refuse_both(adjust: Adjustment) -> None:
    if adjust:
        raise InvalidArgumentError(
            "increment, append and remove change what is there; leave replace out.",
            argument="replace",
        )


def named(name: str) -> str:
    """Check an entity's name: 1 to 500 characters, some visible, no control characters."""
    trimmed = name.strip()
    if not trimmed or len(trimmed) > LONGEST_NAME:
        raise InvalidArgumentError(
            f"A name has 1 to {LONGEST_NAME} characters; this one has {len(trimmed)}. "
            "Put long text into a property.",
            argument="name",
        )
    if not any(map(str.isprintable, trimmed)):
        raise InvalidArgumentError("A name has at least one visible character.", argument="name")
    if _UNFIT.search(trimmed):
        raise InvalidArgumentError(
            "A name has no control characters and no lone surrogates.", argument="name"
        )
    return trimmed


def settable(work: Work, status: str, kind: EntityType | None = None) -> str:
    """Check a status that an entity can be given; only archiving makes it `archived`."""
    usable = [name for name in work.ontology.statuses if name != lookup.ARCHIVED]
    if status == lookup.ARCHIVED:
        raise InvalidArgumentError(
            "An entity becomes archived with archive_entity, which hides its connections too.",
            argument="status",
        )
    own = None if kind is None else kind.properties.get("status")
    if kind is not None and own is not None and status in own.options and status not in usable:
        raise InvalidArgumentError(
            f"{status} is no status of entities, but one that {a(kind.name)} has beside it: "
            f'properties {{"status": "{status}"}}, in a table the column properties.status.',
            argument="status",
        )
    if status not in usable:
        raise InvalidArgumentError(f"A status is one of {', '.join(usable)}.", argument="status")
    return status


def _refuse_taken(work: Work, entity: EntityRow) -> None:
    """Raise DuplicateError where another entity has the identity of one that is to be written."""
    for other in identity.taken(work, [(entity.kind, entity.identity)]).values():
        raise identity.refusal(entity.kind, other)
