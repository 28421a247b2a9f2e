"""What is retracted stays so through an export and an import, into whatever organization."""

import json
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event, finding
from one_mcp.dimensions.events.finding import Around, Event
from one_mcp.dimensions.exchange.report import Loaded
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ImportRowsError
from one_mcp.services.exchange import exports, imports
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
PAID = {"status": "completed", "amount": 40, "currency": "EUR"}
FIRST, SECOND = "evt_0000000000000001", "evt_0000000000000002"


async def exported(one: Session) -> str:
    data = (await exports.everything(one)).data
    assert data
    return data


async def lines(one: Session, *events: dict[str, object]) -> Loaded:
    text = "\n".join(json.dumps({"event": event}) for event in events)
    return await imports.run(one, data=text, format="jsonl")


async def payments(one: Session, *, retracted: bool) -> list[Event]:
    found = await one.read(finding.find, Around(), types=["payment_processed"], retracted=retracted)
    return found.items


async def test_a_retracted_event_is_retracted_where_it_is_imported(
    one: Session, jane: Saved, tmp_path: Path, clock: HandClock
) -> None:
    paid = await one.write(event.record, "payment_processed", jane.id, metadata=PAID)
    assert paid.change
    await one.write(undo.undo, paid.change)
    text = await exported(one)
    settings = Settings(database=tmp_path / "other.db", embedding_model="none", folder=tmp_path)

    async with open_app(settings, clock) as app:
        other = app.session(Call("test"), LOCAL)
        await imports.run(other, data=text, format="jsonl")

        assert await payments(other, retracted=False) == []
        assert [it.id for it in await payments(other, retracted=True)] == [paid.id]
        assert await exported(other) == text

    repeated = await imports.run(one, data=text, format="jsonl")
    assert repeated.change is None
    assert await payments(one, retracted=False) == []


async def test_an_export_of_before_an_undo_takes_the_event_up_again(
    one: Session, jane: Saved
) -> None:
    paid = await one.write(event.record, "payment_processed", jane.id, metadata=PAID)
    assert paid.change
    text = await exported(one)
    await one.write(undo.undo, paid.change)

    await imports.run(one, data=text, format="jsonl")

    assert [it.id for it in await payments(one, retracted=False)] == [paid.id]


async def test_lines_tell_why_an_event_was_taken_back_and_what_stands_for_it(
    one: Session,
) -> None:
    mistyped: dict[str, object] = {
        "id": FIRST,
        "type": "payment_processed",
        "metadata": {**PAID, "amount": 400},
        "retracted": True,
        "reason": "a zero too many",
        "replaced_by": SECOND,
    }
    right: dict[str, object] = {"id": SECOND, "type": "payment_processed", "metadata": PAID}

    loaded = await lines(one, mistyped, right)

    assert loaded.created == {"events": 2}
    assert [it.id for it in await payments(one, retracted=False)] == [SECOND]
    (shown,) = [it for it in await payments(one, retracted=True) if it.id == FIRST]
    assert (shown.retracted, shown.reason) == (loaded.change, "a zero too many")
    assert shown.replaced_by == SECOND
    assert (await lines(one, mistyped, right)).change is None


async def test_an_event_that_is_here_is_taken_back_by_a_line_that_says_so(one: Session) -> None:
    line: dict[str, object] = {"id": FIRST, "type": "payment_processed", "metadata": PAID}
    await lines(one, line)

    loaded = await lines(one, {**line, "retracted": True})

    assert loaded.updated == {"events": 1}
    assert await payments(one, retracted=False) == []


async def test_an_event_in_place_of_one_has_to_be_there(one: Session) -> None:
    line: dict[str, object] = {"id": FIRST, "type": "payment_processed", "metadata": PAID}

    with pytest.raises(ImportRowsError) as missing:
        await lines(one, {**line, "retracted": True, "replaced_by": SECOND})
    with pytest.raises(ImportRowsError) as live:
        await lines(one, {**line, "reason": "a mistake"})

    assert SECOND in str(missing.value)
    assert "retracted" in str(live.value)
    assert await payments(one, retracted=True) == []
