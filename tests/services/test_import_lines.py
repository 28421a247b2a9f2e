"""Importing JSON Lines: what rows become, which are refused, and what is left when it stops."""

import json
from collections.abc import Iterator

import anyio
import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.report import LISTED, BadRow
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ForbiddenError, ImportFileError, ImportRowsError
from one_mcp.jsons import JsonObject
from one_mcp.services.exchange import exports, imports
from one_mcp.session import Call, Session

pytestmark = pytest.mark.anyio

HEADER = {"format": "one_mcp", "version": 1}
COURSE: JsonObject = {"type": "course", "name": "Yoga", "external_id": "k1"}


def data(*lines: object) -> str:
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)


async def count(one: Session, table: str) -> int:
    return await one.read(
        lambda work: work.value(
            f"SELECT count(*) FROM {table} WHERE organization_id = :organization"
        )
    )


async def codes(one: Session, *lines: object) -> dict[int, str]:
    """Import lines that are bad, and say what is wrong with which line."""
    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=data(*lines), format="jsonl")
    errors = failure.value.fields["errors"]
    assert isinstance(errors, list)
    bad = [BadRow.model_validate(error) for error in errors]
    return {row.line: row.code for row in bad}


async def test_a_plain_line_gets_defaults_and_its_automatic_event(one: Session) -> None:
    loaded = await imports.run(one, data=data(COURSE))

    assert loaded.created == {"entities": 1, "automatic_events": 1}
    exported = (await exports.everything(one)).data or ""
    assert '"personalizationLevel":"none"' in exported
    assert '"type":"course_created"' in exported


async def test_an_event_in_the_file_stands_for_the_automatic_one(one: Session) -> None:
    created = {"event": {"type": "course_created", "target": "k1", "external_id": "e1"}}

    loaded = await imports.run(one, data=data(COURSE, created))

    assert loaded.created == {"entities": 1, "events": 1}
    assert await count(one, "events") == 1


async def test_a_second_import_changes_nothing(one: Session) -> None:
    lines = data(
        {"entity": {**COURSE, "tags": ["skill:yoga"],
                    "properties": {"price": 20, "bio": None, "currency": None}}},
        {"entity": {"type": "creator", "name": "J", "external_id": "c1",
                    "properties": {"email": "j@x.io"}}},
        {"connection": {"from": "c1", "type": "owns", "to": "k1", "metadata": {"share": 1}}},
        {"event": {"type": "course_completed", "target": "k1", "external_id": "e1",
                   "at": "2026-01-02"}},
    )  # fmt: skip
    await imports.run(one, data=lines)
    before = (await exports.everything(one)).data

    again = await imports.run(one, data=lines)

    assert again.change is None
    assert again.unchanged == {"entities": 2, "connections": 1, "events": 1}
    assert (await exports.everything(one)).data == before


async def test_what_changed_is_merged_into_what_is_there(one: Session) -> None:
    await imports.run(one, data=data({**COURSE, "properties": {"price": 20, "level": "easy"}}))

    again = await imports.run(
        one,
        data=data({**COURSE, "name": "Yin", "properties": {"level": None, "lessons": 3}}),
    )

    assert again.updated == {"entities": 1}
    assert again.created == {"automatic_events": 1}
    row = json.loads(((await exports.everything(one)).data or "").splitlines()[3])["entity"]
    assert row["name"] == "Yin"
    assert row["properties"]["price"] == 20
    assert row["properties"]["lessons"] == 3
    assert "level" not in row["properties"]


async def test_rows_may_refer_to_rows_further_down(one: Session) -> None:
    filler = [{"type": "lesson", "name": f"L{n}"} for n in range(2_500)]
    owns = {"connection": {"from": {"type": "creator", "name": "jane"}, "type": "owns", "to": "k1"}}
    jane = {"type": "creator", "name": "Jane", "properties": {"email": "j@x.io"}}

    loaded = await imports.run(one, data=data(owns, *filler, COURSE, jane), format="jsonl")

    assert loaded.failed is None
    assert loaded.created is not None
    assert loaded.created["connections"] == 1


async def test_all_bad_rows_are_told_and_nothing_is_written(one: Session) -> None:
    found = await codes(
        one,
        COURSE,
        {"type": "corse", "name": "x"},
        {"type": "course", "name": " "},
        {"type": "course", "name": "x", "properties": {"price": "cheap"}},
        {"type": "course", "nmae": "x"},
        {"entity": {"type": "course", "name": "x", "nmae": 1}},
        "{oops",
        "[1]",
        {"connection": {"from": "k1", "type": "owns", "to": "k2"}},
        {"connection": {"from": "k1", "type": "owns", "to": "k1"}},
        {"connection": {"from": "k1", "type": "onws", "to": "k1"}},
        {"event": {"type": "course_created", "target": "k1", "at": "yesterday"}},
        {"event": {"type": "happened", "target": "k1"}},
        {"type": "course", "name": "x", "id": "17"},
        {"type": "course", "name": "x", "status": "archived"},
        {"type": "course", "name": "x", "tags": ["notag"]},
        {"type": "course", "name": "x", "properties": {"a": 2**60}},
        '{"type":"course","name":"x","properties":{"a":NaN}}',
        '{"type":"course","name":"x","properties":{"a":"\\u0000"}}',
        '{"type":"course","name":"x","properties":{"a":"\\ud800"}}',
        '{"type":"course","name":"x","properties":{"a":' + "[" * 200 + "]" * 200 + "}}",
        {"person": {"id": "per_x", "name": "P", "role": "king"}},
        {"connection": {"id": "con_1", "from": "k1", "type": "owns", "to": {"name": "n", "x": 1}}},
        "[" * 100_000,
    )

    assert found == {
        2: "UNKNOWN_TYPE",
        3: "INVALID_ARGUMENT",
        4: "INVALID_PROPERTY",
        5: "BROKEN_LINE",
        6: "BROKEN_LINE",
        7: "BROKEN_LINE",
        8: "BROKEN_LINE",
        9: "NOT_FOUND",
        10: "INVALID_ARGUMENT",
        11: "UNKNOWN_TYPE",
        12: "BROKEN_LINE",
        13: "UNKNOWN_TYPE",
        14: "BROKEN_LINE",
        15: "INVALID_ARGUMENT",
        16: "INVALID_ARGUMENT",
        17: "INVALID_PROPERTY",
        18: "BROKEN_LINE",
        19: "INVALID_PROPERTY",
        20: "INVALID_PROPERTY",
        21: "INVALID_PROPERTY",
        22: "BROKEN_LINE",
        23: "BROKEN_LINE",
        24: "BROKEN_LINE",
    }
    assert await count(one, "entities") == 0


async def test_bad_rows_beyond_the_list_are_counted_by_code(one: Session) -> None:
    lines = [f"{' ' * n}{{x" for n in range(LISTED + 7)]
    lines += [json.dumps({"type": "x", "name": "y"})] * 3

    report = await imports.run(one, data=data(*lines), format="jsonl", dry_run=True)

    assert report.failed == LISTED + 10
    assert len(report.errors or []) == LISTED
    assert report.more_errors == {"BROKEN_LINE": 7, "UNKNOWN_TYPE": 3}


async def test_skipping_writes_the_good_rows(one: Session) -> None:
    loaded = await imports.run(one, data=data("{", COURSE), format="jsonl", on_error="skip")

    assert loaded.failed == 1
    assert loaded.created == {"entities": 1, "automatic_events": 1}
    assert await count(one, "entities") == 1


async def test_a_dry_run_tells_the_truth_and_writes_nothing(one: Session) -> None:
    report = await imports.run(one, data=data(COURSE, {"type": "x", "name": "y"}), dry_run=True)

    assert report.dry_run
    assert report.change is None
    assert report.created == {"entities": 1, "automatic_events": 1}
    assert report.failed == 1
    assert await count(one, "entities") == 0


async def test_the_same_thing_twice_in_a_file_is_refused_with_the_first_line(one: Session) -> None:
    email = {"properties": {"email": "j@x.io"}}
    edge = {"connection": {"from": "k1", "type": "references", "to": "k2"}}

    found = await codes(
        one,
        COURSE,
        {"type": "course", "name": "Other", "external_id": "k2"},
        COURSE,
        {"type": "creator", "name": "J", **email},
        {"type": "creator", "name": "K", "properties": {"email": "J@x.io"}},
        edge,
        edge,
    )

    assert found == {3: "DUPLICATE", 5: "DUPLICATE", 7: "DUPLICATE"}


async def test_an_identity_says_which_row_a_line_means(one: Session, jane: Saved) -> None:
    """Two lines that are called something else are two people, so one cannot be the other."""
    line: JsonObject = {
        "type": "creator",
        "name": "Jane Doe",
        "properties": {"email": "JANE@example.com"},
    }

    loaded = await imports.run(one, data=data({**line, "external_id": "a"}))
    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=data({**line, "external_id": "b"}))

    assert loaded.updated == {"entities": 1}
    assert jane.id in str(failure.value)


async def test_circles_are_refused_across_file_and_database(one: Session) -> None:
    def part(inner: str, outer: str) -> JsonObject:
        return {"connection": {"from": inner, "type": "part_of", "to": outer}}

    courses = [{"type": "course", "name": name, "external_id": name} for name in "abcdef"]
    await imports.run(one, data=data(*courses, part("a", "b")))

    found = await codes(one, part("b", "c"), part("c", "d"), part("d", "a"), part("e", "f"))

    assert found == {3: "CYCLE"}


async def test_a_turned_connection_is_refused_and_an_unusual_one_told(one: Session) -> None:
    rows = [
        {"type": "course", "name": "K", "external_id": "k"},
        {"type": "lesson", "name": "L", "external_id": "l"},
        {"type": "website", "name": "W", "external_id": "w"},
    ]

    found = await codes(one, *rows, {"connection": {"from": "k", "type": "part_of", "to": "l"}})
    unusual = {"connection": {"from": "w", "type": "holds_tokens", "to": "l"}}
    loaded = await imports.run(one, data=data(*rows, unusual))

    assert found == {4: "WRONG_DIRECTION"}
    assert len(loaded.warnings or []) == 1


async def test_references_that_fit_several_entities_are_refused(one: Session) -> None:
    found = await codes(
        one,
        {"type": "course", "name": "Same", "external_id": "x"},
        {"type": "video", "name": "same", "external_id": "x"},
        {"type": "lesson", "name": "L", "external_id": "l"},
        {"connection": {"from": "l", "type": "references", "to": "x"}},
        {"connection": {"from": "l", "type": "references", "to": {"name": "SAME"}}},
        {"connection": {"from": "l", "type": "references",
                        "to": {"name": "SAME", "type": "video"}}},
        {"connection": {"from": "l", "type": "references",
                        "to": {"external_id": "x", "type": "course"}}},
    )  # fmt: skip

    assert found == {4: "CONFLICT", 5: "CONFLICT"}


async def test_an_import_never_archives_restores_or_rewrites_history(
    one: Session, jane: Saved
) -> None:
    live = (await exports.everything(one)).data or ""
    await one.write(archive.archive, jane.id)
    archived = (await exports.everything(one)).data or ""

    back = await imports.run(one, data=live, dry_run=True)
    changed = live.replace("creator_created", "creator_updated")
    await one.write(archive.restore, jane.id)
    gone = await imports.run(one, data=archived, dry_run=True)
    rewritten = await imports.run(one, data=changed, dry_run=True)

    assert [error.code for error in back.errors or []] == ["ARCHIVED"]
    assert [error.code for error in gone.errors or []] == ["CONFLICT"]
    assert [error.code for error in rewritten.errors or []] == ["CONFLICT"]


async def test_a_connection_to_an_archived_entity_is_refused(one: Session, jane: Saved) -> None:
    await one.write(archive.archive, jane.id)

    found = await codes(one, COURSE, {"connection": {"from": jane.id, "type": "owns", "to": "k1"}})

    assert found == {2: "ARCHIVED"}


async def test_an_import_is_undone_as_a_unit(one: Session, jane: Saved) -> None:
    course = await one.write(entity.create, "course", "Old", external_id="k1")
    await one.write(connection.connect, jane.id, "owns", course.id)
    before = (await exports.everything(one)).data or ""

    loaded = await imports.run(
        one,
        data=data(
            {**COURSE, "tags": ["skill:yoga"]},
            {"type": "lesson", "name": "L", "external_id": "l1"},
            {"connection": {"from": "l1", "type": "part_of", "to": "k1"}},
            {"connection": {"from": jane.id, "type": "owns", "to": "k1", "metadata": {"a": 1}}},
        ),
    )
    await one.write(undo.undo, loaded.change or "")

    after = (await exports.everything(one)).data or ""
    assert _without_events(after) == _without_events(before)


async def test_an_export_goes_into_another_organization(app: App, one: Session) -> None:
    await imports.run(one, data=data(COURSE))
    exported = (await exports.everything(one)).data or ""
    for table, columns, values in (
        ("heads", "organization_id, number, at", "'org_other', 1, 0"),
        (
            "organizations",
            "organization_id, name, created_at, updated_at, version",
            "'org_other', 'Other', 0, 0, 1",
        ),
    ):
        insert = f"INSERT INTO {table} ({columns}) VALUES ({values})"
        await app.database.write(lambda raw, insert=insert: raw.execute(insert))
    other = app.session(Call("test"), Principal("org_other", "per_other", "Other", Role.ORG_OWNER))

    loaded = await imports.run(other, data=exported)

    assert loaded.failed is None
    assert _without_organization((await exports.everything(other)).data) == _without_organization(
        exported
    )
    assert await count(one, "entities") == 1


async def test_an_export_is_only_for_owners(app: App, one: Session) -> None:
    exported = (await exports.everything(one)).data or ""
    user = app.session(Call("test"), Principal("org_local", "per_u", "U", Role.ORG_USER))

    with pytest.raises(ForbiddenError):
        await exports.everything(user)
    with pytest.raises(ForbiddenError):
        await imports.run(user, data=exported)
    for line in (
        {"person": {"id": "per_u", "name": "U", "role": "org_owner"}},
        {"organization": {"name": "Mine"}},
        {"event": {"type": "course_completed", "target": "k1", "actor": "per_local"}},
    ):
        assert await codes(user, COURSE, line) == {2: "FORBIDDEN"}


async def test_people_and_organizations_that_say_the_same_are_unchanged(one: Session) -> None:
    person = {"id": "per_x", "name": "X", "email": "x@example.com"}
    first = [
        {"organization": {"name": "Yoga", "properties": {"x": 1, "y": 2}}},
        {"person": {**person, "properties": {"x": 1, "y": {"a": 1, "b": 2}}}},
    ]
    again = [
        {"organization": {"name": "Yoga", "properties": {"y": 2, "x": 1}}},
        {"person": {**person, "properties": {"y": {"b": 2, "a": 1}, "x": 1}}},
    ]
    other = {"person": {**person, "properties": {"x": True, "y": {"a": 1, "b": 2}}}}
    await imports.run(one, data=data(*first))

    same = await imports.run(one, data=data(*again))
    changed = await imports.run(one, data=data(other), format="jsonl")

    assert same.unchanged == {"organization": 1, "people": 1}
    assert same.change is None
    assert changed.updated == {"people": 1}


async def test_nobody_imports_a_platform_owner(one: Session) -> None:
    found = await codes(one, {"person": {"id": "per_x", "name": "X", "role": "platform_owner"}})

    assert found == {1: "FORBIDDEN"}


async def test_an_export_of_a_newer_version_is_refused(one: Session) -> None:
    with pytest.raises(ImportFileError):
        await imports.run(one, data=data({**HEADER, "version": records.VERSION + 1}))


async def test_a_cancelled_import_leaves_nothing_and_the_server_goes_on(app: App) -> None:
    lines = data(
        *({"type": "lesson", "name": f"L{n}", "external_id": f"{n}"} for n in range(20_000))
    )
    under_way = anyio.Event()

    async def report(_done: float, _total: float | None, _message: str | None) -> None:
        under_way.set()

    one = app.session(Call("import_data", report=report), LOCAL)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: imports.run(one, data=lines))
            await under_way.wait()
            group.cancel_scope.cancel()
        after = await imports.run(one, data=data(COURSE))

    assert after.created == {"entities": 1, "automatic_events": 1}
    assert await count(one, "entities") == 1


async def test_progress_grows_to_the_size_of_the_data(app: App) -> None:
    told: list[tuple[float, float | None]] = []

    async def report(done: float, total: float | None, _message: str | None) -> None:
        told.append((done, total))

    lines = data(COURSE)

    await imports.run(app.session(Call("import_data", report=report), LOCAL), data=lines)

    assert told[-1] == (len(lines), len(lines))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def _lines(exported: str | None) -> Iterator[str]:
    return iter((exported or "").splitlines())


def _without_events(exported: str) -> list[str]:
    return [line for line in _lines(exported) if not line.startswith('{"event"')]


def _without_organization(exported: str | None) -> list[str]:
    return [line for line in _lines(exported) if not line.startswith('{"organization"')]
