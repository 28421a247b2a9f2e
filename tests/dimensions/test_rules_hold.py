"""Random sequences of rules: what must hold of the store whatever was called in which order."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from one_mcp import ids
from one_mcp.access import Principal, Role
from one_mcp.answers import Written
from one_mcp.app import App
from one_mcp.dimensions.batch import batch, converting, operations
from one_mcp.dimensions.changes import images
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity, tags
from one_mcp.dimensions.events import event
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.knowledge.documents.document import Added
from one_mcp.dimensions.knowledge.documents.drafts import Draft, Keep
from one_mcp.dimensions.knowledge.index import chunk_queue, models, repair, vector_queue
from one_mcp.dimensions.knowledge.index.chunks import Passage
from one_mcp.dimensions.knowledge.index.repair import Upkeep
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ConflictError, OneError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.session import Call, Session
from one_mcp.store import fulltext, patches
from one_mcp.store.sqlite import health
from one_mcp.store.work import Work
from one_mcp.texts.stems import stem

pytestmark = pytest.mark.anyio

TYPES = ("creator", "course", "blog_post")
RELATIONS = ("owns", "part_of", "following")
WORDS = ("amber", "birch", "cedar")
WORD = re.compile("[a-z]+")
TOPIC = ("topic:amber",)
TABLES = {
    "entities": "entity",
    "merged_entities": "merge",
    "connections": "connection",
    "tags": "tag",
    "knowledge": "knowledge",
    "knowledge_links": "knowledge_link",
    "knowledge_labels": "knowledge_label",
}
WITHOUT_IDS = ("tag", "knowledge_link", "knowledge_label")
UNLOGGED = ("organization_id", "source_id", "source_field")
FIELD_TEXTS = """
    SELECT id
    FROM knowledge
    WHERE organization_id = :organization
      AND source_id IS NOT NULL
"""
CUT = """
    SELECT
        knowledge.kind, chunks.text AS passage, chunks.start, chunks.stop,
        chunks.text IS NOT NULL AS kept,
        coalesce(
            knowledge.text,
            (
                SELECT properties ->> ('$.' || source_field)
                FROM entities
                WHERE organization_id = :organization AND id = source_id
            )
        ) AS text
    FROM chunks
    JOIN knowledge ON knowledge.seq = chunks.document
    WHERE chunks.organization_id = :organization
      AND coalesce(source_id, knowledge.id) NOT IN (
          SELECT subject_id FROM chunk_queue WHERE organization_id = :organization
      )
"""
organizations = count(1)
few = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Step = tuple[str, int, int, int]
KINDS = (
    *("create", "update", "rename", "tag", "untag", "event"),
    *("archive", "archive", "restore", "restore", "undo", "undo"),
    *("convert", "convert", "merge", "merge"),
    *("connect", "connect", "connect", "connect", "disconnect", "disconnect"),
    *("add", "add", "replace", "replace", "conceal", "file", "file", "unfile", "forget", "index"),
)
FIRST_STEPS: tuple[Step, ...] = (
    *(("create", 1, who, TYPES.index(type)) for who, type in enumerate(("creator", "course"))),
    *(("create", 0, who, TYPES.index(type)) for who, type in enumerate(("course", "creator"))),
    ("connect", 0, 0, RELATIONS.index("owns")),
    ("connect", 1, 0, RELATIONS.index("part_of")),
    ("tag", 0, 0, 0),
    ("add", 0, 0, 0),
)
steps = some.tuples(
    some.sampled_from(KINDS),
    some.integers(0, 3),
    some.integers(0, 2),
    some.integers(0, 2),
)


def draft(
    text: str, source: str | None = None, entities: Sequence[str] = (), keep: Keep = "text"
) -> Draft:
    return Draft(
        "A text", text, passages(text), source=source, entities=entities, labels=TOPIC, keep=keep
    )


def passages(text: str) -> list[Passage]:
    """Each word of a text as a passage, and no two of them in one place."""
    return [Passage(found.start(), found.end(), "", found[0]) for found in WORD.finditer(text)]


def index(work: Work) -> Written:
    """Cut and embed all that waits, as the indexer does between any two calls."""
    for uncut in chunk_queue.to_cut(work, 100):
        chunk_queue.cut(work, uncut, [passages(it.text) for it in uncut.texts])
    model = models.declare(work, "tiny", 4)
    waiting = vector_queue.lease(work, model, 100)
    models.store(work, model, [(it.chunk, it.text[:4].encode()) for it in waiting])
    return Written()


def apply(work: Work, op: str, **given: JsonValue) -> Written:
    return batch.apply(work, operations.parse([{"op": op, **given}]))


@dataclass
class Model:
    """The organization of one example, and what was made in it."""

    one: Session
    entities: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def rule(self, step: Step) -> Callable[[Work], Written]:
        kind, a, b, c = step
        first, second = self._entity(a), self._entity(a + 1 + b % max(1, len(self.entities) - 1))
        document_id = self._document(a + b)
        word = WORDS[c]
        email = {"email": f"{WORDS[b % 3]}@example.com"}
        said = f"{word} {WORDS[a % 3]}"
        properties = {"note": said, "content": said, **(email if a % 2 else {})}
        rules: dict[str, Callable[[Work], Written]] = {
            "create": lambda work: entity.create(
                work, TYPES[c], word, {**properties, **(email if c == 0 else {})}
            ),
            "update": lambda work: entity.update(work, first, properties),
            "rename": lambda work: entity.update(work, first, name=f"{word} {WORDS[b % 3]}"),
            "archive": lambda work: archive.archive(work, first),
            "restore": lambda work: archive.restore(work, first),
            "connect": lambda work: connection.connect(
                work, first, RELATIONS[c], second, {"note": word} if a % 2 else None
            ),
            "disconnect": lambda work: connection.disconnect(work, first, RELATIONS[c], second),
            "tag": lambda work: tags.change(work, first, [f"skill:{word}", "level:easy"]),
            "untag": lambda work: tags.change(work, first, None, [f"skill:{word}"]),
            "convert": lambda work: converting.convert(
                work, first, TYPES[c], properties=email if c == 0 else None
            ),
            "merge": lambda work: apply(work, "merge_entities", survivor=first, losers=[second]),
            "event": lambda work: event.record(work, "creator_updated", first),
            "undo": lambda work: undo.undo(work, self._change(a + b)),
            "purge": lambda work: purge.purge(work, first, first),
            "add": lambda work: document.add(work, draft(said, entities=[first])),
            "replace": lambda work: document.add(work, draft(said, source=WORDS[b])),
            "conceal": lambda work: document.add(
                work, draft(said, source=WORDS[b], keep="vector_only")
            ),
            "file": lambda work: document.label(
                work, document_id, [f"topic:{word}"], link=[second] if c else []
            ),
            "unfile": lambda work: document.label(
                work, document_id, None, [f"topic:{word}"], unlink=[first]
            ),
            "forget": lambda work: document.forget(work, document_id),
            "erase": lambda work: purge.purge(work, document_id, document_id),
            "index": index,
        }
        return rules[kind]

    async def take(self, step: Step) -> Written | None:
        """Take a step; a refusal is as good an answer as any."""
        try:
            answer = await self.one.write(self.rule(step))
        except OneError:
            return None
        if answer.change:
            self.changes.append(answer.change)
        if isinstance(answer, entity.Saved) and answer.id not in self.entities:
            self.entities.append(answer.id)
        if isinstance(answer, Added) and answer.id not in self.documents:
            self.documents.append(answer.id)
        return answer

    async def take_back(self, change: str) -> list[str]:
        """Undo a change, or return the changes that stand in the way."""
        try:
            await self.one.write(undo.undo, change)
        except ConflictError as refusal:
            later = refusal.fields.get("later")
            return [str(one["change"]) for one in later or [] if isinstance(one, dict)]
        return []

    def _entity(self, index: int) -> str:
        return self.entities[index % len(self.entities)] if self.entities else "ent_0"

    def _document(self, index: int) -> str:
        return self.documents[index % len(self.documents)] if self.documents else "kno_0"

    def _change(self, back: int) -> str:
        return self.changes[-1 - back % len(self.changes)] if self.changes else "chg_1"


async def founded(app: App) -> Model:
    """A new organization in the same file: examples share nothing but the file."""
    organization = f"org_{next(organizations)}"
    await app.database.write(
        lambda raw: raw.execute(
            "INSERT INTO heads (organization_id, number, at) VALUES (?, 1, 1)", [organization]
        )
    )
    await app.database.write(
        lambda raw: raw.execute(
            """
            INSERT INTO organizations (organization_id, name, created_at, updated_at, version)
            VALUES (?, 'An organization', 1, 1, 1)
            """,
            [organization],
        )
    )
    principal = Principal(organization, "per_tester", "Tester", Role.ORG_OWNER)
    model = Model(app.session(Call("test"), principal))
    for step in FIRST_STEPS:
        await model.take(step)
    return model


def stored(work: Work) -> dict[str, list[dict[str, Any]]]:
    """All rows that undo answers for, to the last column: not those that follow from others."""
    rows = {
        table: sorted(
            (
                {
                    name: value
                    for name, value in zip(row.keys(), row, strict=True)
                    if name not in UNLOGGED
                }
                for row in work.all(f"SELECT * FROM {table} WHERE organization_id = :organization")
            ),
            key=repr,
        )
        for table in TABLES
    }
    derived = {row["id"] for row in work.all(FIELD_TEXTS)}
    rows["knowledge"] = [row for row in rows["knowledge"] if row["id"] not in derived]
    for table in ("knowledge_links", "knowledge_labels"):
        rows[table] = [row for row in rows[table] if row["knowledge_id"] not in derived]
    return rows


def check(work: Work) -> None:
    rows = stored(work)
    _visibility_follows_the_ends(rows)
    _search_finds_what_is_there(work, rows)
    _the_log_leads_back(work, rows)
    _passages_belong_to_texts(work)


def _passages_belong_to_texts(work: Work) -> None:
    assert health.search_drift(work.raw, health.PASSAGES) == (0, 0)
    assert health.dangling(work.raw) == []
    assert repair.examine(work) == Upkeep(left_over=0, wrong_vectors=0, unembedded=0, uncut=0)
    strays = """
        SELECT
            (SELECT count(*) FROM chunks WHERE document NOT IN (SELECT seq FROM knowledge))
            + (SELECT count(*) FROM embeddings WHERE chunk NOT IN (SELECT seq FROM chunks))
            + (SELECT count(*) FROM embedding_queue WHERE chunk NOT IN (SELECT seq FROM chunks))
    """
    assert work.value(strays) == 0
    for row in work.all(CUT):
        assert row["text"] is not None or row["kind"] == "vector_only"
        assert row["passage"] == (row["text"] or "")[row["start"] : row["stop"]] or not row["kept"]


def _visibility_follows_the_ends(rows: dict[str, list[dict[str, Any]]]) -> None:
    archived = {row["id"] for row in rows["entities"] if row["deleted_at"] is not None}
    for row in rows["entities"]:
        assert (row["status"] == "archived") == (row["id"] in archived)
    for row in rows["connections"]:
        hidden = row["deleted_at"] is not None
        assert hidden == bool({row["from_id"], row["to_id"]} & archived)


def _search_finds_what_is_there(work: Work, rows: dict[str, list[dict[str, Any]]]) -> None:
    own = {row["seq"] for row in rows["entities"]}
    for word in WORDS:
        found = work.all(
            "SELECT rowid AS seq FROM entity_words WHERE entity_words MATCH :word",
            word=fulltext.query(fulltext.tenant(work), stem(word)),
        )
        expected = {
            row["seq"] for row in rows["entities"] if word in f"{row['name']} {row['properties']}"
        }
        assert {row["seq"] for row in found} & own == expected
    sizes = work.value("SELECT count(*) FROM entity_words_docsize")
    assert sizes == work.value("SELECT count(*) FROM entities")


def _the_log_leads_back(work: Work, rows: dict[str, list[dict[str, Any]]]) -> None:
    """From the rows of today to where there was nothing, each step what the log has of it."""
    now: dict[tuple[str, ...], JsonObject] = {}
    for table, kind in TABLES.items():
        for row in rows[table]:
            image = images.whole(dict(row))
            now[_subject(kind, str(row.get("id")), image)] = image
    retracted = work.all("SELECT event_id FROM retractions WHERE organization_id = :organization")
    found = images.current(work, "retraction", [row["event_id"] for row in retracted])
    now |= {("retraction", id): image for id, image in found.items()}
    for row in work.all(
        """
        SELECT kind, row_id, before, after, image
        FROM change_rows
        WHERE organization_id = :organization
          AND purged_by IS NULL
          AND kind NOT IN ('organization', 'person')
        ORDER BY seq DESC
        """
    ):
        before, after = (images.load(row[side] or "{}") for side in ("before", "after"))
        subject = _subject(row["kind"], row["row_id"], after or before)
        if row["before"] is None:
            del now[subject]
        elif row["after"] is None:
            assert subject not in now
            now[subject] = before
        else:
            _agrees(after, now[subject])
            assert "text" not in after
            now[subject] = images.before(now[subject], before)
            _agrees(images.load(row["image"] or "{}"), now[subject])
    assert now == {}


def _subject(kind: str, id: str, image: JsonObject) -> tuple[str, ...]:
    return (kind, *map(str, image.values())) if kind in WITHOUT_IDS else (kind, id)


def _agrees(told: JsonObject, image: JsonObject) -> None:
    for name, value in told.items():
        whole = image[name]
        if isinstance(value, list):
            assert isinstance(whole, dict)
            assert all(whole[key] == it for key, it in patches.changed(value).items())
        else:
            assert value == whole


@few
@given(some.lists(steps, max_size=25))
async def test_the_store_keeps_its_rules_whatever_is_called(app: App, taken: list[Step]) -> None:
    model = await founded(app)

    for step in taken:
        await model.take(step)

    await model.one.read(check)


@few
@given(some.lists(steps, max_size=15), steps)
async def test_undo_restores_the_exact_rows_and_so_does_its_undo(
    app: App, taken: list[Step], last: Step
) -> None:
    model = await founded(app)
    for step in taken:
        await model.take(step)
    before = await model.one.read(stored)

    answer = await model.take(last)

    after = await model.one.read(stored)
    if answer is None or answer.change is None or last[0] == "event" or before == after:
        return
    first = await model.one.write(undo.undo, answer.change)
    assert await model.one.read(stored) == before
    assert first.change
    await model.one.write(undo.undo, first.change)
    assert await model.one.read(stored) == after
    await model.one.read(check)


@few
@given(some.lists(steps, max_size=20))
async def test_changes_undone_from_the_newest_leave_nothing(app: App, taken: list[Step]) -> None:
    model = await founded(app)
    for step in taken:
        if step[0] != "undo":
            await model.take(step)

    for change in reversed(model.changes):
        await model.take_back(change)

    assert await model.one.read(stored) == {table: [] for table in TABLES}
    await model.one.read(check)


@few
@given(some.lists(steps, min_size=4, max_size=20), some.integers(0, 20))
async def test_a_refused_undo_names_later_changes_whose_undo_makes_way(
    app: App, taken: list[Step], back: int
) -> None:
    model = await founded(app)
    for step in taken:
        await model.take(step)
    if not model.changes:
        return
    wanted = model.changes[-1 - back % len(model.changes)]

    before = await model.one.read(stored)
    later = await model.take_back(wanted)
    if later:
        assert await model.one.read(stored) == before
    for change in later:
        assert (ids.change_number(change) or 0) > (ids.change_number(wanted) or 0)
        await _made_way(model, change)
    if later:
        assert await model.take_back(wanted) == []
    await model.one.read(check)


async def _made_way(model: Model, change: str) -> None:
    """Undo a change, and before it whatever it names in turn."""
    for other in await model.take_back(change):
        await _made_way(model, other)
        await model.take_back(change)


@few
@given(
    some.lists(steps, min_size=3, max_size=20),
    some.sampled_from(["purge", "erase"]),
    some.integers(0, 7),
)
async def test_a_purge_leaves_the_rest_consistent(
    app: App, taken: list[Step], verb: str, who: int
) -> None:
    model = await founded(app)
    for step in taken[: len(taken) // 2]:
        await model.take(step)
    purged = await model.take((verb, who, 0, 0))
    for step in taken[len(taken) // 2 :]:
        await model.take(step)

    await model.one.read(check)
    if purged is not None and purged.change:
        with pytest.raises(ConflictError):
            await model.one.write(undo.undo, purged.change)
