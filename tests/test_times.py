"""Times as exports, people and programs write them: one reading at every door."""

import json
from typing import Any

import pytest
from mcp import Client

from one_mcp import clock
from one_mcp.clock import from_text
from one_mcp.dimensions.entities import details, entity
from one_mcp.errors import InvalidPropertyError
from one_mcp.services.exchange import exports, imports
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

MOMENT = 1_709_647_331_000
FORMS = [
    "2024-03-05T14:02:11Z",
    "2024-03-05 14:02:11",
    "2024-03-05 14:02:11 UTC",
    "2024-03-05 14:02:11 Z",
    "2024-03-05 15:02:11 +0100",
    "2024-03-05 15:02:11 +01:00",
    "2024-03-05T15:02:11+01",
    "20240305T140211Z",
    "Tue, 05 Mar 2024 14:02:11 +0000",
    "5 Mar 2024 14:02:11 GMT",
    "1709647331",
    "1709647331000",
    1_709_647_331,
    1_709_647_331_000,
]
UNTOLD = ["2026", 2026, 20_260_131, "sometime", "03/04/2024", "99 Foo 2024 10:00:00"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_time_means_the_same_at_every_door(one: Session, form: str | int) -> None:
    made = await one.write(
        entity.create, "audience_member", "A", {"email": "a@x.io", "joinedAt": form}
    )
    await imports.run(
        one,
        data=f'Email,Name,Joined\nb@x.io,B,"{form}"\n',
        format="csv",
        mapping=TableMapping(
            type="audience_member",
            columns={"Email": "email", "Name": "name", "Joined": "joinedAt"},
        ),
    )
    line = {"type": "audience_member", "name": "C", "created_at": form}
    await imports.run(
        one, data=json.dumps({**line, "properties": {"email": "c@x.io", "joinedAt": form}})
    )

    shown = await one.read(details.portrait, made.id, detail="full")
    text = (await exports.everything(one)).data or ""
    assert (shown.properties or {})["joinedAt"] == clock.to_text(MOMENT)
    assert text.count(f'"joinedAt":{MOMENT}') == 3
    assert '"created_at":"2024-03-05T14:02:11Z"' in text


@pytest.mark.parametrize("form", UNTOLD)
async def test_what_cannot_be_told_is_refused(client: Client, form: str | int) -> None:
    properties = {"email": "a@x.io", "joinedAt": form}
    made = await client.call_tool(
        "create_entity", {"type": "audience_member", "name": "A", "properties": properties}
    )
    recorded = await client.call_tool("record_event", {"type": "user_engaged", "at": form})

    assert made.is_error
    assert recorded.is_error


async def test_an_export_keeps_milliseconds_of_any_size(one: Session) -> None:
    """Numbers of an export are milliseconds: what looks like seconds is not read as such."""
    early = await one.write(
        entity.create, "audience_member", "A", {"email": "a@x.io", "joinedAt": "1970-06-01"}
    )
    first = await one.write(
        entity.create,
        "audience_member",
        "B",
        {"email": "b@x.io", "joinedAt": "1970-01-01T00:00:01"},
    )
    text = (await exports.everything(one)).data or ""

    again = await imports.run(one, data=text)
    await one.write(entity.update, early.id, {"tier": "x"})
    changed = await one.write(entity.update, first.id, {"tier": "x"})

    assert not again.updated
    assert changed.changed == ["properties.tier"]
    shown = await one.read(details.portrait, early.id, detail="full")
    assert (shown.properties or {})["joinedAt"] == "1970-06-01T00:00:00Z"


async def test_a_bare_date_as_until_includes_the_day(client: Client) -> None:
    for at in ("2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z"):
        await client.call_tool("record_event", {"type": "user_engaged", "at": at})

    found = await client.call_tool("find_events", {"until": "2026-10-31"})

    assert [event["at"] for event in found.structured_content["items"]] == ["2026-10-31T23:59:59Z"]


async def test_an_event_far_ahead_is_warned_of(client: Client) -> None:
    far = await client.call_tool("record_event", {"type": "user_engaged", "at": "2062-01-01"})
    near = await client.call_tool("record_event", {"type": "user_engaged", "at": "2026-12-24"})
    long_ago = await client.call_tool("record_event", {"type": "user_engaged", "at": "1961-04-12"})

    assert "2062" in far.structured_content["warnings"][0]
    assert "far ahead" not in str(near.structured_content["warnings"])
    assert long_ago.structured_content["at"] == "1961-04-12T00:00:00Z"


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("-1d", "now", ["2026-11-22T23:30:00Z", "2026-11-22T22:30:00Z"]),
        ("today", "today", ["2026-11-22T23:30:00Z"]),
        ("yesterday", "yesterday", ["2026-11-22T22:30:00Z"]),
        ("Start of Week", "now", ["2026-11-22T23:30:00Z"]),
        ("start of month", "-3d", ["2026-10-31T23:00:00Z"]),
        ("start of this month", "-3d", ["2026-10-31T23:00:00Z"]),
        ("start of the last month", "start of the month", ["2026-10-31T22:30:00Z"]),
        ("-1mo", "start of month", ["2026-10-31T22:30:00Z"]),
        ("start of last month", "start of month", ["2026-10-31T22:30:00Z"]),
        ("start of last week", "start of week", ["2026-11-22T22:30:00Z"]),
        ("start of last quarter", "start of quarter", []),
        ("2026-11-23", "2026-11-23", ["2026-11-22T23:30:00Z"]),
        ("20261122", "2026-11-22", ["2026-11-22T22:30:00Z"]),
        ("0001-01-01", "2026-10-31", ["2026-10-31T22:30:00Z"]),
        ("2026-11-23", "9999-12-31", ["2026-11-22T23:30:00Z"]),
    ],
)
async def test_relative_times_are_of_the_organizations_days(
    client: Client, since: str, until: str, found: list[str]
) -> None:
    berlin = {"op": "update_organization", "time_zone": "Europe/Berlin"}
    await client.call_tool("apply_changes", {"operations": [berlin]})
    for at in ("10-31T22:30", "10-31T23:00", "11-22T22:30", "11-22T23:30"):
        when = {"type": "user_engaged", "at": f"2026-{at}:00Z"}
        await client.call_tool("record_event", when)

    listed = await client.call_tool("find_events", {"since": since, "until": until})

    assert [event["at"] for event in listed.structured_content["items"]] == found


@pytest.mark.parametrize("since", ["last month", "-1 month", "sometime"])
async def test_what_is_no_relative_time_is_refused_with_those_there_are(
    client: Client, since: str
) -> None:
    refused = await client.call_tool("find_events", {"since": since})

    assert refused.is_error
    assert "start of last month" in str(refused.content)


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("find_events", {}),
        ("find_entities", {}),
        ("get_history", {}),
        ("summarize", {"of": "events"}),
        ("find_entities", {"has": [{"event": ["user_engaged"]}]}),
    ],
)
async def test_a_span_that_ends_before_it_begins_is_refused(
    client: Client, tool: str, more: dict[str, Any]
) -> None:
    span = {"since": "2026-11-02", "until": "2026-10-31"}
    within = {"has": [{**more["has"][0], **span}]} if "has" in more else {**more, **span}
    refused = await client.call_tool(tool, within)

    assert refused.is_error
    assert "not after its since" in str(refused.content)


async def test_the_past_and_texts_take_relative_times(client: Client) -> None:
    made = await client.call_tool("create_entity", {"type": "course", "name": "A"})
    kept = {"text": "Bread rises.", "title": "Bread"}
    await client.call_tool("add_knowledge", kept)

    then = await client.call_tool(
        "get_entity", {"id": made.structured_content["id"], "as_of": "now"}
    )
    today, before = [
        await client.call_tool("search_knowledge", {"query": "bread", "within": within})
        for within in ({"since": "today"}, {"until": "yesterday"})
    ]

    assert then.structured_content["as_of"] == "2026-11-23T12:00:00Z"
    assert "Bread" in str(today.structured_content)
    assert "rises" not in str(before.structured_content)


async def test_what_is_written_takes_relative_times_as_they_are_then(
    client: Client, one: Session, clock: HandClock
) -> None:
    """At half past eleven in the evening of UTC it is the next day in Berlin already."""
    clock.now = from_text("2026-11-23T23:30:00Z")
    berlin = {"op": "update_organization", "time_zone": "Europe/Berlin"}
    member = {"op": "create_entity", "as": "$ann", "type": "audience_member", "name": "Ann"}
    course = {"op": "create_entity", "as": "$tea", "type": "course", "name": "Tea"}
    enrolled = {"op": "connect_entities", "from": "$ann", "type": "enrolled_in", "to": "$tea"}
    made = await client.call_tool(
        "apply_changes",
        {
            "operations": [
                berlin,
                {**member, "properties": {"email": "a@x.io", "joinedAt": "Today"}},
                course,
                {**enrolled, "metadata": {"enrolledAt": "-7d", "note": "today"}},
                {"op": "record_event", "type": "user_engaged", "target": "$ann", "at": "-2h"},
            ]
        },
    )
    ann = made.structured_content["ids"]["$ann"]
    clock.now = from_text("2026-12-24T12:00:00Z")

    shown = await one.read(details.portrait, ann, detail="full")
    edges = await client.call_tool("find_connections", {"from": ann})
    events = await client.call_tool("find_events", {"target": ann, "types": ["user_engaged"]})

    assert (shown.properties or {})["joinedAt"] == "2026-11-24T00:00:00+01:00"
    assert edges.structured_content["items"][0]["metadata"] == {
        "enrolledAt": "2026-11-17T00:30:00+01:00",
        "note": "today",
    }
    assert events.structured_content["items"][0]["at"] == "2026-11-23T21:30:00Z"


async def test_a_refused_time_says_which_relative_ones_there_are(one: Session) -> None:
    with pytest.raises(InvalidPropertyError) as failure:
        await one.write(entity.create, "audience_member", "A", {"joinedAt": "last monday"})

    assert "start of last month" in str(failure.value)


async def test_a_file_has_no_relative_times(client: Client) -> None:
    """It may be read again, and would mean another day by then."""
    row = {"type": "audience_member", "name": "A", "properties": {"joinedAt": "today"}}
    table = {"type": "audience_member", "columns": {"Name": "name", "Joined": "joinedAt"}}

    lines = await client.call_tool("import_data", {"data": json.dumps(row)})
    cells = await client.call_tool(
        "import_data", {"data": "Name,Joined\nA,today\n", "format": "csv", "mapping": table}
    )

    for refused in (lines, cells):
        assert refused.is_error
        assert "start of last month" not in str(refused.content)
