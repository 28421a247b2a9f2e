"""Each sentence in the descriptions of the tools that write is so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.server.caller import Serving
from tests.server.business import linked, made
from tests.server.promises import Ask, promised

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(server: Server[Serving]) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


@pytest.fixture
async def ids(ask: Ask) -> dict[str, str]:
    """A course with its owner."""
    studio = [
        made("jo", "creator", email="jo@example.com"),
        made("yoga", "course", ("topic:yoga",), price=49),
        linked("jo", "owns", "yoga"),
    ]
    written = (await ask("apply_changes", operations=studio))["ids"]
    return {name.removeprefix("$"): id for name, id in written.items()}


async def names(ask: Ask, **asked: Any) -> list[str]:
    return [item["name"] for item in (await ask("find_entities", **asked))["items"]]


@promised(
    "create_entity",
    "Create one entity; its event is recorded with it.",
    "Unknown properties are kept and named in `extra`.",
    "For several entities with their connections use apply_changes.",
)
async def test_one_entity_is_created(ask: Ask, ids: dict[str, str]) -> None:
    written = await ask("create_entity", type="course", name="Tea", properties={"pot": "blue"})
    events = await ask("find_events", target=written["id"])
    shown = await ask("get_entity", id=written["id"])

    assert [it["type"] for it in events["items"]] == ["course_created"]
    assert written["extra"] == ["pot"]
    assert shown["properties"]["pot"] == "blue"
    assert (await ask("find_connections", from_=ids["jo"]))["total"] == 1  # of apply_changes


@promised(
    "update_entity",
    "Change an entity's properties, name or status.",
    "increment, append and remove (from lists) lose nothing that others add.",
    "With expected_version, it is refused if someone else changed the entity meanwhile.",
)
async def test_an_entity_is_changed(ask: Ask, ids: dict[str, str]) -> None:
    changed = {"id": ids["yoga"], "name": "Yoga two", "status": "draft"}
    await ask("update_entity", **changed, properties={"price": 50})
    for _ in range(2):
        await ask("update_entity", id=ids["yoga"], increment={"price": 1}, append={"words": "a"})
        await ask("update_entity", id=ids["yoga"], append={"words": "b"})
        await ask("update_entity", id=ids["yoga"], remove={"words": "a"})
    shown = await ask("get_entity", id=ids["yoga"])
    await ask("update_entity", id=ids["yoga"], properties={"price": 60})
    late = await ask(
        "update_entity",
        id=ids["yoga"],
        properties={"price": 70},
        expected_version=shown["version"],
    )

    assert (shown["name"], shown["status"]) == ("Yoga two", "draft")
    assert shown["properties"]["price"] == 52
    assert "b" in shown["properties"]["words"]
    assert "a" not in shown["properties"]["words"]
    assert late["code"] == "CONFLICT"
    assert (await ask("get_entity", id=ids["yoga"]))["properties"]["price"] == 60


@promised(
    "archive_entity",
    "Hide an entity and its connections from all reads; apply_changes restores both.",
)
@promised(
    "restore_entity",
    "Bring an archived entity back with its connections, in the status it had.",
)
@pytest.mark.parametrize("door", ["apply_changes", "restore_entity"])
async def test_what_is_archived_is_hidden_and_comes_back(
    ask: Ask, ids: dict[str, str], door: str
) -> None:
    await ask("update_entity", id=ids["yoga"], status="draft")
    await ask("archive_entity", id=ids["yoga"])
    owned = await ask("find_connections", from_=ids["jo"])
    around = await ask("explore_graph", id=ids["jo"])
    counted = await ask("summarize", of="entities", types=["course"])
    shown = await ask("get_entity", id=ids["jo"])
    hidden = await names(ask, type="course")
    restore = {"op": "restore_entity", "id": ids["yoga"]}
    if door == "apply_changes":
        await ask("apply_changes", operations=[restore])
    else:
        await ask("restore_entity", id=ids["yoga"])

    assert hidden == []
    assert owned["items"] == []
    assert len(around["nodes"]) == 1
    assert counted["rows"] == 0
    assert "counts" not in shown
    assert (await ask("get_entity", id=ids["yoga"]))["status"] == "draft"
    assert (await ask("find_connections", from_=ids["jo"]))["total"] == 1


@promised("tag_entity", "Add tags to an entity and remove others; answers with all it has.")
async def test_an_entity_is_tagged(ask: Ask, ids: dict[str, str]) -> None:
    said = await ask("tag_entity", id=ids["yoga"], add=["level:one"], remove=["topic:yoga"])
    more = await ask("tag_entity", id=ids["yoga"], add=["level:two"])

    assert said["tags"] == ["level:one"]
    assert set(more["tags"]) == {"level:one", "level:two"}


@promised(
    "connect_entities",
    "Connect two entities, or merge metadata into the connection that is there.",
    "Direction matters: owner owns thing, content generated_by agent, child part_of parent.",
    'It holds from valid_from until valid_until, if given; "none" opens an end.',
)
@promised("disconnect_entities", "Remove a connection; undo_change brings it back.")
async def test_entities_are_connected_and_parted(ask: Ask, ids: dict[str, str]) -> None:
    ends = {"from_": ids["jo"], "type": "owns", "to": ids["yoga"]}
    await ask("connect_entities", **ends, metadata={"share": 1})
    await ask("connect_entities", **ends, metadata={"note": "May"})
    held = await ask("connect_entities", **ends, valid_from="2026-01-01", valid_until="2026-12-31")
    opened = await ask("connect_entities", **ends, valid_until="none")
    (owned,) = (await ask("find_connections", from_=ids["jo"]))["items"]
    back = await ask("connect_entities", from_=ids["yoga"], type="owns", to=ids["jo"])
    made_by = [
        made("agent", "engineering_agent"),
        made("post", "blog_post"),
        made("lesson", "lesson"),
        linked("post", "generated_by", "agent"),
        {"op": "connect_entities", "from": "$lesson", "type": "part_of", "to": ids["yoga"]},
    ]
    other = [*made_by[:3], linked("agent", "generated_by", "post")]
    await ask("undo_change", change=back["change"])
    parted = await ask("disconnect_entities", **ends)
    gone = await ask("find_connections", from_=ids["jo"])
    await ask("undo_change", change=parted["change"])

    assert owned["metadata"] == {"share": 1, "note": "May"}
    assert (held["valid_from"], held["valid_until"][:10]) == ("2026-01-01T00:00:00Z", "2026-12-31")
    assert "valid_from" in opened
    assert "valid_until" not in opened
    assert "turned around" in back["warnings"][0]
    assert (await ask("apply_changes", operations=other))["code"] == "WRONG_DIRECTION"
    assert "ids" in await ask("apply_changes", operations=made_by)
    assert gone["items"] == []
    assert (await ask("find_connections", from_=ids["jo"]))["total"] == 1


@promised(
    "record_event",
    "Record that something happened; events never change.",
    "Creating or changing an entity records its own event where the type has one.",
)
async def test_an_event_is_recorded(ask: Ask, ids: dict[str, str]) -> None:
    student = await ask("create_entity", type="audience_member", name="Bo")
    seen = await ask(
        "record_event", type="course_enrolled", actor=student["id"], target=ids["yoga"]
    )
    await ask("update_entity", id=ids["jo"], properties={"niche": ["yoga"]})
    found = await ask("find_events", target=ids["yoga"], types=["course_enrolled"])
    refused = await ask("update_entity", id=seen["id"], name="Another")
    own = await ask("find_events", target=ids["jo"])

    assert found["items"][0]["id"] == seen["id"]
    assert "code" in refused
    assert {it["type"] for it in own["items"]} == {"creator_created", "creator_updated"}


@promised(
    "apply_changes",
    "Write up to 200 operations as one change, all or none.",
    "$name stands for the id of an entity created earlier, wherever an id may stand.",
)
async def test_operations_are_one_change(ask: Ask, ids: dict[str, str]) -> None:
    many = [made(f"v{n}", "video") for n in range(200)]
    good = await ask("apply_changes", operations=many)
    too_many = await ask("apply_changes", operations=[*many, made("one", "video")])
    bad = await ask("apply_changes", operations=[made("x", "video"), made("y", "nothing")])
    named = await ask(
        "apply_changes",
        operations=[
            made("post", "blog_post"),
            {"op": "update_entity", "id": "$post", "properties": {"about": "$post"}},
            {"op": "tag_entity", "id": "$post", "add": ["topic:yoga"]},
            {"op": "connect_entities", "from": ids["jo"], "type": "authored", "to": "$post"},
            {"op": "record_event", "type": "content_interacted", "target": "$post"}
            | {"metadata": {"interaction": "viewed"}},
            {"op": "archive_entity", "id": "$post"},
        ],
    )
    told = await ask("get_history", id=good["change"])

    assert len(good["ids"]) == 200
    assert len(told["changes"]) == 1
    assert "code" in too_many
    assert "code" in bad
    assert (await ask("find_entities", type="video"))["total"] == 200
    assert len(named["done"]) == 6


@promised(
    "undo_change",
    "Take a change back with its events, or say which later changes stand in the way.",
    "The undo can be undone, too.",
)
async def test_a_change_is_taken_back(ask: Ask, ids: dict[str, str]) -> None:
    written = await ask("create_entity", type="course", name="Tea")
    undone = await ask("undo_change", change=written["change"])
    events = await ask("find_events", types=["course_created"])
    gone = await names(ask, name="Tea")
    await ask("undo_change", change=undone["change"])
    first = await ask("update_entity", id=ids["yoga"], properties={"price": 1})
    later = await ask("update_entity", id=ids["yoga"], properties={"price": 2})
    refused = await ask("undo_change", change=first["change"])

    assert gone == []
    assert written["id"] not in {it["target"] for it in events["items"]}
    assert await names(ask, name="Tea") == ["Tea"]
    assert later["change"] in str(refused)
    assert "code" in refused
