"""Times on their way out: ISO 8601 wherever they are shown, milliseconds in exports alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from one_mcp.app import App
from tests.server.business import call
from tests.test_times import FORMS, MOMENT

pytestmark = pytest.mark.anyio
WRITTEN = "2024-03-05T14:02:11Z"
LATER = "2024-03-06T14:02:11.250Z"


async def read(client: Client, address: str) -> str:
    (content,) = (await client.read_resource(address)).contents
    return getattr(content, "text", "")


async def apply(client: Client, *operations: dict[str, Any]) -> dict[str, str]:
    return (await call(client, "apply_changes", operations=list(operations))).get("ids", {})


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    """An invoice that a member owns since a time, and an event with a time in it."""
    invoice = {"op": "create_entity", "as": "$invoice", "type": "invoice", "name": "One"}
    member = {"op": "create_entity", "as": "$member", "type": "audience_member", "name": "Ann"}
    event = {"op": "record_event", "type": "subscription_updated", "target": "$invoice"}
    owns = {"op": "connect_entities", "from": "$member", "type": "owns", "to": "$invoice"}
    return await apply(
        client,
        {**invoice, "properties": {"amount": 5, "dueAt": MOMENT, "seen": MOMENT}},
        {**member, "properties": {"joinedAt": MOMENT}},
        {**owns, "metadata": {"since": MOMENT}},
        {**event, "metadata": {"action": "renewed", "until": MOMENT}},
    )


async def test_every_read_shows_times_as_iso(client: Client, ids: dict[str, str]) -> None:
    """Only what no shape declares as a time is shown as it was given."""
    invoice, member = ids["$invoice"], ids["$member"]
    everything = ["neighbours", "events"]

    answers = {
        "get_entity": await call(client, "get_entity", id=invoice, include=everything),
        "as_of": await call(client, "get_entity", id=invoice, as_of="now"),
        "find_entities": await call(client, "find_entities", type="invoice", detail="full"),
        "find_connections": await call(client, "find_connections", to=invoice, detail="full"),
        "find_events": await call(client, "find_events", target=invoice),
        "get_history": await call(client, "get_history", id=invoice),
        "entity": await read(client, f"one://entities/{invoice}"),
        "events": await read(client, f"one://entities/{invoice}/events"),
        "history": await read(client, f"one://entities/{invoice}/history"),
        "list": await read(client, "one://entities?type=invoice"),
    }

    for door, answer in answers.items():
        told = str(answer).replace(f"'seen': {MOMENT}", "").replace(f'"seen":{MOMENT}', "")
        told = told.replace(f"'properties.seen': [None, {MOMENT}]", "")
        told = told.replace(f'"properties.seen":[null,{MOMENT}]', "")
        assert WRITTEN in told, door
        assert str(MOMENT) not in told, door
    (tie,) = answers["get_entity"]["neighbours"]["owns in"]
    assert tie["metadata"] == {"since": WRITTEN}
    assert answers["get_entity"]["properties"]["seen"] == MOMENT
    assert (await call(client, "get_entity", id=member))["properties"]["joinedAt"] == WRITTEN


async def test_history_shows_times_before_and_after(client: Client, ids: dict[str, str]) -> None:
    invoice, member = ids["$invoice"], ids["$member"]
    owns = {"from": member, "type": "owns", "to": invoice}

    await call(client, "update_entity", id=invoice, properties={"dueAt": LATER})
    made = await call(client, "connect_entities", **owns, metadata={"since": LATER})
    told = await call(client, "get_history", id=invoice)
    joined = await call(client, "get_history", id=made["id"])

    assert made["metadata"] == {"since": LATER}
    changed = [row.get("fields") for change in told["changes"] for row in change["rows"]]
    assert {"properties.dueAt": [WRITTEN, LATER]} in changed
    assert joined["changes"][0]["rows"][0]["fields"] == {"metadata.since": [WRITTEN, LATER]}


async def test_what_is_shown_can_be_written_again(client: Client, ids: dict[str, str]) -> None:
    invoice = ids["$invoice"]
    shown = (await call(client, "get_entity", id=invoice))["properties"]

    again = await call(client, "update_entity", id=invoice, properties=shown, replace=True)

    assert "change" not in again


async def test_an_export_keeps_milliseconds_and_changes_nothing_when_it_comes_again(
    client: Client, ids: dict[str, str]
) -> None:
    await call(client, "update_entity", id=ids["$invoice"], properties={"seen": None})
    exported = (await call(client, "export_data"))["data"]
    table = (await call(client, "export_data", what="entities", type="invoice"))["data"]

    again = await call(client, "import_data", data=exported)
    from_table = await call(client, "import_data", data=table, mapping={"type": "invoice"})

    assert f'"dueAt":{MOMENT}' in exported
    assert f'"since":{MOMENT}' in exported
    assert f'"until":{MOMENT}' in exported
    assert ids["$invoice"] in table
    assert WRITTEN in table
    assert "change" not in again
    assert from_table["unchanged"] == {"entities": 1}


@pytest.mark.parametrize("mode", ["auto"])
@pytest.mark.parametrize("form", FORMS)
async def test_metadata_takes_a_time_in_every_form_at_every_door(
    client: Client, app: App, form: str | int
) -> None:
    member = {"op": "create_entity", "as": "$member", "type": "audience_member", "name": "Ann"}
    course = {"op": "create_entity", "as": "$course", "type": "course", "name": "Yoga"}
    ends = {"from": "$member", "type": "enrolled_in", "to": "$course"}
    event = {"type": "subscription_updated", "metadata": {"action": "renewed", "until": form}}

    ids = await apply(
        client,
        {**member, "properties": {"joinedAt": form}},
        course,
        {"op": "connect_entities", **ends, "metadata": {"enrolledAt": form}},
        {"op": "record_event", **event, "target": "$course", "at": form},
    )
    await call(client, "update_entity", id=ids["$member"], properties={"joinedAt": str(form)})
    other = {"from": ids["$member"], "type": "completed", "to": ids["$course"]}
    await call(client, "connect_entities", **other, metadata={"completedAt": form})
    await call(client, "record_event", **event, target=ids["$course"], at=form)
    line = {"actor": ids["$member"], "target": ids["$course"], "at": form}
    await call(client, "import_data", data=json.dumps({"event": {**event, **line}}))
    cells = f'"{ids["$member"]}","{ids["$course"]}","{form}"'
    mapping = {"kind": "connections", "type": "following"}
    await call(
        client,
        "import_data",
        data=f"from,to,metadata.since\n{cells}\n",
        mapping={**mapping, "columns": {"from": "from", "to": "to", "metadata.since": "since"}},
    )
    assert app.settings.folder is not None
    note = Path(app.settings.folder) / "notes" / "one.md"
    note.parent.mkdir()
    note.write_text(f'---\ntype: invoice\ndueAt: "{form}"\n---\nText.\n')
    await call(client, "import_data", path=str(note.parent))

    members = await call(client, "find_entities", type="audience_member", detail="full")
    invoices = await call(client, "find_entities", type="invoice", detail="full")
    edges = await call(client, "find_connections", between=[ids["$member"], ids["$course"]])
    events = await call(client, "find_events", types=["subscription_updated"])

    assert [item["properties"]["joinedAt"] for item in members["items"]] == [WRITTEN]
    assert [item["properties"]["dueAt"] for item in invoices["items"]] == [WRITTEN]
    since = {edge["type"]: [*edge["metadata"].values()] for edge in edges["items"]}
    assert since == {type: [WRITTEN] for type in ("enrolled_in", "completed", "following")}
    assert [event["metadata"]["until"] for event in events["items"]] == [WRITTEN] * 3
    assert {event["at"] for event in events["items"]} == {WRITTEN}
