"""Identity: what no two entities of a type share, such as a creator's e-mail (D-14)."""

from collections.abc import Iterable
from unicodedata import normalize

from one_mcp.errors import DuplicateError, shown
from one_mcp.jsons import JsonObject
from one_mcp.ontology import names
from one_mcp.ontology.model import EntityType
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work


def of(kind: EntityType, properties: JsonObject) -> str | None:
    """Return what is unique among entities of a type; None if nothing is.

    Case does not count, nor whether an accent is a character of its own.
    """
    value = properties.get(kind.identity) if kind.identity else None
    return normalize("NFC", normalize("NFC", value).casefold()) if isinstance(value, str) else None


def taken(
    work: Work, wanted: Iterable[tuple[EntityType, str | None]]
) -> dict[tuple[str, str], Row]:
    """Find who has identities that are to be written, by the name of the type and the identity.

    Archived entities count.
    """
    pairs = [(kind.name, identity) for kind, identity in wanted if identity is not None]
    if not pairs:
        return {}
    rows = work.all(
        f"""
        SELECT id, type, name, identity, deleted_at
        FROM entities
        WHERE organization_id = :organization
          AND type {dialect.any_of("types")}
          AND identity {dialect.any_of("identities")}
        """,
        types=sorted({type for type, _ in pairs}),
        identities=[identity for _, identity in pairs],
    )
    return {(row["type"], row["identity"]): row for row in rows}


def refusal(kind: EntityType, other: Row) -> DuplicateError:
    """Say who has an identity that another entity was to get."""
    archived = other["deleted_at"] is not None
    way = "it is archived: restore that one" if archived else "update that one"
    return DuplicateError(
        f"There is {names.a(kind.name)} with this {kind.identity}: {other['id']} "
        f"({shown(other['name'])}); {way}, or use another value.",
        field=kind.identity,
        id=other["id"],
    )
