"""Days of an organization: a date is its own day, wherever it stands."""

from typing import Any

import pytest
from mcp import Client

from tests.server.business import ask, call

pytestmark = pytest.mark.anyio
PAID = {"status": "completed"}
BEGINS = "2026-11-01T04:00:00Z"  # New York still has summer time on that midnight


@pytest.fixture
async def new_york(client: Client) -> Client:
    zone = {"op": "update_organization", "time_zone": "America/New_York"}
    await call(client, "apply_changes", operations=[zone])
    return client


async def properties(client: Client, id: str) -> Any:
    return (await call(client, "get_entity", id=id))["properties"]


async def test_a_date_of_a_property_is_the_organizations_day(new_york: Client) -> None:
    made = await call(
        new_york,
        "create_entity",
        type="audience_member",
        name="One",
        properties={"joinedAt": "2026-11-29", "email": "one@x.io"},
    )
    await call(
        new_york,
        "create_entity",
        type="audience_member",
        name="Two",
        properties={"joinedAt": "2026-11-30 08:00:00", "email": "two@x.io"},
    )

    async def joined(**where: object) -> list[str]:
        found = await call(
            new_york, "find_entities", type="audience_member", where={"joinedAt": where}
        )
        return sorted(each["name"] for each in found["items"])

    assert (await properties(new_york, made["id"]))["joinedAt"] == "2026-11-29T00:00:00-05:00"
    assert await joined(lt="2026-11-29") == []
    assert await joined(lte="2026-11-28") == []
    assert await joined(lte="2026-11-29") == ["One"]
    assert await joined(eq="2026-11-29") == ["One"]
    assert await joined(eq="2026-11-30T08:00") == ["Two"]


async def test_a_date_of_an_event_is_the_organizations_day(new_york: Client) -> None:
    recorded = await call(
        new_york, "record_event", type="payment_processed", metadata=PAID, at="2026-11-01"
    )
    applied = await call(
        new_york,
        "apply_changes",
        operations=[
            {
                "op": "record_event",
                "type": "payment_processed",
                "metadata": PAID,
                "at": "2026-11-30",
            }
        ],
    )
    days = await ask(new_york, "events", types=["payment_processed"], group_by=["day"])
    found = await call(
        new_york, "find_events", types=["payment_processed"], since="2026-11-01", until="2026-11-30"
    )

    assert recorded["at"] == BEGINS
    assert applied["change"]
    assert [it["day"] for it in days["groups"] if it["count"]] == ["2026-11-01", "2026-11-30"]
    assert found["total"] == 2


@pytest.mark.parametrize("rows", [1, 600])
async def test_dates_of_files_are_the_organizations_days(new_york: Client, rows: int) -> None:
    lines = [f"L{n},2026-11-01,2026-11-30 23:30:00" for n in range(rows)]
    table = "\n".join(["name,created_at,dueAt", *lines])
    await call(new_york, "import_data", data=table, mapping={"type": "invoice"})
    told = '{"event": {"type": "payment_processed", "at": "2026-11-01", '
    told = (told + '"metadata": {"status": "completed"}}}\n') * rows
    await call(new_york, "import_data", data=told)

    created = await ask(
        new_york,
        "entities",
        types=["invoice"],
        where={"dueAt": "2026-11-30T23:30"},
        group_by=["day"],
    )
    seen = await ask(new_york, "events", types=["payment_processed"], group_by=["day"])
    assert [(it["day"], it["count"]) for it in created["groups"]] == [("2026-11-01", rows)]
    assert [(it["day"], it["count"]) for it in seen["groups"]] == [("2026-11-01", rows)]
