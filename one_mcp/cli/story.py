"""The demo's story: Maya teaches yoga, and two agents look after her business."""

import anyio
from mcp.client.subscriptions import ResourceUpdated

from one_mcp import assets
from one_mcp.cli.storyteller import Storyteller
from one_mcp.jsons import JsonObject, JsonValue

PATIENCE_S = 10
ROWS = 12  # of each table
NOTES, NOTE_LINKS = 6, 3
QUESTIONS = {  # and the note that answers each
    "Can I be reimbursed if I do not like it?": "Refunds",
    "At which hour can I enter on a weekend?": "Front desk",
    "my joint hurts when jogging": "Knees",
}
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


async def tell(agent: Storyteller, other: Storyteller) -> str:
    """Live through the story, and return the id of the course that it is about.

    Raises StoryError at the first thing that is not as it should be.
    """
    maya = await _register(agent)
    await _import(agent)
    video = await _look(agent)
    operations = await _map(agent, maya, video)
    course = await _apply(agent, operations)
    await _explore(agent, course, video)
    mistake = await _listen(agent, other, course)
    await _undo(agent, course, mistake)
    await _read(agent, course)
    await _ask(agent)
    return course


async def _register(agent: Storyteller) -> str:
    agent.chapter("Maya registers as a creator.")
    made = await agent.call(
        "create_entity",
        type="creator",
        name="Maya Lindholm",
        properties={"email": "maya@example.com", "niche": ["yoga", "running"]},
    )
    return made["id"]


async def _import(agent: Storyteller) -> None:
    agent.chapter("She brings what she has: two tables out of a spreadsheet.")
    content = str(assets.resources("demo", "content.csv"))
    loaded = await agent.call("import_data", path=content, mapping=CONTENT)
    agent.check(loaded["created"]["entities"] == ROWS, "every row becomes an entity")
    links = str(assets.resources("demo", "connections.csv"))
    linked = await agent.call("import_data", path=links, mapping=AUTHORS)
    agent.check(linked["created"]["connections"] == ROWS, "every row becomes a connection")
    agent.say("The same table once more: nothing is new.")
    again = await agent.call("import_data", path=links, mapping=AUTHORS)
    agent.check("created" not in again, "importing a table again creates nothing")


async def _look(agent: Storyteller) -> str:
    agent.chapter("Which of her videos is for runners?")
    found = await agent.call("find_entities", type="video", text="breathing runners")
    agent.check(len(found["items"]) == 1, "the search finds one video")
    return found["items"][0]["id"]


async def _map(agent: Storyteller, maya: str, video: str) -> list[JsonValue]:
    agent.chapter(
        "She wants a course. The agent drafts how it maps to the ontology, with mistakes."
    )
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
    agent.say("Mended, and in the form in which it can be written:")
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
    agent.chapter("All of it is written in one transaction: all or nothing.")
    given: JsonObject = {
        "operations": operations,
        "reason": "the course for runners",
        "idempotency_key": "course-for-runners",
    }
    written = await agent.call("apply_changes", **given)
    agent.check(len(written["done"]) == len(operations), "every operation is done")
    agent.say("The answer got lost on the way? The same call again does nothing twice.")
    again = await agent.call("apply_changes", **given)
    agent.check(again.get("replayed") is True, "the repeated call is a replay")
    agent.check(again["ids"] == written["ids"], "the replay has the first answer's ids")
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


async def _listen(agent: Storyteller, other: Storyteller, course: str) -> str:
    agent.chapter("The agent listens to the course; another agent, in another process, changes it.")
    uri = f"one://entities/{course}"
    async with agent.client.listen(resource_subscriptions=[uri]) as changes:
        changed = await other.call("update_entity", id=course, properties={"price": WRONG_PRICE})
        with anyio.fail_after(PATIENCE_S):
            update = await anext(aiter(changes))
    agent.check(isinstance(update, ResourceUpdated) and update.uri == uri, "the change is told")
    agent.say(f"< updated: {uri}")
    now = await agent.call("get_entity", id=course)
    agent.check(now["properties"]["price"] == WRONG_PRICE, "the new price is there")
    return changed["change"]


async def _undo(agent: Storyteller, course: str, mistake: str) -> None:
    agent.chapter(
        "That was a slip of the comma. The change is taken back, and stays in the history."
    )
    await agent.call("undo_change", change=mistake, reason="a slip of the comma")
    history = await agent.call("get_history", id=course, limit=2)
    agent.check(len(history["changes"]) == 2, "both changes are in the history")  # noqa: PLR2004  # the slip and its undoing
    now = await agent.call("get_entity", id=course)
    agent.check(now["properties"]["price"] == PRICE, "the price is what it was")


async def _read(agent: Storyteller, course: str) -> None:
    agent.chapter("Everything can be read as a resource, too; this one is a diagram in Mermaid.")
    diagram = await agent.read(f"one://entities/{course}/graph.mmd?depth=1")
    agent.check("Maya Lindholm" in diagram and "Ana Ruiz" in diagram, "everybody is in the diagram")


async def _ask(agent: Storyteller) -> None:
    agent.chapter(
        "She has notes, too: a folder of Markdown. Each becomes an entity with its links."
    )
    notes = assets.resources("demo", "notes")
    loaded = await agent.call("import_data", path=str(notes))
    agent.check(loaded["created"]["entities"] == NOTES, "every note becomes an entity")
    agent.check(loaded["created"]["connections"] == NOTE_LINKS, "every link becomes a connection")
    await agent.call("reindex_knowledge")
    agent.say("They answer questions that are asked in other words, offline, with exact quotes:")
    for question, title in QUESTIONS.items():
        found = await agent.call("search_knowledge", query=question, limit=1)
        agent.check(found["mode"] == "hybrid", "search is by meaning")
        agent.check(found["hits"][0]["title"] == title, f"{question!r} leads to {title}")
        await _cite(agent, found["hits"][0])
    told = await agent.call("recall_context", question="Can customers get a refund?", tokens=500)
    agent.check("within thirty days" in told["context"], "the context holds the answer")
    agent.check(told["sources"][0]["title"] == "Refunds", "and its source")


async def _cite(agent: Storyteller, hit: JsonObject) -> None:
    """See that a quote stands where its offsets say."""
    start, quote = hit["start"], str(hit["quote"]).removesuffix("…")
    read = await agent.call("get_knowledge", id=hit["id"], start=start, characters=len(quote))
    agent.check(read["quote"] == quote, "the quote stands where its offsets say")
