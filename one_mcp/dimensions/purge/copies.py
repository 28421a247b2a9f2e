"""Copies: what events that record themselves took over from an entity that is purged."""

from collections.abc import Iterable, Iterator
from typing import get_args

from one_mcp import jsons
from one_mcp.dimensions.changes import images
from one_mcp.dimensions.purge import naming
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology.model import Moment, Ontology, Property
from one_mcp.store import dialect, patches
from one_mcp.store.work import Work

LONGEST_WORD = 40


def remove(work: Work, id: str) -> None:
    """Take out of its automatic events what it was called, and each longer text that it ever had.

    The events stay, with their numbers and single words that are no names, such as a currency: what
    was paid was paid, whoever is forgotten (D-17). The log must still hold what the entity was.
    """
    types = _automatic(work.ontology)
    texts = {text for text in _texts_of(work, id) if " " in text or len(text) > LONGEST_WORD}
    texts.update(naming.of(work, id).all)
    rows = work.all(
        f"""
        SELECT id, type, metadata
        FROM events
        WHERE organization_id = :organization
          AND target_id = :id
          AND type {dialect.any_of("types")}
        """,
        id=id,
        types=sorted(types),
    )
    for row in rows:
        metadata = jsons.load_object(row["metadata"])
        declared = work.ontology.event_types[row["type"]].metadata
        kept = {name: it for name, it in metadata.items() if _stays(it, declared.get(name), texts)}
        if kept != metadata:
            work.run(
                """
                UPDATE events
                SET metadata = :metadata
                WHERE organization_id = :organization
                  AND id = :id
                """,
                id=row["id"],
                metadata=jsons.dumps(kept),
            )


def _automatic(ontology: Ontology) -> set[str]:
    kinds = ontology.entity_types.values()
    return {name for kind in kinds for moment in get_args(Moment) if (name := kind.records(moment))}


def _stays(value: JsonValue, declared: Property | None, texts: set[str]) -> bool:
    if declared is not None and declared.options:
        return True
    return texts.isdisjoint(_texts([value]))


def _texts_of(work: Work, id: str) -> Iterator[str]:
    """Yield every text that the log knows of an entity, its present one among them."""
    rows = work.each(
        """
        SELECT before, after
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = 'entity'
        ORDER BY seq
        """,
        id=id,
    )
    for row in rows:
        for side in (row["before"], row["after"]):
            image: JsonObject = images.load(side) if side else {}
            properties = image.get("properties")
            if isinstance(properties, list):
                properties = patches.changed(properties)
            yield from _texts([image.get("name"), properties])


def _texts(values: Iterable[JsonValue]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, dict):
            yield from _texts(value.values())
