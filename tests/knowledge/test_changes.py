"""Documents in the history: what is undone, what stands in the way, and what is gone for good."""

import pytest

from one_mcp.dimensions.changes import history, log
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import (
    ConfirmationError,
    ConflictError,
    NotFoundError,
)
from one_mcp.services.knowledge import ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Session
from one_mcp.store.work import Work
from tests.knowledge.conftest import Ask, add, rows

pytestmark = pytest.mark.anyio

GUIDE = "Begin with the breath."


async def last(one: Session) -> str:
    """The id of the newest change."""
    return f"chg_{await one.read(log.latest)}"


async def obstacles(one: Session, change: str) -> dict[str, str]:
    """The changes that a refused undo names, and what each did."""
    with pytest.raises(ConflictError) as failure:
        await one.write(undo.undo, change)
    later = failure.value.fields["later"]
    assert isinstance(later, list)
    return {str(it["change"]): str(it["what"]) for it in later if isinstance(it, dict)}


def holding(work: Work, text: str) -> int:
    """Count the rows that still hold a text."""
    return work.value(
        """
        SELECT (
            SELECT count(*) FROM change_rows
            WHERE organization_id = :organization
              AND instr(coalesce(before, '') || coalesce(after, ''), :text)
        ) + (
            SELECT count(*) FROM knowledge
            WHERE organization_id = :organization
              AND instr(coalesce(title, '') || coalesce(text, ''), :text)
        ) + (
            SELECT count(*) FROM chunks
            WHERE organization_id = :organization
              AND instr(coalesce(heading, '') || coalesce(text, ''), :text)
        )
        """,
        text=text,
    )


async def test_a_replaced_text_is_found_again_after_an_undo(one: Session, ask: Ask) -> None:
    await add(one, GUIDE, "Guide", source="guide.md")
    await add(one, "Nothing but silence.", "Guide", source="guide.md")

    undone = await one.write(undo.undo, await last(one))

    assert undone.documents == 1
    assert [hit.quote for hit in await ask("breath")] == [GUIDE]
    assert await ask("silence") == [] or (await ask("silence"))[0].quote == GUIDE


async def test_a_change_of_links_and_labels_is_undone(one: Session, jane: Saved) -> None:
    id = await add(one, GUIDE, labels=["topic:yoga"])
    before = await rows(one, FILED)
    changed = await one.write(document.label, id, ["topic:breath"], ["topic:yoga"], link=[jane.id])

    undone = await one.write(undo.undo, changed.change or "")

    assert [tuple(row) for row in await rows(one, FILED)] == [tuple(row) for row in before]
    assert (undone.documents, undone.entities) == (1, 0)


FILED = """
    SELECT knowledge_id, entity_id, role
    FROM knowledge_links
    WHERE organization_id = :organization
    UNION ALL
    SELECT knowledge_id, key, value
    FROM knowledge_labels
    WHERE organization_id = :organization
    ORDER BY 1, 2, 3
"""


async def test_a_document_about_an_entity_stands_in_the_way_of_its_undo(
    one: Session, jane: Saved
) -> None:
    await add(one, GUIDE, "Guide", entities=[jane.id])

    named = await obstacles(one, jane.change or "")

    assert list(named) == [await last(one)]
    assert named[await last(one)].startswith('linked "Guide" to Jane')


async def test_an_entitys_own_text_goes_with_the_undo_of_its_creation(
    one: Session, ask: Ask
) -> None:
    post = await one.write(entity.create, "blog_post", "Breath", {"content": GUIDE})
    assert len(await ask("breath")) == 1

    await one.write(undo.undo, post.change or "")

    assert await ask("breath") == []


async def test_later_labels_stand_in_the_way_of_undoing_a_document(one: Session) -> None:
    id = await add(one, GUIDE, "Guide")
    added = await last(one)
    labelled = await one.write(document.label, id, ["topic:breath"])

    named = await obstacles(one, added)

    assert named == {labelled.change: f'labelled topic:breath on "Guide" ({id})'}


async def test_a_document_does_not_come_back_beside_its_successor(one: Session) -> None:
    id = await add(one, GUIDE, "Guide", source="guide.md")
    forgotten = await one.write(document.forget, id)
    await add(one, "Another guide.", "Guide", source="guide.md")

    named = await obstacles(one, forgotten.change or "")

    assert list(named) == [await last(one)]


async def test_a_link_does_not_come_back_to_an_entity_that_is_gone(
    one: Session, jane: Saved
) -> None:
    id = await add(one, GUIDE, "Guide", entities=[jane.id])
    unlinked = await one.write(document.label, id, unlink=[jane.id])
    gone = await one.write(undo.undo, jane.change or "")

    named = await obstacles(one, unlinked.change or "")

    assert list(named) == [gone.change]


async def test_a_text_that_was_not_kept_comes_back_unsearchable_and_says_so(
    one: Session, ask: Ask
) -> None:
    id = await add(one, GUIDE, "Guide", keep="vector_only")
    forgotten = await one.write(document.forget, id)

    undone = await one.write(undo.undo, forgotten.change or "")
    assert undone.warnings
    assert id in undone.warnings[0]
    assert await ask("breath") == []

    again = await ingest.add(one, Filing(title="Guide", keep="vector_only"), text=GUIDE)
    assert (again.id, again.unchanged) == (id, None)
    assert [hit.id for hit in await ask(GUIDE)] == [id]


async def test_history_tells_of_a_document_and_never_its_text(one: Session, jane: Saved) -> None:
    id = await add(one, GUIDE, "Guide", source="guide.md", entities=[jane.id])
    await add(one, "Nothing but silence.", "Guide", source="guide.md")
    await one.write(document.forget, id)

    told = await one.read(history.history, id)

    did = [[(row.kind, row.did) for row in change.rows or []] for change in told.changes]
    assert did[0] == [("knowledge_link", "unlinked"), ("knowledge", "removed")]
    assert did[1] == [("knowledge", "updated")]
    assert did[2] == [("knowledge", "added"), ("knowledge_link", "linked")]
    assert {row.name for change in told.changes for row in change.rows or []} >= {'"Guide"'}
    assert "breath" not in told.model_dump_json()
    assert "silence" not in told.model_dump_json()


async def test_a_purged_document_is_gone_for_good(one: Session, jane: Saved, ask: Ask) -> None:
    id = await add(one, GUIDE, "Guide", source="guide.md", entities=[jane.id])
    await add(one, "Nothing but silence.", "Guide", source="guide.md")

    with pytest.raises(ConfirmationError):
        await one.write(purge.purge, id, "guide")
    purged = await one.write(purge.purge, id, "Guide")

    assert (purged.id, purged.passages) == (id, 1)
    assert await ask("silence") == []
    for text in ("breath", "silence", "Guide"):
        assert await one.read(holding, text) == 0
    with pytest.raises(ConflictError):
        await one.write(undo.undo, purged.change or "")


async def test_a_forgotten_document_can_still_be_purged(one: Session) -> None:
    id = await add(one, GUIDE, "Guide")
    await one.write(document.forget, id)

    await one.write(purge.purge, id, id)

    assert await one.read(holding, "breath") == 0
    with pytest.raises(NotFoundError):
        await one.write(purge.purge, id, id)


async def test_an_entitys_text_is_purged_with_the_entity(one: Session, ask: Ask) -> None:
    post = await one.write(entity.create, "blog_post", "Breath", {"content": GUIDE})
    (hit,) = await ask("breath")
    with pytest.raises(ConflictError):
        await one.write(purge.purge, hit.id, hit.id)

    purged = await one.write(purge.purge, post.id, post.id)

    assert purged.passages == 1
    assert await one.read(holding, "breath") == 0


async def test_a_purge_says_which_documents_told_of_the_entity_alone(
    one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    alone = await add(one, GUIDE, "Guide", entities=[jane.id])
    await add(one, "Jane teaches yoga.", "Both", entities=[jane.id, course.id])

    purged = await one.write(purge.purge, jane.id, jane.id)

    assert purged.links == 2
    assert purged.warnings
    assert alone in purged.warnings[0]
    assert purged.warnings[0].startswith("1 ")
    assert await one.read(holding, jane.id) == 0


async def test_a_forgotten_document_comes_back_without_a_purged_entity(
    one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    id = await add(one, GUIDE, "Guide", entities=[jane.id, course.id])
    forgotten = await one.write(document.forget, id)
    await one.write(purge.purge, jane.id, jane.id)

    undone = await one.write(undo.undo, forgotten.change or "")

    assert [row["entity_id"] for row in await rows(one, FILED)] == [course.id]
    assert undone.warnings
