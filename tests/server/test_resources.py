"""Resources read by address: what is listed, what each shows, and what a wrong address gets."""

import json
import logging
import re
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client, MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, TextResourceContents

from one_mcp.app import App
from one_mcp.clock import DAY_MS
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event
from one_mcp.server import faults
from one_mcp.server.resources import views
from one_mcp.services.knowledge import ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Session

pytestmark = pytest.mark.anyio
RESOURCE_NOT_FOUND = -32002  # before 2026-07-28
MOST_CHARACTERS = 48_000
CONCRETE = {"one://ontology", "one://organization"}
FAMILIES = {
    "one://operations/{id}",
    "one://tokens/{id}",
    "one://connections/{id}",
    "one://events/{id}",
    "one://entities/{id}/knowledge{?limit,cursor}",
    "one://knowledge/search{?q,type,limit}",
    "one://knowledge/{id}",
    "one://ontology/{dimension}",
    "one://types/{type}",
    "one://guide/{name}",
    "one://entities{?type,status,tag,limit,cursor}",
    "one://entities/{id}",
    "one://entities/{id}/graph{?depth,types}",
    "one://entities/{id}/graph.mmd{?depth,types}",
    "one://entities/{id}/events{?limit,cursor}",
    "one://entities/{id}/history{?limit,cursor}",
    "one://connections{?from,to,type,limit,cursor}",
    "one://events{?type,actor,target,since,limit,cursor}",
}


async def text(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.uri == uri
    assert len(content.text) < MOST_CHARACTERS
    return content.text


async def shown(client: Client, uri: str) -> Any:
    return json.loads(await text(client, uri))


async def refused(client: Client, uri: str) -> MCPError:
    with pytest.raises(MCPError) as failure:
        await client.read_resource(uri)
    return failure.value


@pytest.fixture
async def course(one: Session, jane: Saved) -> Saved:
    """A course that Jane owns and a student took."""
    made = await one.write(
        entity.create, "course", "Yoga", {"price": 49}, with_tags=["skill:yoga for runners"]
    )
    student = await one.write(entity.create, "audience_member", "Bo")
    await one.write(connection.connect, jane.id, "owns", made.id)
    await one.write(connection.connect, student.id, "enrolled_in", made.id)
    await one.write(event.record, "course_enrolled", made.id, actor=student.id)
    return made


async def test_lists_name_every_resource_and_family_once(client: Client) -> None:
    listed = (await client.list_resources()).resources
    families = (await client.list_resource_templates()).resource_templates

    guides = {f"one://guide/{name}" for name in views.guides()}
    assert {each.uri for each in listed} == CONCRETE | guides
    assert {each.uri_template for each in families} == FAMILIES
    names = [each.name for each in (*listed, *families)]
    assert len(set(names)) == len(names)
    assert all(each.title and each.description and each.mime_type for each in listed)
    assert all(each.title and each.description and each.mime_type for each in families)


async def test_everything_listed_can_be_read(client: Client) -> None:
    for each in (await client.list_resources()).resources:
        assert await text(client, each.uri)


async def test_guides_begin_with_the_title_they_are_listed_under(client: Client) -> None:
    for each in (await client.list_resources()).resources:
        if each.uri.startswith("one://guide/"):
            assert (await text(client, each.uri)).startswith(f"# {each.title}\n")
            assert re.fullmatch(r"[^#.]+\.", each.description or "")


async def test_ontology_can_be_read_whole_and_in_parts(client: Client) -> None:
    whole = await shown(client, "one://ontology")
    events_ = await shown(client, "one://ontology/events")
    course = await shown(client, "one://types/course")
    group = await shown(client, "one://types/AI%20Clone")

    assert "course" in whole["entity_types"]["Content"]
    assert "course_created" in events_["event_types"]
    assert course["properties"]["lessons"]
    assert "clone_created" in group["event_types"]
    assert await shown(client, "one://ontology/things") == await shown(
        client, "one://ontology/entities"
    )


async def test_organization_names_its_people(client: Client) -> None:
    shows = await shown(client, "one://organization")

    assert shows["id"] == "org_local"
    assert shows["people"] == [{"id": "per_local", "name": "Owner", "role": "org_owner"}]


async def test_entity_shows_what_surrounds_it(client: Client, course: Saved) -> None:
    shows = await shown(client, f"one://entities/{course.id}")

    assert shows["name"] == "Yoga"
    assert shows["tags"] == ["skill:yoga for runners"]
    assert shows["counts"] == {"enrolled_in in": 1, "owns in": 1}
    assert {event["type"] for event in shows["events"]} == {"course_created", "course_enrolled"}
    assert shows["neighbours"]["owns in"][0]["name"] == "Jane"


async def test_things_are_entities(client: Client, course: Saved) -> None:
    for path in ("", "?type=course", f"/{course.id}", f"/{course.id}/history"):
        assert await shown(client, f"one://things{path}") == await shown(
            client, f"one://entities{path}"
        )


@pytest.mark.parametrize(
    "query",
    [
        "type=course",
        "status=draft&type=course",
        "tag=skill%3Ayoga%20for%20runners",
        f"tag={quote('skill:yoga for runners', safe='')}&limit=1",
        "limit=1&type=masterclass",
        "type=course&tag=",
    ],
)
async def test_entities_are_filtered_by_decoded_values_in_any_order(
    client: Client, one: Session, course: Saved, query: str
) -> None:
    if "draft" in query:
        await one.write(entity.update, course.id, status="draft")

    shows = await shown(client, f"one://entities?{query}")

    assert [item["name"] for item in shows["items"]] == ["Yoga"]
    assert shows["items"][0]["properties"]["price"] == 49


async def test_cursor_of_one_page_goes_into_the_uri_of_the_next(
    client: Client,
    course: Saved,  # noqa: ARG001  # with Jane and a student, three entities
) -> None:
    seen: list[str] = []
    uri = "one://entities?limit=1"
    for _ in range(3):
        page = await shown(client, uri)
        seen += [item["name"] for item in page["items"]]
        uri = f"one://entities?limit=1&cursor={page.get('cursor')}"

    assert sorted(seen) == ["Bo", "Jane", "Yoga"]
    assert "cursor" not in page
    assert (await refused(client, "one://entities?type=course&cursor=abc")).code == INVALID_PARAMS


async def test_connections_and_events_are_found_by_their_ends(
    client: Client, jane: Saved, course: Saved
) -> None:
    owned = await shown(client, f"one://connections?from={jane.id}&type=owns")
    taken = await shown(client, f"one://connections?to={course.id}&type=enrolled_in")
    enrolled = await shown(client, f"one://events?target={course.id}&type=course_enrolled")
    later = await shown(client, "one://events?since=2040-01-01")
    own = await shown(client, f"one://entities/{course.id}/events?limit=1")

    assert [edge["to_name"] for edge in owned["items"]] == ["Yoga"]
    assert [edge["from_name"] for edge in taken["items"]] == ["Bo"]
    assert [event["actor_name"] for event in enrolled["items"]] == ["Bo"]
    assert later["items"] == []
    assert len(own["items"]) == 1
    assert own["cursor"]


async def test_graph_comes_as_json_and_as_a_drawing(
    client: Client, jane: Saved, course: Saved
) -> None:
    near = await shown(client, f"one://entities/{jane.id}/graph?depth=1")
    far = await shown(client, f"one://entities/{jane.id}/graph?types=owns,enrolled_in")
    drawing = await text(client, f"one://entities/{course.id}/graph.mmd?types=owns&depth=1")
    (content,) = (await client.read_resource(f"one://things/{course.id}/graph.mmd")).contents

    assert [node["name"] for node in near["nodes"]] == ["Jane", "Yoga"]
    assert [node["name"] for node in far["nodes"]] == ["Jane", "Yoga", "Bo"]
    assert drawing.startswith("flowchart LR\n")
    assert '-->|"owns"|' in drawing
    assert "Bo" not in drawing
    assert content.mime_type == "text/vnd.mermaid"


async def test_drawing_says_what_is_left_out(client: Client, one: Session, jane: Saved) -> None:
    for number in range(60):
        fan = await one.write(entity.create, "audience_member", f"Fan {number}")
        await one.write(connection.connect, fan.id, "following", jane.id)
    await one.write(entity.update, jane.id, name="{Jane}")

    drawing = await text(client, f"one://entities/{jane.id}/graph.mmd?depth=1")

    comment = drawing.splitlines()[-1]
    assert comment.startswith("%% Connections left out: 11 of (Jane)")


async def test_history_says_who_changed_what(client: Client, one: Session, jane: Saved) -> None:
    await one.write(entity.update, jane.id, {"bio": "Teaches yoga."})

    shows = await shown(client, f"one://entities/{jane.id}/history")

    assert shows["changes"][0]["rows"][0]["fields"]["properties.bio"] == [None, "Teaches yoga."]


async def test_huge_entity_is_cut_and_says_so(client: Client, one: Session) -> None:
    made = await one.write(
        entity.create,
        "blog_post",
        "Long",
        {"content": "x" * 900_000, "own": {"deep": ["y" * 100] * 500}},
        with_tags=[f"topic:{number}-{'z' * 180}" for number in range(100)],
    )

    shows = await shown(client, f"one://entities/{made.id}")
    listed = await shown(client, "one://entities?type=blog_post")

    assert any("900,000 characters" in line for line in shows["shortened"])
    assert any("tags" in line for line in shows["cut"])
    assert listed["items"][0]["shortened"]


@pytest.mark.parametrize("part", ["word ", '"a"\n', "\n\t", "呼吸"])
async def test_document_shows_as_much_of_its_text_as_may_be_sent(
    client: Client, one: Session, part: str
) -> None:
    text = part * (90_000 // len(part)) + "."
    made = await ingest.add(one, Filing(title="Long"), text=text)

    shows = await shown(client, f"one://knowledge/{made.id}")

    assert text.startswith(shows["quote"])
    assert shows["stop"] == len(shows["quote"]) >= 15_000
    assert shows["characters"] == len(text)


async def test_document_is_found_by_search_and_on_its_entitys_shelf(
    client: Client, one: Session, course: Saved
) -> None:
    made = await ingest.add(one, Filing(title="Refunds", entities=[course.id]), text="Money back.")

    search = await shown(client, "one://knowledge/search?q=money&type=course")
    shelf = await shown(client, f"one://entities/{course.id}/knowledge")

    assert [hit["id"] for hit in search["hits"]] == [made.id]
    assert [each["id"] for each in shelf["documents"]] == [made.id]


@pytest.mark.parametrize(
    "uri",
    [
        "one://entity",
        "one://entities/ent_1/nothing",
        "one://entities/",
        "one://entities//history",
        "file:///etc/passwd",
        "one://[",
        "one://guide/..%2F..%2Fsecrets",
        "one://guide/nothing",
        "one://ontology/nothing",
        "one://types/nothing",
        "one://entities/ent_0000000000000001",
        "one://entities/ent_0000000000000001/history",
        "one://knowledge/kno_0000000000000001",
        "one://ontology#part",
    ],
)
async def test_what_does_not_exist_is_refused_with_the_generations_code(
    client: Client, mode: str, uri: str
) -> None:
    if uri == "one://entities/":
        assert "items" in await shown(client, uri)
        return

    error = await refused(client, uri)

    assert error.code == (RESOURCE_NOT_FOUND if mode == "legacy" else INVALID_PARAMS)
    assert error.data["code"] in ("NOT_FOUND", "UNKNOWN_TYPE")
    assert len(error.message) > 20


@pytest.mark.parametrize(
    ("uri", "about"),
    [
        ("one://entities?colour=red", "colour"),
        ("one://entities?type=course&type=token", "type"),
        ("one://entities?limit=many", "limit"),
        ("one://entities?limit=100000", "limit"),
        ("one://entities?status=unknown", "status"),
        ("one://entities?tag=notag", "tag"),
        ("one://entities/ent_1%00", "id"),
        ("one://organization?x=1", "x"),
        ("one://events?since=sometime", "since"),
        ("one://entities/ent_1/graph?depth=5", "depth"),
        ("one://entities/ent_1/graph?depth=two", "depth"),
        ("one://entities/jane", "id"),
        ("one://knowledge/ent_1", "id"),
        ("one://knowledge/search", "q"),
        ("one://knowledge/search?q=money&limit=101", "limit"),
    ],
)
async def test_value_that_does_not_fit_is_refused_by_name(
    client: Client, uri: str, about: str
) -> None:
    error = await refused(client, uri)

    assert error.code == INVALID_PARAMS
    assert error.data["code"] == "INVALID_ARGUMENT"
    assert error.data["argument"].startswith(about)


async def test_archived_entity_says_that_it_is_archived(
    client: Client, one: Session, jane: Saved
) -> None:
    await one.write(archive.archive, jane.id)

    error = await refused(client, f"one://entities/{jane.id}")
    listed = await shown(client, "one://entities?status=archived")

    assert error.data["code"] == "ARCHIVED"
    assert [item["name"] for item in listed["items"]] == ["Jane"]


async def test_what_never_changes_may_be_kept_for_a_day(
    client: Client, mode: str, jane: Saved
) -> None:
    if mode == "legacy":
        pytest.skip("no hints before 2026-07-28")

    assert (await client.read_resource("one://types/course")).ttl_ms == DAY_MS
    assert (await client.read_resource(f"one://entities/{jane.id}")).ttl_ms == 0


async def test_broken_database_is_an_internal_error_with_a_sentence(
    client: Client, app: App
) -> None:
    await client.read_resource("one://organization")
    await app.database.write(lambda raw: raw.execute("ALTER TABLE people RENAME TO gone"))

    error = await refused(client, "one://organization")

    assert error.code == INTERNAL_ERROR
    assert error.data["code"] == "DATABASE"


def test_unforeseen_failure_leaves_only_a_reference(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(MCPError) as failure,
        faults.told("resources/read", "2025-11-25"),
    ):
        raise RuntimeError("the password is hunter2")

    assert failure.value.code == INTERNAL_ERROR
    assert "hunter2" not in failure.value.message
    assert failure.value.data["reference"] in failure.value.message
    assert caplog.records[0].__dict__["reference"] == failure.value.data["reference"]
