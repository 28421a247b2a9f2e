"""What a change touched: all whose looks it may have changed, for those who watch an address."""

from collections.abc import Iterable, Sequence

from one_mcp.store import dialect
from one_mcp.store.work import TOUCHED_LIMIT, Row, Work

EVERYTHING = "*"
_WRITTEN = """
    SELECT
        change_rows.kind,
        change_rows.row_id AS id,
        coalesce(before ->> 'type', entities.type, connections.type, retracted.type) AS type,
        coalesce(before ->> 'from_id', connections.from_id, retracted.actor_id) AS near,
        coalesce(
            before ->> 'to_id', connections.to_id, coalesce(after, before) ->> 'entity_id',
            retracted.target_id
        ) AS far,
        -- an arrow with one head tells null (was live) from absent (was not changed)
        before -> 'deleted_at' IS NOT NULL AS came_or_went,
        CASE
            WHEN change_rows.kind = 'entity' AND before IS NOT NULL THEN EXISTS (
                SELECT 1
                FROM knowledge
                WHERE knowledge.organization_id = :organization
                  AND knowledge.source_id = change_rows.row_id
            )
            ELSE FALSE
        END AS has_texts
    FROM change_rows
    LEFT JOIN entities
      -- a tag is logged under the id of its entity
      ON change_rows.kind IN ('entity', 'tag')
     AND entities.organization_id = :organization
     AND entities.id = change_rows.row_id
    LEFT JOIN connections
      ON change_rows.kind = 'connection'
     AND connections.organization_id = :organization
     AND connections.id = change_rows.row_id
    LEFT JOIN events AS retracted
      ON change_rows.kind = 'retraction'
     AND retracted.organization_id = :organization
     AND retracted.id = change_rows.row_id
    WHERE change_rows.organization_id = :organization
      AND change_rows.change = :change
"""
_EVENTS = """
    SELECT NULL, id, type, actor_id, target_id, FALSE, FALSE
    FROM events
    WHERE organization_id = :organization
      AND version = :change
"""
_TEXTS = f"""
    SELECT id
    FROM knowledge
    WHERE organization_id = :organization
      AND source_id {dialect.any_of("entities")}
"""
_DOCUMENTS = f"""
    SELECT knowledge_id AS id
    FROM knowledge_links
    WHERE organization_id = :organization
      AND entity_id {dialect.any_of("entities")}
"""
_TOLD_OF = f"""
    SELECT entity_id AS id
    FROM knowledge_links
    WHERE organization_id = :organization
      AND knowledge_id {dialect.any_of("documents")}
"""


def by_change(work: Work) -> set[str]:
    """Return the ids of what the open change wrote and of whoever looks different now.

    Those are the ends of connections, actors and targets (also of retracted events), an entity's
    type and the documents that are its texts or tell of it, and the entities that a document tells
    of. What was touched by name comes along. A change of very many rows touches everything; one
    that wrote nothing, nothing.
    """
    rows = work.all(
        f"{_WRITTEN} UNION ALL {_EVENTS} {dialect.most('limit')}",
        change=work.change,
        limit=TOUCHED_LIMIT + 1,
    )
    if not rows:
        return set()
    if len(rows) > TOUCHED_LIMIT:
        return {EVERYTHING}
    found = {row[name] for row in rows for name in ("id", "type", "near", "far") if row[name]}
    found |= _following(work, rows) | work.touched
    return {EVERYTHING} if len(found) > TOUCHED_LIMIT else found


def _following(work: Work, rows: Sequence[Row]) -> set[str]:
    """Return whoever looks different because a row that was written is another one now.

    An entity's name stands in the texts of its own fields, and who tells of an entity says whether
    it is there. Most changes concern nobody else, and cost no further statement.
    """
    if any(row["kind"] == "person" for row in rows):
        work.touch(work.organization)
    written = _ids(row for row in rows if row["has_texts"])
    moved = _ids(row for row in rows if row["kind"] == "entity" and row["came_or_went"])
    documents = _ids(row for row in rows if row["kind"] in ("knowledge", "knowledge_label"))
    return {
        *(_listed(work, _TEXTS, entities=written) if written else ()),
        *(_listed(work, _DOCUMENTS, entities=moved) if moved else ()),
        *(_listed(work, _TOLD_OF, documents=documents) if documents else ()),
    }


def _ids(rows: Iterable[Row]) -> list[str]:
    return list({row["id"]: None for row in rows})


def _listed(work: Work, sql: str, **ids: list[str]) -> list[str]:
    rows = work.all(f"{sql} {dialect.most('limit')}", **ids, limit=TOUCHED_LIMIT + 1)
    return [row["id"] for row in rows]


def texts(work: Work, entity_ids: Iterable[str]) -> None:
    """Touch the texts of entities' own fields, which go with them and are not in the log."""
    work.touch(*_listed(work, _TEXTS, entities=list(entity_ids)))


def around(work: Work, entity_id: str) -> None:
    """Touch an entity's type, the other ends of its connections and the documents that tell of it.

    A purge asks before it empties the log, which says none of that afterwards.
    """
    rows = work.all(
        f"""
        SELECT id, type, near, far
        FROM (
            SELECT NULL AS id, type, NULL AS near, NULL AS far
            FROM entities
            WHERE organization_id = :organization
              AND id = :entity
            UNION ALL
            SELECT id, type, from_id, to_id
            FROM connections
            WHERE organization_id = :organization
              AND from_id = :entity
            UNION ALL
            SELECT id, type, from_id, to_id
            FROM connections
            WHERE organization_id = :organization
              AND to_id = :entity
            UNION ALL
            SELECT knowledge_id, NULL, NULL, NULL
            FROM knowledge_links
            WHERE organization_id = :organization
              AND entity_id = :entity
        ) AS near
        {dialect.most("limit")}
        """,
        entity=entity_id,
        limit=TOUCHED_LIMIT + 1,
    )
    work.touch(*(id for row in rows for id in row if id))
