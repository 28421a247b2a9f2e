"""Lookup: finding the entity that an id names, or saying why there is none."""

from collections.abc import Collection

from one_mcp import ids
from one_mcp.errors import ArchivedError, ConflictError, InvalidArgumentError, NotFoundError
from one_mcp.ontology import names
from one_mcp.ontology.model import EntityType, Ontology
from one_mcp.store import dialect
from one_mcp.store.tables import ENTITIES
from one_mcp.store.work import Row, Work

ARCHIVED = "archived"
DEFAULT_STATUS = "active"
MOST_OWNERS = 3
COLUMNS = ", ".join(ENTITIES.imaged)


def own_status(ontology: Ontology, kind: EntityType | None, status: str, way: str) -> str:
    """Say where a status is kept that is a type's own, such as an invoice's paid; or say nothing.

    `way` is the argument that takes it there, as the beginning of a call.
    """
    kinds = [kind] if kind else list(ontology.entity_types.values())
    owners = [
        it.name
        for it in kinds
        if "status" in it.properties and status in it.properties["status"].options
    ]
    if not owners:
        return ""
    whose = " or ".join(names.a(name) for name in owners[:MOST_OWNERS])
    return f' The status "{status}" of {whose} is a property: {way}={{"status": "{status}"}}.'


def any_state(work: Work, id: str, argument: str = "id", *, follow: bool = False) -> Row:
    """Return the entity's row, archived or not; `argument` is the name the id was given under.

    With `follow`, the id of what was merged leads to the survivor, whose id is in the row. Raises
    NotFoundError, for an id of another organization just as for one that never was (D-12).
    """
    row = work.one(
        f"""
        SELECT {COLUMNS}
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    if row is not None:
        return row
    survivor = _survivor_of(work, id)
    if survivor is not None and follow:
        return any_state(work, survivor, argument)
    raise _missing(id, argument, survivor)


def _survivor_of(work: Work, id: str) -> str | None:
    """Return the entity that another one was merged into."""
    return work.value(
        """
        SELECT survivor_id
        FROM merged_entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )


def named(work: Work, given: Collection[str]) -> list[Row]:
    """Read `id`, `type` and `deleted_at` of entities; of one that was merged, those of what it is.

    Each row has the id that was `given`; those that mean nothing are left out.
    """
    return work.all(
        f"""
        SELECT id AS given, id, type, deleted_at
        FROM entities
        WHERE organization_id = :organization
          AND id {dialect.any_of("ids")}
        UNION ALL
        SELECT merged.id, entities.id, entities.type, entities.deleted_at
        FROM merged_entities AS merged
        JOIN entities
          ON entities.organization_id = :organization
         AND entities.id = merged.survivor_id
        WHERE merged.organization_id = :organization
          AND merged.id {dialect.any_of("ids")}
        """,
        ids=list(given),
    )


def live(work: Work, id: str, argument: str = "id", *, follow: bool = False) -> Row:
    """Return the row of an entity that is not archived.

    Raises NotFoundError, or ArchivedError, which says how to bring it back.
    """
    row = any_state(work, id, argument, follow=follow)
    if row["deleted_at"] is not None:
        raise ArchivedError(
            f"{row['id']} ({row['name'][:80]}) is archived; "
            "restore it first: restore_entity in apply_changes.",
            id=row["id"],
        )
    return row


def require_version(row: Row, expected: int | None, shows: str = "get_entity") -> None:
    """Raise ConflictError where a version is expected, and the row has another one.

    `shows` is the tool that shows what the row is now.
    """
    if expected is not None and expected != row["version"]:
        raise ConflictError(
            f"{row['id']} has version {row['version']}, not the expected one; "
            f"read it again with {shows} and repeat the change on what it is now.",
            id=row["id"],
            version=row["version"],
        )


def _missing(id: str, argument: str, survivor: str | None) -> NotFoundError | InvalidArgumentError:
    if not ids.is_of(id, ids.ENTITY):
        return ids.refusal(id, argument, ids.ENTITY)
    if survivor is not None:
        return NotFoundError(
            f"{id} was merged into {survivor}; use that id.", id=id, use_instead=survivor
        )
    return NotFoundError(f"There is no entity {id}; find it with find_entities.", id=id)
