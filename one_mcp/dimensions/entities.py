"""Entities: creating and changing the things that a business is made of."""

import re
from typing import Never
from unicodedata import normalize

from one_mcp import ids, jsons
from one_mcp.answers import Written, few
from one_mcp.dimensions import events, subjects, tags
from one_mcp.dimensions.knowledge import notices
from one_mcp.errors import DuplicateError, InvalidArgumentError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import check
from one_mcp.ontology.model import EntityType
from one_mcp.store.sqlite.library import driver
from one_mcp.store.work import Row, Work

LONGEST_NAME = 500
ARCHIVED = "archived"
DEFAULT_STATUS = "active"
_UNFIT = re.compile("[\x00-\x1f\ud800-\udfff]")


class Saved(Written):
    """The entity as it is now. `extra` names properties beyond the type's shape; they are kept."""

    id: str
    type: str
    name: str
    status: str
    version: int
    changed: list[str] | None = None
    extra: list[str] | None = None


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
    checked = check.properties(kind, properties or {}, fill=True)
    id = ids.new(ids.ENTITY, work.now)
    values = {
        "id": id,
        "type": kind.name,
        "name": named(name),
        "properties": jsons.dumps(checked.values),
        "status": settable(work, status or DEFAULT_STATUS),
        "identity": identity(kind, checked.values),
        "external": external_id,
    }
    try:
        work.run(
            """
            INSERT INTO entities
                (organization_id, id, type, name, properties, status, identity, external_id,
                 created_at, updated_at, version)
            VALUES
                (:organization, :id, :type, :name, :properties, :status, :identity, :external,
                 :now, :now, :change)
            """,
            **values,
            now=work.now,
            change=work.change,
        )
    except driver.IntegrityError as error:
        _duplicate(work, kind, checked.values, error)
    work.warnings.extend(checked.hints)
    tags.add(work, id, with_tags or [])
    events.expect(work, kind, "created", id)
    work.touch(id, kind.name)
    return _saved(work, id, extra=checked.extra)


def update(
    work: Work,
    id: str,
    properties: JsonObject | None = None,
    *,
    name: str | None = None,
    status: str | None = None,
    replace: bool = False,
    expected_version: int | None = None,
) -> Saved:
    """Change a live entity: merge properties by RFC 7396 (null removes), or replace them (D-11).

    Raises ConflictError where `expected_version` is given and is not the entity's version.
    """
    before = subjects.live(work, id)
    subjects.require_version(before, expected_version)
    kind = check.entity_type(work.ontology, before["type"])
    old = jsons.load_object(before["properties"])
    checked = check.properties(kind, properties or {}, patch=not replace)
    new = checked.values if replace else merged(old, checked.values)
    if properties is not None and not replace:
        check.properties(kind, new)  # what is required may have been removed, the whole too large
    after = {
        "name": before["name"] if name is None else named(name),
        "status": before["status"] if status is None else settable(work, status),
        "properties": before["properties"] if properties is None else jsons.dumps(new),
    }
    work.warnings.extend(checked.hints)
    changed = [field for field in ("name", "status") if after[field] != before[field]]
    if after["properties"] != before["properties"]:
        changed += [f"properties.{field}" for field in sorted(differing(old, new))]
    if changed:
        _write(work, before, kind, after, identity(kind, new))
        events.expect(work, kind, "updated", id)
    return _saved(work, id, extra=checked.extra, changed=changed)


def merged(old: JsonValue, patch: JsonObject) -> JsonObject:
    """Apply a JSON merge patch (RFC 7396): null removes, objects merge, the rest replaces."""
    result: JsonObject = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key), value)
        else:
            result[key] = value
    return result


def differing(old: JsonObject, new: JsonObject) -> list[str]:
    """Fields whose values are not the same."""
    return [
        key
        for key in {**old, **new}
        if not (key in old and key in new and jsons.same(old[key], new[key]))
    ]


def identity(kind: EntityType, properties: JsonObject) -> str | None:
    """Return what is unique among entities of a type; None if nothing is.

    Case does not count, nor whether an accent is a character of its own.
    """
    value = properties.get(kind.identity) if kind.identity else None
    return normalize("NFC", normalize("NFC", value).casefold()) if isinstance(value, str) else None


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


def settable(work: Work, status: str) -> str:
    """Check a status that an entity can be given; only archiving makes it `archived`."""
    usable = [name for name in work.ontology.statuses if name != ARCHIVED]
    if status == ARCHIVED:
        raise InvalidArgumentError(
            "An entity becomes archived with archive_entity, which hides its connections too.",
            argument="status",
        )
    if status not in usable:
        raise InvalidArgumentError(f"A status is one of {', '.join(usable)}.", argument="status")
    return status


def _write(
    work: Work, before: Row, kind: EntityType, after: dict[str, str], identity: str | None
) -> None:
    try:
        work.run(
            """
            UPDATE entities
            SET name = :name, status = :status, properties = :properties, identity = :identity,
                updated_at = :now, version = :change
            WHERE organization_id = :organization
              AND id = :id
            """,
            id=before["id"],
            identity=identity,
            now=work.now,
            change=work.change,
            **after,
        )
    except driver.IntegrityError as error:
        _duplicate(work, kind, jsons.load_object(after["properties"]), error)
    work.touch(before["id"], kind.name)
    notices.texts(work, [before["id"]])


def _duplicate(work: Work, kind: EntityType, properties: JsonObject, cause: Exception) -> Never:
    other = work.one(
        """
        SELECT id, name, deleted_at
        FROM entities
        WHERE organization_id = :organization
          AND type = :type
          AND identity = :identity
        """,
        type=kind.name,
        identity=identity(kind, properties),
    )
    if other is None:
        raise DuplicateError(
            f"Another {kind.name} has this external_id; update that one instead.",
            field="external_id",
        ) from cause
    way = "update that one" if other["deleted_at"] is None else "it is archived: restore that one"
    raise DuplicateError(
        f"A {kind.name} with this {kind.identity} exists: {other['id']} ({other['name']}); {way}, "
        "or use another value.",
        field=kind.identity,
        id=other["id"],
    ) from cause


def _saved(work: Work, id: str, extra: tuple[str, ...], changed: list[str] | None = None) -> Saved:
    row = subjects.any_state(work, id)
    return Saved(
        id=id,
        type=row["type"],
        name=row["name"],
        status=row["status"],
        version=row["version"],
        changed=changed and few(changed),
        extra=few(extra),
    )
