"""What is wrong is said once, with what would work: imports, conditions, statuses, far times."""

import json
from typing import Any

import pytest
from mcp import Client

from one_mcp.dimensions.knowledge.index.backlog import Backlog
from tests.server.business import call

pytestmark = pytest.mark.anyio
LEADS = {"type": "lead", "columns": {"Name": "name", "Score": "score", "Stage": "stage"}}


async def said(client: Client, tool: str, /, **arguments: Any) -> str:
    return (await call(client, tool, **arguments))["error"]["message"]


async def test_the_same_problem_of_many_rows_is_told_once_with_its_lines(client: Client) -> None:
    rows = "".join(f"Lead {n},high,new\n" for n in range(84))
    bad = await call(
        client, "import_data", data=f"Name,Score,Stage\n{rows}One,5,nwe\n", mapping=LEADS
    )

    error = bad["error"]
    first, second = error["errors"]
    assert error["failed"] == 85
    assert (first["line"], first["lines"]) == (2, "2, 3 and 82 more")
    assert "expected a number" in first["problem"]
    assert 'not "high"' in first["problem"]
    assert (second["line"], "lines" in second) == (86, False)
    assert 'not "nwe"' in second["problem"]
    assert "Lines 2, 3 and 82 more: INVALID_PROPERTY" in error["message"]


async def test_a_bad_cell_is_shown_short_and_harmless(client: Client) -> None:
    cell = "a\u202eb" + "x" * 500
    bad = await call(client, "import_data", data=f"Name,Score\nA,{cell}\n", mapping={
        "type": "lead", "columns": {"Name": "name", "Score": "score"}
    })  # fmt: skip

    problem = bad["error"]["errors"][0]["problem"]
    assert "\u202e" not in problem
    assert len(problem) < 150


async def test_lines_that_name_what_is_not_there_are_told_once(client: Client) -> None:
    lines = [
        json.dumps({"connection": {"from": f"k{n}", "type": "owns", "to": f"l{n}"}})
        for n in range(5)
    ]

    bad = await call(client, "import_data", data="\n".join(lines))

    (only,) = bad["error"]["errors"]
    assert only["lines"] == "1, 2 and 3 more"


async def test_a_table_without_a_type_is_told_so_first(client: Client) -> None:
    message = await said(client, "import_data", data="Nam,Vorname\nA,B\n", format="csv")

    assert "type of the entities is missing" in message
    assert '{"type": "audience_member"}' in message


async def test_a_file_that_is_not_there_is_told_with_where_paths_begin(client: Client) -> None:
    assert "the folder that this server may use" in await said(
        client, "import_data", path="gone.csv", mapping={"type": "lead"}
    )


@pytest.mark.parametrize("argument", ["has", "lacks"])
async def test_unknown_names_in_conditions_are_answered_with_the_known(
    client: Client, argument: str
) -> None:
    message = await said(client, "find_entities", **{argument: [{"type": "payment_processed"}]})

    assert "it takes event, connection, as, direction, with, where" in message


async def test_a_status_that_is_a_property_is_told_as_one(client: Client) -> None:
    paid = '{"status": "paid"}'

    assert f"an invoice is a property: where={paid}" in await said(
        client, "find_entities", type="invoice", status="paid"
    )
    assert f"is a property: where={paid}" in await said(client, "find_entities", status="paid")
    assert f"an invoice has beside it: properties {paid}" in await said(
        client, "create_entity", type="invoice", name="A", status="paid"
    )
    both = await call(client, "find_entities", type="subscription", status="active")
    assert 'where={"status": "active"}' in both["warnings"][0]


async def test_a_time_that_is_none_is_answered_with_all_forms(client: Client) -> None:
    message = await said(client, "find_events", since="last tuesday")

    assert "2026-01-31" in message
    assert "-7d" in message


async def test_times_of_events_far_ahead_are_told_at_every_door(client: Client) -> None:
    event = {"type": "user_engaged", "at": "2027-11-20"}
    once = await call(client, "record_event", **event)
    within = await call(client, "apply_changes", operations=[{"op": "record_event", **event}])
    lines = [json.dumps({"event": {**event, "at": f"2027-11-{day}"}}) for day in range(10, 15)]
    near = json.dumps({"event": {"type": "user_engaged", "at": "2026-12-01"}})
    loaded = await call(client, "import_data", data="\n".join([near, *lines]))
    again = await call(client, "import_data", data="\n".join([near, *lines]))

    assert "far ahead, more than 31 days: 2027-11-20" in str(once["warnings"])
    assert "operations[0]: at lies far ahead" in str(within["warnings"])
    (told,) = [it for it in loaded["warnings"] if "ahead" in it]
    assert told.startswith("5 events lie far ahead, more than 31 days (lines 2, 3 and 3 more)")
    assert "ahead" not in str(again.get("warnings"))


async def test_articles_fit_their_types(client: Client) -> None:
    await call(client, "create_entity", type="audience_member", name="Ann")
    again = await call(client, "create_entity", type="audience_member", name="Ann")

    assert "There is an audience_member" in again["warnings"][0]


async def test_a_search_right_after_a_text_came_says_what_it_may_miss(client: Client) -> None:
    await call(client, "add_knowledge", text="Bread rises.", title="Bread")

    found = await call(client, "search_knowledge", query="bread")
    recalled = await call(client, "recall_context", question="bread")

    for answer in (found, recalled):
        waits = answer.get("waiting")
        assert bool(waits) == ("Ask again in a moment." in answer.get("incomplete", ""))


def test_what_a_search_does_not_reach_yet_is_said_in_words() -> None:
    assert Backlog().says is None
    assert Backlog(uncut=1, unembedded=2).says == (
        "1 text is not read yet, and found by no search; 2 passages are found by words only, not "
        "by meaning yet: this may miss some. Ask again in a moment."
    )
