"""Questions of a small business, answered by `summarize` as a client calls it; sums by hand."""

from typing import Any

import pytest
from mcp import Client

from tests.conftest import HandClock
from tests.server import business
from tests.server.business import ask, call

pytestmark = pytest.mark.anyio
COMPLETED = {"status": "completed"}


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    return await business.write(client)


def revenue(said: Any, key: str) -> dict[Any, Any]:
    return {group[key]: group["sum:amount"] for group in said["groups"]}


SALES = {"types": ["payment_processed"], "where": COMPLETED, "measures": ["sum:amount"]}


@pytest.mark.usefixtures("ids")
async def test_revenue_by_month_is_summed_per_currency_in_days_of_the_organization(
    client: Client,
) -> None:
    said = await ask(client, "events", **SALES, group_by=["month"])

    assert said["rows"] == 6
    assert said["time_zone"] == "Europe/Berlin"
    assert said["total"] == {"sum:amount": {"EUR": 260, "USD": 50}}
    assert [*revenue(said, "month").items()] == [
        ("2026-09", {"EUR": 100.1}),
        ("2026-10", {"EUR": 100.2}),
        ("2026-11", {"EUR": 59.7, "USD": 50}),
    ]


async def test_revenue_by_month_and_product_names_the_product(
    client: Client, ids: dict[str, str]
) -> None:
    said = await ask(client, "events", **SALES, group_by=["month", "target"])

    assert said["groups"][-2:] == [
        {
            "month": "2026-11",
            "target": ids["guide"],
            "target_name": "Guide",
            "sum:amount": {"EUR": 59.7},
        },
        {
            "month": "2026-11",
            "target": ids["yoga"],
            "target_name": "Yoga",
            "sum:amount": {"USD": 50},
        },
    ]


async def test_the_best_customers_come_first_and_the_rest_is_one_sum(
    client: Client, ids: dict[str, str]
) -> None:
    said = await ask(client, "events", **SALES, group_by=["actor"], sort="-sum:amount", limit=2)

    assert revenue(said, "actor_name") == {"Ben": {"EUR": 120.1}, "Ada": {"EUR": 120, "USD": 50}}
    assert said["groups"][0]["actor"] == ids["ben"]
    assert said["other"] == {"groups": 1, "sum:amount": {"EUR": 19.9}}


@pytest.mark.usefixtures("ids")
async def test_averages_medians_and_ends_are_exact(client: Client) -> None:
    measures = ["avg:amount", "median:amount", "min:amount", "max:amount", "count:distinct actor"]
    said = await ask(
        client, "events", types=["payment_processed"], where=COMPLETED, measures=measures
    )

    assert said["total"] == {
        "avg:amount": {"EUR": 52, "USD": 50},
        "median:amount": {"EUR": 19.9, "USD": 50},
        "min:amount": {"EUR": 19.9, "USD": 50},
        "max:amount": {"EUR": 100.2, "USD": 50},
        "count:distinct actor": 3,
    }


@pytest.mark.usefixtures("ids")
async def test_growth_is_against_the_same_days_of_the_month_before(client: Client) -> None:
    said = await ask(client, "events", **SALES, since="start of month", compare="previous")

    assert said["total"] == {"sum:amount": {"EUR": 59.7, "USD": 50}}
    assert said["previous"] == {"sum:amount": {"EUR": 100.2}}
    assert said["growth"] == {"sum:amount": {"EUR": -40.4}}


@pytest.mark.usefixtures("ids")
async def test_who_bought_before_and_not_now_is_in_the_comparison(client: Client) -> None:
    said = await ask(
        client, "events", **SALES, group_by=["actor"], since="-23d", until="now", compare="previous"
    )

    seen = {
        group["actor_name"]: (group["sum:amount"], group["previous"]) for group in said["groups"]
    }
    assert seen["Cleo"] == ({"EUR": 19.9}, {"sum:amount": 0})
    assert {"Ada", "Ben", "Cleo"} == set(seen)


@pytest.mark.usefixtures("ids")
async def test_sales_by_week_show_the_week_without_any(client: Client) -> None:
    said = await ask(
        client,
        "events",
        types=["payment_processed"],
        where=COMPLETED,
        group_by=["week"],
        since="-30d",
    )

    assert [(group["week"], group["count"]) for group in said["groups"]] == [
        ("2026-W44", 1),
        ("2026-W45", 1),
        ("2026-W46", 0),
        ("2026-W47", 2),
    ]


async def test_failed_payments_are_counted_by_customer(client: Client, ids: dict[str, str]) -> None:
    said = await ask(client, "events", where={"status": "failed"}, group_by=["actor"])

    assert said["groups"] == [{"actor": ids["ben"], "actor_name": "Ben", "count": 1}]


@pytest.mark.usefixtures("ids")
async def test_leads_are_counted_by_source_and_by_stage(client: Client) -> None:
    said = await ask(
        client, "entities", types=["lead"], group_by=["source"], measures=["count", "avg:score"]
    )

    assert said["groups"] == [
        {"source": "webinar", "count": 2, "avg:score": 15},
        {"source": "referral", "count": 1, "avg:score": 60},
        {"source": None, "count": 1, "avg:score": None},
    ]
    assert said["without"] == {"score": 1}


@pytest.mark.usefixtures("ids")
async def test_overdue_invoices_are_counted_and_summed(client: Client) -> None:
    said = await ask(
        client,
        "entities",
        types=["invoice"],
        where={"status": "open", "dueAt": {"lt": "2026-11-23"}},
        measures=["count", "sum:amount"],
    )

    assert said["total"] == {"count": 2, "sum:amount": {"EUR": 30.3}}


@pytest.mark.usefixtures("ids")
async def test_subscriptions_are_counted_by_tier_and_by_their_own_status(client: Client) -> None:
    said = await ask(
        client,
        "entities",
        types=["subscription"],
        group_by=["tier", "properties.status"],
        measures=["count", "sum:price"],
    )
    misled = await ask(client, "entities", types=["subscription"], group_by=["status"])

    rows = [(it["tier"], it["properties.status"], it["sum:price"]) for it in said["groups"]]
    assert sorted(rows) == [
        ("pro", "active", {"EUR": 30}),
        ("pro", "cancelled", {"EUR": 30}),
        ("starter", "active", {"USD": 12}),
    ]
    assert "properties.status" in misled["note"]


@pytest.mark.usefixtures("ids")
async def test_enrolled_and_completed_stand_side_by_side(client: Client) -> None:
    said = await ask(
        client, "connections", types=["enrolled_in", "completed"], group_by=["to", "type"]
    )

    assert [(it["to_name"], it["type"], it["count"]) for it in said["groups"]] == [
        ("Yoga", "enrolled_in", 2),
        ("Yoga", "completed", 1),
    ]


async def test_balances_in_decimal_strings_stay_exact_strings(
    client: Client, ids: dict[str, str]
) -> None:
    said = await ask(
        client, "connections", to=ids["coin"], types=["holds_tokens"], measures=["sum:balance"]
    )

    assert said["total"] == {"sum:balance": "12.35"}


@pytest.mark.usefixtures("ids")
async def test_a_row_with_two_tags_is_in_both_groups_and_once_in_the_total(client: Client) -> None:
    said = await ask(client, "entities", types=["audience_member"], group_by=["tag:topic"])

    assert said["rows"] == said["total"]["count"] == 4
    assert {it["tag:topic"]: it["count"] for it in said["groups"]} == {
        "yoga": 2,
        None: 2,
        "food": 1,
    }
    assert "several" in said["note"]


@pytest.mark.usefixtures("ids")
async def test_tags_are_listed_with_their_use(client: Client) -> None:
    said = await ask(client, "entities", group_by=["tags"], sort="-count")

    used = {it["tags"]: it["count"] for it in said["groups"]}
    assert used["topic:yoga"] == 2
    assert used["topic:food"] == 1
    assert "warnings" not in said


async def test_last_week_by_type_leaves_out_what_was_undone(
    client: Client, ids: dict[str, str], clock: HandClock
) -> None:
    clock.forward(1_000)
    event = await call(
        client,
        "record_event",
        type="content_interacted",
        target=ids["guide"],
        metadata={"interaction": "viewed"},
    )
    before = await ask(client, "events", group_by=["type"], since="-7d")
    await call(client, "undo_change", change=event["change"])
    after = await ask(client, "events", group_by=["type"], since="-7d")

    assert before["rows"] - after["rows"] == 1
    assert "content_interacted" in {it["type"] for it in before["groups"]}
    assert "content_interacted" not in {it["type"] for it in after["groups"]}


async def test_words_and_neighbours_choose_what_is_counted(
    client: Client, ids: dict[str, str]
) -> None:
    by_text = await ask(client, "entities", text="ada")
    by_neighbour = await ask(
        client, "entities", connected_to={"id": ids["yoga"], "type": "enrolled_in"}
    )

    assert by_text["rows"] == 1
    assert by_neighbour["rows"] == 2


async def test_an_hour_that_comes_twice_is_two_hours(client: Client) -> None:
    target = (await call(client, "create_entity", type="video", name="Night"))["id"]
    for at in ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"):  # 02:30 twice in Berlin
        await call(
            client,
            "record_event",
            type="content_interacted",
            target=target,
            metadata={"interaction": "viewed"},
            at=at,
        )

    views: dict[str, Any] = {"types": ["content_interacted"], "time_zone": "Europe/Berlin"}
    hours = await ask(client, "events", **views, group_by=["hour"])
    days = await ask(client, "events", **views, group_by=["day"])

    assert [it["hour"] for it in hours["groups"]] == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
    ]
    assert [(it["day"], it["count"]) for it in days["groups"]] == [("2026-10-25", 2)]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"of": "events", "measures": ["total:price"]}, "measures"),
        ({"of": "events", "measures": ["sum:actor"]}, "measures"),
        ({"of": "events", "group_by": ["day", "month"]}, "group_by"),
        ({"of": "events", "tags": ["topic:yoga"]}, "tags"),
        ({"of": "entities", "actor": "ent_1"}, "actor"),
        ({"of": "events", "sort": "-sum:amount"}, "sort"),
        ({"of": "events", "compare": "previous"}, "compare"),
        ({"of": "events", "time_zone": "Berlin"}, "time_zone"),
        ({"of": "events", "group_by": ["a b"]}, "group_by"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_name(
    client: Client, arguments: dict[str, Any], named: str
) -> None:
    said = await call(client, "summarize", **arguments)

    assert said["error"]["code"] == "INVALID_ARGUMENT"
    assert said["error"]["argument"] == named


async def test_a_property_with_a_time_groups_by_its_month(client: Client) -> None:
    """Days are those of the time zone; a month without any is there, and what has no time, too."""
    for amount, at in ((40, "2025-10-31T23:30:00Z"), (2, "2025-11-30T12:00:00Z"), (7, None)):
        given = {"amount": amount, "currency": "EUR", "paidAt": at}
        await call(client, "create_entity", type="invoice", name="I", properties=given)
    later = {"amount": 1, "currency": "EUR", "paidAt": "2026-01-01T00:00:00+01:00"}
    await call(client, "create_entity", type="invoice", name="I", properties=later)
    asked = {"types": ["invoice"], "measures": ["sum:amount"], "time_zone": "Europe/Berlin"}

    said = await ask(client, "entities", **asked, group_by=["month:paidAt"])
    by_year = await ask(client, "entities", **asked, group_by=["year:paidAt", "type"])

    assert revenue(said, "month:paidAt") == {
        None: {"EUR": 7},
        "2025-11": {"EUR": 42},
        "2025-12": 0,
        "2026-01": {"EUR": 1},
    }
    assert said["rows"] == 4
    assert said["total"] == {"sum:amount": {"EUR": 50}}
    assert [group["year:paidAt"] for group in by_year["groups"]] == [None, "2025", "2026"]


async def test_an_event_groups_by_a_time_of_its_target(client: Client) -> None:
    booked = await call(
        client,
        "create_entity",
        type="booking",
        name="B",
        properties={"startsAt": "2027-03-05T10:00:00Z"},
    )

    said = await ask(client, "events", target=booked["id"], group_by=["day:target.startsAt"])

    assert said["groups"] == [{"day:target.startsAt": "2027-03-05", "count": 1}]


@pytest.mark.usefixtures("ids")
async def test_a_ranking_by_money_says_which_currency_it_compares(client: Client) -> None:
    mixed = await ask(client, "events", **SALES, group_by=["actor"], sort="-sum:amount")
    plain = await ask(client, "events", **SALES, group_by=["actor"], sort="actor")

    assert "ranked by EUR; amounts in USD are not compared" in mixed["warnings"][0]
    assert "warnings" not in plain
