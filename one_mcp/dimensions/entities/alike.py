"""Alike: entities that seem to be the same thing as another one, told when that is made."""

from collections.abc import Sequence

from one_mcp import jsons
from one_mcp.dimensions.entities import named as names
from one_mcp.dimensions.entities.rows import SHOWN, EntityRow
from one_mcp.errors import DuplicateError, shown
from one_mcp.jsons import JsonObject
from one_mcp.ontology.model import EntityType
from one_mcp.ontology.names import a
from one_mcp.store import dialect, fulltext
from one_mcp.store.work import Row, Work

LOOKED_AT = 200  # rows with the same words, the newest
EMAILS = ("email", "e_mail", "mail")


def warn(work: Work, new: EntityRow, same_name: Sequence[str]) -> None:
    """Say which entities seem to be what was just made: by name and type, or by other keys."""
    named = list(same_name)
    if not named and not new.name.isascii():
        named = [row["id"] for row in _spelled_otherwise(work, new)]
    if named:
        work.warn(
            f"There is {a(new.kind.name)} {shown(_called(work, named[0]))!r} already: "
            f"{_some(named)}; if it is the same, undo this change and update that one."
        )
    if new.external_id is not None and (called := _so_called(work, new)):
        work.warn(f"This external_id is also that of {_some(called)}; is it the same?")
    address = email(new.kind, new.properties)
    if address is None or new.identity is not None:
        return  # what an identity forbids need not be looked for
    found = [row["id"] for row in _with_email(work, address) if row["id"] != new.id]
    if others := [id for id in found if id not in named][:SHOWN]:
        work.warn(f"This e-mail address is also that of {_some(others)}; is it the same?")


def refusal(work: Work, new: EntityRow) -> DuplicateError:
    """Say which entity of its type has the external id of one that was to be made."""
    other = work.one(
        """
        SELECT id, name, deleted_at
        FROM entities
        WHERE organization_id = :organization
          AND external_id = :external_id
          AND type = :type
        """,
        external_id=new.external_id,
        type=new.kind.name,
    )
    there = "" if other is None else f": {other['id']} ({shown(other['name'])})"
    way = "restore" if other is not None and other["deleted_at"] is not None else "update"
    return DuplicateError(
        f"Another {new.kind.name} has this external_id{there}; {way} that one instead.",
        field="external_id",
        id=None if other is None else other["id"],
    )


def email(kind: EntityType, properties: JsonObject) -> str | None:
    """Return an entity's e-mail address, by its type's declaration or by its usual names."""
    declared = [it.name for it in kind.properties.values() if it.type == "email"]
    values = (properties.get(name) for name in (*declared, *EMAILS))
    return next((it for it in values if isinstance(it, str) and "@" in it), None)


def _with_email(work: Work, address: str) -> list[Row]:
    """List live entities with an e-mail address in their properties, whatever its case."""
    wanted = address.casefold()
    return [
        row
        for row in _with_words(work, address)
        if any(
            isinstance(value, str) and value.casefold() == wanted
            for value in jsons.load_object(row["properties"]).values()
        )
    ]


def mentioning(work: Work, address: str) -> list[str]:
    """List live entities in whose properties an e-mail address stands anywhere."""
    wanted = address.casefold()
    return [
        row["id"] for row in _with_words(work, address) if wanted in row["properties"].casefold()
    ]


def _spelled_otherwise(work: Work, new: EntityRow) -> list[Row]:
    wanted = names.folded(new.name)
    return [
        row
        for row in _with_words(work, new.name)
        if row["type"] == new.kind.name
        and row["id"] != new.id
        and names.folded(row["name"]) == wanted
    ]


def _with_words(work: Work, text: str) -> list[Row]:
    words = fulltext.words(work, text)
    if words is None:
        return []
    named, every, _ = words.tiers
    seqs = fulltext.newest(work, fulltext.ENTITIES, f"({named}) OR ({every})", LOOKED_AT)
    return work.all(
        f"""
        SELECT id, type, name, properties
        FROM entities
        WHERE {dialect.unindexed("organization_id")} = :organization
          AND seq {dialect.any_of("seqs")}
          AND deleted_at IS NULL
          AND version <> :change
        ORDER BY seq
        """,
        seqs=seqs,
        change=work.change,
    )


def _so_called(work: Work, new: EntityRow) -> list[str]:
    """List live entities of other types that are called the same elsewhere."""
    rows = work.all(
        """
        SELECT id
        FROM entities
        WHERE organization_id = :organization
          AND external_id = :external_id
          AND type <> :type
          AND deleted_at IS NULL
        ORDER BY seq
        """,
        external_id=new.external_id,
        type=new.kind.name,
    )
    return [row["id"] for row in rows]


def _called(work: Work, id: str) -> str:
    called: str = work.value(
        """
        SELECT name
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    return called


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
