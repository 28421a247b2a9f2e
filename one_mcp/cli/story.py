"""The demo's story: Maya teaches yoga, and two agents look after her business."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from mcp.client.subscriptions import ResourceUpdated

from one_mcp import assets
from one_mcp.cli import questions, selling
from one_mcp.cli.consent import Consent
from one_mcp.cli.storyteller import Storyteller, listed
from one_mcp.jsons import JsonObject, JsonValue

PATIENCE_S = 10
ROWS = 12  # of each table
PRICE, WRONG_PRICE = 49, 4.9
CONTENT: JsonObject = {
    "columns": {
        "Number": "external_id",
        "Kind": "type",
        "Title": "name",
        "Topics": "tags",
        "Seconds": "duration",
        "Minutes to read": "readingTime",
        "Views": "views",
        "Published": "publishedAt",
    }
}
AUTHORS: JsonObject = {
    "kind": "connections",
    "type": "authored",
    "columns": {"Creator": "from.name", "Content": "to.external_id", "Part": "role"},
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part: two agents, one that has to ask before it sells, and what befalls a server.

    `accident` is told the id of a token that is sold; `is_attended` says that a person is there.
    """

    agent: Storyteller
    other: Storyteller
    asking: Storyteller
    accident: Callable[[str], Awaitable[None]]
    is_attended: bool


async def tell(cast: Cast) -> str:
    """Live through the story, and return the id of the course that it is about.

    Raises StoryError at the first thing that is not as it should be.
    """
    agent, other = cast.agent, cast.other
    maya = await _register(agent)
    await _import(agent)
    video = await _look(agent)
    await questions.on_sales(agent)
    operations = await _map(agent, maya, video)
    course = await _apply(agent, operations)
    token = await selling.tell(agent, maya)
    await _explore(agent, course, video)
    mistake = await _listen(agent, other, course)
    await _undo(agent, course, mistake)
    await Consent(cast.asking, agent, cast.is_attended).tell(course)
    await cast.accident(token)
    await _read(agent, course)
    await questions.on_notes(agent)
    return course


async def _register(agent: Storyteller) -> str:
    agent.chapter("Maya teaches yoga. An agent registers her as a creator.")
    made = await agent.call(
        "create_entity",
        type="creator",
        name="Maya Lindholm",
        properties={"email": "maya@example.com", "niche": ["yoga", "running"]},
    )
    agent.say("She is known from now on, to every agent that opens this file.")
    return made["id"]


async def _import(agent: Storyteller) -> None:
    agent.chapter("She brings two tables: what she published, and as what.")
    content = str(assets.resources("demo", "content.csv"))
    loaded = await agent.call("import_data", path=content, mapping=CONTENT)
    agent.check(loaded["created"]["entities"] == ROWS, "every row becomes an entity")
    links = str(assets.resources("demo", "connections.csv"))
    linked = await agent.call("import_data", path=links, mapping=AUTHORS)
    agent.check(linked["created"]["connections"] == ROWS, "every row becomes a connection")
    again = await agent.call("import_data", path=links, mapping=AUTHORS)
    agent.check("created" not in again, "importing a table again creates nothing")
    agent.say(f"{ROWS} videos and posts are hers now. A table sent twice adds nothing.")


async def _look(agent: Storyteller) -> str:
    agent.chapter("Which of her videos is for runners?")
    found = await agent.call("find_entities", type="video", text="breathing runners")
    agent.check(len(found["items"]) == 1, "the search finds one video")
    video = found["items"][0]
    agent.say(f"“{video['name']}”.")
    return video["id"]


async def _map(agent: Storyteller, maya: str, video: str) -> list[JsonValue]:
    agent.chapter("She wants a course for runners. The agent's draft has two mistakes.")
    draft = await agent.call(
        "check_mapping",
        entities=[
            {"as": "$course", "type": "course"},
            {"as": "$lesson", "type": "lesson"},
            {"as": "$ana", "type": "audience_member"},
        ],
        connections=[
            {"from": maya, "type": "owns", "to": "$course"},
            {"from": "$course", "type": "part_of", "to": "$lesson"},
            {"from": "$ana", "type": "enrolled_in", "to": "$course"},
        ],
        events=[{"type": "course_enroled", "target": "$course", "actor": "$ana"}],
    )
    codes = {problem["code"] for problem in draft["problems"]}
    agent.check(codes == {"WRONG_DIRECTION", "UNKNOWN_TYPE"}, "both mistakes are found")
    said = [f"“{problem['problem'].partition(';')[0]}”" for problem in draft["problems"]]
    agent.say(f"Both are found before anything is written: {listed(said)}.")
    operations = _course(maya, video)
    mended = await agent.call("check_mapping", operations=operations)
    agent.check(mended["valid"] is True, "the mended mapping is valid")
    return operations


def _course(maya: str, video: str) -> list[JsonValue]:
    return [
        {
            "op": "create_entity",
            "as": "$course",
            "type": "course",
            "name": "Breathe, then run",
            "status": "published",
            "properties": {"title": "Breathe, then run", "price": PRICE},
            "tags": ["skill:running"],
        },
        {"op": "create_entity", "as": "$lesson", "type": "lesson", "name": "Find your rhythm"},
        {"op": "create_entity", "as": "$ana", "type": "audience_member", "name": "Ana Ruiz"},
        {"op": "connect_entities", "from": maya, "type": "owns", "to": "$course"},
        {"op": "connect_entities", "from": "$lesson", "type": "part_of", "to": "$course"},
        {"op": "connect_entities", "from": video, "type": "part_of", "to": "$lesson"},
        {"op": "connect_entities", "from": "$ana", "type": "enrolled_in", "to": "$course"},
        {"op": "record_event", "type": "course_enrolled", "actor": "$ana", "target": "$course"},
    ]


async def _apply(agent: Storyteller, operations: list[JsonValue]) -> str:
    agent.chapter("Mended, the course is written with its lesson and a student.")
    given: JsonObject = {
        "operations": operations,
        "reason": "the course for runners",
        "idempotency_key": "course-for-runners",
    }
    written = await agent.call("apply_changes", **given)
    agent.check(len(written["done"]) == len(operations), "every operation is done")
    again = await agent.call("apply_changes", **given)
    agent.check(again.get("replayed") is True, "the repeated call is a replay")
    agent.check(again["ids"] == written["ids"], "the replay has the first answer's ids")
    agent.say("In one step, all or nothing. The same call sent again adds nothing.")
    return written["ids"]["$course"]


async def _explore(agent: Storyteller, course: str, video: str) -> None:
    agent.chapter("What is around the course, and how does it lead to the video?")
    around = await agent.call("explore_graph", id=course, depth=1)
    kinds = {edge["type"] for edge in around["edges"]}
    agent.check({"owns", "part_of", "enrolled_in"} <= kinds, "the course is connected")
    ways = await agent.call("explore_graph", id=course, to=video, types=["part_of"])
    agent.check(len(ways["paths"]) == 1, "there is one way from the course to the video")
    happened = await agent.call("find_events", target=course)
    types = {event["type"] for event in happened["items"]}
    agent.check(types == {"course_created", "course_enrolled"}, "both events are recorded")
    names = {node["id"]: node["name"] for node in around["nodes"]}
    who = {edge["type"]: names[edge["from"]] for edge in around["edges"]}
    agent.say(
        f"{who['owns']} owns it, {who['enrolled_in']} is enrolled, and its lesson "
        f"“{who['part_of']}” holds the video."
    )


async def _listen(agent: Storyteller, other: Storyteller, course: str) -> str:
    agent.chapter(f"Another agent mistypes the price: {WRONG_PRICE} instead of {PRICE}.")
    uri = f"one://entities/{course}"
    async with agent.client.listen(resource_subscriptions=[uri]) as changes:
        changed = await other.call("update_entity", id=course, properties={"price": WRONG_PRICE})
        with anyio.fail_after(PATIENCE_S):
            update = await anext(aiter(changes))
    agent.check(isinstance(update, ResourceUpdated) and update.uri == uri, "the change is told")
    agent.hear(uri)
    now = await agent.call("get_entity", id=course)
    agent.check(now["properties"]["price"] == WRONG_PRICE, "the new price is there")
    agent.say("The first one, in a process of its own, watches and is told at once.")
    return changed["change"]


async def _undo(agent: Storyteller, course: str, mistake: str) -> None:
    agent.chapter("The slip is taken back.")
    await agent.call("undo_change", change=mistake, reason="a slip of the comma")
    history = await agent.call("get_history", id=course, limit=2)
    agent.check(len(history["changes"]) == 2, "both changes are in the history")  # noqa: PLR2004  # the slip and its undoing
    now = await agent.call("get_entity", id=course)
    price = now["properties"]["price"]
    agent.check(price == PRICE, "the price is what it was")
    undoing = history["changes"][0]
    agent.say(f"It costs {price} again. The history keeps both, and why: “{undoing['reason']}”.")


async def _read(agent: Storyteller, course: str) -> None:
    agent.chapter("The graph can be read as a diagram, too.")
    diagram = await agent.read(f"one://entities/{course}/graph.mmd?depth=1")
    agent.check("Maya Lindholm" in diagram and "Ana Ruiz" in diagram, "everybody is in the diagram")
    agent.say(f"{diagram.count('-->')} connections in Mermaid, ready for any Markdown page.")
