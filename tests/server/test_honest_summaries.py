"""What a summary says of itself: periods, what lies ahead, what cannot be, and its length."""

from typing import Any

import pytest
from mcp import Client

from tests.server.business import MOST_CHARACTERS, ask, call

pytestmark = pytest.mark.anyio
PAID = "payment_processed"


async def pay(client: Client, at: str, amount: float = 1, **also: Any) -> None:
    metadata = {"status": "completed", "amount": amount, "currency": "EUR"}
    await call(client, "record_event", type=PAID, metadata=metadata, at=at, **also)


async def test_a_comparison_says_where_both_periods_begin_and_end(client: Client) -> None:
    await pay(client, "2026-11-02T00:00:00Z")
    asked = {"types": [PAID], "compare": "previous", "time_zone": "Europe/Berlin"}

    open_one = await ask(client, "events", **asked, since="start of month")
    closed = await ask(client, "events", **asked, since="2026-11-01", until="2026-11-08")

    assert open_one["time_zone"] == "Europe/Berlin"
    assert open_one["period"] == {
        "since": "2026-11-01T01:00:00+01:00",  # read in UTC, the organization's zone
        "until": "2026-11-23T13:00:00+01:00",
        "previous_since": "2026-10-01T02:00:00+02:00",
        "previous_until": "2026-10-23T14:00:00+02:00",
    }
    assert closed["period"]["previous_since"] == "2026-10-01T02:00:00+02:00"
    assert "period" not in await ask(client, "events", types=[PAID])


async def test_a_comparison_that_is_open_ends_now(client: Client) -> None:
    await pay(client, "2026-11-23T12:00:00Z")
    await pay(client, "2026-11-29T12:00:00Z")

    said = await ask(client, "events", types=[PAID], since="start of month", compare="previous")

    assert said["total"] == {"count": 1}


async def test_an_open_span_says_how_many_events_lie_ahead(client: Client) -> None:
    await pay(client, "2026-11-20T00:00:00Z")
    await pay(client, "2026-11-29T00:00:00Z")

    asked = {"types": [PAID], "where": {"status": "completed"}, "since": "start of month"}
    open_one = await ask(client, "events", **asked)
    until_now = await ask(client, "events", **asked, until="now")

    assert open_one["total"] == {"count": 2}
    assert open_one["warnings"] == ['1 event lies ahead of now; until="now" leaves out such.']
    assert until_now["total"] == {"count": 1}
    assert "warnings" not in until_now


@pytest.mark.parametrize(
    ("of", "asked", "says"),
    [
        (
            "entities",
            {"types": ["course"], "has": [{"connection": "enrolled_in", "direction": "out"}]},
            "A course usually has no enrolled_in out",
        ),
        (
            "events",
            {
                "types": ["course_enrolled"],
                "lacks": [{"connection": "authored", "direction": "out", "of": "target"}],
            },
            "A course usually has no authored out",
        ),
    ],
)
async def test_a_direction_that_the_vocabulary_never_has_is_told(
    client: Client, of: str, asked: dict[str, Any], says: str
) -> None:
    said = await ask(client, of, **asked)

    assert [warning for warning in said["warnings"] if says in warning]


async def test_a_list_tells_of_it_as_well_and_not_of_what_is_usual(client: Client) -> None:
    wrong = {"connection": "enrolled_in", "direction": "out"}
    odd = await call(client, "find_entities", type="course", lacks=[wrong])
    right = await call(client, "find_entities", type="course", has=[{**wrong, "direction": "in"}])

    assert 'direction "in" is the usual one' in odd["warnings"][0]
    assert "warnings" not in right


async def test_many_groups_are_a_table_that_stays_short(client: Client) -> None:
    operations = [
        {"op": "create_entity", "as": f"$p{n}", "type": "audience_member", "name": f"Person {n}"}
        for n in range(83)
    ]
    operations += [
        {
            "op": "record_event",
            "type": PAID,
            "actor": f"$p{n % 83}",
            "metadata": {"status": "completed", "amount": n, "currency": ("EUR", "USD")[n % 2]},
            "at": f"2026-{1 + n % 11:02}-{1 + n % 28:02}T00:00:00Z",
        }
        for n in range(100)
    ]
    await call(client, "apply_changes", operations=operations)

    said = await ask(
        client,
        "events",
        types=[PAID],
        group_by=["actor"],
        measures=["count", "sum:amount"],
        since="2026-01-01",
        until="2026-11-30",
        sort="-sum:amount",
        limit=100,
    )

    assert len(str(said)) <= MOST_CHARACTERS
    table = said["table"]
    assert "groups" not in said
    assert {"sum:amount EUR", "sum:amount USD"} <= set(table["columns"])
    assert all(len(row) == len(table["columns"]) for row in table["rows"])
    place = table["columns"].index("count")
    left = said.get("other", {"count": 0})["count"]
    assert sum(row[place] for row in table["rows"]) + left == said["rows"] == 100


@pytest.mark.parametrize(
    ("group_by", "shown"),
    [
        ("weekday", {"Friday": 2, "Saturday": 1}),
        ("hour_of_day", {"00:00": 1, "23:00": 2}),
    ],
)
async def test_times_are_grouped_by_what_comes_round_in_a_zone(
    client: Client, group_by: str, shown: dict[str, int]
) -> None:
    for at in ("2026-11-13T22:59:00Z", "2026-11-20T22:10:00Z", "2026-11-20T23:01:00Z"):
        await pay(client, at)

    said = await ask(client, "events", types=[PAID], group_by=[group_by], time_zone="Europe/Berlin")

    counts = {group[group_by]: group["count"] for group in said["groups"]}
    assert {name: count for name, count in counts.items() if count} == shown
    assert next(iter(counts)) == ("Monday" if group_by == "weekday" else "00:00")
    assert len(counts) == (7 if group_by == "weekday" else 24)


async def test_weekdays_of_a_property_and_of_two_periods_are_compared(client: Client) -> None:
    for day in (2, 9, 10):
        properties = {"status": "paid", "paidAt": f"2026-11-{day:02}T10:00:00Z"}
        await call(client, "create_entity", type="invoice", name=f"{day}", properties=properties)
    await pay(client, "2026-11-20T10:00:00Z")
    await pay(client, "2026-10-19T10:00:00Z")

    paid = await ask(client, "entities", types=["invoice"], group_by=["weekday:paidAt"])
    both = await ask(
        client,
        "events",
        types=[PAID],
        group_by=["weekday"],
        since="start of month",
        compare="previous",
    )

    assert [group["count"] for group in paid["groups"]] == [2, 1, 0, 0, 0, 0, 0]
    days = {group["weekday"]: (group["count"], group["previous"]) for group in both["groups"]}
    assert days["Friday"] == (1, {"count": 0})
    assert days["Monday"] == (0, {"count": 1})


@pytest.mark.parametrize(
    ("of", "asked"),
    [
        ("events", {"group_by": ["actor"]}),
        ("events", {"group_by": ["target"], "measures": ["sum:amount"], "sort": "-sum:amount"}),
        ("events", {"group_by": ["actor.enrolled_in"]}),
        ("connections", {"group_by": ["from"], "limit": 5}),
        ("entities", {"group_by": ["id.purchased"]}),
    ],
)
async def test_ranking_nobody_is_an_answer_of_no_groups(
    client: Client, of: str, asked: dict[str, Any]
) -> None:
    await pay(client, "2026-11-20T10:00:00Z")

    said = await ask(client, of, where={"nothing": "has this"}, **asked)

    assert (said["rows"], said["groups"]) == (0, [])


async def test_a_sum_in_a_currency_that_came_no_more_has_fallen_to_nothing(client: Client) -> None:
    await pay(client, "2026-10-10T10:00:00Z", 8)
    dollars = {"status": "completed", "amount": 5, "currency": "USD"}
    await call(client, "record_event", type=PAID, metadata=dollars, at="2026-10-11T10:00:00Z")
    asked = {"types": [PAID], "measures": ["sum:amount", "avg:amount"], "compare": "previous"}

    nothing = await ask(client, "events", **asked, since="start of month")
    await pay(client, "2026-11-10T10:00:00Z", 12)
    less = await ask(client, "events", **asked, since="start of month")

    assert nothing["growth"] == {"sum:amount": {"EUR": -100.0, "USD": -100.0}}
    assert less["growth"] == {
        "sum:amount": {"EUR": 50.0, "USD": -100.0},
        "avg:amount": {"EUR": 50.0},
    }


@pytest.mark.parametrize(
    ("tool", "asked"),
    [
        ("summarize", {"of": "connections", "where": {"to.status": "no_show"}}),
        ("summarize", {"of": "events", "types": [PAID], "where": {"actor.level": {"gt": 1}}}),
        ("find_connections", {"types": ["participated_in"], "where": {"from.level": 3}}),
        ("find_events", {"where": {"target.status": "failed"}}),
    ],
)
async def test_a_condition_on_an_end_says_how_ends_are_asked_for(
    client: Client, tool: str, asked: dict[str, Any]
) -> None:
    result = await client.call_tool(tool, asked)

    assert result.is_error
    text = getattr(result.content[0], "text", "")
    assert text.startswith("INVALID_ARGUMENT: where looks at metadata only")
    assert "find_entities" in text
    assert "id.purchased" in text
