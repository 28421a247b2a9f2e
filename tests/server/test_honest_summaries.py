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
