"""Texts: the rows of documents, and what stands in them."""

from hashlib import sha256

from one_mcp import ids
from one_mcp.errors import InvalidArgumentError, NotFoundError
from one_mcp.store.work import Row, Work

WHOLE = 2**31  # more characters than SQLite keeps in a value
FIELD_TEXT = """'$."' || knowledge.source_field || '"'"""
COLUMNS = (
    "row, id, kind, title, media_type, language, source, source_id, source_field, hash, redacted, "
    "quality, metadata, created_at, updated_at, version"
)


def digest(text: str) -> str:
    """Digest a text, so that two can be compared without reading them."""
    return sha256(text.encode()).hexdigest()


def one(work: Work, id: str) -> Row:
    """Return the row of a document, without its text; raises NotFoundError."""
    row = work.one(
        f"SELECT {COLUMNS} FROM knowledge WHERE organization_id = :organization AND id = :id",
        id=id,
    )
    if row is None:
        if not id.startswith(f"{ids.KNOWLEDGE}_"):
            raise InvalidArgumentError(
                "A document's id begins with kno_; search_knowledge finds it.", argument="id"
            )
        raise NotFoundError(f"There is no document {id}; find it with search_knowledge.", id=id)
    return row


def text(work: Work, row: Row, start: int = 0, characters: int | None = None) -> tuple[str, int]:
    """Read a part of a document's text, and how many characters the whole has."""
    found = work.one(
        f"""
        SELECT substr(text, :start + 1, :characters) AS part, length(text) AS characters
        FROM (
            SELECT coalesce(
                knowledge.text,
                (
                    SELECT json_extract(entities.properties, {FIELD_TEXT})
                    FROM entities
                    WHERE entities.organization_id = :organization
                      AND entities.id = knowledge.source_id
                )
            ) AS text
            FROM knowledge
            WHERE knowledge.organization_id = :organization
              AND knowledge.row = :row
        )
        """,
        row=row["row"],
        start=start,
        characters=WHOLE if characters is None else characters,
    )
    if found is None or found["part"] is None:
        return "", 0
    return found["part"], found["characters"]


def count_chunks(work: Work, document: int) -> int:
    """Count the passages that a document is cut into."""
    return work.value(
        """
        SELECT count(*)
        FROM chunks
        WHERE organization_id = :organization
          AND document = :document
        """,
        document=document,
    )
