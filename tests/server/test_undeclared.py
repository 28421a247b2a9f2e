"""Fields that nobody declares or has, sorts and times of sums: told, not passed over in silence."""

from typing import Any

import pytest
from mcp import Client

from tests.server import business
from tests.server.business import ask, call

pytestmark = pytest.mark.anyio
PAID = "payment_processed"


@pytest.fixture(autouse=True)
async def ids(client: Client) -> dict[str, str]:
    return await business.write(client)


@pytest.mark.parametrize(
    ("of", "asked", "says"),
    [
        (
            "events",
            {"types": [PAID], "group_by": ["metadata.statsu"]},
            f"No {PAID} has statsu; did you mean status?",
        ),
        ("entities", {"types": ["lead"], "group_by": ["zebra"]}, "No lead has zebra; there may be"),
        ("entities", {"where": {"zebra": 1}}, "No entity has zebra."),
        ("events", {"group_by": ["target.pricee"]}, "No entity has pricee; did you mean price?"),
        ("connections", {"where": {"balanse": 1}}, "did you mean balance?"),
        ("entities", {"group_by": ["tag:topics"]}, "No row has a tag of tag:topics; did you mean"),
    ],
)
async def test_a_name_that_means_nothing_is_told(
    client: Client, of: str, asked: dict[str, Any], says: str
) -> None:
    found = await ask(client, of, **asked)

    assert [warning for warning in found["warnings"] if says in warning]


@pytest.mark.parametrize(
    ("of", "asked", "says"),
    [
        ("events", {"measures": ["sum:ammount"]}, "No event has ammount; did you mean amount?"),
        ("entities", {"measures": ["count:distinct zebra"]}, "No entity has zebra."),
        (
            "events",
            {"measures": ["avg:target.pricee"]},
            "No entity has pricee; did you mean price?",
        ),
    ],
)
async def test_a_measure_of_what_nobody_has_is_refused(
    client: Client, of: str, asked: dict[str, Any], says: str
) -> None:
    result = await client.call_tool("summarize", {"of": of, **asked})

    assert result.is_error
    assert says in str(result.content)


@pytest.mark.parametrize(
    ("of", "asked"),
    [
        (
            "events",
            {
                "types": [PAID],
                "where": {"status": "completed"},
                "measures": ["sum:amount"],
                "group_by": ["month", "target"],
            },
        ),
        ("events", {"group_by": ["actor.enrolled_in", "target.price", "target.name"]}),
        ("entities", {"group_by": ["tag:topic", "status", "properties.status"]}),
        ("entities", {"measures": ["sum:priceUsd"], "types": ["token"]}),
        ("connections", {"group_by": ["from.name", "relationship", "balance"]}),
    ],
)
async def test_a_name_that_means_something_passes(
    client: Client, of: str, asked: dict[str, Any]
) -> None:
    assert "warnings" not in await ask(client, of, **asked)


async def test_a_field_that_no_type_declares_but_somebody_has_passes(client: Client) -> None:
    zebra = {"type": "lead", "name": "Ivy", "properties": {"zebra": {"stripes": 5}}}
    await call(client, "create_entity", **zebra)

    found = await ask(client, "entities", measures=["sum:zebra.stripes"])
    inner = await ask(client, "entities", where={"zebra.spots": 1})

    assert found["total"] == {"sum:zebra.stripes": 5}
    assert "warnings" not in found
    (warning,) = inner["warnings"]
    assert "zebra.spots" in warning


async def test_lists_tell_of_it_as_sums_do(client: Client) -> None:
    listed = await call(client, "find_entities", type="lead", where={"zebra": {"exists": True}})
    events = await call(client, "find_events", types=[PAID], where={"statsu": "completed"})
    edges = await call(client, "find_connections", types=["holds_tokens"], where={"balanse": 1})

    assert "No lead has zebra" in listed["warnings"][0]
    (of_events,), (of_edges,) = events["warnings"], edges["warnings"]
    assert "statsu" in of_events
    assert "status?" in of_events
    assert "balanse" in of_edges
    assert "balance?" in of_edges


async def test_an_alias_of_a_property_is_summed_as_the_property(client: Client) -> None:
    await call(
        client, "update_entity", id=(await ids_of(client, "Coin"))[0], properties={"price": 3}
    )

    found = await ask(client, "entities", types=["token"], measures=["max:priceUsd"])

    assert found["total"] == {"max:priceUsd": 3}


async def ids_of(client: Client, name: str) -> list[str]:
    found = await call(client, "find_entities", name=name)
    return [item["id"] for item in found["items"]]


async def test_times_are_grouped_and_measured_as_times(client: Client) -> None:
    due = await ask(
        client,
        "entities",
        types=["invoice"],
        measures=["min:dueAt", "max:dueAt", "count"],
        group_by=["properties.status"],
        sort=" -count ",
    )
    by_time = await ask(client, "entities", types=["invoice"], group_by=["dueAt"], sort="dueAt")

    assert [group["min:dueAt"] for group in due["groups"]] == [
        "2026-11-01T00:00:00+01:00",
        "2026-10-01T00:00:00+02:00",
    ]
    assert due["total"]["max:dueAt"] == "2026-12-20T00:00:00+01:00"
    assert by_time["groups"][0]["dueAt"] == "2026-10-01T00:00:00+02:00"


async def test_money_that_names_no_currency_is_told(client: Client) -> None:
    bare = {"type": PAID, "metadata": {"status": "completed", "amount": 7}}
    await call(client, "record_event", **bare)

    done = {"status": "completed"}
    found = await ask(client, "events", types=[PAID], measures=["sum:amount"], where=done)

    assert found["warnings"] == [
        "1 row of amount names no currency and counts as EUR, the organization's."
    ]


@pytest.mark.parametrize("sort", [" -score", "- score", "-score "])
async def test_spaces_around_a_sort_mean_nothing(client: Client, sort: str) -> None:
    found = await call(client, "find_entities", type="lead", sort=sort, limit=2)
    newest = await call(client, "find_entities", type="lead", sort=" -created ", since="-1d")

    assert [item["name"] for item in found["items"]] == ["Gus", "Finn"]
    assert newest["items"][0]["name"] == "Hal"


async def test_archived_entities_are_sorted_by_what_they_were_connected_to(
    client: Client, ids: dict[str, str]
) -> None:
    for name in ("ada", "dan"):
        await call(client, "archive_entity", id=ids[name])

    found = await call(
        client, "find_entities", status="archived", sort="-count:connections out", limit=5
    )

    assert [(item["name"], item["sorted_by"]) for item in found["items"]] == [
        ("Ada", 3),
        ("Dan", 0),
    ]
