"""No answer depends on an order of rows that nobody asked for."""

import json
from typing import Any

import pytest
from mcp import Client

from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings
from one_mcp.store.sqlite.driver import driver
from tests.conftest import HandClock
from tests.store import unordered

pytestmark = pytest.mark.anyio

PEOPLE = [f"$p{n}" for n in range(6)]
COURSES = [f"$c{n}" for n in range(5)]
OPERATIONS: list[dict[str, Any]] = [
    *(
        {"op": "create_entity", "as": name, "type": "audience_member", "name": f"Ann {name[2:]}"}
        | {"tags": ["topic:yoga", "topic:calm"], "properties": {"city": "Rome", "age": 30}}
        for name in PEOPLE
    ),
    *(
        {"op": "create_entity", "as": name, "type": "course", "name": "Yoga"}
        | {"properties": {"price": 10, "currency": "EUR", "description": "Calm breath."}}
        for name in COURSES
    ),
    *(
        {"op": "connect_entities", "from": person, "type": "enrolled_in", "to": course}
        for person in PEOPLE
        for course in COURSES
    ),
    *(
        {"op": "connect_entities", "from": person, "type": "following", "to": PEOPLE[0]}
        for person in PEOPLE[1:]
    ),
    *(
        {"op": "record_event", "type": "content_interacted", "target": course, "actor": person}
        | {"metadata": {"interaction": "viewed"}}
        for course in COURSES
        for person in PEOPLE[:3]
    ),
]
READS: list[tuple[str, dict[str, Any]]] = [
    ("describe_ontology", {"topic": "course"}),
    ("find_entities", {}),
    ("find_entities", {"type": "course", "detail": "full"}),
    ("find_entities", {"text": "yoga"}),
    ("find_entities", {"text": "ann rome"}),
    ("find_entities", {"tags": ["topic:yoga"], "limit": 3}),
    ("find_entities", {"where": {"city": "Rome"}}),
    ("find_entities", {"connected_to": {"id": "{p0}"}}),
    ("summarize", {"of": "entities", "group_by": ["tag:topic"]}),
    ("summarize", {"of": "events", "group_by": ["target", "actor"]}),
    ("summarize", {"of": "connections", "group_by": ["relationship", "to"]}),
    ("get_entity", {"id": "{p0}", "include": ["tags", "counts", "neighbours", "events"]}),
    ("get_entity", {"id": "{c0}", "include": ["tags", "counts", "neighbours", "events"]}),
    ("find_connections", {"from": "{p0}"}),
    ("find_connections", {"to": "{c0}", "limit": 2}),
    ("find_connections", {"types": ["enrolled_in"]}),
    ("explore_graph", {"id": "{p0}", "depth": 2}),
    ("explore_graph", {"id": "{c0}", "depth": 3, "limit": 5}),
    ("explore_graph", {"id": "{p1}", "to": "{p2}"}),
    ("explore_graph", {"id": "{p1}", "to": "{c4}"}),
    ("find_events", {}),
    ("find_events", {"target": "{c0}", "limit": 2}),
    ("search_knowledge", {"query": "calm breath"}),
    ("search_knowledge", {"query": "otters", "around": True}),
    ("recall_context", {"question": "who breathes calmly in Rome?"}),
    ("get_history", {}),
    ("get_history", {"id": "{p0}"}),
    ("export_data", {}),
]


async def told(settings: Settings, ids: dict[str, str]) -> list[object]:
    async with open_app(settings, HandClock()) as app, Client(build.server(app)) as client:
        if not ids:
            made = await client.call_tool("apply_changes", {"operations": OPERATIONS})
            assert made.structured_content
            assert not made.is_error, made.structured_content
            ids |= {name[1:]: id for name, id in made.structured_content["ids"].items()}
            for number in range(3):
                text = {"text": f"Otters breathe {number}.", "entities": [ids["p0"], ids["c0"]]}
                assert not (await client.call_tool("add_knowledge", text)).is_error
            await client.call_tool("reindex_knowledge", {})
        answers: list[object] = []
        for name, given in READS:
            text = json.dumps(given)
            for known, id in ids.items():
                text = text.replace(f"{{{known}}}", id)
            answer = await client.call_tool(name, json.loads(text))
            assert not answer.is_error, (name, given, answer.structured_content)
            answers.append((name, given, answer.structured_content))
        return answers


async def test_no_answer_depends_on_an_order_that_was_not_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = settings.model_copy(update={"embedding_model": "simulated"})
    ids: dict[str, str] = {}
    expected = await told(options, ids)

    monkeypatch.setattr(driver, "connect", unordered.turned)

    for turned, usual in zip(await told(options, ids), expected, strict=True):
        assert turned == usual
