"""Entities with very many connections: out of sight at once, and the same as with few."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions import consistency, counts
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.connections import connection, finding, hubs
from one_mcp.dimensions.entities import archive, entity, neighbours
from one_mcp.dimensions.exchange import export
from one_mcp.dimensions.graph import exploring
from one_mcp.dimensions.purge import many
from one_mcp.errors import ConflictError
from one_mcp.services import erasure, undoing
from one_mcp.services import hubs as service
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import BEGINS, Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

FEW = 1_000_000
NAMES = [*(f"L{n}" for n in range(8)), "A", "B"]


@dataclass
class World:
    """Two hubs A and B among lessons, in a file of their own; `changes` are those to take back."""

    app: App
    most: int
    ids: dict[str, str] = field(default_factory=dict[str, str])
    changes: list[str] = field(default_factory=list[str])

    @property
    def one(self) -> Session:
        return self.app.session(Call("test"), LOCAL)

    async def build(self) -> None:
        for name in NAMES:
            type = "lesson" if name.startswith("L") else "course"
            self.ids[name] = (await self.one.write(entity.create, type, name)).id
        for name in NAMES[:8]:
            for hub in "AB":
                await self.connect(name, "part_of", hub)
        for name in NAMES[:5]:
            await self.connect("A", "references", name)
        await self.connect("A", "references", "B")
        await self.connect("L0", "references", "L1")

    async def connect(self, start: str, type: str, end: str) -> None:
        await self.one.write(connection.connect, self.ids[start], type, self.ids[end])

    def seen(self, work: Work) -> list[object]:
        """All that reads say of connections, by names."""
        names = {id: name for name, id in self.ids.items()}
        census = counts.take(work)
        return [
            sorted(
                (row["from_name"], row["type"], row["to_name"])
                for row in export.connections_of(work, None)
            ),
            sorted(
                (names[r["from_id"]], names[r["to_id"]], r["hidden_at"] is None)
                for r in export.connections(work)
            ),
            [[(t.label, t.count) for t in neighbours.ties(work, self.ids[n])] for n in NAMES],
            census.connections,
            census.hidden_connections,
            [self._listed(work, name) for name in NAMES],
            consistency.examine(work).wrongly_hidden,
            consistency.examine(work).wrong_counts,
        ]  # fmt: skip

    def _listed(self, work: Work, name: str) -> object:
        id = self.ids[name]
        live = work.value(
            """
            SELECT deleted_at IS NULL
            FROM entities
            WHERE organization_id = :organization
              AND id = :id
            """,
            id=id,
        )
        if not live:
            return None
        led = finding.find(work, to_id=id, limit=50)
        near = exploring.explore(work, id, depth=1, limit=50)
        return (
            sorted(it.from_name for it in led.items),
            led.total,
            sorted(n.name for n in near.nodes),
        )


@pytest.fixture
async def worlds(
    settings: Settings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[World, World]]:
    """The same world twice: one that follows in slices of two, and one that never needs to."""
    monkeypatch.setattr(hubs, "SLICE", 2)
    other = settings.model_copy(update={"database": settings.database.with_name("few.db")})
    async with open_app(settings, clock) as many, open_app(other, clock) as few:
        both = World(many, 5), World(few, FEW)
        for world in both:
            await world.build()
        yield both


async def agree(both: tuple[World, World]) -> None:
    many, few = [await world.one.read(world.seen) for world in both]
    assert many == few


@pytest.mark.parametrize("seed", range(6))
async def test_what_follows_in_slices_looks_as_if_it_were_done_at_once(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  # the same each time

    for _ in range(30):
        act, name = dice.choice("aarrus"), dice.choice(["A", "A", "B", "B", "L0", "L1", "L7"])
        if act == "s":
            for _ in range(dice.randrange(5)):
                await worlds[0].one.derive(hubs.take)
        fails, followed = False, list[int]()
        for world in reversed(worlds):
            monkeypatch.setattr(hubs, "MANY", world.most)
            id = world.ids[name]
            if act == "a":
                world.changes.append((await world.one.write(archive.archive, id)).change or "")
            elif act == "r":
                ready = name in "AL0"
                restored = (
                    await service.restore(world.one, id)
                    if ready
                    else await world.one.write(archive.restore, id)
                )
                world.changes.append(restored.change or "")
            elif act == "u" and world.changes and not fails:
                try:
                    undone = await undoing.undo(world.one, world.changes[-1])
                except ConflictError:
                    fails = True
                    assert world is worlds[1]
                else:
                    followed.append(undone.connections)
                    world.changes[-1] = undone.change or ""
            world.changes = [it for it in world.changes if it]
        assert len(set(followed)) <= 1
        await agree(worlds)


async def test_another_process_goes_on_where_one_was_killed(
    worlds: tuple[World, World], settings: Settings, clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for world in worlds:
        monkeypatch.setattr(hubs, "MANY", world.most)
        await world.one.write(archive.archive, world.ids["A"])
    await worlds[0].one.derive(hubs.take)
    await agree(worlds)

    async with open_app(settings, clock) as other:
        while await other.session(Call("test"), LOCAL).derive(hubs.take):
            await agree(worlds)

    assert not await worlds[0].one.read(hubs.is_marked, worlds[0].ids["A"])
    await agree(worlds)


async def test_a_restore_that_was_cut_off_shows_nothing(
    worlds: tuple[World, World], clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for world in worlds:
        monkeypatch.setattr(hubs, "MANY", world.most)
        await service.hide(world.one, world.ids["A"])
    monkeypatch.setattr(hubs, "MANY", worlds[0].most)
    one, id = worlds[0].one, worlds[0].ids["A"]
    assert await one.derive(hubs.begin_opening, id)
    for _ in range(4):
        await one.derive(hubs.move_some, id)
    assert await one.derive(hubs.take) == 0  # it is somebody's yet
    await agree(worlds)

    clock.forward(31_000)
    while await one.derive(hubs.take):
        await agree(worlds)

    assert not await one.read(hubs.is_marked, id)
    await agree(worlds)


async def test_a_purge_in_parts_is_one_change_and_goes_on_where_it_was_cut(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "SLICE", 3)
    monkeypatch.setattr(hubs, "MANY", worlds[0].most)
    one, id = worlds[0].one, worlds[0].ids["A"]
    begun = await one.write_part(BEGINS, many.begin, id, id)
    await one.write_part(int((begun.change or "").removeprefix("chg_")), many.take, id)
    (cut, *_) = (await one.read(history.history)).changes

    purged = await erasure.remove(one, id, id)
    monkeypatch.setattr(hubs, "MANY", FEW)
    other = await erasure.remove(worlds[1].one, worlds[1].ids["A"], worlds[1].ids["A"])

    assert cut.unfinished
    assert (purged.connections, other.connections) == (11, 14)
    assert purged.change == (await one.read(history.history)).changes[0].change
    assert "con_" not in str(await one.read(_kept, [id]))
    await agree(worlds)


def _kept(work: Work, ids: list[str]) -> list[object]:
    """What the log still says of connections that led to entities."""
    rows = work.all("""
        SELECT before, after
        FROM change_rows
        WHERE organization_id = :organization
          AND kind = 'connection'
          AND purged_by IS NULL
    """)
    return [row["before"] for row in rows if any(id in str(row["before"]) for id in ids)]
