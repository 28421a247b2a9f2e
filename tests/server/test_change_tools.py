"""The tools on changes, as a model calls them: with JSON, and reading the structured answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server
from mcp_types import Implementation

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.jsons import dumps
from one_mcp.server.caller import Caller, Serving
from one_mcp.server.toolbox import Toolbox
from one_mcp.server.tools import admin, changes

pytestmark = pytest.mark.anyio

Call = Callable[..., Awaitable[Any]]
COURSE = {"op": "create_entity", "as": "$course", "type": "course", "name": "Yoga"}


@pytest.fixture
def caller(app: App) -> Callable[[Principal], Call]:
    """Call tools as somebody, and return their structured answers."""
    box = Toolbox((*changes.TOOLS, *admin.TOOLS), ("changes", "admin"))

    async def quiet(_done: float, _total: float | None, _message: str | None) -> None:
        pass

    def calling(principal: Principal) -> Call:
        async def call(name: str, /, **arguments: Any) -> Any:
            result = await box.call(
                name, arguments, Caller(principal, lambda each: app.session(each, principal), quiet)
            )
            return result.structured_content

        return call

    return calling


@pytest.fixture
def tool(caller: Callable[[Principal], Call]) -> Call:
    return caller(LOCAL)


async def test_a_feature_is_rehearsed_applied_told_and_taken_back(tool: Call, jane: Saved) -> None:
    operations = [
        COURSE,
        {"op": "connect_entities", "from": jane.id, "type": "owns", "to": "$course"},
    ]

    rehearsed = await tool("apply_changes", operations=operations, dry_run=True)
    applied = await tool("apply_changes", operations=operations, reason="a new course")
    told = await tool("get_history", id=applied["change"])
    undone = await tool("undo_change", change=applied["change"])
    listed = await tool("get_history", limit=2)

    assert rehearsed["dry_run"]
    assert "change" not in rehearsed
    assert applied["done"][1]["did"] == "Jane owns Yoga"
    assert applied["done"][0] == {
        "id": applied["ids"]["$course"],
        "as": "$course",
        "did": "created course Yoga",
    }
    assert told["changes"][0]["reason"] == "a new course"
    assert [row["kind"] for row in told["changes"][0]["rows"]] == ["entity", "connection", "event"]
    assert (undone["undone"], undone["entities"], undone["connections"]) == (
        applied["change"],
        1,
        1,
    )
    assert [change["tool"] for change in listed["changes"]] == ["undo_change", "apply_changes"]
    assert listed["changes"][1]["undone_by"] == undone["change"]


async def test_operations_may_come_as_json_strings(tool: Call) -> None:
    whole = await tool("apply_changes", operations=dumps([COURSE]))
    each = await tool("apply_changes", operations=[dumps(COURSE)])

    assert whole["ids"]
    assert each["ids"]


async def test_a_failing_operation_keeps_its_code_and_place(tool: Call) -> None:
    unknown = await tool(
        "apply_changes", operations=[COURSE, {"op": "archive_entity", "id": "ent_0123456789abcdef"}]
    )
    misshapen = await tool("apply_changes", operations=[COURSE, {"op": "create_entity"}])

    assert (unknown["error"]["code"], unknown["error"]["at"]) == ("NOT_FOUND", "operations[1]")
    assert misshapen["error"]["argument"] == "operations[1].type"
    assert (await tool("get_history"))["changes"][0]["tool"] == "serve"


async def test_a_repeated_key_applies_once(tool: Call) -> None:
    first = await tool("apply_changes", operations=[COURSE], idempotency_key="k")
    again = await tool("apply_changes", operations=[COURSE], idempotency_key="k")

    assert again == {**first, "replayed": True}


async def test_what_stands_in_the_way_of_an_undo_is_named(tool: Call) -> None:
    made = await tool("apply_changes", operations=[COURSE])
    later = await tool(
        "apply_changes",
        operations=[{"op": "tag_entity", "id": made["ids"]["$course"], "add": ["skill:yoga"]}],
    )

    refused = await tool("undo_change", change=made["change"])

    assert refused["error"]["code"] == "CONFLICT"
    assert refused["error"]["later"] == [
        {
            "change": later["change"],
            "tool": "apply_changes",
            "what": f"added skill:yoga on Yoga ({made['ids']['$course']})",
        }
    ]


async def test_only_an_owner_purges_and_only_with_a_confirmation(
    caller: Callable[[Principal], Call], jane: Saved
) -> None:
    owner, user = caller(LOCAL), caller(Principal("org_local", "per_x", "X", Role.ORG_USER))

    forbidden = await user("purge_entity", id=jane.id, confirm="Jane")
    unconfirmed = await owner("purge_entity", id=jane.id, confirm="")
    purged = await owner("purge_entity", id=jane.id, confirm="Jane")
    undone = await owner("undo_change", change=purged["change"])

    assert forbidden["error"]["code"] == "FORBIDDEN"
    assert unconfirmed["error"]["code"] == "CONFIRMATION_REQUIRED"
    assert unconfirmed["error"]["confirm"] == jane.id
    assert purged["id"] == jane.id
    assert undone["error"]["purged_by"] == purged["change"]


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        ("claude-code", "2.1.330", "claude-code 2.1.330"),
        ("x" * 5_000 + "\u202e", "1", "x" * 100),
        ("evil\nclient\u202e", "1", "evil\u240aclient\ufffd 1"),
    ],
)
async def test_the_client_stays_with_what_it_changed(
    server: Server[Serving], mode: str, name: str, version: str, told: str
) -> None:
    info = Implementation(name=name, version=version)
    async with Client(server, mode=mode, client_info=info) as client:
        await client.call_tool("create_entity", {"type": "course", "name": "Yoga"})

    async with Client(server, mode=mode) as other:
        history = (await other.call_tool("get_history", {"limit": 1})).structured_content

    (change,) = history["changes"]
    assert change["client"] == told
    assert change["by"]
