"""Whatever other organizations hold and do, my answers are the same to the byte."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some
from mcp import Client
from mcp_types import PromptReference, ResourceTemplateReference

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity, finding, tags
from one_mcp.dimensions.events import event
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.organizations import founding
from one_mcp.dimensions.undo import undo
from one_mcp.errors import OneError
from one_mcp.server import build
from one_mcp.services import erasure
from one_mcp.services.exchange import exports, imports
from one_mcp.services.knowledge import indexing, ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

NEIGHBOUR = Principal("org_neighbour", "per_neighbour", "Neighbour", Role.ORG_OWNER)
TEXT = "Breathe in slowly, and out. Runners rest for a day, and get their money back. "
BUSINESS = [
    *(
        {"op": "create_entity", "as": f"$p{n}", "type": "audience_member", "name": name}
        for n, name in enumerate(("Ada", "Ben", "Cleo"))
    ),
    *(
        {
            "op": "create_entity",
            "as": f"$c{n}",
            "type": "course",
            "name": name,
            "properties": {"title": name, "description": TEXT * n, "price": 10.5 + n},
            "tags": ["skill:yoga", f"level:{n}"],
        }
        for n, name in enumerate(("Yoga", "Running", "Refunds"))
    ),
    *(
        {"op": "connect_entities", "from": f"$p{n}", "type": "enrolled_in", "to": f"$c{m}"}
        for n in range(3)
        for m in range(3)
        if n != m
    ),
    *(
        {
            "op": "record_event",
            "type": "payment_processed",
            "actor": f"$p{n}",
            "target": f"$c{n}",
            "metadata": {"status": "completed", "amount": 9.5 * n, "currency": "EUR"},
            "at": f"2026-0{n + 1}-05",
        }
        for n in range(3)
    ),
]


@dataclass(frozen=True)
class Mine:
    """My file, ids of mine by name, and what I was answered before there was anybody else."""

    path: Path
    ids: dict[str, str]
    answers: list[str] = field(repr=False)


def opened(path: Path) -> Any:
    chosen = Settings(
        database=path, toolsets="all", embedding_model="simulated", folder=path.parent
    )
    return open_app(chosen, HandClock())


def questions(ids: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Ask everything that reads, of what is there, was archived, or is gone."""
    ada, yoga, gone, archived = (ids[name] for name in ("Ada", "Yoga", "Gone", "Old"))
    words = ("yoga", "breathe out", "money refunds", "ru", "Ada")
    return [
        *(("find_entities", {"text": word, "limit": 3}) for word in words),
        *(("search_knowledge", {"query": word, "explain": True}) for word in words),
        *(("recall_context", {"question": word}) for word in words),
        ("search_knowledge", {"query": "rest", "entity": yoga, "around": True}),
        ("find_entities", {"type": "course", "sort": "-name", "detail": "full"}),
        ("find_entities", {"type": "course", "where": {"price": {"gt": 11}}}),
        ("find_entities", {"tags": ["skill:yoga"], "connected_to": {"id": ada}}),
        ("find_entities", {"status": "archived"}),
        *(("get_entity", {"id": id}) for id in (ada, yoga, gone, archived)),
        ("get_entity", {"id": yoga, "as_of": "2026-11-23T12:00:00Z"}),
        ("get_knowledge", {"id": ids["Notes"]}),
        *(("find_connections", {end: id, "detail": "full"}) for end in ("from", "to")
          for id in (ada, yoga, archived)),
        ("find_connections", {"between": [ada, ids["Running"]]}),
        *(("explore_graph", {"id": ada, "depth": depth}) for depth in (1, 2, 4)),
        ("explore_graph", {"id": ada, "to": ids["Ben"]}),
        ("find_events", {"entity": ada}),
        ("find_events", {"types": ["payment_processed"], "limit": 2}),
        ("summarize", {"of": "entities", "group_by": ["type"]}),
        ("summarize", {"of": "entities", "types": ["course"], "measures": ["sum:price"]}),
        ("summarize", {"of": "connections", "group_by": ["type"]}),
        ("summarize", {"of": "connections", "group_by": ["to"], "limit": 2}),
        ("summarize", {"of": "events", "group_by": ["month"], "measures": ["sum:amount"]}),
        ("get_history", {}),
        ("get_history", {"id": yoga}),
        ("export_data", {}),
    ]  # fmt: skip


RESOURCES = ("one://entities/{Ada}", "one://entities/{Ada}/graph", "one://entities/{Yoga}/events")
TYPED = ("", "Y", "yoga", "ent_", "A")


async def told(app: App, ids: dict[str, str]) -> list[str]:
    """Write down all that I am answered, as a client gets it."""
    said: list[str] = []
    async with Client(build.server(app)) as client:
        for tool, arguments in questions(ids):
            result = await client.call_tool(tool, arguments)
            said.append(f"{tool} {arguments} {json.dumps(result.structured_content)}")
        listed = [str(each.uri) for each in (await client.list_resources()).resources]
        for address in (*listed, *(each.format(**ids) for each in RESOURCES)):
            read = await client.read_resource(address)
            said.append(f"{address} {[each.model_dump_json() for each in read.contents]}")
        for typed in TYPED:
            for reference, argument in (
                (ResourceTemplateReference(uri="one://entities/{id}"), "id"),
                (
                    ResourceTemplateReference(uri="one://entities{?type,status,tag,limit,cursor}"),
                    "tag",
                ),
                (PromptReference(name="map_course"), "creator"),
            ):
                found = await client.complete(reference, {"name": argument, "value": typed})
                said.append(f"{argument} {typed} {found.completion}")
    return said


def door(app: App, principal: Principal = NEIGHBOUR) -> Session:
    return app.session(Call("test"), principal)


async def made(app: App) -> dict[str, str]:
    """Write my business, archive one of it, and purge another."""
    one = door(app, LOCAL)
    async with Client(build.server(app)) as client:
        result = await client.call_tool("apply_changes", {"operations": BUSINESS})
        assert not result.is_error, result.content
    found = await one.read(finding.find, limit=100)
    ids = {item.name: item.id for item in found.items}
    filing = Filing(title="Notes", entities=[ids["Yoga"]], labels=["topic:rest"])
    ids["Notes"] = (await ingest.add(one, filing, text=TEXT * 30)).id
    for name in ("Old", "Gone"):
        ids[name] = (await one.write(entity.create, "course", name, {"description": TEXT})).id
        await one.write(connection.connect, ids["Ada"], "enrolled_in", ids[name])
    await one.write(archive.archive, ids["Old"])
    await erasure.remove(one, ids["Gone"], "Gone")
    await indexing.finish(one)
    return ids


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Mine:
    """My file, into which a neighbour has brought all that I hold, under the very same ids."""
    path = tmp_path_factory.mktemp("mine") / "one.db"

    async def fill() -> Mine:
        async with opened(path) as app:
            ids = await made(app)
            answers = await told(app, ids)
            await exports.everything(door(app, LOCAL), "all.jsonl")
            await app.database.write(
                lambda raw: founding.found(Work(raw, NEIGHBOUR, app.ontology, app.clock()))
            )
            await imports.run(door(app), path="all.jsonl")
            await indexing.finish(door(app))
            return Mine(path, ids, answers)

    return anyio.run(fill)


def differing(now: list[str], before: list[str]) -> list[tuple[str, str]]:
    """The answers that are others now, from a little before the first character that is."""
    found: list[tuple[str, str]] = []
    for new, old in zip(now, before, strict=True):
        if new != old:
            pairs = enumerate(zip(new, old, strict=False))
            near = max(0, next((at for at, (left, right) in pairs if left != right), 0) - 80)
            found.append((old[near : near + 160], new[near : near + 160]))
    return found


async def archived(one: Session, id: str) -> None:
    await one.write(archive.archive, id)


async def restored(one: Session, id: str) -> None:
    await one.write(archive.restore, id)


async def renamed(one: Session, id: str) -> None:
    await one.write(entity.update, id, {"description": TEXT * 9, "price": 1e6}, name="Yoga Ada")


async def tagged(one: Session, id: str) -> None:
    await one.write(tags.change, id, ["skill:running", "level:9", "ada:yoga"])


async def purged(one: Session, id: str) -> None:
    await erasure.remove(one, id, id)


async def joined(one: Session, id: str) -> None:
    other = await one.write(entity.create, "audience_member", "Yoga Ben")
    await one.write(connection.connect, other.id, "enrolled_in", id)
    paid = {"status": "completed", "amount": 77, "currency": "EUR"}
    await one.write(event.record, "payment_processed", id, metadata=paid, actor=other.id)


async def undone(one: Session, _: str) -> None:
    last = (await one.read(history.history, limit=3)).changes[-1]
    await one.write(undo.undo, last.change)


async def forgotten(one: Session, id: str) -> None:
    added = await ingest.add(one, Filing(title="Notes", entities=[id]), text=TEXT * 50)
    await one.write(document.forget, added.id)


async def noted(one: Session, id: str) -> None:
    await ingest.add(one, Filing(title="Yoga and Ada", entities=[id]), text=TEXT * 40)


MOVES = (archived, restored, renamed, tagged, purged, joined, undone, forgotten, noted)
NAMES = ("Ada", "Ben", "Yoga", "Running", "Refunds", "Old")


async def test_a_neighbour_with_all_that_i_hold_changes_nothing(mine: Mine) -> None:
    async with opened(mine.path) as app:
        theirs = await door(app).read(finding.find, limit=100)
        answers = await told(app, mine.ids)

    assert {item.id for item in theirs.items} >= {mine.ids["Ada"], mine.ids["Yoga"]}
    assert differing(answers, mine.answers) == []


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    moves=some.lists(
        some.tuples(some.sampled_from(MOVES), some.sampled_from(NAMES)), min_size=1, max_size=8
    )
)
async def test_whatever_a_neighbour_does_my_answers_stay(mine: Mine, moves: list[Any]) -> None:
    async with opened(mine.path) as app:
        for move, name in moves:
            try:
                await move(door(app), mine.ids[name])
            except OneError:  # it is purged by now, or archived, or cannot be undone
                continue
        await indexing.finish(door(app))
        answers = await told(app, mine.ids)

    assert differing(answers, mine.answers) == []
