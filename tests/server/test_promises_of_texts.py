"""Each sentence in the descriptions of the tools for texts, files and owners is so."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import Client

from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings
from tests.conftest import HandClock
from tests.server.business import made
from tests.server.promises import Ask, asking, promised

pytestmark = pytest.mark.anyio
REFUNDS = (
    "# Refunds\n\nWhoever is unhappy with a course gets the whole price back within thirty days."
)
DOORS = "# Front desk\n\nThe studio opens its doors at seven in the morning."


@pytest.fixture
async def ask(tmp_path: Path, clock: HandClock) -> AsyncIterator[Ask]:
    """All tools, and the model that finds texts by what they mean."""
    settings = Settings(database=tmp_path / "one.db", toolsets="all", folder=tmp_path)
    async with open_app(settings, clock) as app, Client(build.server(app)) as client:
        yield asking(client)


@promised(
    "add_knowledge",
    "Keep a text (document, transcript, note) so that it is found by meaning and words.",
    "Texts of entities, such as a blog_post's content, are found without this.",
)
@promised(
    "search_knowledge",
    "Find passages by meaning and words, and entities by name, tags and properties.",
    "Quotes are exact: cite id[start:stop].",
    "For an answer from passages and graph: recall_context.",
)
@promised(
    "recall_context",
    "Gather what an answer can stand on: passages under numbers to cite, connections, events.",
)
@promised("get_knowledge", "Read a document's text from a character on, with what it is about.")
@promised("label_knowledge", "Label a document (key:value), or link it to entities.")
@promised("forget_knowledge", "Take a document out of knowledge; undo_change brings it back.")
@promised("reindex_knowledge", "Wait up to 45 s until all texts are found by meaning.")
async def test_texts_are_kept_found_and_let_go(ask: Ask) -> None:
    post = {"type": "blog_post", "name": "Knees", "properties": {"content": "Weak hips hurt."}}
    course = await ask("create_entity", type="course", name="Running", tags=["topic:trail"])
    creator = await ask(
        "create_entity", type="creator", name="Jo", properties={"email": "jo@example.com"}
    )
    await ask("connect_entities", from_=creator["id"], type="owns", to=course["id"])
    await ask("create_entity", **post)
    kept = await ask("add_knowledge", text=REFUNDS, title="Refunds", entities=[course["id"]])
    await ask("add_knowledge", text=DOORS, title="Front desk")
    await ask("reindex_knowledge")
    by_meaning = await ask("search_knowledge", query="Can I be reimbursed?", limit=1)
    by_words = await ask("search_knowledge", query="thirty days", limit=1)
    own = await ask("search_knowledge", query="hips", limit=1)
    named = await ask("search_knowledge", query="Running")
    tagged = await ask("search_knowledge", query="trail")
    recalled = await ask("recall_context", question="Can customers get a refund?")
    read = await ask("get_knowledge", id=kept["id"], start=11)
    await ask("label_knowledge", id=kept["id"], add=["topic:money"], link=[creator["id"]])
    labelled = await ask("get_knowledge", id=kept["id"])
    forgotten = await ask("forget_knowledge", id=kept["id"])
    gone = await ask("search_knowledge", query="thirty days")
    await ask("undo_change", change=forgotten["change"])
    await ask("reindex_knowledge")
    back = await ask("search_knowledge", query="thirty days", limit=1)

    (hit,) = by_meaning["hits"]
    assert (hit["title"], by_meaning["mode"]) == ("Refunds", "hybrid")
    assert hit["quote"] == REFUNDS[hit["start"] : hit["stop"]]
    assert by_words["hits"][0]["title"] == "Refunds"
    assert own["hits"][0]["title"] == "Knees"
    assert course["id"] in str(named)
    assert course["id"] in str(tagged)
    assert recalled["context"].startswith("[1]")
    assert "Jo" in recalled["context"]
    assert "owns" in recalled["context"]
    assert read["quote"] == REFUNDS[11:]
    assert read["entities"][0]["name"] == "Running"
    assert labelled["labels"] == ["topic:money"]
    assert {it["name"] for it in labelled["entities"]} == {"Running", "Jo"}
    assert "Refunds" not in {it["title"] for it in gone["hits"]}
    assert back["hits"][0]["title"] == "Refunds"


@promised(
    "import_data",
    "Import JSON Lines of export_data, CSV or a folder of Markdown; undone as one.",
    "Rows with an external_id update its entity; a repeat changes nothing.",
    "A Markdown file becomes an entity (front matter: type, title, tags …), links connections.",
    "Every bad row is reported.",
)
async def test_data_is_imported(ask: Ask, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "one.md").write_text(
        "---\ntype: blog_post\ntitle: First\ntags: [yoga]\n---\n[b](b.md)"
    )
    (notes / "b.md").write_text("# Second\n\nText.")
    rows = [{"entity": {"external_id": "k", "type": "course", "name": "Tea"}}]
    lines = "\n".join(map(json.dumps, rows))
    table = {"data": "Id,Title\nk,Tea two\n", "format": "csv"}
    mapping = {"type": "course", "columns": {"Id": "external_id", "Title": "name"}}
    made_of_lines = await ask("import_data", data=lines)
    repeated = await ask("import_data", data=lines)
    renamed = await ask("import_data", **table, mapping=mapping)
    folder = await ask("import_data", path=str(notes))
    bad = await ask("import_data", data='{"entity": {"type": "no"}}\n{"event": {}}\nx')
    (linked,) = (await ask("find_connections", types=["references"]))["items"]
    post = (await ask("find_entities", type="blog_post", detail="full"))["items"][0]
    told = await ask("get_history", id=folder["change"])
    await ask("undo_change", change=folder["change"])

    assert made_of_lines["created"]["entities"] == 1
    assert "created" not in repeated
    assert "change" not in repeated
    assert renamed["updated"] == {"entities": 1}
    assert [it["name"] for it in (await ask("find_entities", type="course"))["items"]] == [
        "Tea two"
    ]
    assert (folder["created"]["entities"], folder["created"]["connections"]) == (2, 1)
    assert (linked["from_name"], linked["to_name"]) == ("First", "Second")
    assert (post["name"], post["tags"]) == ("First", ["topic:yoga"])
    assert bad["code"] == "IMPORT_ROWS"
    assert {row["line"] for row in bad["errors"]} == {1, 2, 3}
    assert len(told["changes"]) == 1
    assert (await ask("find_entities", type="blog_post"))["items"] == []


@promised(
    "export_data",
    "Export as JSON Lines, which import_data reads back without a loss, or as CSV.",
    "CSV holds the entities of a type, or the connections.",
)
async def test_data_is_exported(ask: Ask, tmp_path: Path, clock: HandClock) -> None:
    course = await ask("create_entity", type="course", name="Tea", tags=["topic:tea"])
    lesson = await ask("create_entity", type="lesson", name="Leaves")
    await ask("connect_entities", from_=lesson["id"], type="part_of", to=course["id"])
    await ask("export_data", path=str(tmp_path / "all.jsonl"))
    courses = await ask("export_data", what="entities", type="course")
    edges = await ask("export_data", what="connections")
    elsewhere = Settings(
        database=tmp_path / "two.db", toolsets="all", folder=tmp_path, embedding_model="none"
    )
    async with open_app(elsewhere, clock) as app, Client(build.server(app)) as client:
        other = asking(client)
        await other("import_data", path=str(tmp_path / "all.jsonl"))
        read_back = await other("get_entity", id=course["id"], include=["tags", "neighbours"])
        happened = await other("find_events", target=course["id"])

    assert "Tea" in str(courses)
    assert "Leaves" not in str(courses)
    assert "part_of" in str(edges)
    here = await ask("get_entity", id=course["id"], include=["tags", "neighbours"])
    assert {**read_back, "version": 0} == {**here, "version": 0}
    assert [it["type"] for it in happened["items"]] == ["course_created"]


@promised(
    "purge_entity",
    "Remove an entity for good, with its connections, its tags and what history knows of it.",
    "Events about it stay, and what other texts say of it, documents too; nothing brings the rest "
    "back.",
    "`erased` says that no byte of it is left in the file.",
    "A document (kno_…) goes the same way.",
    "Ask the user first; archive_entity hides an entity and can be undone.",
)
async def test_an_entity_is_purged(ask: Ask, tmp_path: Path) -> None:
    operations = [
        made("secret", "audience_member", ("topic:zzyzxtag",), bio="zzyzxbio"),
        made("course", "course"),
        {"op": "connect_entities", "from": "$secret", "type": "enrolled_in", "to": "$course"},
        {"op": "record_event", "type": "course_enrolled", "actor": "$secret", "target": "$course"},
    ]
    ids = (await ask("apply_changes", operations=operations))["ids"]
    note = await ask("add_knowledge", text="She told us of zzyzxword.", title="Note")
    archived = await ask("archive_entity", id=ids["$secret"])
    await ask("undo_change", change=archived["change"])
    unsure = await ask("purge_entity", id=ids["$secret"], confirm="somebody else")
    purged = await ask("purge_entity", id=ids["$secret"], confirm="Secret")
    events = await ask("find_events", types=["course_enrolled"])
    history = await ask("get_history", id=ids["$secret"])
    still = await ask("get_knowledge", id=note["id"])
    again = await ask("undo_change", change=purged["change"])
    gone = await ask("purge_entity", id=note["id"], confirm=note["id"])
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("one.db*"))

    assert "code" in unsure
    assert purged["erased"] is True
    assert len(events["items"]) == 1
    assert (await ask("find_connections", to=ids["$course"]))["items"] == []
    assert "zzyzx" not in str(history)
    assert "zzyzxword" in still["quote"]
    assert "code" in again
    assert gone["erased"] is True
    assert b"zzyzx" not in kept
