"""What was only simulated is in no figure beside what is live, unless it is asked for (D-68)."""

from typing import Any

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.graph.summary import summarizing
from one_mcp.dimensions.graph.summary.sources import Conditions
from one_mcp.dimensions.organizations import founding
from one_mcp.services.commerce import selling
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests import conftest as plain
from tests.server.promises import Ask

pytestmark = pytest.mark.anyio
one = plain.one
OTHER = Principal("org_other", "per_other", "owner", Role.ORG_OWNER)
REVENUE: dict[str, Any] = {"of": "events", "types": ["revenue_generated"]}
SUM: dict[str, Any] = {"measures": ["sum:amount"]}


async def bought(one: Session) -> str:
    """Buy a course of 50 dollars on simulated rails; returns the operation."""
    course = await one.write(entity.create, "course", "Yoga", {"price": 50, "currency": "usd"})
    bob = await one.write(entity.create, "audience_member", "Bob", {"email": "bob@example.com"})
    quote = await selling.quote(one, course.id, bob.id, "1")
    return (await selling.purchase(one, quote.quote)).id


def _made_live(work: Work, operation: str) -> None:
    """Let an operation have been a live one."""
    work.run(
        "UPDATE operations SET simulated = 0"
        " WHERE organization_id = :organization AND id = :operation",
        operation=operation,
    )


async def test_where_all_is_simulated_figures_say_so(ask: Ask, one: Session) -> None:
    await bought(one)

    earned = await ask("summarize", **REVENUE, **SUM)
    payments = await ask("summarize", of="entities", types=["payment"])
    courses = await ask("summarize", of="entities", types=["course"])

    assert (earned["total"]["sum:amount"], earned["simulated"]) == ({"USD": 50}, True)
    assert payments["simulated"] is True
    assert "simulated" not in courses


async def test_beside_what_is_live_it_is_left_out(ask: Ask, one: Session) -> None:
    await bought(one)
    live = await one.write(entity.create, "course", "Live", {"price": 7, "currency": "usd"})
    bob = (await ask("find_entities", type="audience_member"))["items"][0]["id"]
    quote = await selling.quote(one, live.id, bob, "1")
    await one.derive(_made_live, (await selling.purchase(one, quote.quote)).id)
    by_hand = {"amount": 7, "currency": "usd"}
    await ask("record_event", type="revenue_generated", target=live.id, metadata=by_hand)

    earned = await ask("summarize", **REVENUE, **SUM)
    months = await ask("summarize", **REVENUE, **SUM, group_by=["month"])
    asked = await ask("summarize", **REVENUE, **SUM, where={"simulated": True})

    assert earned["total"]["sum:amount"] == {"USD": 7}
    assert any("2 rows were only simulated" in it for it in earned["warnings"])
    assert "simulated" not in earned
    assert [it["sum:amount"] for it in months["groups"]] == [{"USD": 7}]
    assert asked["total"]["sum:amount"] == {"USD": 57}


async def test_each_organization_by_itself(app: App, one: Session) -> None:
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    other = app.session(Call("test"), OTHER)
    await bought(one)
    await other.derive(_made_live, await bought(other))

    figures = [
        await door.read(
            summarizing.summarize, "events", asked=Conditions(types=["revenue_generated"])
        )
        for door in (one, other)
    ]

    assert [(it.rows, it.simulated) for it in figures] == [(1, True), (1, None)]
