"""Whatever a write changes in what an address shows, subscribers of that address are told of."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.server import Server
from mcp_types import TextResourceContents

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.changes import log
from one_mcp.dimensions.changes.touched import EVERYTHING
from one_mcp.jsons import JsonObject
from one_mcp.server.caller import Serving
from one_mcp.server.resources import catalog
from one_mcp.session import Call

pytestmark = pytest.mark.anyio

BEFORE: list[JsonObject] = [
    {
        "op": "create_entity",
        "as": "$jane",
        "type": "creator",
        "name": "Jane",
        "properties": {"email": "jane@example.com"},
    },
    {"op": "create_entity", "as": "$bo", "type": "audience_member", "name": "Bo"},
    {"op": "create_entity", "as": "$course", "type": "course", "name": "Yoga"},
    {"op": "create_entity", "as": "$lesson", "type": "lesson", "name": "Breath"},
    {"op": "create_entity", "as": "$alone", "type": "token", "name": "JANE"},
    {"op": "create_entity", "as": "$twin", "type": "token", "name": "JANE"},
    {"op": "connect_entities", "from": "$jane", "type": "owns", "to": "$twin"},
    {"op": "connect_entities", "from": "$jane", "type": "owns", "to": "$course"},
    {"op": "connect_entities", "from": "$lesson", "type": "part_of", "to": "$course"},
    {"op": "connect_entities", "from": "$bo", "type": "enrolled_in", "to": "$course"},
    {"op": "tag_entity", "id": "$course", "add": ["skill:yoga"]},
    {
        "op": "record_event",
        "as": "$enrolled",
        "type": "course_enrolled",
        "target": "$course",
        "actor": "$bo",
    },
    {
        "op": "create_entity",
        "as": "$post",
        "type": "blog_post",
        "name": "Post",
        "properties": {"content": "Otters breathe."},
    },
]


@dataclass
class Studio:
    """A client, the ids of what is there, and the change that made it."""

    client: Client
    ids: dict[str, str]
    change: str
    noted: str

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        given = {name.rstrip("_"): value for name, value in arguments.items()}
        result = await self.client.call_tool(tool, given)
        assert result.structured_content
        assert not result.is_error, result.structured_content
        return result.structured_content

    async def apply(self, **operation: Any) -> dict[str, Any]:
        return await self.call("apply_changes", operations=[operation])


async def linked_and_archived(studio: Studio) -> None:
    await studio.call("label_knowledge", id=studio.ids["$note"], link=[studio.ids["$jane"]])
    await studio.call("archive_entity", id=studio.ids["$jane"])


async def archived_and_restored(studio: Studio) -> None:
    await studio.call("archive_entity", id=studio.ids["$lesson"])
    await studio.call("restore_entity", id=studio.ids["$lesson"])
    await studio.call("update_entity", id=studio.ids["$lesson"], name="Breathe")


async def merged_and_changed(studio: Studio) -> None:
    await studio.apply(
        op="merge_entities", survivor=studio.ids["$alone"], losers=[studio.ids["$twin"]]
    )
    await studio.call("update_entity", id=studio.ids["$alone"], name="TWO")


async def merged_and_parted(studio: Studio) -> None:
    merged = await studio.apply(
        op="merge_entities", survivor=studio.ids["$twin"], losers=[studio.ids["$alone"]]
    )
    await studio.call("undo_change", change=merged["change"])


Act = Callable[[Studio], Awaitable[object]]
WRITES: dict[str, Act] = {
    "create": lambda s: s.call("create_entity", type="course", name="New"),
    "update": lambda s: s.call("update_entity", id=s.ids["$lesson"], properties={"order": 2}),
    "status": lambda s: s.call("update_entity", id=s.ids["$lesson"], status="draft"),
    "archive": lambda s: s.call("archive_entity", id=s.ids["$course"]),
    "tag": lambda s: s.call("tag_entity", id=s.ids["$course"], add=["topic:x"]),
    "untag": lambda s: s.call("tag_entity", id=s.ids["$course"], remove=["skill:yoga"]),
    "connect": lambda s: s.call(
        "connect_entities", from_=s.ids["$jane"], type="owns", to=s.ids["$alone"]
    ),
    "merge": lambda s: s.call(
        "connect_entities",
        from_=s.ids["$bo"],
        type="enrolled_in",
        to=s.ids["$course"],
        metadata={"progress": 0.5},
    ),
    "disconnect": lambda s: s.call(
        "disconnect_entities", from_=s.ids["$bo"], type="enrolled_in", to=s.ids["$course"]
    ),
    "event": lambda s: s.call(
        "record_event", type="lesson_completed", target=s.ids["$lesson"], actor=s.ids["$bo"]
    ),
    "event without target": lambda s: s.call("record_event", type="user_joined"),
    "batch": lambda s: s.call(
        "apply_changes",
        operations=[
            {"op": "create_entity", "as": "$new", "type": "video", "name": "Film"},
            {"op": "connect_entities", "from": "$new", "type": "part_of", "to": s.ids["$lesson"]},
        ],
    ),
    "import": lambda s: s.call(
        "import_data",
        data="\n".join(
            [
                json.dumps({"entity": {"external_id": "f1", "type": "video", "name": "Film"}}),
                json.dumps(
                    {
                        "connection": {
                            "from": {"external_id": "f1"},
                            "type": "part_of",
                            "to": s.ids["$lesson"],
                        }
                    }
                ),
                json.dumps({"event": {"type": "user_engaged", "target": s.ids["$alone"]}}),
            ]
        ),
    ),
    "import of many": lambda s: s.call(
        "import_data",
        data="name\n" + "\n".join(f"Fan {number}" for number in range(700)),
        mapping={"type": "audience_member"},
    ),
    "purge": lambda s: s.call("purge_entity", id=s.ids["$lesson"], confirm=s.ids["$lesson"]),
    "undo": lambda s: s.call("undo_change", change=s.change),
    "add knowledge": lambda s: s.call(
        "add_knowledge", text="Otters swim.", entities=[s.ids["$course"]]
    ),
    "replace knowledge": lambda s: s.call("add_knowledge", text="Otters sleep.", source="notes"),
    "label knowledge": lambda s: s.call(
        "label_knowledge", id=s.ids["$note"], add=["topic:x"], link=[s.ids["$alone"]]
    ),
    "forget knowledge": lambda s: s.call("forget_knowledge", id=s.ids["$note"]),
    "undo knowledge": lambda s: s.call("undo_change", change=s.noted),
    "change a text": lambda s: s.call(
        "update_entity", id=s.ids["$post"], properties={"content": "Otters rest."}
    ),
    "archive a linked entity": linked_and_archived,
    "rename a neighbour": lambda s: s.call("update_entity", id=s.ids["$course"], name="Pilates"),
    "change a neighbour": lambda s: s.call(
        "update_entity", id=s.ids["$course"], properties={"price": 5}
    ),
    "restore": archived_and_restored,
    "rename the owner": lambda s: s.apply(op="update_organization", owner="Ms Owner"),
    "organization": lambda s: s.apply(op="update_organization", name="Studio", currency="EUR"),
    "merge entities": lambda s: s.apply(
        op="merge_entities", survivor=s.ids["$alone"], losers=[s.ids["$twin"]]
    ),
    "change a survivor": merged_and_changed,
    "undo a merge": merged_and_parted,
    "convert": lambda s: s.apply(op="convert_entity", id=s.ids["$bo"], type="lead"),
    "retract": lambda s: s.apply(op="retract_event", id=s.ids["$enrolled"], reason="mistyped"),
    "rename a tag": lambda s: s.apply(op="rename_tag", tag="skill:yoga", to="skill:breath"),
    "change what is found": lambda s: s.apply(
        op="change_found", type="course", count=1, add_tags=["topic:x"], set_status="draft"
    ),
    "archive what is found": lambda s: s.apply(
        op="change_found", type="audience_member", count=1, archive=True
    ),
    "update a connection": lambda s: s.call(
        "connect_entities",
        from_=s.ids["$jane"],
        type="owns",
        to=s.ids["$course"],
        metadata={"since": "2026-01-01"},
    ),
    "purge knowledge": lambda s: s.call("purge_entity", id=s.ids["$note"], confirm=s.ids["$note"]),
    "purge a neighbour": lambda s: s.call("purge_entity", id=s.ids["$bo"], confirm=s.ids["$bo"]),
    "purge an entity with a text": lambda s: s.call(
        "purge_entity", id=s.ids["$post"], confirm=s.ids["$post"]
    ),
}


ENDS = ("$jane", "$bo", "$course", "$lesson", "$alone")


def every_uri(ids: dict[str, str]) -> list[str]:
    """Every address with everything that can be asked of it here."""
    types = ("creator", "audience_member", "course", "lesson", "token", "video")
    edges = ("owns", "part_of", "enrolled_in")
    events = ("course_enrolled", "lesson_completed", "course_created", "content_changed")
    return [
        "one://organization",
        "one://ontology",
        "one://entities",
        "one://entities?tag=skill:yoga",
        "one://entities?status=archived",
        *(f"one://entities?type={type}" for type in types),
        *(
            f"one://entities/{id}{part}"
            for id in ids.values()
            if id.startswith("ent_")
            for part in ("", "/graph", "/graph.mmd", "/events", "/history", "/knowledge")
        ),
        *(f"one://connections/{id}" for id in ids.values() if id.startswith("con_")),
        *(f"one://events/{id}" for id in ids.values() if id.startswith("evt_")),
        *(f"one://knowledge/{id}" for id in ids.values() if id.startswith("kno_")),
        "one://knowledge/search?q=otters",
        "one://connections",
        *(f"one://connections?type={type}" for type in edges),
        *(f"one://connections?{end}={ids[name]}" for name in ENDS for end in ("from", "to")),
        "one://events",
        *(f"one://events?type={type}" for type in events),
        *(f"one://events?{end}={ids[name]}" for name in ENDS for end in ("actor", "target")),
    ]


async def read(client: Client, uri: str) -> str:
    """What an address shows."""
    try:
        (content,) = (await client.read_resource(uri)).contents
    except MCPError as error:  # that it can no longer be read is a change too
        return error.message
    assert isinstance(content, TextResourceContents)
    return content.text


async def prepared(client: Client) -> Studio:
    result = await client.call_tool("apply_changes", {"operations": BEFORE})
    assert result.structured_content
    ids, change = result.structured_content["ids"], result.structured_content["change"]
    done = [it["id"] for it in result.structured_content["done"]]
    ids |= {it: it for it in done if it.startswith("con_")}
    studio = Studio(client, ids, change, "")
    note = await studio.call("add_knowledge", text="Otters play.", source="notes")
    await studio.call("reindex_knowledge")
    texts = await read(client, f"one://entities/{ids['$post']}/knowledge")
    own = json.loads(texts)["documents"][0]["id"]
    return Studio(client, {**ids, "$note": note["id"], "$own": own}, change, note["change"])


@pytest.mark.parametrize("name", WRITES)
async def test_what_a_write_changes_is_told(app: App, server: Server[Serving], name: str) -> None:
    async with Client(server) as client:
        await compare(app, client, name)


async def compare(app: App, client: Client, name: str) -> None:
    studio = await prepared(client)
    uris = every_uri(studio.ids)
    one = app.session(Call("test"), LOCAL)
    before = {uri: await read(client, uri) for uri in uris}
    number = await one.read(log.latest)

    await WRITES[name](studio)

    _, touched, _ = await one.read(log.since, number)
    changed = {uri for uri in uris if await read(client, uri) != before[uri]}
    types = set(app.ontology.entity_types)
    places = {uri: catalog.place(uri, app.ontology) for uri in uris}
    told = {uri for uri, place in places.items() if place.concerns(touched, types)}
    looked_at = {uri for uri, place in places.items() if place.mentions(touched, types)}
    assert changed
    assert changed <= told | looked_at
    if EVERYTHING not in touched:
        assert len(told - changed) < len(uris) / 3
