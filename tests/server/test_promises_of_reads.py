"""Each sentence in the descriptions of the tools that read is so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.clock import DAY_MS
from one_mcp.server.caller import Serving
from tests.conftest import HandClock
from tests.server.business import linked, made
from tests.server.promises import Ask, promised

pytestmark = pytest.mark.anyio
PAID = "payment_processed"


@pytest.fixture
async def client(server: Server[Serving]) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer["items"]]


@promised(
    "describe_ontology",
    "Explain the vocabulary of this backend; call it before you create or map anything.",
    "Without a topic: all dimensions and type names in brief.",
    "With one: a type's properties, units, usual connections and events.",
)
async def test_the_ontology_is_explained(ask: Ask) -> None:
    brief = await ask("describe_ontology")
    course = await ask("describe_ontology", topic="course")
    video = await ask("describe_ontology", topic="video")

    assert len(brief["dimensions"]) == 6
    named = (
        str(brief["entity_types"]) + str(brief["relationship_types"]) + str(brief["event_types"])
    )
    assert all(word in named for word in ("course", "part_of", "course_enrolled", "invoice"))
    assert {"price", "title"} <= course["properties"].keys()
    assert course["usually"]
    assert "course_enrolled" in str(course["events"])
    assert "(s)" in str(video["properties"]["duration"]) or "second" in str(video["properties"])


@promised(
    "check_mapping",
    "Judge how a feature would map to the ontology; nothing is written.",
    "Reports unknown types (with nearest names), wrong directions, bad properties, undefined names "
    "and missing pieces, each with its fix.",
    "Repeat until valid, then write with apply_changes.",
)
async def test_a_mapping_is_judged(ask: Ask) -> None:
    entities = [
        {"as": "$course", "type": "course", "properties": {"price": "cheap"}},
        {"as": "$lesson", "type": "lessn"},
        {"as": "$part", "type": "lesson"},
    ]
    judged = await ask(
        "check_mapping",
        entities=entities,
        connections=[
            {"from": "$course", "type": "part_of", "to": "$part"},
            {"from": "$nobody", "type": "owns", "to": "$course"},
        ],
    )
    problems = {it["code"]: it for it in judged["problems"]}
    operations = [{"op": "create_entity", "type": "creator", "name": "Jo", "as": "$jo"}]
    missing = await ask("check_mapping", operations=operations)
    operations[0]["properties"] = {"email": "jo@example.com"}  # pyright: ignore[reportArgumentType]
    mended = await ask("check_mapping", operations=operations)

    assert {"UNKNOWN_TYPE", "WRONG_DIRECTION", "INVALID_PROPERTY"} <= problems.keys()
    assert "lesson" in problems["UNKNOWN_TYPE"]["fix"]
    assert "$nobody" in str(judged["problems"])
    assert all(it["fix"] for it in judged["problems"])
    assert judged["advice"]  # nobody owns the course
    assert mended["valid"]
    assert (await ask("find_entities"))["items"] == []
    assert not missing["valid"] or missing["advice"]
    assert (await ask("apply_changes", operations=operations))["ids"]["$jo"]


@promised(
    "find_entities",
    "Find entities that meet all conditions; without any, the newest.",
    "since, until: when created; sorted by updated, when changed.",
    "Full detail adds properties, tags; get_entity shows one with neighbours.",
)
async def test_entities_are_found(ask: Ask, ids: dict[str, str], clock: HandClock) -> None:
    clock.forward(2 * DAY_MS)
    newest = await ask("create_entity", type="course", name="Cooking")
    await ask("update_entity", id=ids["yoga"], properties={"price": 80})
    first = (await ask("find_entities"))["items"][0]
    cheap = {"price": {"lt": 150}}
    both = await ask("find_entities", type="course", where=cheap, text="yoga")
    full = await ask("find_entities", name="Ada", detail="full")
    shown = await ask("get_entity", id=ids["yoga"], include=["neighbours"])

    assert first["id"] == newest["id"]
    assert names(both) == ["Yoga"]
    assert names(await ask("find_entities", since="-1d")) == ["Cooking"]
    assert "Cooking" not in names(await ask("find_entities", until="-1d", limit=100))
    changed = await ask("find_entities", since="-1d", sort="-updated", type="course")
    assert set(names(changed)) == {"Cooking", "Yoga"}
    assert full["items"][0]["tags"] == ["topic:food", "topic:yoga"]
    assert "properties" in (await ask("find_entities", name="Yoga", detail="full"))["items"][0]
    assert "tags" not in (await ask("find_entities", name="Ada"))["items"][0]
    assert "enrolled_in in" in shown["neighbours"]


@promised(
    "summarize",
    "Count, sum, group and rank entities, connections or events, over all that match.",
    "Times (since, until, month…) are when it happened or was created.",
    "Money is summed per currency.",
    'compare: "previous" sets the period before beside since and until.',
)
async def test_figures_are_computed(ask: Ask, ids: dict[str, str]) -> None:
    done = {"types": [PAID], "where": {"status": "completed"}}
    who = await ask(
        "summarize", of="events", **done, group_by=["actor"], measures=["sum:amount", "count"]
    )
    months = await ask("summarize", of="events", **done, group_by=["month"])
    links = await ask("summarize", of="connections", group_by=["type"], sort="-count")
    made_now = await ask("summarize", of="entities", group_by=["day"])
    compared = await ask(
        "summarize", of="events", **done, since="2026-11-01", until="2026-11-30", compare="previous"
    )

    assert who["total"]["sum:amount"] == {"EUR": 260, "USD": 50}
    assert who["groups"][0]["actor"] == ids["ben"]  # 0.1 euros more than Ada; dollars come after
    assert [it["month"] for it in months["groups"]] == ["2026-09", "2026-10", "2026-11"]
    assert {it["type"]: it["count"] for it in links["groups"]}["enrolled_in"] == 2
    assert [it["day"] for it in made_now["groups"]] == ["2026-11-23"]
    assert compared["total"]["count"] == 4
    assert compared["previous"]["count"] == 1


@promised(
    "find_duplicates",
    "Group entities that seem to be the same, by name, e-mail, telephone or text.",
    "merge_entities in apply_changes makes one of them.",
)
async def test_duplicates_are_grouped_and_merged(ask: Ask) -> None:
    people = [
        made("jo", "audience_member", email="jo@example.com"),
        made("joe", "audience_member", email="JO@example.com"),
        made("kim", "audience_member", phone="+49 170 12345678"),
        made("kimmy", "audience_member", phone="0049 170 12345678"),
        {**made("lee", "audience_member"), "name": "Lee Wu"},
        {**made("leewu", "audience_member"), "name": "lee wu"},
    ]
    ids = (await ask("apply_changes", operations=people))["ids"]
    found = await ask("find_duplicates", type="audience_member")
    merge = {"op": "merge_entities", "survivor": ids["$jo"], "losers": [ids["$joe"]]}
    await ask("apply_changes", operations=[merge])
    left = await ask("find_duplicates", type="audience_member")

    assert len(found["groups"]) == 3
    assert all("reason" in str(group) for group in found["groups"])
    assert len(left["groups"]) == 2


@promised(
    "get_entity",
    "Show an entity and what surrounds it, a connection with its ends, or an event.",
    'For a creator\'s content and followers: relationships=["authored"].',
    'For a clone\'s metrics: include=["stats"] (30 days).',
    "as_of shows the past.",
)
async def test_one_entity_is_shown(ask: Ask, ids: dict[str, str], clock: HandClock) -> None:
    around = await ask("get_entity", id=ids["yoga"], include=["counts", "neighbours", "events"])
    edge = (await ask("find_connections", from_=ids["ada"], types=["completed"]))["items"][0]
    payment = (await ask("find_events", types=[PAID]))["items"][0]
    connection = await ask("get_entity", id=edge["id"])
    event = await ask("get_entity", id=payment["id"])
    operations = [
        made("jo", "creator", email="jo@example.com"),
        made("post", "blog_post"),
        made("twin", "ai_clone"),
        linked("jo", "authored", "post"),
        {"op": "connect_entities", "from": ids["ada"], "type": "following", "to": "$jo"},
        *(
            {"op": "record_event", "type": "clone_interaction", "target": "$twin", "at": at}
            for at in (clock() - 40 * DAY_MS, clock() - 2 * DAY_MS)
        ),
    ]
    written = (await ask("apply_changes", operations=operations))["ids"]
    creator = await ask("get_entity", id=written["$jo"], relationships=["authored"])
    clone = await ask("get_entity", id=written["$twin"], include=["stats"])
    clock.forward(DAY_MS)
    await ask("update_entity", id=ids["yoga"], name="Yoga two")

    assert {"Ada", "Yoga"} <= set(str(connection).split("'"))
    assert (event["id"], event["metadata"]["status"]) == (payment["id"], "failed")
    assert around["counts"]["enrolled_in in"] == 2
    assert {it["name"] for it in around["neighbours"]["enrolled_in in"]} == {"Ada", "Ben"}
    assert PAID in {it["type"] for it in around["events"]}
    assert creator["counts"] == {"authored out": 1, "following in": 1}
    assert creator["neighbours"]["authored out"][0]["name"] == "Post"
    assert clone["stats"]["interactions"] == 1
    assert (await ask("get_entity", id=ids["yoga"], as_of="-1h"))["name"] == "Yoga"


@promised(
    "find_connections",
    "List connections with their metadata and the names of both ends, newest first.",
    'For a holder\'s tokens: from, types=["holds_tokens"].',
    "Full detail adds the properties of what is found.",
    "What has expired or is upcoming is marked; valid_at leaves out what does not hold then.",
    "as_of shows the past.",
)
async def test_connections_are_listed(ask: Ask, ids: dict[str, str], clock: HandClock) -> None:
    clock.forward(1_000)
    await ask(
        "connect_entities", from_=ids["ada"], type="enrolled_in", to=ids["yoga"], metadata={"n": 1}
    )
    await ask("connect_entities", from_=ids["cleo"], type="enrolled_in", to=ids["yoga"])
    newest = (await ask("find_connections", to=ids["yoga"], types=["enrolled_in"]))["items"]
    held = await ask("find_connections", from_=ids["ada"], types=["holds_tokens"])
    chain = {"balance": "0.1", "blockchain": "sui"}
    await ask(
        "connect_entities",
        from_=ids["ada"],
        type="holds_tokens",
        to=ids["coin"],
        metadata={"blockchain": "sui"},
    )
    full = await ask("find_connections", from_=ids["ada"], types=["enrolled_in"], detail="full")
    for name, span in (("ben", {"valid_until": "-1d"}), ("dan", {"valid_from": "+1d"})):
        await ask("connect_entities", from_=ids[name], type="following", to=ids["cleo"], **span)
    spans = await ask("find_connections", to=ids["cleo"], types=["following"])
    clock.forward(1_000)
    gone = {"from_": ids["ben"], "type": "following", "to": ids["cleo"]}
    await ask("disconnect_entities", **gone)
    ended = await ask("find_connections", to=ids["cleo"], valid_at="-2d", as_of=clock() - 500)
    holding = await ask("find_connections", to=ids["cleo"], types=["following"], valid_at="now")

    assert newest[0]["from_name"] == "Cleo"
    assert {it["to_name"] for it in newest} == {"Yoga"}
    assert {"n": 1} in [it.get("metadata") for it in newest]
    assert held["items"][0]["metadata"] == {"balance": "0.1"}
    again = await ask("find_connections", from_=ids["ada"], types=["holds_tokens"])
    assert again["items"][0]["metadata"] == chain
    assert "price" in str(full["items"][0])
    assert [it["validity"] for it in spans["items"]] == ["upcoming", "expired"]
    assert holding["items"] == []
    assert [it["from_name"] for it in ended["items"]] == ["Ben"]


@promised(
    "explore_graph",
    "Walk the graph around an entity, level by level, or find the shortest paths to another one.",
    'A direction follows ("out") or opposes ("in") where connections point.',
    "`cut` says what is left out; a hub shows only its newest connections.",
    "as_of shows the past.",
)
async def test_the_graph_is_walked(ask: Ask, ids: dict[str, str], clock: HandClock) -> None:
    around = await ask("explore_graph", id=ids["ada"], depth=2)
    ways = await ask("explore_graph", id=ids["ada"], to=ids["ben"])
    out = await ask("explore_graph", id=ids["yoga"], direction="out", depth=1)
    into = await ask("explore_graph", id=ids["yoga"], direction="in", depth=1)
    crowd = [made(f"fan{n}", "audience_member") for n in range(60)]
    crowd += [
        {"op": "connect_entities", "from": f"$fan{n}", "type": "enrolled_in", "to": ids["yoga"]}
        for n in range(60)
    ]
    clock.forward(1_000)
    await ask("apply_changes", operations=crowd)
    past = await ask("explore_graph", id=ids["yoga"], depth=1, as_of=clock() - 500)
    hub = await ask("explore_graph", id=ids["yoga"], depth=1, types=["enrolled_in"], limit=10)

    depths = [node["depth"] for node in around["nodes"]]
    assert depths == sorted(depths)
    assert set(depths) == {0, 1, 2}
    assert {len(path["ids"]) for path in ways["paths"]} == {3}
    assert [node["name"] for node in out["nodes"]] == ["Yoga"]
    assert {node["name"] for node in into["nodes"]} == {"Yoga", "Ada", "Ben"}
    assert {node["name"] for node in past["nodes"]} == {"Yoga", "Ada", "Ben"}
    assert hub["cut"]
    assert all(node["name"].startswith("Fan") for node in hub["nodes"][1:])


@promised(
    "find_events",
    "Find what happened, newest first, retracted events only on request.",
    'How content was used: target and types=["content_interacted"].',
)
async def test_events_are_found(ask: Ask, ids: dict[str, str]) -> None:
    seen = await ask(
        "record_event",
        type="content_interacted",
        target=ids["yoga"],
        metadata={"interaction": "viewed"},
    )
    asked = {"target": ids["yoga"], "types": ["content_interacted"]}
    used = await ask("find_events", **asked)
    taken_back = {"op": "retract_event", "id": seen["id"], "reason": "a test"}
    await ask("apply_changes", operations=[taken_back])
    times = [it["at"] for it in (await ask("find_events", types=[PAID]))["items"]]

    assert used["items"][0]["metadata"] == {"interaction": "viewed"}
    assert (await ask("find_events", **asked))["items"] == []
    assert (await ask("find_events", **asked, retracted=True))["items"][0]["id"] == seen["id"]
    assert times == sorted(times, reverse=True)


@promised(
    "get_history",
    "Tell who changed what, when and why, newest first: each field before and after.",
    "An entity's history includes its tags and connections; a change's shows all it wrote.",
)
async def test_history_is_told(ask: Ask, ids: dict[str, str]) -> None:
    await ask("update_entity", id=ids["yoga"], properties={"price": 80}, reason="a sale")
    await ask("tag_entity", id=ids["yoga"], add=["topic:new"])
    told = (await ask("get_history", id=ids["yoga"]))["changes"]
    written = await ask("get_history", id=told[-1]["change"], limit=200)

    assert [it["tool"] for it in told] == ["tag_entity", "update_entity", "apply_changes"]
    assert told[1]["reason"] == "a sale"
    assert (told[1]["by"], told[1]["at"][:10]) == ("Owner", "2026-11-23")
    assert told[1]["rows"][0]["fields"]["properties.price"] == [100.1, 80]
    assert {"tag"} <= {row["kind"] for row in told[0]["rows"]}
    assert "connection" in {row["kind"] for row in told[-1]["rows"]}
    rows = written["changes"][0]["rows"]
    assert {"entity", "connection", "event"} <= {row["kind"] for row in rows}
    assert sum(row["kind"] == "entity" for row in rows) == 18
