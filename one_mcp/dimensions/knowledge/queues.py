"""Queues: what has to be cut, and what has to be embedded, until it is.

Both are filled by triggers in the transaction that writes the text. Work is leased, so that several
processes do not do the same; what a killed process had leased is free again after a while. A lease
only saves work: what is written is right whoever writes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from one_mcp import jsons
from one_mcp.answers import Answer
from one_mcp.dimensions import subjects
from one_mcp.dimensions.knowledge import chunks, documents, fields
from one_mcp.dimensions.knowledge.chunks import Passage
from one_mcp.dimensions.knowledge.fields import FieldText
from one_mcp.store.work import Row, Work

LEASE_MS = 30_000
MOST_FAILURES = 3
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Uncut:
    """A document or an entity whose texts have to be cut; `ticket` is its place in the queue."""

    ticket: int
    id: str
    markdown: bool
    texts: tuple[FieldText, ...]


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that has no vector of a model yet."""

    chunk: int
    text: str


class Backlog(Answer):
    """How much is still to do: texts to cut, passages to embed, and what failed for good."""

    uncut: int = 0
    unembedded: int = 0
    failed: int = 0

    def __bool__(self) -> bool:
        return bool(self.uncut or self.unembedded)


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
        chunks.replace(work, documents.one(work, done.id)["row"], passages[0])
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


def to_embed(work: Work, model: int, most: int) -> list[Unembedded]:
    """Lease chunks that have to be embedded, the newest first."""
    rows = work.all(
        """
        UPDATE vector_queue
        SET leased_until = :until
        WHERE organization_id = :organization
          AND model = :model
          AND chunk IN (
              SELECT chunk
              FROM vector_queue
              WHERE organization_id = :organization
                AND model = :model
                AND leased_until <= :now
                AND failures < :failures
              ORDER BY chunk DESC
              LIMIT :most
          )
        RETURNING chunk
        """,
        model=model,
        now=work.now,
        until=work.now + LEASE_MS,
        failures=MOST_FAILURES,
        most=most,
    )
    leased = work.all(
        """
        SELECT row, heading, text
        FROM chunks
        WHERE organization_id = :organization
          AND row IN (SELECT value FROM json_each(:rows))
        """,
        rows=jsons.dumps([row["chunk"] for row in rows]),
    )
    return [
        Unembedded(row["row"], chunks.embedded(row["heading"], row["text"] or "")) for row in leased
    ]


def release(work: Work, model: int, leased: Sequence[int], *, failed: bool) -> None:
    """Give chunks back; those that failed a few times are left alone."""
    work.run(
        """
        UPDATE vector_queue
        SET leased_until = 0, failures = failures + :failed
        WHERE organization_id = :organization
          AND model = :model
          AND chunk IN (SELECT value FROM json_each(:chunks))
        """,
        model=model,
        failed=int(failed),
        chunks=jsons.dumps(list(leased)),
    )


def waiting(work: Work, model: str | None) -> bool:
    """Tell whether there is something to cut or to embed; `model` is the embedder's name.

    Passages that were made while no process had this embedder wait for it, too.
    """
    return bool(
        work.value(
            """
            SELECT
                EXISTS (
                    SELECT 1 FROM knowledge_queue
                    WHERE organization_id = :organization AND leased_until <= :now
                      AND failures < :failures
                )
                OR EXISTS (
                    SELECT 1 FROM vector_queue
                    WHERE organization_id = :organization AND leased_until <= :now
                      AND failures < :failures
                      AND model = (SELECT number FROM models WHERE name = :model)
                )
                OR (
                    :model IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM models WHERE name = :model)
                    AND EXISTS (SELECT 1 FROM chunks WHERE organization_id = :organization)
                )
            """,
            now=work.now,
            failures=MOST_FAILURES,
            model=model,
        )
    )


def backlog(work: Work, model: int | None) -> Backlog:
    """Count what is still to do for a model."""
    row = work.one(
        """
        SELECT
            (
                SELECT count(*) FROM knowledge_queue
                WHERE organization_id = :organization AND failures < :failures
            ) AS uncut,
            (
                SELECT count(*) FROM vector_queue
                WHERE organization_id = :organization AND model = :model AND failures < :failures
            ) AS unembedded,
            (
                SELECT count(*) FROM knowledge_queue
                WHERE organization_id = :organization AND failures >= :failures
            ) + (
                SELECT count(*) FROM vector_queue
                WHERE organization_id = :organization AND model = :model AND failures >= :failures
            ) AS failed
        """,
        model=model,
        failures=MOST_FAILURES,
    )
    if row is None:
        return Backlog()
    return Backlog(uncut=row["uncut"], unembedded=row["unembedded"], failed=row["failed"])


def retry(work: Work) -> None:
    """Give what failed another chance."""
    work.run(
        """
        UPDATE knowledge_queue
        SET failures = 0
        WHERE organization_id = :organization
          AND failures > 0
        """
    )
    work.run(
        """
        UPDATE vector_queue
        SET failures = 0
        WHERE organization_id = :organization
          AND failures > 0
        """
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


def reembed(work: Work, model: int) -> None:
    """Queue all passages to be embedded anew; the vectors that there are serve until then."""
    work.run(
        """
        INSERT INTO vector_queue (organization_id, model, chunk)
        SELECT organization_id, :model, row
        FROM chunks
        WHERE organization_id = :organization
          AND text IS NOT NULL
        ON CONFLICT DO UPDATE SET leased_until = 0, failures = 0
        """,
        model=model,
    )


def few(work: Work, model: int | None) -> int:
    """Count what is still to do, up to a number that costs nothing to count."""
    return work.value(
        """
        SELECT count(*)
        FROM (
            SELECT 1 FROM knowledge_queue WHERE organization_id = :organization
            UNION ALL
            SELECT 1 FROM vector_queue WHERE organization_id = :organization AND model = :model
            LIMIT :most
        )
        """,
        model=model,
        most=MOST_COUNTED,
    )


def _uncut(work: Work, row: Row) -> Uncut:
    id = row["subject_id"]
    if id.startswith("ent_"):
        entity = _entity(work, id)
        texts = fields.texts(work, entity) if entity is not None else []
        return Uncut(row["row"], id, markdown=True, texts=tuple(texts))
    document = documents.one(work, id)
    text, _ = documents.text(work, document)
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
