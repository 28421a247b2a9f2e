"""Models: which embedders have made vectors in this file; those of two are never mixed."""

from collections.abc import Sequence

from one_mcp.answers import Answer
from one_mcp.errors import ConflictError, NotFoundError
from one_mcp.store.work import Work


class Model(Answer):
    """An embedder whose vectors the file holds, and how many passages have one."""

    name: str
    dimension: int
    vectors: int
    waiting: int


def number(work: Work, name: str, dimension: int) -> int | None:
    """Return the number under which the file knows a model; None where it does not.

    Raises ConflictError where vectors of the same name have another dimension.
    """
    row = work.one("SELECT number, dimension FROM embedding_models WHERE name = :name", name=name)
    if row is None:
        return None
    if row["dimension"] != dimension:
        raise ConflictError(
            f"The file has vectors of {name} with {row['dimension']} dimensions, and the model "
            f"that is loaded makes {dimension}; `one-mcp models --forget {name}` lets the old ones "
            "go, and all texts are embedded anew.",
            model=name,
        )
    return row["number"]


def declare(work: Work, name: str, dimension: int) -> int:
    """Make a model known to the file; every passage is queued for it."""
    known = number(work, name, dimension)
    if known is not None:
        return known
    return work.value(
        """
        INSERT INTO embedding_models (name, dimension, created_at)
        VALUES (:name, :dimension, :now)
        RETURNING number
        """,
        name=name,
        dimension=dimension,
        now=work.now,
    )


def listed(work: Work) -> list[Model]:
    """List all models, with the numbers of their vectors in the caller's organization."""
    rows = work.all(
        """
        SELECT
            name, dimension,
            (
                SELECT count(*) FROM embeddings
                WHERE organization_id = :organization AND model = embedding_models.number
            ) AS vectors,
            (
                SELECT count(*) FROM embedding_queue
                WHERE organization_id = :organization AND model = embedding_models.number
            ) AS waiting
        FROM embedding_models
        ORDER BY number
        """
    )
    return [
        Model(
            name=row["name"],
            dimension=row["dimension"],
            vectors=row["vectors"],
            waiting=row["waiting"],
        )
        for row in rows
    ]


def forget(work: Work, name: str) -> int:
    """Remove a model with all its vectors, and return how many there were."""
    row = work.one("SELECT number FROM embedding_models WHERE name = :name", name=name)
    if row is None:
        known = ", ".join(model.name for model in listed(work)) or "none"
        raise NotFoundError(f"The file has no vectors of a model {name!r}; it knows {known}.")
    gone = work.value(
        """
        SELECT count(*)
        FROM embeddings
        WHERE organization_id = :organization
          AND model = :model
        """,
        model=row["number"],
    )
    work.run("DELETE FROM embedding_models WHERE number = :model", model=row["number"])
    return gone


def counted(work: Work, model: int | None) -> dict[str, int]:
    """Count documents, their passages, and those with a vector of a model."""
    row = work.one(
        """
        SELECT
            (SELECT count(*) FROM knowledge WHERE organization_id = :organization) AS documents,
            (SELECT count(*) FROM chunks WHERE organization_id = :organization) AS passages,
            (
                SELECT count(*) FROM embeddings
                WHERE organization_id = :organization AND model = :model
            ) AS vectors
        """,
        model=model,
    )
    return dict(row) if row is not None else {}


def store(work: Work, model: int, vectors: Sequence[tuple[int, bytes]]) -> int:
    """Store the vectors of chunks that are still there, and return how many."""
    return sum(
        work.run(
            """
            INSERT INTO embeddings (organization_id, model, chunk, vector)
            SELECT organization_id, :model, seq, :vector
            FROM chunks
            WHERE organization_id = :organization
              AND seq = :chunk
            ON CONFLICT (organization_id, chunk, model) DO UPDATE SET vector = excluded.vector
            """,
            model=model,
            chunk=chunk,
            vector=vector,
        )
        for chunk, vector in vectors
    )
