"""An id of the wrong kind is refused in the same words by every tool."""

from typing import Any

import pytest

from tests.server.promises import Ask

pytestmark = pytest.mark.anyio

CALLS: list[tuple[str, dict[str, Any], str, str]] = [
    ("update_entity", {"id": "{event}"}, "id", "an entity (ent_…)"),
    (
        "connect_entities",
        {"from": "{event}", "type": "owns", "to": "{tea}"},
        "from",
        "an entity (ent_…)",
    ),
    ("find_events", {"target": "{event}"}, "target", "an entity (ent_…) or a person (per_…)"),
    ("get_knowledge", {"id": "{event}"}, "id", "a document (kno_…)"),
    ("undo_change", {"change": "{event}"}, "change", "a change (chg_…)"),
    ("get_history", {"id": "{event}"}, "id", "an entity (ent_…) or a connection (con_…)"),
]


@pytest.mark.parametrize(("tool", "arguments", "argument", "wanted"), CALLS)
async def test_an_id_of_another_kind_is_named_with_what_is_wanted(
    ask: Ask, tool: str, arguments: dict[str, Any], argument: str, wanted: str
) -> None:
    tea = await ask("create_entity", type="course", name="Tea")
    event = await ask("record_event", type="user_engaged")
    ids = {"{event}": event["id"], "{tea}": tea["id"]}
    given = {name: ids.get(value, value) for name, value in arguments.items()}
    words = given | {name: "Tea" for name, value in arguments.items() if value == "{event}"}

    refused = await ask(tool, **given)
    no_id = await ask(tool, **words)

    assert refused["code"] == no_id["code"] == "INVALID_ARGUMENT"
    assert f"is the id of an event, and {argument} takes that of {wanted}" in refused["message"]
    assert f"{argument} takes the id of {wanted}" in no_id["message"]
