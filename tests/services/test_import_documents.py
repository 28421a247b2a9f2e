"""Documents in exports and imports: what comes back, what is merged, what is refused."""

import json
from pathlib import Path

import pytest

from one_mcp.answers import Written
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.knowledge.documents import reading
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.errors import ImportRowsError
from one_mcp.services.exchange import exports, imports
from one_mcp.services.knowledge import ingest, recall, upkeep
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio


def lines(*records: dict[str, object]) -> str:
    return "\n".join(json.dumps({"document": record}) for record in records)


async def test_documents_come_back_and_are_searchable_again(
    one: Session, jane: Saved, tmp_path: Path
) -> None:
    filing = Filing(title="Door", entities=[jane.id], labels=["topic:door"], keep="redacted")
    added = await ingest.add(one, filing, text="The code is 4711.")
    await exports.everything(one, str(tmp_path / "all.jsonl"))

    settings = Settings(
        database=tmp_path / "second.db", embedding_model="simulated", folder=tmp_path
    )
    async with open_app(settings) as app:
        other = app.session(Call("test"), LOCAL)
        loaded = await imports.run(other, path=str(tmp_path / "all.jsonl"))
        indexed = await upkeep.reindex(other)
        shown = await other.read(reading.document, added.id)

    assert loaded.created is not None
    assert loaded.created["documents"] == 1
    assert (indexed.passages, indexed.vectors) == (1, 1)
    assert (shown.redacted, shown.labels) == (True, ["topic:door"])
    assert [linked.id for linked in shown.entities or []] == [jane.id]


async def test_a_repeat_changes_nothing_and_another_text_updates(one: Session) -> None:
    first = await imports.run(one, data=lines({"title": "A", "text": "One.", "source": "a"}))
    again = await imports.run(one, data=lines({"title": "A", "text": "One.", "source": "a"}))
    other = await imports.run(one, data=lines({"title": "A", "text": "Two.", "source": "a"}))

    assert first.created == {"documents": 1}
    assert (again.unchanged, again.change) == ({"documents": 1}, None)
    assert other.updated == {"documents": 1}


async def test_links_may_name_entities_further_down(one: Session) -> None:
    text = lines({"title": "A", "text": "One.", "links": [{"entity": {"external_id": "e1"}}]})
    line = json.dumps({"entity": {"type": "course", "name": "C", "external_id": "e1"}})

    loaded = await imports.run(one, data=f"{text}\n{line}")

    assert loaded.created == {"documents": 1, "entities": 1, "automatic_events": 1}


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"title": "A"}, "INVALID_ARGUMENT"),
        ({"title": "A", "text": " "}, "INVALID_ARGUMENT"),
        ({"title": "", "text": "x"}, "BROKEN_LINE"),
        ({"title": "A", "text": "x", "quality": 2}, "BROKEN_LINE"),
        ({"title": "A", "text": "x", "labels": ["none"]}, "INVALID_ARGUMENT"),
        ({"title": "A", "text": "x", "links": [{"entity": "ent_0"}]}, "NOT_FOUND"),
        ({"title": "A", "text": "x", "links": [{"entity": "e", "role": "no"}]}, "BROKEN_LINE"),
        ({"title": "A", "vector_only": True}, "INVALID_ARGUMENT"),
    ],
)
async def test_bad_documents_are_reported_by_line(
    one: Session, record: dict[str, object], code: str
) -> None:
    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=lines({"title": "Good", "text": "Fine."}, record))

    errors = failure.value.fields["errors"]
    assert isinstance(errors, list)
    assert [(row["line"], row["code"]) for row in errors] == [(2, code)]  # type: ignore[index, call-overload]


async def test_of_vectors_only_the_text_does_not_travel(one: Session, tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "v.db", embedding_model="simulated", folder=tmp_path)
    async with open_app(settings) as first:
        door = first.session(Call("test"), LOCAL)
        await ingest.add(door, Filing(title="V", keep="vector_only"), text="Quillwort.")
        await exports.everything(door, str(tmp_path / "v.jsonl"))

    loaded = await imports.run(one, path=str(tmp_path / "v.jsonl"))

    assert "Quillwort" not in (tmp_path / "v.jsonl").read_text()
    assert loaded.created is not None
    assert loaded.created["documents"] == 1


async def test_the_same_text_twice_is_a_duplicate(one: Session) -> None:
    twice = lines(*({"title": "A", "text": "One."} for _ in range(2)))

    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=twice)

    assert failure.value.fields["errors"] == [
        {
            "line": 2,
            "code": "DUPLICATE",
            "problem": "Line 1 has the same title and text.",
        }
    ]


async def test_an_import_that_keeps_no_text_leaves_none_behind(one: Session) -> None:
    added = await ingest.add(one, Filing(title="Door"), text="The code is 4711.")
    hash = await one.read(lambda work: work.value(HASH, id=added.id))
    line = lines({"id": added.id, "title": "Door", "vector_only": True, "hash": hash})

    loaded = await imports.run(one, data=line)
    again = await imports.run(one, data=line)

    assert loaded.updated == {"documents": 1}
    assert again.unchanged == {"documents": 1}
    assert await one.read(lambda work: work.value(KEPT, id=added.id)) == 0


async def test_a_document_of_vectors_is_found_once_it_is_added_again(
    settings: Settings, tmp_path: Path
) -> None:
    text = "The code is 4711."
    filing = Filing(title="Door", keep="vector_only")
    simulated = settings.model_copy(update={"embedding_model": "simulated"})
    async with open_app(simulated) as app:
        added = await ingest.add(app.session(Call("test"), LOCAL), filing, text=text)
        await exports.everything(app.session(Call("test"), LOCAL), str(tmp_path / "all.jsonl"))
    second = simulated.model_copy(update={"database": tmp_path / "second.db"})
    async with open_app(second) as app:
        other = app.session(Call("test"), LOCAL)
        await imports.run(other, path=str(tmp_path / "all.jsonl"))
        again = await ingest.add(other, filing, text=text)
        found = await recall.find(other, Wish(text))

    assert (again.id, again.unchanged, again.chunks) == (added.id, None, 1)
    assert [hit.id for hit in found.hits] == [added.id]


async def test_a_document_does_not_replace_the_text_of_an_entity(one: Session) -> None:
    await one.write(entity.create, "blog_post", "Breath", {"content": "Breathe."})
    await upkeep.reindex(one)
    id = await one.read(lambda work: work.value(FIELD))

    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=lines({"id": id, "title": "A", "text": "One."}))

    assert "CONFLICT" in str(failure.value)


async def test_the_longest_text_comes_back(one: Session, tmp_path: Path) -> None:
    text = "ü " * (ingest.LONGEST // 2)
    await imports.run(one, data=lines({"title": "Long", "text": "x", "source": "long"}))
    await one.write(lengthened, text=text)
    await exports.everything(one, str(tmp_path / "all.jsonl"))

    async with open_app(Settings(database=tmp_path / "second.db", folder=tmp_path)) as app:
        loaded = await imports.run(
            app.session(Call("test"), LOCAL), path=str(tmp_path / "all.jsonl")
        )

    assert loaded.failed is None
    assert loaded.created is not None
    assert loaded.created["documents"] == 1


def lengthened(work: Work, text: str) -> Written:
    work.run("UPDATE knowledge SET text = :text WHERE organization_id = :organization", text=text)
    return Written()


FIELD = """
    SELECT id
    FROM knowledge
    WHERE organization_id = :organization
      AND source_field = 'content'
"""
HASH = "SELECT hash FROM knowledge WHERE organization_id = :organization AND id = :id"
KEPT = """
    SELECT count(*)
    FROM knowledge
    JOIN chunks ON chunks.document = knowledge.seq
    WHERE knowledge.organization_id = :organization
      AND id = :id
      AND chunks.text IS NOT NULL
"""
