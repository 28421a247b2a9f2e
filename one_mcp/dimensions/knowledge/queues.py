"""Queues: what has to be cut, until it is; what has to be embedded waits in another like it.

Both are filled by triggers in the transaction that writes the text. Work is leased, so that several
processes do not do the same; what a killed process had leased is free again after a while. A lease
only saves work: what is written is right whoever writes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp.dimensions import subjects
from one_mcp.dimensions.knowledge import chunks, fields, texts
from one_mcp.dimensions.knowledge.chunks import Passage
from one_mcp.dimensions.knowledge.fields import FieldText
from one_mcp.store.work import Row, Work

LEASE_MS = 30_000
MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Uncut:
    """A document or an entity whose texts have to be cut; `ticket` is its place in the queue."""

    ticket: int
    id: str
    markdown: bool
    texts: tuple[FieldText, ...]


def to_cut(work: Work, most: int) -> list[Uncut]:
    """Lease what has to be cut, the newest first."""
    rows = work.all(
        """
        UPDATE knowledge_queue
        SET leased_until = :until
        WHERE organization_id = :organization
          AND row IN (
              SELECT row
              FROM knowledge_queue
              WHERE organization_id = :organization
                AND leased_until <= :now
                AND failures < :failures
              ORDER BY row DESC
              LIMIT :most
          )
        RETURNING row, subject_id
        """,
        now=work.now,
        until=work.now + LEASE_MS,
        failures=MOST_FAILURES,
        most=most,
    )
    return [_uncut(work, row) for row in rows]


def cut(work: Work, done: Uncut, passages: Sequence[Sequence[Passage]]) -> bool:
    """Write the passages of each text, unless the texts changed meanwhile: then they wait anew."""
    if not work.run(
        "DELETE FROM knowledge_queue WHERE organization_id = :organization AND row = :ticket",
        ticket=done.ticket,
    ):
        return False
    if done.id.startswith("ent_"):
        entity = _entity(work, done.id)
        if entity is not None:
            fields.write(work, entity, list(zip(done.texts, passages, strict=True)))
    elif done.texts:
        chunks.replace(work, texts.one(work, done.id)["row"], passages[0])
    return True


def fail_cut(work: Work, ticket: int) -> None:
    """Count a failure; after a few, the text is left alone until it is written anew."""
    work.run(
        """
        UPDATE knowledge_queue
        SET failures = failures + 1, leased_until = 0
        WHERE organization_id = :organization
          AND row = :ticket
        """,
        ticket=ticket,
    )


def recut(work: Work) -> None:
    """Queue all texts to be cut anew; what there is serves until then."""
    work.run(
        """
        INSERT INTO knowledge_queue (organization_id, subject_id)
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
        ON CONFLICT DO UPDATE SET leased_until = 0, failures = 0
        """
    )


def _uncut(work: Work, row: Row) -> Uncut:
    id = row["subject_id"]
    if id.startswith("ent_"):
        entity = _entity(work, id)
        own = fields.read(work, entity) if entity is not None else []
        return Uncut(row["row"], id, markdown=True, texts=tuple(own))
    document = texts.one(work, id)
    text, _ = texts.text(work, document)
    whole = FieldText("text", document["title"], text, document["language"])
    return Uncut(row["row"], id, markdown=document["media_type"] == "text/markdown", texts=(whole,))


def _entity(work: Work, id: str) -> Row | None:
    return work.one(
        f"""
        SELECT {subjects.COLUMNS}
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
