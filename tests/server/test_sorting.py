"""Lists sorted by properties and measures, how many there are, and conditions on metadata."""

from typing import Any

import pytest
from mcp import Client

from tests.server import business
from tests.server.business import call

pytestmark = pytest.mark.anyio
PAID = "payment_processed"


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    return await business.write(client)


async def shown(client: Client, **asked: Any) -> list[tuple[str, Any]]:
    """Turn every page of one, and list names with what they are sorted by."""
    rows: list[tuple[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await call(client, "find_entities", limit=1, **asked, **cursor)
        rows += [(item["name"], item.get("sorted_by")) for item in page["items"]]
        if "cursor" not in page:
            return rows
        assert cursor or page["total"] > 1
        cursor = {"cursor": page["cursor"]}


@pytest.mark.usefixtures("ids")
async def test_numbers_texts_and_times_sort_by_what_they_are(client: Client) -> None:
    assert await shown(client, type="invoice", sort="-amount") == [
        ("Four", 80.8),
        ("Three", 40.4),
        ("Two", 20.2),
        ("One", 10.1),
    ]
    assert await shown(client, type="lead", sort="source") == [
        ("Gus", "referral"),
        ("Eve", "webinar"),
        ("Finn", "webinar"),
        ("Hal", None),
    ]
    due = await shown(client, type="invoice", sort="dueAt", where={"status": "open"})
    assert due[0] == ("One", "2026-11-01T00:00:00+01:00")


@pytest.mark.parametrize("sort", ["amount", "-amount"])
async def test_numbers_come_before_texts_and_what_has_none_last(client: Client, sort: str) -> None:
    for name, value in (("Two", "2.5"), ("Ten", 10), ("Word", "x"), ("None", None), ("Yes", True)):
        properties = {} if value is None else {"thing": {"amount": value}}
        await call(client, "create_entity", type="video", name=name, properties=properties)

    found = [
        name for name, _ in await shown(client, type="video", sort=sort.replace("a", "thing.a", 1))
    ]

    numbers = ["Yes", "Two", "Ten"]
    assert found == [*(numbers if sort == "amount" else numbers[::-1]), "Word", "None"]


async def test_counts_and_latest_of_events_and_connections_sort(
    client: Client, ids: dict[str, str]
) -> None:
    assert await shown(client, type="audience_member", sort=f"count:{PAID}") == [
        ("Dan", 0),
        ("Cleo", 1),
        ("Ada", 3),
        ("Ben", 3),
    ]
    assert await shown(client, type="audience_member", sort=f"-latest:{PAID}") == [
        ("Ben", "2026-11-21T10:00:00Z"),
        ("Ada", "2026-11-21T10:00:00Z"),
        ("Cleo", "2026-11-02T10:00:00Z"),
        ("Dan", None),
    ]
    assert (await shown(client, type="course", sort="-count:enrolled_in in")) == [("Yoga", 2)]
    assert (await shown(client, type="course", sort="-count:enrolled_in out")) == [("Yoga", 0)]
    assert (await shown(client, text="ada", sort="-count:connections")) == [("Ada", 3)]
    await call(client, "archive_entity", id=ids["yoga"])
    assert (await shown(client, text="ada", sort="-count:connections")) == [("Ada", 1)]


@pytest.mark.parametrize(
    ("sort", "says"),
    [
        ("a b", "sort takes"),
        ("count:", "sort takes"),
        ("created_at", "use created"),
        ("-status", "use status"),
        ("count:paiment", "no relationship type"),
    ],
)
async def test_what_cannot_be_sorted_by_is_refused(client: Client, sort: str, says: str) -> None:
    said = await call(client, "find_entities", type="lead", sort=sort)

    assert says in said["error"]["message"]


@pytest.mark.usefixtures("ids")
async def test_misspelt_property_to_sort_by_is_told(client: Client) -> None:
    said = await call(client, "find_entities", type="lead", sort="-scor")

    assert "did you mean score" in said["warnings"][0]


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("asked", "total"),
    [
        ({"type": "lead"}, 4),
        ({"where": {"price": {"gt": 1}}}, 5),
        ({"text": "ada yoga"}, 2),
        ({"tags": ["topic:yoga"]}, 2),
        ({"type": "lead", "where": {"source": "webinar"}}, 2),
        ({"type": "invoice", "sort": "amount"}, 4),
        ({"type": "video"}, 0),
    ],
)
async def test_total_counts_all_that_match(
    client: Client, asked: dict[str, Any], total: int
) -> None:
    first = await call(client, "find_entities", **asked, limit=1)
    whole = await call(client, "find_entities", **asked)

    assert first["total"] == whole["total"] == len(whole["items"]) == total


async def test_events_are_found_by_metadata_and_counted(
    client: Client, ids: dict[str, str]
) -> None:
    big = {"status": "completed", "amount": {"gt": 20}}
    first = await call(client, "find_events", types=[PAID], where=big, limit=2)
    second = await call(
        client, "find_events", types=[PAID], where=big, limit=2, cursor=first["cursor"]
    )
    of_ada = await call(client, "find_events", actor=ids["ada"], where=big)

    assert [event["metadata"]["amount"] for event in first["items"]] == [50, 100.2]
    assert [event["metadata"]["amount"] for event in second["items"]] == [100.1]
    assert (first["total"], of_ada["total"]) == (3, 2)
    assert "total" not in second


async def test_connections_are_found_by_metadata_and_counted(
    client: Client, ids: dict[str, str]
) -> None:
    rich = {"types": ["holds_tokens"], "where": {"balance": {"gte": "12.25"}}}
    found = await call(client, "find_connections", **rich)
    every = await call(client, "find_connections", limit=1)
    held = await call(client, "find_connections", **rich, to=ids["coin"])

    assert [edge["from_name"] for edge in found["items"]] == ["Ben"]
    assert (found["total"], every["total"], held["total"]) == (1, 5, 1)


@pytest.mark.parametrize(
    ("tool", "where", "says"),
    [
        ("find_events", {"status": "complete"}, "did you mean completed"),
        ("find_events", {"amount": {"lt": "much"}}, "a number"),
        ("find_events", {"actor": "x"}, "use actor"),
        ("find_events", {"at": {"gt": "-7d"}}, "use since"),
        ("find_connections", {"balance": {"gt": "much"}}, "a decimal number"),
        ("find_connections", {"from": "x"}, "use from"),
    ],
)
async def test_metadata_condition_that_nothing_could_fulfil_is_refused(
    client: Client, tool: str, where: dict[str, Any], says: str
) -> None:
    types = [PAID] if tool == "find_events" else ["holds_tokens"]
    said = await call(client, tool, where=where, types=types)

    assert says in said["error"]["message"]


async def test_history_is_chosen_by_time_person_and_tool(
    client: Client, ids: dict[str, str]
) -> None:
    tagged = await call(client, "tag_entity", id=ids["ada"], add=["topic:running"])
    asked: list[dict[str, Any]] = [
        {"tool": "tag_entity"},
        {"tool": "tag_entity", "id": ids["ada"]},
        {"tool": "tag_entity", "by": "OWNER", "since": "today"},
    ]

    for each in asked:
        found = await call(client, "get_history", **each)
        assert [change["change"] for change in found["changes"]] == [tagged["change"]]
    none = await call(client, "get_history", id=ids["ada"], until="-1d")
    stranger = await call(client, "get_history", by="Nobody")
    one = await call(client, "get_history", id=tagged["change"], tool="tag_entity")
    first = await call(client, "get_history", since="today", limit=1)
    other = await call(client, "get_history", limit=1, cursor=first["cursor"])

    assert none["changes"] == []
    assert stranger["error"]["argument"] == "by"
    assert one["error"]["argument"] == "id"
    assert other["error"]["argument"] == "cursor"
