"""Counters are what the graph says: nothing is stored that nobody gave."""

from pathlib import Path

import pytest
from mcp import Client

from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import details, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.events import event, retraction
from one_mcp.errors import InvalidPropertyError, OntologyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.ontology.load import in_use
from one_mcp.session import Session

pytestmark = pytest.mark.anyio


async def create(one: Session, type: str, **properties: JsonValue) -> Saved:
    return await one.write(entity.create, type, f"A {type}", properties)


async def computed(one: Session, id: str) -> JsonObject | None:
    return (await one.read(details.portrait, id)).computed


def test_no_default_is_a_number_that_the_graph_knows() -> None:
    for type in in_use(["extended"]).entity_types.values():
        for declared in type.properties.values():
            assert declared.default is None or declared.computed is None
            assert declared.default in (None, [], 0.7, "none"), (type.name, declared.name)


async def test_connections_are_counted_where_nobody_gave_a_number(
    one: Session, jane: Saved
) -> None:
    course, fan = await create(one, "course"), await create(one, "audience_member")
    before = await computed(one, course.id)

    await one.write(connection.connect, fan.id, "enrolled_in", course.id)
    await one.write(connection.connect, fan.id, "following", jane.id)

    assert before is None
    assert await computed(one, course.id) == {"enrollments": 1}
    assert await computed(one, jane.id) == {"totalFollowers": 1}
    assert "enrollments" not in ((await one.read(details.portrait, course.id)).properties or {})
    await one.write(entity.update, jane.id, {"totalFollowers": 12_000})
    assert await computed(one, jane.id) is None


async def test_events_are_counted_by_what_they_were(one: Session) -> None:
    post, clone = await create(one, "social_post"), await create(one, "ai_clone")
    for interaction in ("liked", "liked", "shared", "viewed"):
        await one.write(
            event.record, "content_interacted", post.id, metadata={"interaction": interaction}
        )
    await one.write(event.record, "comment_posted", post.id)
    wrong = await one.write(event.record, "clone_interaction", clone.id)
    await one.write(event.record, "clone_interaction", clone.id)
    await one.write(retraction.retract, wrong.id, "It was a test", None)

    assert await computed(one, post.id) == {"comments": 1, "likes": 2, "shares": 1}
    assert await computed(one, clone.id) == {"totalInteractions": 1}


async def test_a_client_sees_them_beside_the_properties(
    client: Client, one: Session, jane: Saved
) -> None:
    fan = await create(one, "audience_member")
    await one.write(connection.connect, fan.id, "following", jane.id)

    shown = await client.call_tool("get_entity", {"id": jane.id})
    read = await client.read_resource(f"one://entities/{jane.id}")

    assert shown.structured_content
    assert shown.structured_content["computed"] == {"totalFollowers": 1}
    assert '"computed":{"totalFollowers":1}' in str(read.contents[0]).replace(" ", "")


def test_what_is_computed_of_nothing_known_is_refused(tmp_path: Path) -> None:
    pack = tmp_path / "boats.toml"
    boat = '[entity_types.boat]\ngroup = "Products"\nmeaning = "A boat."\n'
    field = 'type = "integer", meaning = "Sailors."'
    for computed in ("sailed_by in", "sailed", "owns sideways"):
        pack.write_text(f'{boat}properties.crew = {{ {field}, computed = "{computed}" }}\n')
        with pytest.raises(OntologyError):
            in_use([str(pack)])


async def test_what_is_counted_is_not_added_to(one: Session) -> None:
    course = await create(one, "course")

    with pytest.raises(InvalidPropertyError) as refused:
        await one.write(entity.update, course.id, adjust=Adjustment(increment={"enrollments": 1}))

    assert refused.value.data()["field"] == "properties.enrollments"


async def test_who_asks_for_what_is_counted_is_told_how(client: Client, one: Session) -> None:
    course, fan = await create(one, "course"), await create(one, "audience_member")
    await one.write(connection.connect, fan.id, "enrolled_in", course.id)

    async def warned(tool: str, **arguments: object) -> bool:
        answer = (await client.call_tool(tool, arguments)).structured_content
        assert answer is not None
        return any("enrolled_in" in sentence for sentence in answer.get("warnings", []))

    assert await warned("find_entities", type="course", where={"enrollments": 1})
    assert await warned("find_entities", type="course", sort="-enrollments")
    assert await warned("summarize", of="entities", types=["course"], measures=["sum:enrollments"])
    assert not await warned("find_entities", type="course", sort="-count:enrolled_in")
