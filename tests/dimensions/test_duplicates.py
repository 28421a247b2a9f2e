"""Entities that seem to be the same are found in groups, with what they share."""

import pytest
from mcp import Client

from one_mcp.dimensions.entities import archive, duplicates, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.jsons import JsonValue
from one_mcp.session import Session

pytestmark = pytest.mark.anyio


async def member(one: Session, name: str, **properties: JsonValue) -> str:
    return (await one.write(entity.create, "audience_member", name, properties)).id


async def groups(one: Session, type: str | None = None) -> list[tuple[set[str], int]]:
    found = await one.read(duplicates.find, type)
    return [({it.id for it in group.entities}, len(group.reasons)) for group in found.groups]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name": "Müller, Ana"}, {"name": "ana muller"}),
        ({"name": "A", "email": "Ana@Example.com"}, {"name": "B", "email": "ana+news@example.com"}),
        ({"name": "A", "phone": "+49 (171) 555-0199"}, {"name": "B", "phone": "0171 5550199"}),
    ],
)
async def test_two_that_share_something_are_a_group(
    one: Session, first: dict[str, str], second: dict[str, str]
) -> None:
    two = {await member(one, **first), await member(one, **second)}
    await member(one, "Somebody else", email="else@example.com", phone="0171 5550200")

    assert await groups(one) == [(two, 1)]
    assert await groups(one, "course") == []


async def test_groups_join_over_what_they_share_and_the_surest_come_first(
    one: Session, jane: Saved
) -> None:
    one_, two = await member(one, "Ana", email="a@b.c"), await member(one, "Anna", email="a@b.c")
    three = await member(one, "anna")
    fan = await member(one, "J.", email="jane@example.com")

    found = await groups(one)

    assert found == [({one_, two, three}, 2), ({jane.id, fan}, 1)]


async def test_names_of_other_types_and_archived_ones_are_no_duplicates(one: Session) -> None:
    await member(one, "Yoga")
    await one.write(entity.create, "course", "Yoga")
    gone = await one.write(entity.create, "course", "yoga")
    await one.write(archive.archive, gone.id)

    assert await groups(one) == []


async def test_the_tool_tells_why(client: Client, one: Session) -> None:
    for number in range(12):
        await member(one, "Ana", nickname=f"A{number}")

    answer = (await client.call_tool("find_duplicates", {})).structured_content

    assert answer
    (group,) = answer["groups"]
    assert group["reasons"] == ["same name: ana"]
    assert (len(group["entities"]), group["more"]) == (8, 4)
    assert answer["looked_at"] == 12
