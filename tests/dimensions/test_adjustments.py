"""What is added to numbers and lists is added to what is there by then; nobody's part is lost."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import details, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.errors import ConflictError, InvalidArgumentError, InvalidPropertyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import adjustments
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio
ADDING = """
import anyio, sys
from pathlib import Path
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.ontology.adjustments import Adjustment
from one_mcp.session import Call
from one_mcp.settings import Settings

async def main():
    _, database, holder, token, me = sys.argv
    settings = Settings(database=Path(database), embedding_model="none")
    async with open_app(settings) as app:
        for number in range(12):
            one = app.session(Call("test"), LOCAL)
            sum = Adjustment(increment={"balance": "0.1"})
            await one.write(connection.connect, holder, "holds_tokens", token, adjust=sum)
            item = Adjustment(append={"interests": f"{me}{number}"})
            await one.write(entity.update, holder, adjust=item)

anyio.run(main)
"""


async def holding(one: Session) -> tuple[Saved, Saved]:
    holder = await one.write(entity.create, "audience_member", "Ada")
    token = await one.write(entity.create, "token", "Coin", {"symbol": "COIN"})
    return holder, token


async def added(one: Session, holder: Saved, token: Saved, by: JsonValue) -> JsonObject:
    made = await one.write(
        connection.connect,
        holder.id,
        "holds_tokens",
        token.id,
        adjust=Adjustment(increment={"balance": by}),
    )
    return made.metadata or {}


def test_processes_that_add_to_one_balance_and_one_list_lose_nothing(tmp_path: Path) -> None:
    database = tmp_path / "one.db"
    settings = Settings(database=database, embedding_model="none")

    async def begin() -> tuple[str, str]:
        async with open_app(settings) as app:
            holder, token = await holding(app.session(Call("test"), LOCAL))
            return holder.id, token.id

    async def end(holder: str, token: str) -> tuple[JsonObject, JsonObject]:
        async with open_app(settings) as app:
            one = app.session(Call("test"), LOCAL)
            held = await one.write(connection.connect, holder, "holds_tokens", token)
            told = await one.read(details.portrait, holder)
            return held.metadata or {}, told.properties or {}

    ids = anyio.run(begin)
    agents = [
        subprocess.Popen([sys.executable, "-c", ADDING, str(database), *ids, me]) for me in "ab"
    ]
    assert [agent.wait(120) for agent in agents] == [0, 0]

    metadata, properties = anyio.run(end, *ids)

    assert metadata["balance"] == "2.4"
    assert sorted(map(str, properties["interests"])) == sorted(
        f"{me}{number}" for me in "ab" for number in range(12)
    )


@given(st.lists(st.decimals(-(10**12), 10**12, places=9), max_size=20))
def test_sums_of_decimals_are_exact(steps: list[Decimal]) -> None:
    values: JsonObject = {}
    for step in steps:
        by = Adjustment(increment={"amount": f"{step:f}"})
        values = adjustments.applied({}, values, {}, by, "metadata")

    if steps:
        assert Decimal(str(values["amount"])) == sum(steps)


async def test_a_tenth_and_two_tenths_are_three_tenths(one: Session) -> None:
    course = await one.write(entity.create, "course", "Yoga", {"price": 0.1})

    await one.write(entity.update, course.id, adjust=Adjustment(increment={"price": 0.2}))

    shown = await one.read(details.portrait, course.id)
    assert shown.properties
    assert shown.properties["price"] == 0.3


async def test_a_negative_balance_is_refused(one: Session) -> None:
    holder, token = await holding(one)
    assert (await added(one, holder, token, "100"))["balance"] == "100"
    assert (await added(one, holder, token, "-99.5"))["balance"] == "0.5"

    with pytest.raises(InvalidPropertyError) as failure:
        await added(one, holder, token, "-0.6")
    with pytest.raises(InvalidPropertyError):
        await one.write(connection.connect, holder.id, "holds_tokens", token.id, {"balance": "-1"})

    assert failure.value.fields["now"] == "0.5"
    assert "at least 0" in str(failure.value)


@pytest.mark.parametrize(
    "wrong",
    [
        Adjustment(increment={"email": 1}),
        Adjustment(increment={"followers": "many"}),
        Adjustment(increment={"followers": True}),
        Adjustment(append={"email": "x"}),
        Adjustment(append={"niche": 7}),
        Adjustment(increment={"age": 1}, append={"age": 1}),
    ],
)
async def test_what_cannot_be_added_to_is_refused(
    one: Session, jane: Saved, wrong: Adjustment
) -> None:
    with pytest.raises(InvalidPropertyError):
        await one.write(entity.update, jane.id, adjust=wrong)


async def test_a_field_is_changed_in_one_way(one: Session, jane: Saved) -> None:
    more = Adjustment(append={"niche": "tea"})

    with pytest.raises(InvalidPropertyError):
        await one.write(entity.update, jane.id, {"niche": ["art"]}, adjust=more)
    with pytest.raises(InvalidArgumentError):
        await one.write(entity.update, jane.id, {"bio": "x"}, replace=True, adjust=more)


async def test_a_connection_that_changed_since_is_not_overwritten(one: Session) -> None:
    holder, token = await holding(one)
    ends = (holder.id, "holds_tokens", token.id)
    first = await one.write(connection.connect, *ends, {"balance": "1"})
    await one.write(connection.connect, *ends, {"balance": "2"})

    with pytest.raises(ConflictError):
        await one.write(connection.connect, *ends, {"balance": "3"}, expected_version=first.version)
    with pytest.raises(ConflictError):
        await one.write(
            connection.connect, token.id, "references", holder.id, expected_version=first.version
        )


async def test_the_tools_add_append_and_remove(client: Client, jane: Saved) -> None:
    more = {"increment": {"followersTotal": 5}, "append": {"niche": "tea"}}
    await client.call_tool("update_entity", {"id": jane.id, **more})
    await client.call_tool("update_entity", {"id": jane.id, **more, "remove": {"tags": ["x"]}})
    await client.call_tool("update_entity", {"id": jane.id, "remove": {"niche": ["yoga"]}})

    shown = (await client.call_tool("get_entity", {"id": jane.id})).structured_content

    assert shown
    assert shown["properties"]["niche"] == ["tea", "tea"]
    assert shown["properties"]["followersTotal"] == 10


async def test_a_step_for_an_integer_may_come_as_a_text(one: Session) -> None:
    member = await one.write(entity.create, "audience_member", "A", {"email": "a@x.io"})
    by = Adjustment(increment={"points": "10"})
    for _ in range(2):
        await one.write(entity.update, member.id, adjust=by)

    shown = await one.read(details.portrait, member.id, detail="full")
    assert (shown.properties or {})["points"] == 20


async def test_the_answer_tells_what_an_adjustment_made(client: Client, jane: Saved) -> None:
    more = {"increment": {"followersTotal": 5}, "append": {"niche": "tea"}}
    first = await client.call_tool("update_entity", {"id": jane.id, **more})
    again = await client.call_tool(
        "apply_changes",
        {"operations": [{"op": "update_entity", "id": jane.id, **more}], "dry_run": True},
    )

    assert first.structured_content
    assert again.structured_content
    assert first.structured_content["now"] == {"followersTotal": 5, "niche": ["yoga", "tea"]}
    assert again.structured_content["done"][0]["now"] == {
        "followersTotal": 10,
        "niche": ["yoga", "tea", "tea"],
    }


async def test_a_batch_tells_what_became_of_a_balance(client: Client, one: Session) -> None:
    holder, token = await holding(one)
    step = {"op": "connect_entities", "from": holder.id, "type": "holds_tokens", "to": token.id}
    adding = {**step, "metadata": {"blockchain": "sui"}, "increment": {"balance": "0.1"}}

    answer = await client.call_tool("apply_changes", {"operations": [adding, adding, step]})

    assert answer.structured_content
    told = [done.get("now") for done in answer.structured_content["done"]]
    assert told == [{"balance": "0.1"}, {"balance": "0.2"}, None]


async def test_what_is_counted_does_not_fall_below_zero(one: Session) -> None:
    member = await one.write(
        entity.create, "audience_member", "A", {"email": "a@x.io", "points": 3}
    )

    with pytest.raises(InvalidPropertyError) as failure:
        await one.write(entity.update, member.id, adjust=Adjustment(increment={"points": -5}))

    assert failure.value.fields["now"] == 3
    assert "-5 more would make -2" in str(failure.value)
