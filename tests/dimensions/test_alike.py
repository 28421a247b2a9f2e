"""Making what seems to be there already says so, with the id of what is."""

import pytest
from mcp import Client

from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.session import Session

pytestmark = pytest.mark.anyio


def said(saved: Saved) -> str:
    return " ".join(saved.warnings or [])


@pytest.mark.parametrize(
    ("name", "again"),
    [("Yoga for all", "yoga for all "), ("Crème Brûlée", "crème BRÛLÉE"), ("瑜伽入门", "瑜伽入门")],
)
async def test_a_second_one_of_the_name_is_told_of_the_first(
    one: Session, name: str, again: str
) -> None:
    first = await one.write(entity.create, "course", name)
    other = await one.write(entity.create, "lesson", name)

    second = await one.write(entity.create, "course", again)

    assert first.warnings is None
    assert other.warnings is None
    assert first.id in said(second)
    assert second.id not in said(second)
    assert other.id not in said(second)


async def test_the_same_email_is_told_of_in_other_types_too(one: Session, jane: Saved) -> None:
    fan = await one.write(entity.create, "audience_member", "J. Doe", {"email": "Jane@Example.com"})
    far = await one.write(entity.create, "audience_member", "Joe", {"email": "jane@example.org"})

    assert jane.id in said(fan)
    assert far.warnings is None


async def test_it_is_told_by_the_name_that_is_there(one: Session) -> None:
    await one.write(entity.create, "audience_member", "Ada Lovelace")
    second = await one.write(entity.create, "audience_member", "ADA Lovelace")

    assert "an audience_member 'Ada Lovelace'" in said(second)


async def test_an_archived_one_is_not_told_of(one: Session) -> None:
    first = await one.write(entity.create, "course", "Yoga")
    await one.write(archive.archive, first.id)

    assert (await one.write(entity.create, "course", "Yoga")).warnings is None


async def test_the_tool_answers_with_the_id(client: Client) -> None:
    call = {"type": "course", "name": "Yoga for all"}
    first = (await client.call_tool("create_entity", call)).structured_content
    second = await client.call_tool("create_entity", {**call, "name": "YOGA for all"})

    assert first
    assert second.structured_content
    assert first["id"] in second.structured_content["warnings"][0]
