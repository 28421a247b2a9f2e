"""The log grows for ever: what reads it must come by an index, and never read the whole of it."""

import re
from dataclasses import replace

import pytest

from one_mcp.answers import Written
from one_mcp.app import App
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.knowledge.documents.drafts import Draft
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ConflictError
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

TABLES = (
    "change_rows|events|entities|connections|mine|newer|own|"
    "knowledge|knowledge_links|knowledge_labels|chunks|vectors|part|taker|other"
)
WHOLE = re.compile(
    rf"SCAN (changes|{TABLES})\b"
    rf"|SEARCH ({TABLES}) .*\(organization_id=\?\)$"
    r"|SEARCH change_rows .*\(organization_id=\? AND change[<>]"
)


async def test_the_log_is_never_read_from_end_to_end(app: App, one: Session, jane: Saved) -> None:
    statements: set[str] = set()
    await app.database.write(lambda raw: raw.set_trace_callback(statements.add))

    passages = [Passage(0, 4, "Guide", "Yoga")]
    guide = Draft("Guide", "Yoga", passages, source="guide.md", labels=["topic:yoga"])
    notes = Draft("Notes", "Yoga", passages, keep="vector_only")

    def tell(work: Work) -> Written:
        for id in (None, jane.id, jane.change, told.id, told.change):
            history.history(work, id)
        return Written()

    course = await one.write(entity.create, "course", "Yoga", with_tags=["skill:yoga"])
    owned = await one.write(connection.connect, jane.id, "owns", course.id)
    told = await one.write(document.add, guide)
    hidden = await one.write(document.add, notes)
    linked = await one.write(document.label, told.id, link=[course.id])
    forgotten = await one.write(document.forget, told.id)
    gone = await one.write(document.forget, hidden.id)
    archived = await one.write(archive.archive, course.id)
    changes = (archived, gone, forgotten, linked, hidden, told, owned, course)
    for change in changes:
        assert change.change
        undone = await one.write(undo.undo, change.change)
    assert undone.change
    await one.write(undo.undo, undone.change)
    again = await one.write(document.add, replace(guide, entities=[course.id]))
    with pytest.raises(ConflictError):
        await one.write(undo.undo, undone.change)
    await one.write(tell)
    await one.write(purge.purge, course.id, "Yoga")
    await one.write(purge.purge, again.id, "Guide")
    await one.write(purge.purge, hidden.id, "Notes")
    await app.database.write(lambda raw: raw.set_trace_callback(None))

    plans = await app.database.read(
        lambda raw: [
            (statement, step[3])
            for statement in statements
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s", statement)
            for step in raw.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    )
    assert len(plans) > 100
    assert sorted(f"{step}: {text}" for text, step in plans if WHOLE.search(step)) == []
