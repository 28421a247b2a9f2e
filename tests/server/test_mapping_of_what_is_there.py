"""check_mapping looks at the entities whose ids it is given."""

from typing import Any

import pytest
from mcp import Client

from one_mcp.dimensions.batch.operations import NAMES
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.ontology.proposal import ARGUMENTS
from one_mcp.session import Session

pytestmark = pytest.mark.anyio
NOBODY = "ent_0000000000000001"


async def judged(client: Client, **mapping: Any) -> dict[str, Any]:
    result = await client.call_tool("check_mapping", mapping)
    assert result.structured_content
    assert not result.is_error, result.structured_content
    return result.structured_content


def codes(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem["at"], problem["code"]) for problem in report["problems"]]


async def test_turned_ids_are_refused_as_turned_types_are(client: Client, one: Session) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    lesson = await one.write(entity.create, "lesson", "Breath")
    turned = {"from": course.id, "type": "part_of", "to": lesson.id}

    sketch = await judged(client, connections=[turned])
    exact = await judged(client, operations=[{"op": "connect_entities", **turned}])
    right = await judged(
        client, connections=[{"from": lesson.id, "type": "part_of", "to": course.id}]
    )

    for report in (sketch, exact):
        assert [code for _, code in codes(report)] == ["WRONG_DIRECTION"]
        assert report["problems"][0]["fix"].startswith(f'{{"from": "{lesson.id}"')
    assert right["valid"]


async def test_ids_that_are_unusual_together_are_said(client: Client, jane: Saved) -> None:
    report = await judged(client, connections=[{"from": "course", "type": "owns", "to": jane.id}])

    assert "PROBABLY_REVERSED" in [advice["code"] for advice in report["advice"]]


async def test_ids_of_nothing_are_refused_wherever_they_stand(client: Client) -> None:
    report = await judged(
        client,
        connections=[{"from": NOBODY, "type": "owns", "to": "course"}],
        events=[{"type": "course_completed", "target": NOBODY, "actor": NOBODY}],
        operations=[
            {"op": "update_entity", "id": NOBODY, "properties": {}},
            {"op": "tag_entity", "id": NOBODY, "add": ["skill:yoga"]},
            {"op": "merge_entities", "survivor": NOBODY, "losers": [NOBODY]},
            {"op": "convert_entity", "id": NOBODY, "type": "lead"},
            {"op": "archive_entity", "id": "con_0000000000000001"},
        ],
    )

    assert not report["valid"]
    assert sorted(codes(report)) == [
        ("connections[0].from", "NOT_FOUND"),
        ("events[0].actor", "NOT_FOUND"),
        ("events[0].target", "NOT_FOUND"),
        ("operations[0].id", "NOT_FOUND"),
        ("operations[1].on", "NOT_FOUND"),
        ("operations[2].losers", "NOT_FOUND"),
        ("operations[2].survivor", "NOT_FOUND"),
        ("operations[3].id", "NOT_FOUND"),
        ("operations[4].id", "INVALID_ARGUMENT"),
    ]


async def test_properties_are_judged_by_the_type_that_is_there(
    client: Client, one: Session
) -> None:
    course = await one.write(entity.create, "course", "Yoga", {"price": 10})
    step = {"op": "update_entity", "id": course.id, "properties": {"price": "cheap"}}

    report = await judged(client, operations=[step])

    assert codes(report) == [("operations[0]", "INVALID_PROPERTY")]


async def test_an_event_is_judged_by_what_it_happens_to(client: Client, jane: Saved) -> None:
    report = await judged(client, events=[{"type": "course_completed", "target": jane.id}])

    assert "UNUSUAL_TARGET" in [advice["code"] for advice in report["advice"]]


async def test_what_is_archived_has_to_be_restored_first(client: Client, one: Session) -> None:
    course = await one.write(entity.create, "course", "Yoga")
    await one.write(archive.archive, course.id)
    update = {"op": "update_entity", "id": course.id, "properties": {"price": 10}}
    restore = {"op": "restore_entity", "id": course.id}
    hide = {"op": "archive_entity", "id": course.id}

    assert codes(await judged(client, operations=[update])) == [("operations[0].id", "ARCHIVED")]
    assert (await judged(client, operations=[restore, update]))["valid"]
    late = await judged(client, operations=[restore, hide, update])
    assert codes(late) == [("operations[2].id", "ARCHIVED")]


async def test_what_was_merged_leads_to_its_survivor(client: Client, one: Session) -> None:
    twins = [await one.write(entity.create, "course", "Yoga") for _ in range(2)]
    step = {"op": "merge_entities", "survivor": twins[0].id, "losers": [twins[1].id]}
    await client.call_tool("apply_changes", {"operations": [step]})

    report = await judged(
        client, connections=[{"from": "creator", "type": "owns", "to": twins[1].id}]
    )

    assert report["valid"]
    assert twins[0].id in next(it["advice"] for it in report["advice"] if it["code"] == "MERGED")


async def test_types_that_do_not_fit_a_correction_are_said(
    client: Client, one: Session, jane: Saved
) -> None:
    course = await one.write(entity.create, "course", "Yoga")

    report = await judged(
        client,
        operations=[
            {"op": "merge_entities", "survivor": jane.id, "losers": [course.id]},
            {"op": "convert_entity", "id": course.id, "type": "course"},
            {"op": "change_found", "type": "corse", "count": 0},
            {"op": "rename_tag", "tag": "yoga", "to": "skill:yoga"},
        ],
    )

    assert sorted(codes(report)) == [
        ("operations[0].losers", "INVALID_ARGUMENT"),
        ("operations[1]", "INVALID_ARGUMENT"),
        ("operations[2].type", "UNKNOWN_TYPE"),
        ("operations[3]", "INVALID_TAG"),
    ]


def test_every_operation_of_a_change_can_be_judged() -> None:
    assert set(ARGUMENTS) == set(NAMES)
