"""Validity: a connection says from when until when it holds, in days of the organization (D-67)."""

import json
from typing import Any

import pytest
from mcp import Client

from tests.conftest import HandClock
from tests.server.business import call

pytestmark = pytest.mark.anyio
DAY_MS = 86_400_000
YEAR = {"valid_from": "2026-01-01", "valid_until": "2026-12-31"}
BEGINS, ENDS = "2026-01-01T00:00:00-05:00", "2026-12-31T23:59:59.999-05:00"


class Studio:
    """Ada is a member of a community in New York."""

    def __init__(self, client: Client, ada: str, club: str) -> None:
        self.client, self.ada, self.club = client, ada, club

    async def ask(self, tool: str, /, **arguments: Any) -> Any:
        return await call(self.client, tool, **arguments)

    async def join(self, **arguments: Any) -> Any:
        ends = {"from": self.ada, "type": "member_of", "to": self.club}
        return await self.ask("connect_entities", **ends, **arguments)

    async def edges(self, **arguments: Any) -> Any:
        return (await self.ask("find_connections", **{"from": self.ada}, **arguments))["items"]


@pytest.fixture
async def studio(client: Client) -> Studio:
    made = await call(
        client,
        "apply_changes",
        operations=[
            {"op": "update_organization", "time_zone": "America/New_York"},
            {"op": "create_entity", "as": "$ada", "type": "audience_member", "name": "Ada"},
            {"op": "create_entity", "as": "$club", "type": "community", "name": "Club"},
        ],
    )
    return Studio(client, made["ids"]["$ada"], made["ids"]["$club"])


async def test_the_last_day_is_part_of_the_span_in_the_organizations_zone(
    studio: Studio, clock: HandClock
) -> None:
    joined = await studio.join(**YEAR)
    (now,) = await studio.edges()
    clock.now = 1_798_779_599_999  # the last millisecond of the year in New York
    (last,) = await studio.edges()
    clock.forward(1)
    (late,) = await studio.edges()

    assert (joined["valid_from"], joined["valid_until"]) == (BEGINS, ENDS)
    assert (now["valid_from"], now["valid_until"]) == (BEGINS, ENDS)
    assert "validity" not in now
    assert "validity" not in last
    assert late["validity"] == "expired"


async def test_what_does_not_hold_is_marked_wherever_it_is_shown(studio: Studio) -> None:
    await studio.join(valid_until="yesterday")
    (edge,) = await studio.edges()
    graph = await studio.ask("explore_graph", id=studio.ada)
    path = await studio.ask("explore_graph", id=studio.ada, to=studio.club)
    portrait = await studio.ask("get_entity", id=studio.ada, include=["neighbours"])
    itself = await studio.ask("get_entity", id=edge["id"])
    (neighbour,) = portrait["neighbours"]["member_of out"]

    assert edge["validity"] == "expired"
    assert graph["edges"][0]["validity"] == "expired"
    assert path["edges"][0]["validity"] == "expired"
    assert neighbour["validity"] == itself["validity"] == "expired"
    assert neighbour["valid_until"] == itself["valid_until"] == "2026-11-22T23:59:59.999-05:00"


async def test_valid_at_leaves_out_what_does_not_hold_then(studio: Studio) -> None:
    await studio.join(valid_from="2027-01-01")
    (upcoming,) = await studio.edges()
    graph = await studio.ask("explore_graph", id=studio.ada, valid_at="now")
    path = await studio.ask("explore_graph", id=studio.ada, to=studio.club, valid_at="now")
    page = await studio.ask("find_connections", to=studio.club, valid_at="now")

    assert upcoming["validity"] == "upcoming"
    assert (page["items"], page["total"]) == ([], 0)
    assert [node["name"] for node in graph["nodes"]] == ["Ada"]
    assert path["paths"] == []
    assert "cut" not in graph
    assert len(await studio.edges(valid_at="2027-01-01")) == 1
    ahead = await studio.ask("explore_graph", id=studio.ada, valid_at="2027-06-01")
    assert len(ahead["nodes"]) == 2


@pytest.mark.parametrize("name", ["valid_until", "validFrom", "validity"])
async def test_validity_is_no_metadata_and_asking_for_it_there_is_refused(
    studio: Studio, name: str
) -> None:
    await studio.join(valid_until="yesterday")
    where = {name: {"lt": "now"}}

    asked = [
        await studio.ask("find_connections", **{"from": studio.ada}, where=where),
        await studio.ask("find_entities", has=[{"connection": "member_of", "where": where}]),
        await studio.ask("summarize", of="connections", where=where),
        await studio.ask("summarize", of="connections", group_by=[f"month:{name}"]),
        await studio.ask("summarize", of="connections", measures=[f"max:{name}"]),
    ]

    for said in asked:
        assert said["error"]["code"] == "INVALID_ARGUMENT"
        assert "valid_at" in said["error"]["message"]


async def test_an_end_that_is_not_named_stays_and_none_opens_it(studio: Studio) -> None:
    first = await studio.join(**YEAR)
    longer = await studio.join(valid_until="2027-12-31")
    same = await studio.join(metadata={"level": "gold"})
    again = await studio.join(valid_until="2027-12-31")
    opened = await studio.join(valid_until="none", valid_from="None")

    assert longer["valid_from"] == first["valid_from"] == same["valid_from"] == BEGINS
    assert same["valid_until"] == "2027-12-31T23:59:59.999-05:00"
    assert "change" not in again
    assert not {"valid_from", "valid_until"} & opened.keys()


async def test_a_change_of_validity_is_told_and_undone(studio: Studio) -> None:
    await studio.join(**YEAR)
    moved = await studio.join(valid_until="2026-06-30")
    told = await studio.ask("get_history", id=moved["change"])
    await studio.ask("undo_change", change=moved["change"])

    assert told["changes"][0]["rows"][0]["fields"] == {
        "valid_until": [ENDS, "2026-06-30T23:59:59.999-04:00"]
    }
    assert (await studio.edges())[0]["valid_until"] == ENDS


async def test_a_removed_connection_comes_back_with_its_span(studio: Studio) -> None:
    await studio.join(**YEAR)
    ends = {"from": studio.ada, "type": "member_of", "to": studio.club}
    gone = await studio.ask("disconnect_entities", **ends)
    await studio.ask("undo_change", change=gone["change"])

    assert (await studio.edges())[0]["valid_until"] == ENDS


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_from": "2026-02-01", "valid_until": "2026-01-31"},
        {"valid_until": "soon"},
        {"valid_from": 2026},
    ],
)
async def test_what_is_no_span_is_refused_and_writes_nothing(
    studio: Studio, wrong: dict[str, Any]
) -> None:
    refused = (await studio.join(**wrong))["error"]

    assert refused["code"] == "INVALID_ARGUMENT"
    assert "valid_" in refused["message"]
    assert await studio.edges() == []


async def test_one_day_is_a_span(studio: Studio) -> None:
    await studio.join(valid_from="2026-11-23", valid_until="2026-11-23")

    assert "validity" not in (await studio.edges())[0]


async def test_apply_changes_takes_both_ends(studio: Studio) -> None:
    ends = {"from": studio.ada, "type": "member_of", "to": studio.club}
    await studio.ask("apply_changes", operations=[{"op": "connect_entities", **ends, **YEAR}])

    assert (await studio.edges())[0]["valid_until"] == ENDS


async def test_a_table_and_lines_bring_spans_and_take_them_along(studio: Studio) -> None:
    table = f"from,to,valid_from,valid_until\n{studio.ada},{studio.club},2026-01-01,2026-12-31\n"
    told = {"kind": "connections", "type": "member_of"}
    await studio.ask("import_data", data=table, mapping=told)
    (first,) = await studio.edges()
    exported = await studio.ask("export_data", what="connections")
    again = await studio.ask("import_data", data=exported["data"], mapping=told)
    everything = (await studio.ask("export_data"))["data"]
    back = await studio.ask("import_data", data=everything)
    line = {"from": studio.ada, "type": "member_of", "to": studio.club}
    opened = json.dumps({"connection": {**line, "valid_until": None}})
    await studio.ask("import_data", data=opened)
    (last,) = await studio.edges()

    assert (first["valid_from"], first["valid_until"]) == (BEGINS, ENDS)
    assert "change" not in again
    assert "change" not in back
    assert '"valid_until":"2027-01-01T04:59:59.999Z"' in everything
    assert (last["valid_from"], "valid_until" in last) == (BEGINS, False)


async def test_a_span_that_somebody_corrected_stays_when_its_file_comes_again(
    studio: Studio,
) -> None:
    table = f"from,to,valid_from,valid_until\n{studio.ada},{studio.club},2026-01-01,2026-12-31\n"
    told = {"kind": "connections", "type": "member_of"}
    await studio.ask("import_data", data=table, mapping=told)
    await studio.join(valid_until="2027-06-30")
    again = await studio.ask("import_data", data=table, mapping=told)
    (edge,) = await studio.edges()

    assert edge["valid_until"][:10] == "2027-06-30"
    assert f"valid_until of {edge['id']}" in json.dumps(again)


async def test_a_line_that_ends_before_it_begins_is_reported(studio: Studio) -> None:
    table = f"from,to,valid_from,valid_until\n{studio.ada},{studio.club},2026-02-01,2026-01-01\n"
    told = {"kind": "connections", "type": "member_of"}
    report = await studio.ask("import_data", data=table, mapping=told, on_error="skip")

    assert "valid_until" in json.dumps(report)
    assert await studio.edges() == []


async def test_of_two_connections_that_become_one_the_longer_span_stays(studio: Studio) -> None:
    made = await studio.ask("create_entity", type="audience_member", name="Ada L.")
    await studio.join(valid_from="2026-01-01", valid_until="2026-03-31")
    ends = {"from": made["id"], "type": "member_of", "to": studio.club}
    await studio.ask("connect_entities", **ends, **YEAR)
    merging = {"op": "merge_entities", "survivor": studio.ada, "losers": [made["id"]]}
    merged = await studio.ask("apply_changes", operations=[merging])
    (both,) = await studio.edges()
    await studio.ask("undo_change", change=merged["change"])
    (before,) = await studio.edges()

    assert (both["valid_from"], both["valid_until"]) == (BEGINS, ENDS)
    assert before["valid_until"] == "2026-03-31T23:59:59.999-04:00"
