"""Chunk queue: what has to be cut, until it is; what has to be embedded waits in another like it.

Both are filled by triggers in the transaction that writes the text. Work is leased, so that several
processes do not do the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.dimensions import lookup
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.knowledge.index import chunks, entity_texts
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.dimensions.knowledge.index.entity_texts import FieldText
from one_mcp.store import leases
from one_mcp.store.leases import Queue
from one_mcp.store.work import Row, Work

QUEUE = Queue("chunk_queue", "seq", columns="seq, subject_id")


@dataclass(frozen=True, slots=True)
class Uncut:
    """A document or an entity whose texts have to be cut; `ticket` is its place in the queue."""

    ticket: int
    id: str
    markdown: bool
    texts: tuple[FieldText, ...]


def to_cut(work: Work, most: int, last: int = leases.LAST) -> list[Uncut]:
    """Lease what has to be cut, the newest first, up to a ticket."""
    return [_uncut(work, row) for row in leases.take(work, QUEUE, most, last)]


def cut(work: Work, done: Uncut, passages: Sequence[Sequence[Passage]]) -> bool:
    """Write the passages of each text, unless the texts changed meanwhile: then they wait anew."""
    if not work.run(
        "DELETE FROM chunk_queue WHERE organization_id = :organization AND seq = :ticket",
        ticket=done.ticket,
    ):
        return False
    if done.id.startswith("ent_"):
        entity = _entity(work, done.id)
        if entity is not None:
            entity_texts.write(work, entity, list(zip(done.texts, passages, strict=True)))
    elif done.texts:
        chunks.replace(work, texts.one(work, done.id)["seq"], passages[0])
    return True


def fail_cut(work: Work, ticket: int) -> None:
    """Count a failure; after a few, the text is left alone until it is written anew."""
    leases.fail(work, QUEUE, [ticket])


def recut(work: Work) -> None:
    """Queue all texts to be cut anew; what there is serves until then."""
    work.run(
        """
        INSERT INTO chunk_queue (organization_id, subject_id)
        SELECT organization_id, id
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IS NULL
          AND text IS NOT NULL
        UNION ALL
        SELECT DISTINCT organization_id, source_id
        FROM knowledge
        WHERE organization_id = :organization
          AND source_id IS NOT NULL
        ON CONFLICT (organization_id, subject_id)
        DO UPDATE SET leased_until = 0, failures = 0
        """
    )


def _uncut(work: Work, row: Row) -> Uncut:
    id = row["subject_id"]
    if id.startswith("ent_"):
        entity = _entity(work, id)
        own = entity_texts.read(work, entity) if entity is not None else []
        return Uncut(row["seq"], id, markdown=True, texts=tuple(own))
    document = texts.one(work, id)
    text, _ = texts.text(work, document)
    whole = FieldText("text", document["title"], text, document["language"])
    return Uncut(row["seq"], id, markdown=document["media_type"] == "text/markdown", texts=(whole,))


def _entity(work: Work, id: str) -> Row | None:
    return work.one(
        f"""
        SELECT {lookup.COLUMNS}
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
