"""What becomes of a text: stored once, replaced by its source, cut, embedded, forgotten."""

from pathlib import Path

import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.knowledge.documents import document, labels, reading
from one_mcp.dimensions.knowledge.index import backlog
from one_mcp.dimensions.knowledge.index.backlog import Backlog
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import (
    ArchivedError,
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    TextFileError,
)
from one_mcp.services.knowledge import ingest, upkeep
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.sqlite.connection import Raw
from tests.knowledge.conftest import Ask, add, rows

pytestmark = pytest.mark.anyio

REFUNDS = "# Refunds\n\nCustomers get their money back within 30 days.\n\n## Tokens\n\nNever."


async def vectors(one: Session) -> dict[str, int]:
    """The rows of all vectors, by the hashes of their passages."""
    found = await rows(
        one,
        """
        SELECT chunks.hash, embeddings.seq
        FROM chunks
        JOIN embeddings
          ON embeddings.organization_id = :organization AND embeddings.chunk = chunks.seq
        WHERE chunks.organization_id = :organization
        """,
    )
    return {row["hash"]: row["seq"] for row in found}


async def test_the_same_text_is_stored_once_and_gets_the_new_links(
    one: Session, jane: Saved
) -> None:
    first = await ingest.add(one, Filing(), text=REFUNDS)

    again = await ingest.add(one, Filing(entities=[jane.id], labels=["topic:money"]), text=REFUNDS)

    assert (again.id, again.unchanged, again.title) == (first.id, True, "Refunds")
    shown = await one.read(reading.document, first.id)
    assert [linked.name for linked in shown.entities or []] == ["Jane"]
    assert shown.labels == ["topic:money"]


async def test_a_text_that_is_to_be_hidden_from_now_on_is(one: Session, ask: Ask) -> None:
    first = await ingest.add(one, Filing(title="Door"), text="The code is 4711.")

    second = await ingest.add(one, Filing(title="Door", keep="redacted"), text="The code is 4711.")

    assert (second.id, second.unchanged) == (first.id, None)
    assert [hit.quote for hit in await ask("code")] == [None]


async def test_a_text_of_the_same_source_replaces_the_older_one(one: Session, ask: Ask) -> None:
    first = await ingest.add(one, Filing(source="faq"), text="We close at nine.")

    second = await ingest.add(one, Filing(source="faq"), text="We close at midnight.")

    assert second.id == first.id
    assert second.unchanged is None
    assert [hit.quote for hit in await ask("When do we close?")] == ["We close at midnight."]


async def test_unchanged_passages_keep_their_vectors(one: Session) -> None:
    parts = [f"## Part {part}\n\n{f'Sentence {part} about foxes. ' * 60}" for part in "abcd"]
    await ingest.add(one, Filing(title="T", source="s"), text="\n\n".join(parts))
    await upkeep.reindex(one)
    before = await vectors(one)

    parts[2] = "## Part c\n\nAnother text altogether."
    await ingest.add(one, Filing(title="T", source="s"), text="\n\n".join(parts))

    kept = await vectors(one)
    left = await one.read(backlog.count, 1)
    assert set(kept) < set(before)
    assert left.unembedded >= 1
    assert len(kept) + left.unembedded == await one.read(
        lambda work: work.value("SELECT count(*) FROM chunks WHERE organization_id = :organization")
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("a\0b", "binary"),
        ("x" * (ingest.LONGEST + 1), "in parts"),
    ],
)
async def test_what_is_no_text_is_refused(one: Session, text: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=says):
        await ingest.add(one, Filing(), text=text)


async def test_one_word_of_100_000_characters_is_kept_and_cut(one: Session) -> None:
    added = await ingest.add(one, Filing(title="Long"), text="x" * 100_000)

    assert added.characters == 100_000
    assert added.chunks >= 1


async def test_links_need_live_entities(one: Session, jane: Saved) -> None:
    with pytest.raises(NotFoundError):
        await ingest.add(one, Filing(entities=["ent_0000000000000000"]), text="x")
    await one.write(archive.archive, jane.id)

    with pytest.raises(ArchivedError):
        await ingest.add(one, Filing(entities=[jane.id]), text="x")

    assert await rows(one, "SELECT id FROM knowledge WHERE organization_id = :organization") == []


async def test_labels_and_links_change(one: Session, jane: Saved) -> None:
    id = await add(one, REFUNDS, labels=["topic:money", "audience:staff"])

    labelled = await one.write(
        document.label, id, ["topic:tokens"], ["audience:staff"], link=[jane.id]
    )

    assert labelled.labels == ["topic:money", "topic:tokens"]
    assert labelled.entities == [f"{jane.id} (Jane)"]
    assert (await one.write(document.label, id, unlink=[jane.id])).entities is None


async def test_a_forgotten_document_comes_back_by_undo(one: Session, jane: Saved, ask: Ask) -> None:
    id = await add(one, REFUNDS, entities=[jane.id], labels=["topic:money"])

    forgotten = await one.write(document.forget, id)
    assert await ask("money back") == []
    await one.write(undo.undo, forgotten.change or "")

    (hit,) = await ask("money back")
    assert hit.id == id
    assert hit.labels == ["topic:money"]
    assert [linked.id for linked in hit.entities or []] == [jane.id]


async def test_nothing_is_read_from_past_the_end_of_a_text(one: Session) -> None:
    id = await add(one, REFUNDS)

    for start in (len(REFUNDS), 2**31, 2**32, 2**53):
        shown = await one.read(reading.document, id, start)
        assert (shown.quote, shown.characters) == (None, len(REFUNDS)), start


async def test_a_redacted_text_is_found_and_never_shown(one: Session, ask: Ask) -> None:
    id = await add(one, "The door code is 4711.", title="Door", keep="redacted")

    (hit,) = await ask("door code")

    assert (hit.id, hit.quote, hit.redacted) == (id, None, True)
    shown = await one.read(reading.document, id)
    assert shown.quote is None
    assert "4711" not in shown.model_dump_json()


async def test_of_a_vector_only_text_nothing_but_vectors_is_kept(
    one: Session, app: App, ask: Ask
) -> None:
    id = await add(one, "The vault opens with quillwort.", title="Vault", keep="vector_only")

    (hit,) = await ask("vault opens quillwort")

    assert (hit.id, hit.quote) == (id, None)
    path = app.database.path
    for part in (path, path.with_name(f"{path.name}-wal")):
        assert b"quillwort" not in part.read_bytes()


@pytest.mark.parametrize("keep", ["redacted", "vector_only"])
async def test_headings_of_a_text_that_is_not_shown_are_not_shown_either(
    one: Session, app: App, ask: Ask, keep: str
) -> None:
    await add(one, "# Quillwort\n\n## Bogbean\n\nOtters swim.", keep=keep)

    (hit,) = await ask("otters swim")

    assert (hit.title, hit.heading) == ("Untitled", None)
    path = app.database.path
    files = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
    for word in (b"quillwort", b"bogbean"):
        assert (word in files.lower()) is (keep == "redacted")


async def test_a_source_of_spaces_is_none(one: Session) -> None:
    assert await add(one, "Otters.", source=" ") != await add(one, "Badgers.", source=" ")


async def test_a_file_becomes_a_document_with_its_own_title(one: Session, tmp_path: Path) -> None:
    file = tmp_path / "note.md"
    file.write_text("---\ntitle: A note\n---\nBreathe through the nose.\n")

    added = await ingest.add(one, Filing(), path=str(file))

    assert added.title == "A note"
    assert (await one.read(reading.document, added.id)).source == file.as_uri()
    with pytest.raises(TextFileError):
        await ingest.add(one, Filing(), path=str(tmp_path / "gone.md"))


async def test_pages_are_fetched_only_where_that_is_allowed(one: Session) -> None:
    with pytest.raises(InvalidArgumentError, match="ONE_MCP_FETCH_URLS"):
        await ingest.add(one, Filing(), url="https://example.com/")


@pytest.mark.parametrize("given", [{}, {"text": "a", "path": "b"}])
async def test_a_text_comes_from_one_place(one: Session, given: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError, match="one of"):
        await ingest.add(one, Filing(), **given)


async def test_the_text_of_an_entity_is_knowledge_without_being_added(
    one: Session, ask: Ask
) -> None:
    post = await one.write(
        entity.create, "blog_post", "Breathing", {"content": "Nasal breathing calms runners."}
    )

    (hit,) = await ask("what calms runners?")

    assert hit.quote == "Nasal breathing calms runners."
    assert [linked.id for linked in hit.entities or []] == [post.id]


async def test_the_knowledge_of_an_entity_follows_it(one: Session, ask: Ask) -> None:
    post = await one.write(entity.create, "blog_post", "Old", {"content": "About otters."})
    await ask("otters")

    await one.write(entity.update, post.id, {"content": "About badgers."}, name="New")
    assert [(hit.title, hit.quote) for hit in await ask("badgers")] == [("New", "About badgers.")]

    hidden = await one.write(archive.archive, post.id)
    assert await ask("badgers") == []
    await one.write(undo.undo, hidden.change or "")
    assert len(await ask("badgers")) == 1

    await one.write(entity.update, post.id, {"content": None})
    assert await ask("badgers") == []
    assert await rows(one, "SELECT seq FROM chunks WHERE organization_id = :organization") == []


async def test_a_purged_entity_takes_its_texts_with_it(one: Session, ask: Ask) -> None:
    post = await one.write(entity.create, "blog_post", "Old", {"content": "About otters."})
    await ask("otters")

    await one.write(purge.purge, post.id, post.id)

    assert await ask("otters") == []
    for table in ("knowledge", "knowledge_links", "chunks", "embeddings"):
        found = await rows(one, f"SELECT 1 FROM {table} WHERE organization_id = :organization")
        assert found == [], table


async def test_an_entitys_text_is_changed_with_the_entity(one: Session, ask: Ask) -> None:
    await one.write(entity.create, "blog_post", "Post", {"content": "About otters."})
    (hit,) = await ask("otters")

    with pytest.raises(ConflictError, match="update_entity"):
        await one.write(document.forget, hit.id)
    with pytest.raises(ConflictError, match="tag_entity"):
        await one.write(document.label, hit.id, ["topic:otters"])


async def test_what_is_known_about_an_entity_is_listed(one: Session) -> None:
    post = await one.write(entity.create, "blog_post", "Post", {"content": "About otters."})
    id = await add(one, REFUNDS, entities=[post.id])

    shelf = await one.read(reading.about, post.id)

    assert [(it.field, it.id, it.role) for it in shelf.documents] == [
        ("content", None, "chunk_of"),
        (None, id, "about"),
    ]


async def test_the_link_roles_are_those_of_the_ontology(one: Session) -> None:
    assert set(labels.Role.__args__) == set(one.ontology.link_roles)


async def test_an_entity_written_before_its_field_was_declared_is_indexed(
    one: Session, app: App, settings: Settings
) -> None:
    """A file of an earlier version, or of a server with fewer packs."""
    await one.write(entity.create, "blog_post", "Post", {"content": "About otters."})

    def forget(raw: Raw) -> None:
        raw.execute("DELETE FROM chunk_queue")
        raw.execute("DELETE FROM embeddable_fields")

    await app.database.write(forget)
    assert not await one.read(backlog.few, None)

    async with open_app(settings) as later:
        left = await later.session(Call("test"), LOCAL).read(backlog.few, None)
        assert left == Backlog(uncut=1)


async def test_a_text_that_is_not_kept_is_short_enough_to_be_embedded_within_the_call(
    app: App, one: Session
) -> None:
    told: list[tuple[float, float | None]] = []

    async def note(done: float, total: float | None, _message: str | None) -> None:
        told.append((done, total))

    door = app.session(Call("test", report=note), LOCAL)
    filing = Filing(title="Vault", keep="vector_only")

    kept = await ingest.add(door, filing, text="Quillwort grows. " * 10_000)
    with pytest.raises(InvalidArgumentError, match="in parts"):
        await ingest.add(door, filing, text="Quillwort grows. " * 80_000)

    assert told == [(first, kept.chunks) for first in range(0, kept.chunks, 64)]
    assert (
        len(await rows(one, "SELECT id FROM knowledge WHERE organization_id = :organization")) == 1
    )
