"""Purge: an entity or a document is gone for good, also from what history remembers (D-17)."""

from one_mcp import ids, jsons
from one_mcp.access import Permission
from one_mcp.answers import Written
from one_mcp.dimensions import lookup
from one_mcp.dimensions.changes import touched
from one_mcp.dimensions.commerce import forging, outbox
from one_mcp.dimensions.entities import alike, archive
from one_mcp.dimensions.knowledge import texts
from one_mcp.dimensions.purge import copies, marks, naming, traces
from one_mcp.errors import ConfirmationError, ConflictError, shown
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

NAMED = 5
MOST_ADDRESSES = 10  # of one entity, that are looked for in others
COPIES = "backups, exports, the old file that a restore keeps"


class Purged(Written):
    """What is gone. The answer has no name: it is kept under an idempotency key.

    Of an entity, `passages` are those of its own texts, and `links` led to it from documents.
    `erased` says whether its bytes are gone from the file, too, and `stays` what a purge leaves.
    """

    id: str
    erased: bool | None = None
    connections: int | None = None
    tags: int | None = None
    passages: int | None = None
    links: int | None = None
    events_kept: int | None = None
    stays: str | None = None


def purge(work: Work, id: str, confirm: str) -> Purged:
    """Remove an entity or a document for good, also from what history remembers.

    A purge means gone: the change log keeps that something was written, by whom and when, and
    forgets what it was, so no undo and no look at the past brings it back.
    Raises ConfirmationError unless `confirm` is the name, the title or the id.
    """
    work.principal.require(Permission.ADMIN)
    removed = _document if id.startswith(f"{ids.KNOWLEDGE}_") else _entity
    merged = _merged_into(work, id)
    purged = removed(work, id, confirm)
    addresses = [name for name in naming.of(work, id).all if "@" in name]  # now in the log whole
    _warn_of_mentions(work, addresses)
    marks.mark(work)  # first: by it the table of events lets texts be taken out
    for each in (id, *merged):
        copies.remove(work, each)
        traces.remove(work, each)
        outbox.forget(work, each)
    events = f"events that tell of {id} ({purged.events_kept}), " if purged.events_kept else ""
    stays = f"{events}what other texts say of it, and what was copied before: {COPIES}"
    return purged.model_copy(update={"stays": stays})


def _warn_of_mentions(work: Work, addresses: list[str]) -> None:
    """Say in which entities an e-mail address of what is gone still stands."""
    asked = addresses[:MOST_ADDRESSES]
    found = list(dict.fromkeys(id for each in asked for id in alike.mentioning(work, each)))
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        work.warn(
            f"Its e-mail address still stands in the properties of {', '.join(found[:NAMED])}"
            f"{more}; update or purge these, too."
        )


def _entity(work: Work, id: str, confirm: str) -> Purged:
    """Remove an entity with its connections, its tags and the passages of its own texts.

    Documents that tell of it stay, without their links. Events stay (D-17).
    """
    confirmed(work, id, confirm)
    touched.around(work, id)
    with_it = {"id": id}
    tags = work.run(
        "DELETE FROM tags WHERE organization_id = :organization AND entity_id = :id", **with_it
    )
    connections = sum(
        work.run(
            f"DELETE FROM connections WHERE organization_id = :organization AND {end} = :id",
            **with_it,
        )
        for end in archive.ENDS
    )
    passages = _passages_of(work, id)
    links = _unlink(work, id)
    work.run(
        "DELETE FROM knowledge WHERE organization_id = :organization AND source_id = :id", **with_it
    )
    work.run(
        "DELETE FROM merged_entities WHERE organization_id = :organization AND survivor_id = :id",
        **with_it,
    )
    work.run(
        "DELETE FROM hidden_hubs WHERE organization_id = :organization AND entity_id = :id",
        **with_it,
    )
    work.run("DELETE FROM entities WHERE organization_id = :organization AND id = :id", **with_it)
    return Purged(
        id=id,
        connections=connections,
        tags=tags,
        passages=passages or None,
        links=links or None,
        events_kept=_events(work, id),
    )


def confirmed(work: Work, id: str, confirm: str) -> Row:
    """Return the entity's row; raises ConfirmationError unless it is called what was sent."""
    row = lookup.any_state(work, id)
    if confirm.strip() not in (row["name"], id):
        raise ConfirmationError(
            f"To purge {id} ({row['name'][:80]}) for good, with its connections, its tags and its "
            f'history, send confirm="{id}" or the entity\'s exact name. '
            "archive_entity only hides it, and can be taken back.",
            id=id,
            confirm=id,
        )
    forging.require_purgeable(work, row)
    return row


def _merged_into(work: Work, id: str) -> list[str]:
    """List the ids that lead to an entity: what history knows of them is of the same thing."""
    rows = work.all(
        """
        SELECT id
        FROM merged_entities
        WHERE organization_id = :organization
          AND survivor_id = :id
        """,
        id=id,
    )
    return [row["id"] for row in rows]


def _document(work: Work, id: str, confirm: str) -> Purged:
    """Remove a document with its passages, links and labels.

    One that was forgotten before is still in the log, and can be purged from there. Raises
    ConflictError for the text of an entity, which goes with the entity.
    """
    title, chunks = _present(work, id) or _forgotten(work, id)
    if confirm.strip() not in (title, id):
        raise ConfirmationError(
            f"To purge {id} ({shown(title)}) for good, with all that is known of it, send "
            f'confirm="{id}" or the exact title. To forget it can be taken back.',
            id=id,
            confirm=id,
        )
    work.touch(id, *_linked(work, id))
    texts.remove(work, id)
    return Purged(id=id, passages=chunks)


def _passages_of(work: Work, entity_id: str) -> int:
    """Count the passages of an entity's own texts."""
    return work.value(
        """
        SELECT count(*)
        FROM knowledge
        CROSS JOIN chunks
        WHERE knowledge.organization_id = :organization
          AND knowledge.source_id = :id
          AND chunks.organization_id = :organization
          AND chunks.document = knowledge.seq
        """,
        id=entity_id,
    )


def _unlink(work: Work, entity_id: str) -> int:
    """Remove the links from documents to an entity, and return how many there were.

    Warns of documents that told of nothing else: they may hold what was to be removed.
    """
    alone = _only_about(work, entity_id)
    gone = work.run(
        """
        DELETE FROM knowledge_links
        WHERE organization_id = :organization
          AND entity_id = :id
          AND EXISTS (
              SELECT 1
              FROM knowledge
              WHERE organization_id = :organization
                AND id = knowledge_id
                -- links of its own texts go with those texts, further below
                AND source_id IS NULL
          )
        """,
        id=entity_id,
    )
    if alone:
        more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
        work.warn(
            f"{len(alone)} documents told only of {entity_id} and are still there: "
            f"{', '.join(alone[:NAMED])}{more}. purge_entity takes their ids too."
        )
    return gone


def _only_about(work: Work, entity_id: str) -> list[str]:
    rows = work.all(
        f"""
        SELECT DISTINCT mine.knowledge_id
        FROM knowledge_links AS mine {dialect.by_index("knowledge_links_by_entity")}
        CROSS JOIN knowledge
        WHERE mine.organization_id = :organization
          AND mine.entity_id = :id
          AND knowledge.organization_id = :organization
          AND knowledge.id = mine.knowledge_id
          AND knowledge.source_id IS NULL
          AND NOT EXISTS (
              SELECT 1
              FROM knowledge_links AS other
              WHERE other.organization_id = :organization
                AND other.knowledge_id = mine.knowledge_id
                AND other.entity_id <> :id
          )
        ORDER BY mine.knowledge_id
        """,
        id=entity_id,
    )
    return [row["knowledge_id"] for row in rows]


def _events(work: Work, id: str) -> int:
    return work.value(
        """
        SELECT
            (
                SELECT count(*)
                FROM events
                WHERE organization_id = :organization AND target_id = :id
            ) + (
                SELECT count(*)
                FROM events
                WHERE organization_id = :organization
                  AND actor_id = :id
                  AND target_id IS DISTINCT FROM :id
            )
        """,
        id=id,
    )


def _present(work: Work, id: str) -> tuple[str, int] | None:
    row = texts.find(work, id)
    if row is None:
        return None
    if row["source_id"] is not None:
        raise ConflictError(
            f"{id} is the {row['source_field']} of {row['source_id']}, and goes when that is "
            "purged, or when the field is emptied.",
            id=id,
            entity=row["source_id"],
        )
    return row["title"], texts.count_chunks(work, row["seq"])


def _forgotten(work: Work, id: str) -> tuple[str, int]:
    """Return the title that a document had when it was removed; raises NotFoundError."""
    last = work.value(
        """
        SELECT before
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind = 'knowledge'
          AND purged_by IS NULL
          AND after IS NULL
        ORDER BY seq DESC
        LIMIT 1
        """,
        id=id,
    )
    if last is None:
        raise texts.missing(id)
    return str(jsons.load_object(last)["title"]), 0


def _linked(work: Work, id: str) -> list[str]:
    rows = work.all(
        """
        SELECT DISTINCT entity_id
        FROM knowledge_links
        WHERE organization_id = :organization
          AND knowledge_id = :id
        """,
        id=id,
    )
    return [row["entity_id"] for row in rows]
