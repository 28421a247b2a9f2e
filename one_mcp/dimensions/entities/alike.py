"""Alike: entities that seem to be the same thing as another one, told when that is made."""

from collections.abc import Sequence

from one_mcp import jsons
from one_mcp.dimensions.entities import named as names
from one_mcp.dimensions.entities.rows import SHOWN, EntityRow
from one_mcp.errors import shown
from one_mcp.jsons import JsonObject
from one_mcp.ontology.model import EntityType
from one_mcp.ontology.names import a
from one_mcp.store import dialect, fulltext
from one_mcp.store.work import Row, Work

LOOKED_AT = 200  # rows with the same words, the newest
_EMAILS = ("email", "e_mail", "mail")


def warn(work: Work, new: EntityRow, same_name: Sequence[str]) -> None:
    """Say which entities seem to be what was just made: of its name and type, or its e-mail."""
    named = list(same_name)
    if not named and not new.name.isascii():
        named = [row["id"] for row in _spelled_otherwise(work, new)]
    if named:
        work.warn(
            f"There is {a(new.kind.name)} {shown(_called(work, named[0]))!r} already: "
            f"{_some(named)}; if it is the same, undo this change and update that one."
        )
    address = email(new.kind, new.properties)
    if address is None or new.identity is not None:
        return  # what an identity forbids need not be looked for
    found = [row["id"] for row in _with_email(work, address) if row["id"] != new.id]
    if others := [id for id in found if id not in named][:SHOWN]:
        work.warn(f"This e-mail address is also that of {_some(others)}; is it the same?")


def email(kind: EntityType, properties: JsonObject) -> str | None:
    """Return an entity's e-mail address, by its type's declaration or by its usual names."""
    declared = [it.name for it in kind.properties.values() if it.type == "email"]
    values = (properties.get(name) for name in (*declared, *_EMAILS))
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
