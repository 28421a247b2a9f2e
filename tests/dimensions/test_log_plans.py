"""The log grows for ever: what reads it must come by an index, and never read the whole of it."""

import re

import pytest

from one_mcp.answers import Written
from one_mcp.app import App
from one_mcp.dimensions import archive, connections, entities, history, undo
from one_mcp.dimensions.entities import Saved
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

WHOLE = re.compile(
    r"SCAN (change_rows|changes|events|entities|connections|mine|newer|own)\b"
    r"|SEARCH (change_rows|events|entities|connections|mine|newer|own) .*\(organization_id=\?\)$"
    r"|SEARCH change_rows .*\(organization_id=\? AND change[<>]"
)


async def test_the_log_is_never_read_from_end_to_end(app: App, one: Session, jane: Saved) -> None:
    statements: set[str] = set()
    await app.database.write(lambda raw: raw.set_trace_callback(statements.add))

    def tell(work: Work) -> Written:
        for id in (None, jane.id, jane.change):
            history.history(work, id)
        return Written()

    course = await one.write(entities.create, "course", "Yoga", with_tags=["skill:yoga"])
    owned = await one.write(connections.connect, jane.id, "owns", course.id)
    archived = await one.write(archive.archive, course.id)
    for change in (archived.change, owned.change, course.change):
        assert change
        undone = await one.write(undo.undo, change)
    assert undone.change
    await one.write(undo.undo, undone.change)
    await one.write(tell)
    await one.write(archive.purge, course.id, "Yoga")
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
