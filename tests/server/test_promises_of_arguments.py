"""What descriptions say of arguments is so."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.server.caller import Serving
from tests.conftest import HandClock
from tests.server import business
from tests.server.business import made
from tests.server.promises import ARGUMENTS, Ask, promised

pytestmark = pytest.mark.anyio
PAID = "payment_processed"


@pytest.fixture
async def client(server: Server[Serving]) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


async def named(ask: Ask, **asked: Any) -> list[str]:
    found = await ask("find_entities", limit=100, **asked)
    return [item["name"] for item in found["items"]]


@promised(
    ARGUMENTS,
    "any of them, best first",
    "whole name",
    'on properties: {"niche": {"contains": "yoga"}, "price": {"gte": 10, "lt": 50}, "a.b": 1}; eq, '
    "ne, gt, gte, lt, lte, in, contains, exists, starts_with",
    "all of; key: for any value",
    "out: from id to found",
    "default: not archived",
    "created, -updated, name, -price (a property), -count: or latest: of an event or connection "
    "type: latest:payment_processed",
)
async def test_conditions_of_find_entities(ask: Ask, ids: dict[str, str]) -> None:
    nested = {"a": {"b": 1}, "niche": ["yoga"], "email": "jo@example.com"}
    jo = await ask("create_entity", type="creator", name="Jo Yoga", properties=nested)
    from_ada = {"id": ids["ada"], "type": "completed", "direction": "out"}
    into_yoga = {"id": ids["yoga"], "type": "enrolled_in", "direction": "in"}

    assert await named(ask, text="yoga") == ["Yoga", "Jo Yoga"]
    assert set(await named(ask, text="yoga nothing")) == {"Yoga", "Jo Yoga"}
    assert await named(ask, name="jo yoga") == ["Jo Yoga"]
    assert await named(ask, name="jo") == []
    assert await named(ask, where={"niche": {"contains": "yoga"}, "a.b": 1}) == ["Jo Yoga"]
    for operator, operand, fits in (
        ("eq", 19.9, True),
        ("ne", 19.9, False),
        ("gt", 19.9, False),
        ("gte", 19.9, True),
        ("lt", 20, True),
        ("lte", 19.8, False),
        ("in", [1, 19.9], True),
        ("exists", True, True),
    ):
        found = await named(ask, type="digital_product", where={"price": {operator: operand}})
        assert found == (["Guide"] if fits else []), operator
    assert await named(ask, type="lead", where={"source": {"starts_with": "web"}}, sort="name") == [
        "Eve",
        "Finn",
    ]
    assert await named(ask, tags=["topic:yoga", "topic:food"]) == ["Ada"]
    assert set(await named(ask, tags=["topic:"])) == {"Ada", "Ben"}
    assert await named(ask, connected_to=from_ada) == ["Yoga"]
    assert set(await named(ask, connected_to=into_yoga)) == {"Ada", "Ben"}
    assert await named(ask, type="course", sort="-price") == ["Yoga"]
    assert (await named(ask, type="audience_member", sort=f"-count:{PAID}"))[-1] == "Dan"
    assert (await named(ask, type="audience_member", sort=f"latest:{PAID}"))[0] == "Cleo"
    await ask("archive_entity", id=jo["id"])
    assert "Jo Yoga" not in await named(ask)
    assert await named(ask, status="archived") == ["Jo Yoga"]


@promised(
    ARGUMENTS,
    '{"event": type or "any", "since": "-30d", "until", "where", "min": 2, "max", "with": id, "as":'
    ' "actor" or "target"} or {"connection": type, "direction": "in" or "out", …}',
    "none such; has and lacks with since: latest before it",
    "ISO 8601 or -7d",
    "date: all day",
)
async def test_has_and_lacks(ask: Ask, ids: dict[str, str]) -> None:
    who = {"type": "audience_member", "sort": "name"}
    paid = {"event": PAID}

    assert await named(ask, **who, has=[{**paid, "min": 3}]) == ["Ada", "Ben"]
    assert await named(ask, **who, has=[{**paid, "min": 1, "max": 1}]) == ["Cleo"]
    assert await named(ask, **who, has=[{**paid, "where": {"status": "failed"}}]) == ["Ben"]
    assert await named(ask, **who, has=[{**paid, "with": ids["guide"], "since": "-30d"}]) == [
        "Ada",
        "Ben",
        "Cleo",
    ]
    assert await named(ask, **who, has=[paid], lacks=[{**paid, "since": "-20d"}]) == ["Cleo"]
    assert await named(ask, type="course", has=[{**paid, "as": "target"}]) == ["Yoga"]
    assert await named(ask, type="course", has=[{**paid, "as": "actor"}]) == []
    joined = {"connection": "enrolled_in", "direction": "out"}
    assert await named(ask, **who, has=[joined]) == ["Ada", "Ben"]
    assert await named(ask, **who, lacks=[{"event": "any", "as": "actor"}]) == ["Dan"]
    one_day = await ask("find_events", types=[PAID], since="2026-11-20", until="2026-11-20")
    assert [it["actor_name"] for it in one_day["items"]] == ["Ben"]


@promised(
    ARGUMENTS,
    "count (default), count:distinct actor; sum:, avg:, min:, max:, median: of a field: sum:price",
    "up to 3: type, status, tag:key, actor, target, from, to, a property or metadata (a.b, "
    "properties.status), of an end (target.level), neighbours (actor.enrolled_in, "
    "id.enrolled_in); hour, day, week, month (month:paidAt), quarter, year, weekday, hour_of_day",
    "as find_entities; or on metadata",
    "all words",
    'as find_entities; of events, with "of": "actor"',
)
async def test_measures_and_groups(ask: Ask, ids: dict[str, str]) -> None:
    sales = {"of": "events", "types": [PAID], "where": {"status": "completed"}}
    figures = await ask("summarize", **sales, measures=["count", "count:distinct actor"])
    prices = [f"{does}:price" for does in ("sum", "avg", "min", "max", "median")]
    priced = await ask("summarize", of="entities", types=["subscription"], measures=prices)
    paid = await ask("summarize", of="entities", types=["invoice"], group_by=["month:dueAt"])
    assert all(re.fullmatch(r"\d{4}-\d\d", it["month:dueAt"]) for it in paid["groups"])
    has = [{"of": "actor", "connection": "completed"}]
    of_finishers = await ask("summarize", **sales, has=has)

    assert (await ask("summarize", of="entities"))["total"].keys() == {"count"}
    assert figures["total"] == {"count": 6, "count:distinct actor": 3}
    assert priced["total"]["median:price"] == {"EUR": 30, "USD": 12}
    assert of_finishers["rows"] == 3
    for of, group in (
        ("entities", "type"),
        ("entities", "status"),
        ("entities", "tag:topic"),
        ("entities", "properties.status"),
        ("entities", "id.enrolled_in"),
        ("events", "actor"),
        ("events", "target"),
        ("events", "weekday"),
        ("events", "hour_of_day"),
        ("events", "currency"),
        ("events", "target.price"),
        ("events", "actor.enrolled_in"),
        ("connections", "from"),
        ("connections", "to"),
        *(("events", unit) for unit in ("hour", "day", "week", "month", "quarter", "year")),
    ):
        said = await ask("summarize", of=of, group_by=[group])
        assert said["groups"], (of, group, said)
    words = await ask("summarize", of="entities", text="yoga nothing")
    assert words["rows"] == 0
    assert (await ask("summarize", of="entities", text="yoga"))["rows"] == 1
    assert "code" in await ask("summarize", of="entities", group_by=["type"] * 4)
    assert ids


@promised(
    ARGUMENTS,
    "default tags, counts (connections by type)",
    "neighbours by these types only",
    "on metadata, as find_entities",
    "two ids, any direction",
    "find paths to this entity instead",
    "2, at most 4; of paths 6",
    "as actor or as target",
    "ent_…, con_… or chg_…; default: everything",
)
async def test_arguments_of_other_reads(ask: Ask, ids: dict[str, str]) -> None:
    ada, yoga = ids["ada"], ids["yoga"]
    shown = await ask("get_entity", id=ada)
    some = await ask("get_entity", id=ada, relationships=["completed"])
    edges = await ask("find_connections", between=[yoga, ada])
    rich = await ask("find_connections", types=["holds_tokens"], where={"balance": {"gt": 1}})
    usd = await ask("find_events", types=[PAID], where={"currency": "USD"})
    both = await ask("find_events", entity=yoga)
    history = await ask("get_history", id=edges["items"][0]["id"])

    assert {"tags", "counts"} <= shown.keys()
    assert "neighbours" not in shown
    assert list(some["neighbours"]) == ["completed out"]
    assert {it["type"] for it in edges["items"]} == {"enrolled_in", "completed"}
    assert [it["from_name"] for it in rich["items"]] == ["Ben"]
    assert [it["actor_name"] for it in usd["items"]] == ["Ada"]
    assert both["total"] == (await ask("find_events", target=yoga))["total"]
    assert max(it["depth"] for it in (await ask("explore_graph", id=ada))["nodes"]) == 2
    assert (await ask("explore_graph", id=ada, to=ids["ben"]))["paths"]
    assert "code" in await ask("explore_graph", id=ada, depth=5)
    assert "code" not in await ask("explore_graph", id=ada, to=ids["ben"], depth=6)
    assert len(history["changes"]) == 1
    assert len((await ask("get_history"))["changes"]) == 2  # the file's first is the organization


@promised(
    ARGUMENTS,
    "active unless given",
    "merged; null removes",
    "replace all properties",
    "merged",
    "default: you",
    "ISO 8601 or -7d",
    "abort: one bad row stops all",
    "even corrections here",
)
async def test_arguments_of_writes(ask: Ask, clock: HandClock) -> None:
    course = await ask("create_entity", type="course", name="Tea", properties={"a": 1, "b": 2})
    await ask("update_entity", id=course["id"], properties={"a": None, "c": 3})
    merged = (await ask("get_entity", id=course["id"]))["properties"]
    await ask("update_entity", id=course["id"], properties={"d": 4}, replace=True)
    replaced = (await ask("get_entity", id=course["id"]))["properties"]
    seen = {"type": "course_enrolled", "target": course["id"]}
    for at in ("-60d", "2026-11-01T10:00:00Z", clock() - 1_000):
        await ask("record_event", **seen, at=at)
    events = (await ask("find_events", types=["course_enrolled"]))["items"]
    rows = 'Title\nOne\n""\n'
    mapping = {"type": "course", "columns": {"Title": "name"}}
    stopped = await ask("import_data", data=rows, format="csv", mapping=mapping)
    brought = {"data": "name,external_id\nSup,s\n", "mapping": {"type": "company"}}
    await ask("import_data", **brought)
    sup = (await ask("find_entities", type="company"))["items"][0]["id"]
    await ask("update_entity", id=sup, name="Soup")
    await ask("import_data", **brought)
    kept = await named(ask, type="company")
    await ask("import_data", **brought, overwrite=True)

    assert course["status"] == "active"
    assert {name: merged.get(name) for name in "abc"} == {"a": None, "b": 2, "c": 3}
    assert "b" not in replaced
    assert replaced["d"] == 4
    assert [it["actor_name"] for it in events] == ["Owner"] * 3
    assert events[1]["at"] == "2026-11-01T10:00:00Z"
    assert "code" in stopped
    assert await named(ask, type="course") == ["Tea"]
    assert (kept, await named(ask, type="company")) == (["Soup"], ["Sup"])


@promised(
    ARGUMENTS,
    "a file instead",
    "same source replaces",
    "only texts of or about such entities",
    "and entity's neighbours",
    "connections of each hit's entities",
    "scores",
    "cut and embed all anew",
    "without: small exports in the answer",
    "everything as JSON Lines, the others as CSV",
)
async def test_arguments_of_texts_and_files(ask: Ask, ids: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("Refunds within thirty days.")
    path = str(tmp_path / "note.md")
    first = await ask("add_knowledge", path=path, source="handbook", entities=[ids["yoga"]])
    text = {"text": "Refunds within sixty days.", "title": "Refunds"}
    await ask("add_knowledge", **text, source="handbook", entities=[ids["yoga"]])
    await ask("reindex_knowledge", everything=True)
    about = {"entity": ids["ada"]}
    found = await ask("search_knowledge", query="refunds", explain=True, around=True)

    assert first["id"]
    assert [it["quote"] for it in found["hits"]] == [text["text"]]
    assert "words" in str(found["hits"][0]) or "bm25" in str(found["hits"][0])
    assert "enrolled_in" in str(found) or "enrolled in" in str(found)
    assert (await ask("search_knowledge", query="refunds", within=about))["hits"] == []
    about["around"] = True  # pyright: ignore[reportArgumentType]
    assert len((await ask("search_knowledge", query="refunds", within=about))["hits"]) == 1
    assert '{"entity"' in str(await ask("export_data")).replace("\\", "")
    assert "," in str(await ask("export_data", what="connections"))


@promised(
    ARGUMENTS,
    "{op, ...} with op: create_entity (as: $name, type, name, properties, status, tags), "
    "update_entity, archive_entity, restore_entity, connect_entities (from, type, to, metadata), "
    "disconnect_entities, record_event (as, type, target, actor, metadata, at), retract_event (id, "
    "reason, replaced_by), tag_entity (id, add, remove), update_organization (name, owner, "
    "currency, time_zone), merge_entities (survivor, losers, prefer), convert_entity (id, type, "
    "mapping), rename_tag (tag, to), change_found (conditions as in find_entities, count, "
    "properties, set_status, add_tags, remove_tags, archive): as in these tools",
    "for CSV: {kind: entities|connections, type, columns: {title: field}, key: [title, …], "
    "from_type, to_type}; fields: name, status, tags, external_id, from, to, from.external_id, or "
    "a property",
)
async def test_every_operation_and_every_part_of_a_mapping_is_taken(ask: Ask) -> None:
    a, b, c = (made(name, "audience_member", ("topic:tea",)) for name in "abc")
    when = {"at": "2026-11-01", "metadata": {"status": "completed"}}
    operations = [
        {"op": "update_organization", "name": "Studio", "owner": "Jo", "currency": "EUR"}
        | {"time_zone": "Europe/Berlin"},
        *(a, b, c),
        {**made("d", "course"), "status": "draft"},
        {"op": "update_entity", "id": "$a", "name": "Ann"},
        {"op": "archive_entity", "id": "$c"},
        {"op": "restore_entity", "id": "$c"},
        business.linked("a", "enrolled_in", "d", progress=0.5),
        {"op": "disconnect_entities", "from": "$a", "type": "enrolled_in", "to": "$d"},
        *({"op": "record_event", "as": as_, "type": PAID, **when} for as_ in ("$e", "$f")),
        {"op": "retract_event", "id": "$e", "reason": "twice", "replaced_by": "$f"},
        {"op": "tag_entity", "id": "$a", "add": ["topic:new"], "remove": ["topic:tea"]},
        {"op": "merge_entities", "survivor": "$a", "losers": ["$b"], "prefer": "newest"},
        {"op": "convert_entity", "id": "$c", "type": "contact", "mapping": {}},
        {"op": "rename_tag", "tag": "topic:new", "to": "topic:old"},
        {"op": "change_found", "type": "audience_member", "count": 1, "archive": True},
        {"op": "change_found", "type": "course", "count": 1, "set_status": "published"}
        | {"properties": {"price": 5}, "add_tags": ["topic:x"], "remove_tags": ["topic:y"]},
    ]
    done = await ask("apply_changes", operations=operations)
    courses = {"type": "course", "columns": {"Id": "external_id", "T": "name", "S": "status"}}
    courses["columns"] |= {"G": "tags", "P": "price"}  # pyright: ignore[reportOperatorIssue]
    rows = "Id,T,S,G,P\nk,Tea,draft,topic:tea,5\n"
    await ask("import_data", data=rows, format="csv", mapping={"kind": "entities", **courses})
    keyed = {"type": "course", "columns": {"T": "name", "P": "price"}, "key": ["T"]}
    updated = await ask("import_data", data="T,P\nTea,6\n", format="csv", mapping=keyed)
    await ask("create_entity", type="creator", name="Jo", properties={"email": "jo@example.com"})
    columns = {"Who": "from.name", "What": "to.external_id"}
    edges = {"kind": "connections", "type": "owns", "from_type": "creator", "to_type": "course"}
    joined = await ask(
        "import_data", data="Who,What\nJo,k\n", format="csv", mapping={**edges, "columns": columns}
    )

    assert "done" in done, done
    assert len(done["done"]) == len(operations)
    assert updated["updated"] == {"entities": 1}
    assert joined["created"]["connections"] == 1
