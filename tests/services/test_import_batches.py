"""Imports of many rows: in parts between which others write, one change to history and undo."""

import json
import sys
from pathlib import Path

import anyio
import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions import counts
from one_mcp.dimensions.changes import choice, history
from one_mcp.dimensions.changes.history import Change
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.exchange import importing, keyed
from one_mcp.dimensions.exchange.importing import OnError
from one_mcp.errors import ConflictError, ImportRowsError, UndoneError
from one_mcp.services import undoing
from one_mcp.services.exchange import exports, imports, sources
from one_mcp.services.exchange.jsonl import Lines
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Call, Session
from tests.services.test_import_lines import count

pytestmark = pytest.mark.anyio

MANY = 40
LOST = json.dumps({"connection": {"from": "k1", "type": "references", "to": "nowhere"}})


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 5)


def course(n: int) -> str:
    return json.dumps({"type": "course", "name": f"Yoga {n}", "external_id": f"k{n}"})


def courses(number: int = MANY) -> str:
    return "\n".join(map(course, range(number)))


async def changes(one: Session, id: str | None = None) -> list[Change]:
    return (await one.read(history.history, id, 100)).changes


class EndOfProcessError(Exception):
    """What stands for the end of a process between two transactions."""


def _end(_touched: frozenset[str]) -> None:
    raise EndOfProcessError


async def test_history_and_undo_take_the_parts_as_one_change(one: Session) -> None:
    empty = (await exports.everything(one)).data
    loaded = await imports.run(one, data=courses())
    full = (await exports.everything(one)).data

    (told,) = [it for it in await changes(one) if it.change == loaded.change]
    undone = await undoing.undo(one, loaded.change or "")
    after_undo = (await exports.everything(one)).data
    taken_up = await undoing.undo(one, undone.change or "")

    assert loaded.created == {"entities": MANY, "automatic_events": MANY}
    assert len(told.rows or ()) + (told.more or 0) == 2 * MANY
    assert told.unfinished is None
    assert (
        len(await changes(one)) == 4
    )  # the organization, the import, its undo, and the undo of that
    assert undone.entities == undone.events_retracted == MANY
    assert _without_events(after_undo) == _without_events(empty)
    assert taken_up.entities == MANY
    assert (await exports.everything(one)).data == full


async def test_a_group_is_told_under_any_of_its_numbers(one: Session) -> None:
    loaded = await imports.run(one, data=courses())
    number = int((loaded.change or "").removeprefix("chg_"))

    (by_part,) = await changes(one, f"chg_{number + 3}")
    first = await one.read(history.history, loaded.change, 30)
    second = await one.read(history.history, loaded.change, 30, first.cursor)
    rows = [*(first.changes[0].rows or ()), *(second.changes[0].rows or ())]

    assert by_part.change == loaded.change
    assert [row.name for row in rows if row.kind == "entity"] == [f"Yoga {n}" for n in range(MANY)]

    undone = await undoing.undo(one, f"chg_{number + 3}")
    with pytest.raises(ConflictError) as failure:
        await undoing.undo(one, f"chg_{number + 5}")

    assert undone.undone == loaded.change
    assert failure.value.fields == {"change": loaded.change, "undone_by": undone.change}


async def test_others_write_while_an_import_runs(app: App, one: Session) -> None:
    begun = anyio.Event()
    app.listeners.append(lambda _touched: begun.set())
    loaded: list[str | None] = []

    async def load() -> None:
        loaded.append((await imports.run(one, data=courses())).change)

    async with anyio.create_task_group() as group:
        group.start_soon(load)
        await begun.wait()
        other = await app.session(Call("test"), LOCAL).write(entity.create, "lesson", "Breath")

    last = await one.read(lambda work: work.value(
        "SELECT max(number) FROM change_log WHERE organization_id = :organization AND part_of > 0"
    ))  # fmt: skip
    assert int((other.change or "").removeprefix("chg_")) < last
    assert other.change in [it.change for it in await changes(one)]
    await undoing.undo(one, loaded[0] or "")
    assert await count(one, "entities") == 1


async def test_a_row_that_turns_out_bad_takes_everything_back(one: Session) -> None:
    before = (await exports.everything(one)).data

    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=f"{courses()}\n{LOST}")

    assert failure.value.fields["failed"] == 1
    assert "taken back" in str(failure.value)
    assert _without_events((await exports.everything(one)).data) == _without_events(before)
    assert await count(one, "retractions") == MANY


async def test_a_row_that_is_bad_by_itself_stops_an_import_before_it_begins(one: Session) -> None:
    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=f'{courses()}\n{{"type": "course"}}')

    assert failure.value.fields["lines"] == MANY + 1
    assert await count(one, "change_log") == 1


async def test_equal_rows_in_different_parts_stay_as_many_as_they_are(one: Session) -> None:
    sale = {"event": {"type": "content_interacted", "target": "k0", "at": "2026-01-02T10:00:00Z",
                      "metadata": {"interaction": "liked"}}}  # fmt: skip
    lesson = {"type": "lesson", "name": "Breath"}
    rows = "\n".join([course(0), *map(json.dumps, [sale, lesson] * 12)])

    first = await imports.run(one, data=rows, format="jsonl")
    again = await imports.run(one, data=rows, format="jsonl")

    assert first.created is not None
    assert (first.created["entities"], first.created["events"]) == (13, 12)
    assert again.created is None
    assert again.change is None
    assert again.unchanged == {"entities": 13, "events": 12}


async def test_a_row_twice_in_different_parts_is_refused(one: Session) -> None:
    rows = f"{courses()}\n{course(0)}"

    loaded = await imports.run(one, data=rows, on_error="skip")

    assert [bad.line for bad in loaded.errors or ()] == [MANY + 1]


async def test_events_of_the_file_stand_for_automatic_ones_in_other_parts(one: Session) -> None:
    told = [json.dumps({"event": {"type": "course_created", "target": f"k{n}"}}) for n in range(9)]

    loaded = await imports.run(one, data="\n".join([courses(), *told]))

    assert loaded.created == {"entities": MANY, "events": 9, "automatic_events": MANY - 9}


async def test_a_repeat_with_the_same_key_goes_on_where_it_was_cut(app: App, one: Session) -> None:
    keyed = Call("import_data", key="january", digest="d")
    rows = "\n".join(
        [courses(), *(json.dumps({"type": "lesson", "name": "Breath"}) for _ in range(9))]
    )
    with anyio.CancelScope() as scope:
        app.listeners.append(lambda _touched: scope.cancel())
        await imports.run(app.session(keyed, LOCAL), data=rows, on_error="skip")
    app.listeners.clear()
    (cut, _) = await changes(one)
    there = await count(one, "entities")

    loaded = await imports.run(app.session(keyed, LOCAL), data=rows, on_error="skip")

    assert scope.cancelled_caught
    assert cut.unfinished
    assert 0 < there < MANY
    assert loaded.change == cut.change
    assert loaded.created is not None
    assert loaded.created["entities"] == await count(one, "entities") == MANY + 9
    assert [it.unfinished for it in await changes(one)] == [None, None]


async def test_a_repeat_without_a_key_goes_on_with_what_was_cut_off(app: App, one: Session) -> None:
    told = {"type": "course_created", "target": "k0", "external_id": "e0"}
    rows = f"{courses()}\n{json.dumps({'event': told})}"
    with anyio.CancelScope() as scope:
        app.listeners.append(lambda _touched: scope.cancel())
        await imports.run(one, data=rows, on_error="skip")
    app.listeners.clear()
    there = await count(one, "entities")
    (cut, _) = await changes(one)

    loaded = await imports.run(one, data=rows)
    again = await imports.run(one, data=rows)

    assert cut.unfinished
    assert 0 < there < MANY
    assert loaded.created == {
        "entities": MANY - there, "events": 1, "automatic_events": MANY - 1
    }  # fmt: skip
    assert await count(one, "events") == MANY
    assert again.created is None
    assert [it.unfinished for it in await changes(one)] == [None] * 3


async def test_what_was_cut_off_can_be_taken_back(app: App, one: Session) -> None:
    with anyio.CancelScope() as scope:
        app.listeners.append(lambda _touched: scope.cancel())
        await imports.run(one, data=courses(), on_error="skip")
    app.listeners.clear()
    (cut, _) = await changes(one)

    await undoing.undo(one, cut.change)

    assert await count(one, "entities") == 0
    assert all(it.unfinished is None for it in await changes(one))


@pytest.mark.parametrize("on_error", ["abort", "skip"])
async def test_an_import_that_is_undone_under_way_stops(
    app: App, one: Session, on_error: OnError
) -> None:
    other, parts = app.session(Call("test"), LOCAL), 0
    thirds = anyio.Event()

    def hear(_touched: frozenset[str]) -> None:
        nonlocal parts
        parts += 1
        if parts == 3:
            thirds.set()

    app.listeners.append(hear)
    refused: list[UndoneError] = []

    async def load() -> None:
        with pytest.raises(UndoneError) as failure:
            await imports.run(one, data=courses(10 * MANY), on_error=on_error)
        refused.append(failure.value)

    async with anyio.create_task_group() as group:
        group.start_soon(load)
        await thirds.wait()
        (told, _) = await changes(other)
        undone = await undoing.undo(other, told.change)

    assert refused[0].fields == {"change": told.change, "undone_by": undone.change}
    assert await count(one, "entities") == 0
    assert [it.undone_by for it in await changes(one)] == [None, undone.change, None]


async def test_an_undo_that_was_cut_off_goes_on_and_is_undone_as_a_whole(
    app: App, one: Session
) -> None:
    loaded = await imports.run(one, data=courses())
    full = (await exports.everything(one)).data
    app.listeners.append(_end)
    with pytest.raises(EndOfProcessError):
        await undoing.undo(one, loaded.change or "")
    app.listeners.clear()
    (cut, _, _) = await changes(one)
    there = await count(one, "entities")

    undone = await undoing.undo(one, loaded.change or "")
    left = await count(one, "entities")
    redone = await undoing.undo(one, undone.change or "")

    assert cut.unfinished
    assert 0 < there < MANY
    assert (undone.change, undone.entities, left) == (cut.change, there, 0)
    assert redone.entities == MANY
    assert (await exports.everything(one)).data == full
    assert [it.unfinished for it in await changes(one)] == [None] * 4


async def test_a_group_whose_undo_is_taken_back_in_part_says_how_to_go_on(
    app: App, one: Session
) -> None:
    loaded = await imports.run(one, data=courses())
    undone = await undoing.undo(one, loaded.change or "")
    app.listeners.append(_end)
    with pytest.raises(EndOfProcessError):
        await undoing.undo(one, undone.change or "")
    app.listeners.clear()

    with pytest.raises(ConflictError) as failure:
        await undoing.undo(one, loaded.change or "")
    await undoing.undo(one, undone.change or "")
    await undoing.undo(one, loaded.change or "")

    assert failure.value.fields["undone_by"] == undone.change
    assert await count(one, "entities") == 0


async def test_two_undos_of_a_group_are_one(app: App, one: Session) -> None:
    loaded = await imports.run(one, data=courses())
    full = (await exports.everything(one)).data
    answers: list[str] = []

    async def undo() -> None:
        try:
            undone = await undoing.undo(app.session(Call("test"), LOCAL), loaded.change or "")
            answers.append(undone.change or "")
        except ConflictError as error:
            answers.append(str(error.fields["undone_by"]))

    async with anyio.create_task_group() as group:
        group.start_soon(undo)
        group.start_soon(undo)
    left = await count(one, "entities")
    redone = await undoing.undo(one, answers[0])

    assert answers[0] == answers[1]
    assert left == 0
    assert redone.entities == MANY
    assert (await exports.everything(one)).data == full


async def test_a_later_change_keeps_a_group_from_being_undone_and_it_stays_whole(
    one: Session,
) -> None:
    loaded = await imports.run(one, data=courses())
    page = await one.read(history.history, loaded.change, 1)
    first = (page.changes[0].rows or ())[0].id
    later = await one.write(entity.update, first, name="Yin")
    before = _without_events((await exports.everything(one)).data)

    with pytest.raises(ConflictError) as failure:
        await undoing.undo(one, loaded.change or "")

    assert later.change in str(failure.value)
    assert _without_events((await exports.everything(one)).data) == before
    await undoing.undo(one, later.change or "")
    await undoing.undo(one, loaded.change or "")
    assert await count(one, "entities") == 0


async def test_what_a_killed_import_left_is_said_and_a_repeat_goes_on(
    app: App, one: Session, tmp_path: Path
) -> None:
    """A process that is killed has no time to tidy up."""
    file = tmp_path / "courses.jsonl"
    file.write_text(courses(30_000))
    command = [sys.executable, "-m", "one_mcp", "import", str(file), "--skip-bad"]
    process = await anyio.open_process(
        [*command, "--database", str(app.settings.database)], stdout=None, stderr=None
    )
    with anyio.fail_after(120):
        while await count(one, "entities") == 0:  # noqa: ASYNC110  # another process sets no event
            await anyio.sleep(0.01)
    process.kill()
    await process.wait()

    (cut, _) = await changes(one)
    there = await count(one, "entities")
    file.write_text(courses(there + 7))
    loaded = await imports.run(one, path=str(file))

    assert cut.unfinished
    assert loaded.created == {"entities": 7, "automatic_events": 7}
    assert loaded.unchanged == {"entities": there}
    await undoing.undo(one, loaded.change or "")
    await undoing.undo(one, cut.change)
    assert await count(one, "entities") == 0


async def test_an_import_that_took_everything_back_is_done_anew_under_its_key(
    app: App, one: Session, tmp_path: Path
) -> None:
    january = Call("import_data", key="january", digest="d")
    file = tmp_path / "courses.jsonl"
    file.write_text(f"{courses()}\n{LOST}")
    with pytest.raises(ImportRowsError):
        await imports.run(app.session(january, LOCAL), path=str(file))
    file.write_text(courses())

    loaded = await imports.run(app.session(january, LOCAL), path=str(file))

    assert loaded.created == {"entities": MANY, "automatic_events": MANY}
    assert await count(one, "entities") == MANY


async def test_a_key_of_an_import_that_took_everything_back_is_free_for_mended_rows(
    app: App, one: Session
) -> None:
    first = Call("import_data", key="january", digest="first")
    mended = Call("import_data", key="january", digest="mended")
    with pytest.raises(ImportRowsError):
        await imports.run(app.session(first, LOCAL), data=f"{courses()}\n{LOST}")

    await imports.run(app.session(mended, LOCAL), data=courses())

    assert await count(one, "entities") == MANY


async def test_bad_rows_are_told_where_what_was_written_cannot_be_taken_back(
    app: App, one: Session
) -> None:
    other, begun = app.session(Call("test"), LOCAL), anyio.Event()
    app.listeners.append(lambda _touched: begun.set())
    refused: list[ImportRowsError] = []

    async def load() -> None:
        with pytest.raises(ImportRowsError) as failure:
            await imports.run(one, data=f"{courses()}\n{LOST}")
        refused.append(failure.value)

    async with anyio.create_task_group() as group:
        group.start_soon(load)
        await begun.wait()
        (told, _) = await changes(other)
        (first, *_) = told.rows or ()
        renamed = await other.write(entity.update, first.id, name="Mine")

    (failure,) = refused
    assert failure.fields["failed"] == 1
    assert f"and {told.change} is kept" in str(failure)
    assert str(renamed.change) in str(failure)
    assert await count(one, "entities") == MANY
    assert '"name":"Mine"' in str((await exports.everything(one)).data)


async def test_the_history_of_an_entity_has_a_group_once(one: Session) -> None:
    tea = json.dumps({"type": "lesson", "name": "Tea", "external_id": "tea"})
    told = {"from": "tea", "type": "references"}
    links = [json.dumps({"connection": {**told, "to": f"k{n}"}}) for n in range(MANY)]
    loaded = await imports.run(one, data="\n".join([courses(), tea, *links]))
    (id,) = await one.read(lambda work: work.one(
        "SELECT id FROM entities WHERE organization_id = :organization AND name = 'Tea'"
    ))  # fmt: skip
    later = await one.write(entity.update, id, name="Green tea")

    first = await one.read(history.history, id, 1)
    second = await one.read(history.history, id, 1, first.cursor)
    since = choice.Choice(["at >= :since"], {"since": 0})
    chosen = await one.read(history.history, id, 9, None, since)

    (told_once,) = second.changes
    assert [it.change for it in first.changes] == [later.change]
    assert told_once.change == loaded.change
    assert len(told_once.rows or ()) + (told_once.more or 0) == 1 + MANY
    assert second.cursor is None
    assert [it.change for it in chosen.changes] == [later.change, loaded.change]
    assert (await one.read(counts.take)).changes == len(await changes(one)) == 3


async def test_a_refused_undo_is_done_anew_under_its_key(app: App, one: Session) -> None:
    keyed_call = Call("undo_change", key="back", digest="d")
    loaded = await imports.run(one, data=courses())
    page = await one.read(history.history, loaded.change, 1)
    later = await one.write(entity.update, (page.changes[0].rows or ())[0].id, name="Yin")
    with pytest.raises(ConflictError):
        await undoing.undo(app.session(keyed_call, LOCAL), loaded.change or "")
    await undoing.undo(one, later.change or "")

    undone = await undoing.undo(app.session(keyed_call, LOCAL), loaded.change or "")

    assert undone.entities == MANY
    assert await count(one, "entities") == 0


def _without_events(exported: str | None) -> list[str]:
    return [it for it in (exported or "").splitlines() if not it.startswith('{"event"')]


@pytest.mark.parametrize("key", ["name", "sku", "price", "flag"])
async def test_rows_are_known_by_their_key_in_every_part(one: Session, key: str) -> None:
    """By a name, a property without an index, an indexed one, and one whose values no index has."""
    titles = {"sku": "sku", "name": "name", "price": "price", "flag": "flag", "level": "level"}
    mapping = TableMapping(type="course", columns=titles, key=[key])
    head = "sku,name,price,flag,level\n"
    rows = [f"s{n},Yoga {n},{n},f{n},easy\n" for n in range(MANY)]
    await imports.run(one, data=head + "".join(rows), format="csv", mapping=mapping)
    harder = [row.replace("easy", "hard") for row in rows]

    loaded = await imports.run(
        one, data=head + "".join([*harder, harder[0]]), format="csv", mapping=mapping,
        on_error="skip",
    )  # fmt: skip

    assert loaded.updated == {"entities": MANY}
    assert loaded.created == {"automatic_events": MANY}
    assert [(bad.line, bad.code) for bad in loaded.errors or ()] == [(MANY + 2, "DUPLICATE")]
    assert await count(one, "entities") == MANY


async def test_a_key_finds_what_another_wrote_since_the_import_began(one: Session) -> None:
    maps = await one.read(keyed.prepared, [("course", ("sku",))])
    made = await one.write(entity.create, "course", "Yoga", {"sku": "s1"})
    await one.write(entity.create, "course", "Tea", {"sku": "s2"})

    found = await one.derive(maps.seqs, ("course", ("sku",)), [("s1",), ("s3",)])

    assert found == [await one.read(lambda work: work.value(
        "SELECT seq FROM entities WHERE organization_id = :organization AND id = :id", id=made.id
    ))]  # fmt: skip


async def test_long_texts_make_parts_of_their_own() -> None:
    """Of documents as of entities, also where they stand in lists, and of metadata."""
    long = "word " * 15_000
    rows = [
        json.dumps({"document": {"title": "Long", "text": long}}),
        json.dumps({"type": "course", "name": "Yoga", "external_id": "k0",
                    "properties": {"notes": [long]}}),
        json.dumps({"type": "lesson", "name": "Breath", "external_id": "k1"}),
        json.dumps({"connection": {"from": "k0", "type": "references", "to": "k1",
                                   "metadata": {"note": long}}}),
    ]  # fmt: skip
    records = list(Lines(sources.of_text("\n".join(rows))))

    assert [len(batch) for batch in importing.batches(records)] == [1, 1, 2]


async def test_a_group_says_that_it_is_replayed(app: App) -> None:
    call = Call("import_data", key="january", digest="d")
    first = await imports.run(app.session(call, LOCAL), data=courses())

    second = await imports.run(app.session(call, LOCAL), data=courses())

    assert (first.replayed, second.replayed) == (None, True)
    assert second.change == first.change
