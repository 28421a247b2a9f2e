"""Connections as of a time: whatever happened since, they read as they read then (D-66)."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from one_mcp.dimensions.batch import batch, converting, operations
from one_mcp.dimensions.connections import as_of, connection, finding, hubs
from one_mcp.dimensions.connections.validity import Bounds
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.graph import exploring, paths
from one_mcp.dimensions.undo import undo
from one_mcp.errors import InvalidArgumentError, NotFoundError, OneError
from one_mcp.jsons import JsonObject
from one_mcp.services import compaction, erasure
from one_mcp.session import Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
SECOND_MS = 1_000
STEPS = 70
TYPES = ("owns", "following", "part_of", "member_of")
KINDS = ("creator", "course", "video", "audience_member")


class Life:
    """Lives through random changes, and writes down what the reads say after each."""

    def __init__(self, one: Session, clock: HandClock, seed: int) -> None:
        self.one, self.clock, self.random = one, clock, random.Random(seed)  # noqa: S311
        self.ids: list[str] = []
        self.changes: list[str] = []
        self.seen: list[tuple[int, dict[str, Any], Any]] = []

    async def live(self) -> None:
        for _ in range(6):
            await self.create()
        verbs: list[Callable[[], Awaitable[Any]]] = [
            *[self.connect] * 6,
            *(self.disconnect, self.update, self.update, self.convert, self.create),
            *(self.archive, self.restore, self.restore, self.merge, self.undo, self.undo),
        ]
        for _ in range(STEPS):
            try:
                made = await self.random.choice(verbs)()
            except OneError:
                made = None
            if made is not None and made.change:
                self.changes.append(made.change)
            await self.look()
            self.clock.forward(SECOND_MS)

    def one_of_all(self) -> str:
        return self.random.choice(self.ids)

    async def create(self) -> Any:
        kind, number = self.random.choice(KINDS), len(self.ids)
        made = await self.one.write(
            entity.create, kind, f"No {number}", {"email": f"e{number}@x.io"}
        )
        self.ids.append(made.id)
        return made

    async def connect(self) -> Any:
        day = self.random.choice([None, None, "none", "+5min", "-5min"])
        return await self.one.write(
            connection.connect,
            self.one_of_all(),
            self.random.choice(TYPES),
            self.one_of_all(),
            {"n": self.random.randrange(3)},
            valid=Bounds(valid_until=day),
        )

    async def disconnect(self) -> Any:
        found = (await self.one.read(finding.find)).items
        chosen = self.random.choice(found) if found else None
        if chosen is None:
            return None
        return await self.one.write(connection.disconnect, chosen.from_, chosen.type, chosen.to)

    async def update(self) -> Any:
        name = f"Called {self.random.randrange(99)}"
        return await self.one.write(entity.update, self.one_of_all(), name=name)

    async def convert(self) -> Any:
        return await self.one.write(
            converting.convert, self.one_of_all(), self.random.choice(KINDS)
        )

    async def archive(self) -> Any:
        return await self.one.write(archive.archive, self.one_of_all())

    async def restore(self) -> Any:
        return await self.one.write(archive.restore, self.one_of_all())

    async def merge(self) -> Any:
        merging: JsonObject = {
            "op": "merge_entities",
            "survivor": self.one_of_all(),
            "losers": [self.one_of_all()],
        }
        return await self.one.write(batch.apply, operations.parse([merging]))

    async def undo(self) -> Any:
        changes = self.changes[-8:]
        return await self.one.write(undo.undo, self.random.choice(changes)) if changes else None

    async def look(self) -> None:
        one, other = self.one_of_all(), self.one_of_all()
        asked: list[dict[str, Any]] = [
            {"from_id": one},
            {"to_id": one, "types": [self.random.choice(TYPES)]},
            {"between": [one, other]},
            {"detail": "full", "limit": 200},
            {"where": {"n": {"gte": 1}}},
            {"explore": one, "depth": 3, "limit": 8},
            {"explore": one, "types": list(TYPES[:2]), "direction": "out"},
            {"path": one, "to_id": other},
        ]
        for question in asked:
            self.seen.append(
                (self.clock.now, question, await said(self.one, valid_at="now", **question))
            )


async def said(one: Session, **asked: Any) -> Any:
    """What a read answers, or how it refuses; when it was asked is no part of it."""
    rule: Any = finding.find
    if "explore" in asked:
        rule, asked["id"] = exploring.explore, asked.pop("explore")
    if "path" in asked:
        rule, asked["from_id"] = paths.find, asked.pop("path")
    try:
        answer = await one.read(rule, **asked)
    except OneError as error:
        return error.code
    return answer.model_dump(exclude={"as_of", "cursor", "warnings"}, exclude_none=True)


@pytest.mark.parametrize("seed", range(4))
async def test_the_past_reads_as_it_read_then(one: Session, clock: HandClock, seed: int) -> None:
    life = Life(one, clock, seed)
    await life.live()

    for at, question, then in life.seen:
        assert await said(one, as_of=at, **question) == then, (at, question)
    assert sum(bool(then["items"]) for _, _, then in life.seen if "items" in then) > STEPS


async def pair(one: Session, clock: HandClock) -> tuple[str, str, int]:
    """Ann follows Ben; later she does not any more."""
    ann = (await one.write(entity.create, "audience_member", "Ann")).id
    ben = (await one.write(entity.create, "audience_member", "Ben")).id
    await one.write(connection.connect, ann, "following", ben)
    at = clock.now
    clock.forward(SECOND_MS)
    await one.write(connection.disconnect, ann, "following", ben)
    return ann, ben, at


async def test_what_was_removed_is_found_as_of_before(one: Session, clock: HandClock) -> None:
    ann, ben, at = await pair(one, clock)

    (edge,) = (await one.read(finding.find, from_id=ann, as_of=at)).items
    assert (edge.to, edge.to_name) == (ben, "Ben")
    assert (await one.read(finding.find, from_id=ann, as_of="now")).items == []


async def test_nothing_is_found_before_an_entity_was_there(one: Session, clock: HandClock) -> None:
    ann, _, at = await pair(one, clock)

    with pytest.raises(NotFoundError):
        await one.read(finding.find, from_id=ann, as_of=at - 1)
    with pytest.raises(NotFoundError):
        await one.read(exploring.explore, ann, as_of=at - 1)


async def test_a_field_that_nobody_has_is_told_of_the_past_too(
    one: Session, clock: HandClock
) -> None:
    """An empty answer would say that nothing was so."""
    ann, ben, _ = await pair(one, clock)
    await one.write(connection.connect, ann, "following", ben, {"closeness": 3})
    at = clock.now
    clock.forward(SECOND_MS)
    await one.write(connection.disconnect, ann, "following", ben)

    found = await one.read(finding.find, from_id=ann, where={"closeness": 3}, as_of=at)
    mistyped = await one.read(finding.find, from_id=ann, where={"closness": 3}, as_of=at)
    assert ([edge.to for edge in found.items], found.warnings) == ([ben], None)
    assert mistyped.items == []
    assert mistyped.warnings
    assert "closness" in mistyped.warnings[0]


async def test_pages_of_the_past_have_all_once(one: Session, clock: HandClock) -> None:
    hub = (await one.write(entity.create, "audience_member", "Hub")).id
    for number in range(7):
        other = (await one.write(entity.create, "audience_member", f"No {number}")).id
        await one.write(connection.connect, hub, "following", other)
    at = clock.now
    clock.forward(SECOND_MS)
    await one.write(archive.archive, hub)

    names: list[str] = []
    cursor = None
    while cursor is not None or not names:
        page = await one.read(finding.find, from_id=hub, as_of=at, limit=3, cursor=cursor)
        names += [edge.to_name for edge in page.items]
        cursor = page.cursor
    assert names == [f"No {number}" for number in reversed(range(7))]


async def test_what_was_valid_is_asked_of_what_was_known(one: Session, clock: HandClock) -> None:
    """A contract that is written down late was valid before anybody knew."""
    ann, ben, known = await pair(one, clock)
    late = Bounds(valid_from="2026-01-01", valid_until="2026-06-30")
    await one.write(connection.connect, ann, "member_of", ben, valid=late)

    found = await one.read(finding.find, from_id=ann, valid_at="2026-03-01")
    then = await one.read(finding.find, from_id=ann, valid_at="2026-03-01", as_of=known)
    assert [edge.type for edge in found.items] == ["member_of"]
    assert [edge.type for edge in then.items] == ["following"]


async def test_connections_of_a_hub_are_as_its_entity_was(
    one: Session, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many connections the log does not say that they were hidden (D-62)."""
    monkeypatch.setattr(hubs, "MANY", 2)
    ann, ben, _ = await pair(one, clock)
    for type in ("following", "member_of", "part_of", "owns"):
        await one.write(connection.connect, ann, type, ben)
    before = clock.now
    clock.forward(SECOND_MS)
    await one.write(archive.archive, ann)

    assert len((await one.read(finding.find, to_id=ben, as_of=before)).items) == 4
    assert (await one.read(finding.find, to_id=ben, as_of=clock.now)).items == []


async def test_a_purge_is_not_looked_behind(one: Session, clock: HandClock) -> None:
    ann, ben, at = await pair(one, clock)
    await erasure.remove(one, ben, "Ben")

    assert (await one.read(finding.find, from_id=ann, as_of=at)).items == []
    with pytest.raises(NotFoundError):
        await one.read(finding.find, to_id=ben, as_of=at)


async def test_what_was_let_go_is_refused_with_when(one: Session, clock: HandClock) -> None:
    ann, _, at = await pair(one, clock)
    clock.forward(SECOND_MS)
    await compaction.compact(one, str(clock.now))

    with pytest.raises(InvalidArgumentError, match="2026-11-23T12:00:02Z"):
        await one.read(finding.find, from_id=ann, as_of=at)
    with pytest.raises(InvalidArgumentError):
        await one.read(exploring.explore, ann, as_of=at)


async def test_more_than_can_be_looked_through_is_refused(
    one: Session, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_of, "MOST", 2)
    ann, ben, at = await pair(one, clock)
    for type in ("following", "member_of"):
        await one.write(connection.connect, ann, type, ben)

    with pytest.raises(InvalidArgumentError, match="name types"):
        await one.read(finding.find, from_id=ann, as_of=at)
    found = await one.read(finding.find, from_id=ann, types=["member_of"], as_of="now")
    assert len(found.items) == 1
