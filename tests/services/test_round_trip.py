"""Export, import into an empty file, export: the same bytes, whatever the organization holds."""

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities import tags as tagging
from one_mcp.dimensions.events import event
from one_mcp.dimensions.knowledge.documents import document
from one_mcp.dimensions.knowledge.documents.drafts import Draft
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.services.exchange import exports, imports
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio
START_MS = 1_795_435_200_000

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAME = TEXT.map(lambda text: "".join(c for c in text if ord(c) >= 32).strip()).filter(bool)
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(TEXT, VALUE, max_size=4)
TAGS = st.lists(st.tuples(NAME, NAME).map(":".join), max_size=3)
WHICH = st.integers(0, 99)


@dataclass(frozen=True)
class Step:
    """Something that happens in an organization; `which` entities it happens to is a number."""

    verb: str
    type: str
    name: str
    fields: JsonObject
    tags: list[str]
    which: tuple[int, int]
    later_ms: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(
            ["create"] * 4
            + ["update", "connect", "connect", "record", "tag", "archive", "restore"]
            + ["disconnect", "purge", "note", "note", "forget", "undo", "undo"]
        ),
        st.sampled_from(["creator", "course", "lesson", "video", "token", "website"]),
        NAME,
        FIELDS,
        TAGS,
        st.tuples(WHICH, WHICH),
        st.integers(0, 10**9),
    ),
    min_size=3,
    max_size=25,
)


class Story:
    """Lives through steps; those that the rules refuse do not happen."""

    def __init__(self, one: Session) -> None:
        self._one = one
        self._ids: list[str] = []
        self._notes: list[str] = []

    async def begin(self) -> None:
        for type, fields in (("creator", {"email": "a@b.c"}), ("course", {}), ("lesson", {})):
            saved = await self._one.write(entity.create, type, type, fields)
            self._ids.append(saved.id)

    async def live(self, step: Step) -> None:
        if step.verb == "create":
            await self._create(step)
        else:
            await self._go_on(step, *(self._ids[n % len(self._ids)] for n in step.which))

    async def _create(self, step: Step) -> None:
        fields: dict[str, JsonValue] = dict(step.fields)
        if step.type == "creator":
            fields["email"] = f"c{step.which[0]}@example.com"
        saved = await self._one.write(
            entity.create,
            step.type,
            step.name,
            fields,
            with_tags=step.tags,
            external_id=f"x{step.which[1]}" if step.which[0] % 2 else None,
        )
        self._ids.append(saved.id)

    async def _go_on(self, step: Step, id: str, other: str) -> None:
        one = self._one
        match step.verb:
            case "update":
                await one.write(entity.update, id, step.fields, name=step.name, status="draft")
            case "connect":
                kind = ("owns", "references", "part_of")[step.later_ms % 3]
                await one.write(connection.connect, id, kind, other, step.fields)
            case "disconnect":
                await one.write(connection.disconnect, id, "owns", other)
            case "record":
                said = {**step.fields, "interaction": "viewed"}
                await one.write(event.record, "content_interacted", id, actor=other, metadata=said)
            case "tag":
                await one.write(tagging.change, id, step.tags)
            case "undo":
                changes = (await one.read(history.history)).changes
                await one.write(undo.undo, changes[step.which[0] % len(changes)].change)
            case "archive":
                await one.write(archive.archive, id)
            case "note" | "forget":
                await self._note(step, id)
            case "restore":
                await one.write(archive.restore, id)
            case _:
                await one.write(purge.purge, id, id)

    async def _note(self, step: Step, id: str) -> None:
        if step.verb == "forget":
            await self._one.write(document.forget, self._notes.pop() if self._notes else "kno_0")
        draft = Draft(
            title=step.name[:100],
            text=f"{step.name} {step.which}",
            passages=[],
            source=f"s{step.which[1]}" if step.which[0] % 2 else None,
            keep=("text", "redacted", "vector_only")[step.which[0] % 3],
            quality=step.which[1] / 100 if step.which[1] % 2 else None,
            metadata=step.fields,
            entities=[id],
            role="summary" if step.later_ms % 2 else "chunk_of",
            labels=step.tags,
        )
        added = await self._one.write(document.add, draft)
        self._notes.append(added.id)


def door(app: App) -> Session:
    return app.session(Call("test"), LOCAL)


async def exported(app: App, path: Path) -> bytes:
    await exports.everything(door(app), str(path))
    return path.read_bytes()


async def there_and_back(steps: list[Step], folder: Path) -> None:
    now = [START_MS]
    async with open_app(
        Settings(database=folder / "first.db", folder=folder), lambda: now[0]
    ) as app:
        story = Story(door(app))
        await story.begin()
        for step in steps:
            now[0] += step.later_ms
            with suppress(OneError):
                await story.live(step)
        first = await exported(app, folder / "first.jsonl")
        repeated = await imports.run(door(app), path=str(folder / "first.jsonl"))
    async with open_app(
        Settings(database=folder / "second.db", folder=folder), lambda: now[0] + 5
    ) as app:
        loaded = await imports.run(door(app), path=str(folder / "first.jsonl"))
        second = await exported(app, folder / "second.jsonl")

    assert repeated.change is None
    assert repeated.failed is None
    assert loaded.failed is None
    assert second == first


@given(STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_export_import_export_gives_the_same_bytes(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(there_and_back, steps, Path(folder))
