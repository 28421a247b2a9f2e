"""More questions of the business, in one call each: neighbours, churn, the dormant, last week."""

from typing import Any

import pytest
from mcp import Client

from tests.conftest import HandClock
from tests.server import business
from tests.server.business import MOST_CHARACTERS, ask, call

pytestmark = pytest.mark.anyio
PAID = "payment_processed"
SALES: dict[str, Any] = {"types": [PAID], "where": {"status": "completed"}}
DAY_MS = 24 * 3_600_000


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    return await business.write(client)


async def named(client: Client, **asked: Any) -> list[str]:
    said = await call(client, "find_entities", **asked)
    assert len(str(said)) <= MOST_CHARACTERS
    return [item["name"] for item in said["items"]]


async def test_revenue_per_course_over_its_enrolled_members(
    client: Client, ids: dict[str, str]
) -> None:
    said = await ask(
        client, "events", **SALES, measures=["sum:amount"], group_by=["actor.enrolled_in"]
    )

    assert said["groups"] == [
        {
            "actor.enrolled_in": ids["yoga"],
            "actor.enrolled_in_name": "Yoga",
            "sum:amount": {"EUR": 240.1, "USD": 50},
        },
        {"actor.enrolled_in": None, "sum:amount": {"EUR": 19.9}},
    ]


async def test_sale_of_a_member_of_two_courses_is_in_both_and_once_in_the_total(
    client: Client, ids: dict[str, str]
) -> None:
    second = await call(client, "create_entity", type="course", name="Cooking")
    await call(
        client,
        "connect_entities",
        type="enrolled_in",
        to=second["id"],
        **{"from": ids["ada"]},
    )
    said = await ask(
        client, "events", **SALES, group_by=["actor.enrolled_in out"], measures=["count"]
    )

    groups = {it.get("actor.enrolled_in out_name"): it["count"] for it in said["groups"]}
    assert groups == {"Yoga": 5, "Cooking": 3, None: 1}
    assert said["total"] == {"count": 6}
    assert "several" in said["note"]


@pytest.mark.usefixtures("ids")
async def test_members_are_counted_per_course_and_sales_by_what_was_sold(client: Client) -> None:
    members = await ask(
        client, "entities", types=["audience_member"], group_by=["id.enrolled_in out"]
    )
    sold = await ask(
        client, "events", **SALES, group_by=["target.type"], measures=["count", "sum:target.price"]
    )

    assert [it["count"] for it in members["groups"]] == [2, 2]
    assert [(it["target.type"], it["count"], it["sum:target.price"]) for it in sold["groups"]] == [
        ("course", 3, {"EUR": 300.3}),
        ("digital_product", 3, {"EUR": 59.7}),
    ]


async def test_hidden_connections_are_no_neighbours(client: Client, ids: dict[str, str]) -> None:
    await call(client, "archive_entity", id=ids["yoga"])
    said = await ask(client, "events", **SALES, group_by=["actor.enrolled_in"], measures=["count"])

    assert said["groups"] == [{"actor.enrolled_in": None, "count": 6}]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"of": "events", "group_by": ["actor.a b"]}, "group_by"),
        ({"of": "events", "measures": ["count:distinct actor.enrolled_in"]}, "measures"),
        ({"of": "events", "measures": ["sum:actor.enrolled_in"]}, "measures"),
        ({"of": "events", "where": {"amount": {"gt": "cheap"}}}, "where"),
        ({"of": "entities", "types": ["creator"], "where": {"name": "Ada"}}, "where"),
        ({"of": "events", "has": [{"event": PAID}]}, "has[0]"),
    ],
)
async def test_what_no_end_and_no_row_has_is_refused(
    client: Client, asked: dict[str, Any], named: str
) -> None:
    said = await call(client, "summarize", **asked)

    assert said["error"]["argument"] == named


@pytest.mark.usefixtures("ids")
async def test_customers_of_october_who_did_not_come_back_are_the_churn(client: Client) -> None:
    before = {"event": PAID, "since": "2026-09-01", "until": "2026-10-31"}
    after = {"event": PAID, "since": "2026-11-01", "where": {"status": "completed"}}
    churned = await ask(client, "entities", types=["audience_member"], has=[before], lacks=[after])
    kept = await named(client, type="audience_member", has=[before, after], sort="name")

    assert churned["rows"] == 0
    assert kept == ["Ada", "Ben"]


@pytest.mark.usefixtures("ids")
async def test_the_dormant_come_with_the_day_of_their_last_event(client: Client) -> None:
    said = await call(
        client,
        "find_entities",
        type="audience_member",
        lacks=[{"event": PAID, "since": "-20d"}],
        sort=f"latest:{PAID}",
    )

    assert [(it["name"], it.get("sorted_by")) for it in said["items"]] == [
        ("Cleo", "2026-11-02T10:00:00Z"),
        ("Dan", None),
    ]
    assert said["total"] == 2


@pytest.mark.usefixtures("ids")
async def test_overdue_invoices_are_listed_the_oldest_first(client: Client) -> None:
    overdue = {"status": "open", "dueAt": {"lt": "now"}}

    assert await named(client, type="invoice", where=overdue, sort="dueAt") == ["One", "Two"]


@pytest.mark.usefixtures("ids")
async def test_who_enrolled_and_has_not_completed_is_found(client: Client) -> None:
    asked = {"has": [{"connection": "enrolled_in"}], "lacks": [{"connection": "completed"}]}

    assert await named(client, type="audience_member", **asked) == ["Ben"]


async def test_what_happened_last_week_is_told_by_content_and_kind(
    client: Client, ids: dict[str, str], clock: HandClock
) -> None:
    for name, interaction, days in (
        ("yoga", "viewed", 1),
        ("yoga", "liked", 2),
        ("guide", "viewed", 9),
    ):
        await call(
            client,
            "record_event",
            type="content_interacted",
            target=ids[name],
            metadata={"interaction": interaction},
            at=clock() - days * DAY_MS,
        )
    week = {"types": ["content_interacted"], "since": "-7d"}
    by_content = await ask(client, "events", **week, group_by=["target"])
    by_kind = await ask(client, "events", **week, group_by=["interaction"])

    assert [(it["target_name"], it["count"]) for it in by_content["groups"]] == [("Yoga", 2)]
    assert {it["interaction"]: it["count"] for it in by_kind["groups"]} == {"viewed": 1, "liked": 1}


async def test_patterns_of_the_specification_keep_their_figures(
    client: Client, ids: dict[str, str]
) -> None:
    """A creator's content and followers, holdings, a content's history, a clone's metrics."""
    operations = [
        business.made("jo", "creator", email="jo@example.com"),
        business.made("post", "blog_post"),
        business.made("twin", "ai_clone"),
        business.linked("jo", "authored", "post"),
        {"op": "connect_entities", "from": ids["ada"], "type": "following", "to": "$jo"},
        {
            "op": "record_event",
            "type": "clone_interaction",
            "target": "$twin",
            "metadata": {"sentiment": "positive"},
        },
    ]
    made = (await call(client, "apply_changes", operations=operations))["ids"]
    creator = await call(client, "get_entity", id=made["$jo"], relationships=["authored"])
    held = await call(client, "find_connections", types=["holds_tokens"], to=ids["coin"])
    history = await call(client, "find_events", target=ids["yoga"], types=[PAID])
    clone = await call(client, "get_entity", id=made["$twin"], include=["stats"])

    assert [it["name"] for it in creator["neighbours"]["authored out"]] == ["Post"]
    assert creator["counts"] == {"authored out": 1, "following in": 1}
    assert (held["total"], history["total"]) == (2, 4)
    assert clone["stats"]["positive_share"] == 1
