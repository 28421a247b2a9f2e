"""The doctor finds what is wrong with a file, changes nothing, and repairs on request."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from one_mcp.answers import Written
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.knowledge.documents.drafts import Draft
from one_mcp.dimensions.knowledge.index import chunk_queue, models, vector_queue
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.dimensions.organizations import founding
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import DatabaseError
from one_mcp.jsons import JsonValue
from one_mcp.services import doctor, findings
from one_mcp.services.findings import Finding
from one_mcp.session import Call
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import connect
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio


@pytest.fixture
async def business(settings: Settings) -> AsyncIterator[Settings]:
    """A closed file with a creator who owns a course, and a website."""
    async with open_app(settings) as app:
        jane = await write(app, entity.create, "creator", "Jane", {"email": "j@example.com"})
        course = await write(app, entity.create, "course", "Yoga", {"title": "Sun salutation"})
        await write(app, entity.create, "website", "jane.example")
        await write(app, connection.connect, jane.id, "owns", course.id)
    yield settings  # noqa: PT022  # anyio closes it in the same loop


W = TypeVar("W", bound=Written)


async def write(app: App, rule: Callable[..., W], *args: object) -> W:
    return await app.session(Call("test"), LOCAL).write(rule, *args)


def tamper(settings: Settings, *statements: str) -> None:
    """Change rows behind the program's back; a trigger in the way is dropped, and comes back."""
    triggers = "SELECT sql FROM sqlite_schema WHERE type = 'trigger'"
    with closing(connect(str(settings.database), read_only=False)) as raw:
        before = {row["sql"] for row in raw.execute(triggers)}
        for statement in statements:
            raw.execute(statement)
        for dropped in before - {row["sql"] for row in raw.execute(triggers)}:
            raw.execute(dropped)


def by_check(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in doctor.examine(settings)}


def states(settings: Settings) -> dict[str, str]:
    return {check: finding.state for check, finding in by_check(settings).items()}


def content(path: Path) -> list[tuple[object, ...]]:
    """All rows but those of the search indexes and the last change's number, for comparison."""
    with closing(connect(str(path), read_only=True)) as raw:
        tables = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        indexes = ("entity_words", "passage_words", "entity_terms", "passage_terms", "sqlite_")
        others = (*indexes, "heads")  # every write counts, whether or not something comes of it
        names = [row[0] for row in tables if not row[0].startswith(others)]
        return [tuple(row) for name in names for row in raw.execute(f"SELECT * FROM {name}")]


async def mend(settings: Settings) -> None:
    async with open_app(settings) as app:
        caretaker = doctor.caretaker(founding.LOCAL)
        await doctor.repair(app.session(Call("doctor"), caretaker))


async def test_a_sound_file_has_nothing_but_good_findings(business: Settings) -> None:
    assert [f for f in doctor.examine(business) if f.state != "ok"] == []


async def test_examining_changes_nothing(business: Settings) -> None:
    tamper(business, "DELETE FROM connection_counts")
    before = business.database.read_bytes()

    list(doctor.examine(business))

    assert business.database.read_bytes() == before


async def test_an_open_database_can_be_examined(app: App, settings: Settings) -> None:
    await write(app, entity.create, "website", "jane.example")

    found = by_check(settings)

    assert found["file"].state == "ok"
    assert "in use" in found["file"].says
    assert found["integrity"].state == "ok"


def test_a_missing_file_is_a_problem_and_stays_missing(settings: Settings) -> None:
    assert states(settings)["file"] == "problem"
    assert not settings.database.exists()


def test_a_file_that_is_no_database_is_a_problem(settings: Settings) -> None:
    settings.database.write_bytes(b"no database at all" * 500)

    assert states(settings)["file"] == "problem"


async def test_a_newer_schema_is_a_problem(business: Settings) -> None:
    tamper(business, "PRAGMA user_version = 9999")

    assert states(business)["file"] == "problem"


async def test_an_older_schema_is_noted_and_ends_the_examination(business: Settings) -> None:
    tamper(business, "PRAGMA user_version = 0")

    found = states(business)

    assert found["schema"] == "note"
    assert "integrity" not in found


async def test_a_file_that_lacks_a_column_is_a_problem_and_is_not_opened(
    business: Settings,
) -> None:
    """As a version between releases may have written it, under the number of the released one."""
    tamper(business, "ALTER TABLE embedding_queue DROP COLUMN failures")

    finding = by_check(business)["schema"]
    async with open_app(business) as app:
        with pytest.raises(DatabaseError) as refused:
            await app.database.start()

    assert finding.state == "problem"
    assert "embedding_queue.failures" in finding.says
    assert refused.value.fields["lacking"] == ["embedding_queue.failures"]
    assert "one-mcp export" in str(refused.value)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("ALTER TABLE tags ADD COLUMN colour TEXT", "tags.colour"),
        ("CREATE TABLE mine (id INTEGER)", "mine.id"),
        ("CREATE INDEX tags_of_mine ON tags (value)", "tags_of_mine"),
    ],
)
async def test_what_a_file_has_beside_is_a_warning_and_is_opened(
    business: Settings, statement: str, name: str
) -> None:
    tamper(business, statement)

    finding = by_check(business)["schema"]
    async with open_app(business) as app:
        await app.database.start()

    assert finding.state == "warning"
    assert name in finding.says


@pytest.mark.parametrize("kind", ["trigger", "index"])
async def test_a_file_without_a_trigger_or_an_index_is_a_problem(
    business: Settings, kind: str
) -> None:
    named = "SELECT name FROM sqlite_schema WHERE type = ? AND sql NOT NULL ORDER BY name"
    with closing(connect(str(business.database), read_only=False)) as raw:
        name = raw.execute(named, (kind,)).fetchone()[0]
        raw.execute(f"DROP {kind} {name}")

    finding = by_check(business)["schema"]

    assert finding.state == "problem"
    assert name in finding.says


async def test_another_journal_mode_is_noted(business: Settings) -> None:
    tamper(business, "PRAGMA journal_mode = DELETE")

    assert states(business)["journal"] == "note"


async def test_a_reference_that_leads_nowhere_is_a_problem(business: Settings) -> None:
    tamper(
        business,
        "PRAGMA foreign_keys = OFF",
        "INSERT INTO tags VALUES ('org_local', 'ent_nobody', 'skill', 'yoga')",
    )

    finding = by_check(business)["integrity"]

    assert finding.state == "problem"
    assert "tags" in finding.says


async def test_an_index_that_lost_a_row_is_a_problem(business: Settings) -> None:
    tamper(
        business,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'UNIQUE ', '') || ' -- ' "
        "WHERE name = 'entities_by_external_id'",
        "DELETE FROM sqlite_schema WHERE name = 'connections_by_type'",
    )

    assert states(business)["integrity"] == "problem"


@pytest.mark.parametrize(
    "statements",
    [
        ["INSERT INTO entity_words (entity_words) VALUES ('delete-all')"],
        [
            """
            INSERT INTO entity_words (entity_words, rowid, words)
            SELECT 'delete', seq, one_entity_words(1, name, text)
            FROM entity_texts WHERE name = 'Yoga'
            """
        ],
        ["INSERT INTO entity_words (rowid, words) VALUES (9999, '1xghost')"],
        [
            "DROP TRIGGER entities_words_update",
            "UPDATE entities SET name = 'Koga' WHERE name = 'Yoga'",
        ],
        ["UPDATE text_counts SET texts = texts + 1 WHERE kind = 'entity'"],
    ],
    ids=["emptied", "entity missing", "ghost", "word changed", "miscounted"],
)
async def test_a_search_index_that_drifted_is_found_and_repaired(
    business: Settings, statements: list[str]
) -> None:
    tamper(business, *statements)
    found = by_check(business)["search"]

    await mend(business)

    assert found.state == "problem"
    assert found.repairable
    assert set(states(business).values()) == {"ok"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE connections SET deleted_at = 1",
        "UPDATE entities SET deleted_at = 5, status = 'archived' WHERE type = 'course'",
    ],
    ids=["hidden between live ends", "shown beside an archived end"],
)
async def test_a_connection_against_its_ends_is_found_and_repaired(
    business: Settings, statement: str
) -> None:
    tamper(business, statement)
    found = by_check(business)["visibility"]

    await mend(business)

    assert found.state == "problem"
    assert found.repairable
    assert set(states(business).values()) == {"ok"}


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM connection_counts", "UPDATE connection_counts SET live = live + 7"],
)
async def test_wrong_connection_counts_are_found_and_repaired(
    business: Settings, statement: str
) -> None:
    tamper(business, statement)
    found = by_check(business)["counts"]

    await mend(business)

    assert found.state == "problem"
    assert set(states(business).values()) == {"ok"}


@pytest.fixture
async def library(business: Settings) -> Settings:
    """The same file with two documents, one of them about Jane, and an article of hers, cut."""
    async with open_app(business) as app:
        jane = await write(app, entity.create, "creator", "Jo", {"email": "jo@example.com"})
        await write(app, document.add, draft("Guide", "How to begin", [jane.id]))
        await write(app, document.add, draft("Notes", "What I learned"))
        await write(app, entity.create, "blog_post", "Article", {"content": "How to rest"})
        await write(app, made)
    return business


def draft(title: str, text: str, linked: Sequence[str] = ()) -> Draft:
    return Draft(title, text, [passage(title, text)], entities=linked, labels=["topic:yoga"])


def passage(title: str, text: str) -> Passage:
    return Passage(0, len(text), title, text)


def made(work: Work) -> Written:
    """Cut and embed all that waits, as the indexer does."""
    for uncut in chunk_queue.to_cut(work, 100):
        chunk_queue.cut(work, uncut, [[passage(it.title, it.text)] for it in uncut.texts])
    model = models.declare(work, "tiny", 4)
    waiting = vector_queue.lease(work, model, 100)
    models.store(work, model, [(each.chunk, bytes(4)) for each in waiting])
    return Written()


async def test_a_sound_library_has_nothing_but_good_findings(library: Settings) -> None:
    assert [f for f in doctor.examine(library) if f.state != "ok"] == []


async def test_repairing_a_sound_library_changes_no_row(library: Settings) -> None:
    before = content(library.database)

    await mend(library)

    assert content(library.database) == before


@pytest.mark.parametrize(
    "statements",
    [
        ["INSERT INTO passage_words (passage_words) VALUES ('delete-all')"],
        [
            """
            INSERT INTO passage_words (passage_words, rowid, words)
            SELECT 'delete', seq, one_passage_words(1, heading, text)
            FROM chunks WHERE heading = 'Guide'
            """
        ],
        ["INSERT INTO passage_words (rowid, words) VALUES (9999, '1xghost')"],
    ],
    ids=["emptied", "passage missing", "ghost"],
)
async def test_an_index_of_passages_that_drifted_is_found_and_repaired(
    library: Settings, statements: list[str]
) -> None:
    tamper(library, *statements)
    found = by_check(library)["passages"]

    await mend(library)

    assert found.state == "problem"
    assert found.repairable
    assert set(states(library).values()) == {"ok"}


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["DELETE FROM embeddings"], "3 passages have no vector"),
        (["UPDATE embeddings SET vector = x'00'"], "3 vectors fit no passage"),
        (["UPDATE embeddings SET vector = zeroblob(8)"], "3 vectors fit no passage"),
        (["DELETE FROM chunks"], "3 texts are neither cut"),
        (["DELETE FROM knowledge WHERE source_id IS NOT NULL"], "1 texts are neither cut"),
        (
            [
                "PRAGMA foreign_keys = OFF",
                "UPDATE embeddings SET chunk = 99 WHERE seq = 1",
                "INSERT INTO embedding_queue SELECT 'org_local', 1, 77, 0, 0",
            ],
            "1 rows belong to no text",
        ),
        (
            [
                "PRAGMA foreign_keys = OFF",
                "DROP TRIGGER knowledge_forget_parts",
                "DELETE FROM knowledge_links",
                "DELETE FROM knowledge_labels",
                "DELETE FROM knowledge WHERE title = 'Notes'",
            ],
            "1 rows belong to no text",
        ),
    ],
    ids=[
        "vectors gone",
        "vectors cut short",
        "vectors too long",
        "passages gone",
        "an entity's text gone",
        "vector of nothing",
        "passage of nothing",
    ],
)
async def test_knowledge_that_does_not_belong_together_is_found_and_repaired(
    library: Settings, statements: list[str], says: str
) -> None:
    tamper(library, *statements)
    found = by_check(library)["knowledge"]

    await mend(library)

    assert (found.state, found.repairable) == ("problem", True)
    assert says in found.says
    assert set(states(library).values()) == {"ok"}
    async with open_app(library) as app:
        await write(app, made)
        assert await app.behind() == []
    assert set(states(library).values()) == {"ok"}


async def test_repairing_a_sound_file_changes_no_row(business: Settings) -> None:
    before = content(business.database)

    await mend(business)

    assert content(business.database) == before


async def test_types_that_no_pack_explains_are_a_warning(business: Settings) -> None:
    tamper(business, "UPDATE entities SET type = 'spaceship' WHERE type = 'website'")

    finding = by_check(business)["types"]

    assert finding.state == "warning"
    assert "spaceship (1)" in finding.says


async def test_events_about_purged_entities_are_no_fault(business: Settings) -> None:
    tamper(
        business,
        "INSERT INTO events (organization_id, id, type, actor_id, target_id, at, metadata, version)"
        " VALUES ('org_local', 'evt_x', 'content_changed', 'per_local', 'ent_gone', 1, '{}', 1)",
    )

    assert states(business)["events"] == "note"


async def test_events_about_what_is_gone_say_why_it_is(app: App, settings: Settings) -> None:
    one = app.session(Call("test"), LOCAL)
    kept, merged, purged, undone = [
        await one.write(entity.create, "lesson", name) for name in ("A", "B", "C", "D")
    ]
    for each in (merged, purged, undone):
        await one.write(event.record, "lesson_completed", each.id)  # its creation, too
    step: JsonValue = {"op": "merge_entities", "survivor": kept.id, "losers": [merged.id]}
    await one.write(batch.apply, operations.parse([step]))
    await one.write(purge.purge, purged.id, purged.id)
    assert undone.change
    await one.write(undo.undo, undone.change)

    finding = by_check(settings)["events"]

    assert finding.state == "note"
    assert "2 tell of entities that are purged" in finding.says
    assert "2 tell of entities that are merged into others" in finding.says
    assert "2 tell of entities that are gone since their creation was undone" in finding.says


async def test_a_broken_pack_is_a_problem(settings: Settings, tmp_path: Path) -> None:
    pack = tmp_path / "broken.toml"
    pack.write_text("[entity_types.spaceship")
    broken = settings.model_copy(update={"packs": (str(pack),)})

    assert states(broken)["ontology"] == "problem"


def test_sizes_read_well() -> None:
    assert [findings.size(n) for n in (0, 999, 81_518_592, 2_500_000_000)] == [
        "0 bytes",
        "999 bytes",
        "82 MB",
        "2.5 GB",
    ]
