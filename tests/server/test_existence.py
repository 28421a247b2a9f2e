"""Who has, and who lacks, connections and events: since when, how many, with whom."""

import random
from typing import Any

import pytest
from mcp import Client

from tests.conftest import HandClock
from tests.server import business
from tests.server.business import ask, call

pytestmark = pytest.mark.anyio
DAY_MS = 24 * 3_600_000
PAID = "payment_processed"


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    return await business.write(client)


async def members(client: Client, **conditions: Any) -> list[str]:
    """Name the members found, and see that as many are counted."""
    asked = {"lacks": [], "has": [], **conditions}
    found = await call(client, "find_entities", type="audience_member", sort="name", **asked)
    assert "error" not in found, found
    counted = await ask(client, "entities", types=["audience_member"], **asked)
    assert counted["rows"] == len(found["items"])
    return [item["name"] for item in found["items"]]


@pytest.mark.usefixtures("ids")
async def test_members_with_and_without_a_payment(client: Client) -> None:
    assert await members(client, has=[{"event": PAID}]) == ["Ada", "Ben", "Cleo"]
    assert await members(client, lacks=[{"event": PAID}]) == ["Dan"]
    assert await members(client, lacks=[{"event": PAID, "since": "-20d"}]) == ["Cleo", "Dan"]
    assert await members(client, has=[{"event": PAID, "until": "2026-09-30"}]) == ["Ada"]


@pytest.mark.usefixtures("ids")
async def test_latest_before_a_time_is_to_have_and_to_lack_since(client: Client) -> None:
    paid_lately = {"event": PAID, "since": "-20d"}

    assert await members(client, has=[{"event": PAID}], lacks=[paid_lately]) == ["Cleo"]


@pytest.mark.usefixtures("ids")
async def test_number_of_events_is_bounded_on_both_sides(client: Client) -> None:
    assert await members(client, has=[{"event": PAID, "min": 3}]) == ["Ada", "Ben"]
    assert await members(client, has=[{"event": PAID, "min": 1, "max": 1}]) == ["Cleo"]
    assert await members(client, has=[{"event": PAID, "max": 1}]) == ["Cleo", "Dan"]
    assert await members(client, has=[{"event": PAID, "max": 0}]) == ["Dan"]
    assert await members(client, lacks=[{"event": PAID, "min": 3}]) == ["Cleo", "Dan"]


@pytest.mark.usefixtures("ids")
async def test_metadata_of_events_and_connections_is_asked_for(client: Client) -> None:
    failed = {"event": PAID, "where": {"status": "failed"}}
    rich = {"connection": "holds_tokens", "where": {"balance": {"gte": 1}}}

    assert await members(client, has=[failed]) == ["Ben"]
    assert await members(client, has=[rich], lacks=[failed]) == []
    assert await members(client, has=[rich]) == ["Ben"]


async def test_connections_are_asked_for_by_type_direction_and_other_end(
    client: Client, ids: dict[str, str]
) -> None:
    enrolled = {"connection": "enrolled_in", "direction": "out"}

    assert await members(client, has=[enrolled]) == ["Ada", "Ben"]
    assert await members(client, has=[{**enrolled, "direction": "in"}]) == []
    assert await members(client, has=[enrolled], lacks=[{"connection": "completed"}]) == ["Ben"]
    assert await members(client, has=[{**enrolled, "with": ids["coin"]}]) == []
    assert await members(client, has=[{"connection": "any", "with": ids["coin"]}]) == ["Ada", "Ben"]
    assert await members(client, has=[{"connection": ["enrolled_in", "completed"], "min": 2}]) == [
        "Ada"
    ]


async def test_events_are_asked_for_by_the_part_that_is_played_in_them(
    client: Client, ids: dict[str, str]
) -> None:
    sold = {"event": PAID, "as": "target"}
    found = await call(client, "find_entities", has=[sold], sort="name")

    assert [item["name"] for item in found["items"]] == ["Guide", "Yoga"]
    assert await members(client, has=[sold]) == []
    assert await members(client, has=[{"event": PAID, "with": ids["yoga"]}]) == ["Ada", "Ben"]


async def test_what_was_taken_back_or_hidden_does_not_count(
    client: Client, ids: dict[str, str]
) -> None:
    made = await call(
        client,
        "record_event",
        type=PAID,
        actor=ids["dan"],
        target=ids["yoga"],
        metadata={"status": "completed", "amount": 5},
    )
    before = await members(client, lacks=[{"event": PAID}])
    await call(client, "undo_change", change=made["change"])
    await call(client, "archive_entity", id=ids["yoga"])

    assert before == []
    assert await members(client, lacks=[{"event": PAID}]) == ["Dan"]
    assert await members(client, has=[{"connection": "enrolled_in"}]) == []


async def test_ends_of_events_and_connections_are_asked_about(
    client: Client, ids: dict[str, str]
) -> None:
    enrolled = {"of": "actor", "connection": "enrolled_in", "with": ids["yoga"]}
    sales = await ask(client, "events", types=[PAID], has=[enrolled], measures=["count"])
    others = await ask(client, "events", types=[PAID], lacks=[enrolled], measures=["count"])
    never_paid = {"of": "from", "event": PAID}
    held = await ask(client, "connections", types=["holds_tokens"], lacks=[never_paid])

    assert (sales["rows"], others["rows"], held["rows"]) == (6, 1, 0)


async def test_pages_go_on_within_the_conditions(client: Client) -> None:
    await business.write(client)
    asked: dict[str, Any] = {"has": [{"event": PAID, "as": "actor"}], "limit": 1, "sort": "name"}
    first = await call(client, "find_entities", **asked)
    second = await call(client, "find_entities", **asked, cursor=first["cursor"])
    other = await call(client, "find_entities", limit=1, sort="name", cursor=first["cursor"])

    assert [first["items"][0]["name"], second["items"][0]["name"]] == ["Ada", "Ben"]
    assert other["error"]["argument"] == "cursor"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({}, "either event or connection"),
        ({"event": PAID, "connection": "owns"}, "either event or connection"),
        ({"event": PAID, "direction": "in"}, "say as"),
        ({"connection": "owns", "as": "actor"}, "say direction"),
        ({"event": PAID, "min": 0}, "max: 0"),
        ({"event": PAID, "min": 3, "max": 2}, "more than its max"),
        ({"event": PAID, "since": "2026-02-01", "until": "2026-01-01"}, "not after its since"),
        ({"event": PAID, "of": "actor"}, "for events and connections"),
        ({"event": PAID, "where": {"amount": {"gt": "much"}}}, "a number"),
        ({"event": PAID, "where": {"at": {"gt": "-7d"}}}, "use since and until"),
        ({"event": "payment_proces"}, "did you mean payment_processed"),
        ({"connection": "owns", "with": "ent_0000000000000000"}, "There is no"),
        ({"event": PAID, "with": "ent_0000000000000000"}, "There is no"),
        ({"evnt": PAID}, "did you mean 'event'"),
    ],
)
async def test_what_nothing_could_fulfil_is_refused(
    client: Client, condition: dict[str, Any], says: str
) -> None:
    for argument in ("has", "lacks"):
        said = await call(client, "find_entities", **{argument: [condition]})

        assert says in said["error"]["message"]


async def test_counts_are_those_of_reading_every_event(client: Client, clock: HandClock) -> None:
    """Whatever the number, the part and the time asked for, as a plain loop finds it."""
    chance = random.Random(7)  # noqa: S311  # the same in every run
    people = [business.made(f"p{n}", "audience_member") for n in range(6)]
    moments = [
        (f"p{chance.randrange(6)}", f"p{chance.randrange(6)}", chance.randrange(60))
        for _ in range(60)
    ]
    events = [
        {
            "op": "record_event",
            "type": "content_interacted",
            "actor": f"${actor}",
            "target": f"${target}",
            "metadata": {"interaction": "viewed"},
            "at": clock() - days * DAY_MS - 1,
        }
        for actor, target, days in moments
    ]
    await call(client, "apply_changes", operations=[*people, *events])

    for role in ("actor", "target", None):
        for since, least in ((40, 1), (20, 2), (40, 5)):
            wanted = {"event": "content_interacted", "since": f"-{since}d", "min": least}
            wanted |= {"as": role} if role else {}
            seen = {
                person["name"]: sum(
                    days < since
                    and person["as"][1:] in ({"actor": [a], "target": [t]}.get(role or "", [a, t]))
                    for a, t, days in moments
                )
                for person in people
            }
            enough = sorted(name for name, count in seen.items() if count >= least)
            rest = sorted(name for name, count in seen.items() if count < least)

            assert await members(client, has=[wanted]) == enough
            assert await members(client, lacks=[wanted]) == rest
