"""What other organizations hold changes nothing of what I find by words."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from one_mcp import jsons
from one_mcp.access import Principal, Role
from one_mcp.app import App, open_app
from one_mcp.dimensions import completions
from one_mcp.dimensions.entities import entity, finding
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.services.knowledge import context, indexing, ingest, recall
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

CROWD, PASSAGES = 12_000, 1_500
NEIGHBOUR = "org_neighbour"
WORDS = ("yoga", "refund", "running", "runner", "瑜伽课程", "Straße", "the", "a1")
SORTS: tuple[str | None, ...] = (None, "created", "-updated", "name", "-name")
Row = tuple[str, str, str]  # the name, a text beside it, the text of a document


def founded(raw: Raw, organization: str) -> None:
    raw.execute(
        "INSERT INTO heads (organization_id, number, at) VALUES (:organization, 1, 0)",
        {"organization": organization},
    )
    raw.execute(
        """
        INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
        VALUES (:organization, 'One', 0, 0, 1)
        """,
        {"organization": organization},
    )


def crowd(raw: Raw, first: int, entities: int, passages: int) -> None:
    """Let the neighbour write what everybody here writes, in great numbers."""
    numbered = [
        {
            "organization": NEIGHBOUR,
            "id": f"ent_{number:016d}",
            "document": f"kno_{number:016d}",
            "name": f"Yoga Straße {WORDS[number % len(WORDS)]}",
            "properties": jsons.dumps({"description": f"the refund runner {number} 瑜伽"}),
            "heading": "refund",
            "text": f"A refund for the yoga course, running, Straße, 瑜伽课程, a1 {number}.",
        }
        for number in range(first, first + entities)
    ]
    raw.executemany(
        """
        INSERT INTO entities
            (organization_id, id, type, name, properties, status, created_at, updated_at, version)
        VALUES (:organization, :id, 'course', :name, :properties, 'active', 1, 1, 1)
        """,
        numbered,
    )
    raw.executemany(
        """
        INSERT INTO knowledge
            (organization_id, id, kind, title, text, media_type, hash, created_at, updated_at,
             version)
        VALUES (:organization, :document, 'document', :heading, :text, 'text/plain', '', 1, 1, 1)
        """,
        numbered[:passages],
    )
    raw.executemany(
        """
        INSERT INTO chunks
            (organization_id, document, ordinal, start, stop, heading, text, hash)
        SELECT organization_id, seq, 0, 0, length(text), title, text, id
        FROM knowledge
        WHERE organization_id = :organization
          AND id = :document
        """,
        numbered[:passages],
    )
    raw.execute("DELETE FROM chunk_queue")


def door(app: App, organization: str) -> Session:
    owner = Principal(organization, "per_owner", "Owner", Role.ORG_OWNER)
    return app.session(Call("test"), owner)


async def filled(one: Session, rows: list[Row]) -> dict[str, str]:
    """Write my rows, and return what stands for each id."""
    names: dict[str, str] = {}
    for place, (name, beside, text) in enumerate(rows):
        made = await one.write(
            entity.create, "course", f"{name} {place}", {"description": beside}, with_tags=["a:b"]
        )
        names[made.id] = f"course {place}"
        if text:
            filing = Filing(title=f"Text {place}", entities=[made.id])
            names[(await ingest.add(one, filing, text=text)).id] = f"document {place}"
    await indexing.finish(one)
    texts = await one.read(
        lambda work: work.all(
            "SELECT id, title FROM knowledge WHERE organization_id = :organization"
        )
    )
    return {row["id"]: f"text of {row['title']}" for row in texts} | names


async def told(one: Session, names: dict[str, str], asked: str) -> list[str]:
    """Everything that words find, in its order, without ids."""
    found: list[str] = []
    for sort in SORTS:
        for limit in (3, 200):
            cursor = None
            while True:
                page = await one.read(
                    finding.find, text=asked, sort=sort, limit=limit, cursor=cursor
                )
                found.append(f"{sort} {[names[item.id] for item in page.items]} {page.cut}")
                cursor = page.cursor
                if cursor is None:
                    break
    for scope in (Scope(), Scope(types=("course",)), Scope(tags=("a:b",))):
        answer = await recall.find(one, Wish(asked, scope, explained=True))
        found.append(answer.model_dump_json())
    found.append((await context.gather(one, asked, Scope(), 2_000)).model_dump_json())
    for typed in (asked[:1], asked[:3], asked):
        ids = await one.read(completions.entities, typed, 20)
        ids += await one.read(completions.documents, typed, 20)
        found += [*ids, *await one.read(completions.tags, typed, 20)]
    for id, name in names.items():
        found = [line.replace(id, name) for line in found]
    return found


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crowd") / "one.db"

    async def fill() -> None:
        async with open_app(Settings(database=path), HandClock()) as app:
            await app.database.write(lambda raw: founded(raw, NEIGHBOUR))
            await app.database.write(lambda raw: crowd(raw, 0, CROWD, PASSAGES))

    anyio.run(fill)
    return path


@pytest.fixture(params=["none", "simulated"])
def model(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def alone(tmp_path: Path, model: str) -> AsyncIterator[App]:
    mine = Settings(database=tmp_path / "alone.db", embedding_model=model)
    async with open_app(mine, HandClock()) as app:
        yield app


@pytest.fixture
async def beside(tmp_path: Path, model: str) -> AsyncIterator[App]:
    ours = Settings(database=tmp_path / "beside.db", embedding_model=model)
    async with open_app(ours, HandClock()) as app:
        yield app


async def test_a_large_neighbour_takes_no_places(alone: App, beside: App) -> None:
    """What came later, or scores higher, used to be cut off before it was asked whose it is."""
    rows = [
        (f"Morning {WORDS[n % 3]}", f"yoga, and {WORDS[n % 5]}", f"About {WORDS[n % 7]} {n}. " * 20)
        for n in range(30)
    ]
    answers: list[list[str]] = []
    for app, neighbours in ((alone, 0), (beside, CROWD)):
        await app.database.write(lambda raw: founded(raw, "org_mine"))
        await app.database.write(lambda raw: founded(raw, NEIGHBOUR))
        one = door(app, "org_mine")
        names = await filled(one, rows)
        await app.database.write(lambda raw, n=neighbours: crowd(raw, 0, n, min(n, PASSAGES)))
        answers.append([line for asked in WORDS for line in await told(one, names, asked)])

    assert len([line for line in answers[0] if "course 0" in line]) > 10
    assert answers[1] == answers[0]


text = some.lists(some.sampled_from(WORDS), max_size=12).map(" ".join)
names = some.lists(some.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=some.lists(some.tuples(names, text, text), min_size=1, max_size=8),
    asked=some.lists(some.sampled_from((*WORDS, "run", "瑜伽", "strasse")), min_size=1, max_size=3),
)
async def test_whatever_i_hold_i_find_as_if_i_were_alone(
    crowded: Path, tmp_path_factory: pytest.TempPathFactory, rows: list[Row], asked: list[str]
) -> None:
    answers: list[list[str]] = []
    for path in (tmp_path_factory.mktemp("alone") / "one.db", crowded):
        async with open_app(Settings(database=path, embedding_model="none"), HandClock()) as app:
            count = await app.database.read(
                lambda raw: raw.execute("SELECT count(*) FROM organizations").fetchone()[0]
            )
            mine = f"org_{count}"
            await app.database.write(lambda raw, mine=mine: founded(raw, mine))
            one = door(app, mine)
            names = await filled(one, rows)
            if path == crowded:
                await app.database.write(lambda raw, n=count: crowd(raw, CROWD + 60 * n, 60, 20))
            answers.append(await told(one, names, " ".join(asked)))

    assert answers[1] == answers[0]
