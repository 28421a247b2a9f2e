"""The log keeps what changed, and every row is had back from it to the last byte."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from one_mcp.dimensions.entities import as_of, entity, tags
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.undo import undo
from one_mcp.errors import NotFoundError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.session import Session
from one_mcp.store.patches import IMAGE_EVERY
from one_mcp.store.work import Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

LARGEST_STEP = 600
KEYS = ("a", "b.c", 'd"e', "é", "[0]", "order", "$")
LEAVES: tuple[JsonValue, ...] = (
    *(
        0,
        0.0,
        1,
        1.0,
        True,
        False,
        None,
        2**53 - 1,
        1e300,
        0.1,
        "",
        "1",
        "ß\n\\",
        "🎉",
        "x" * 2_000,
    ),
    *([], {}, [1, [1.0]], {"b.c": {"d": None}}, {"d": 1, "b": 2}, {"b": 2, "d": 1}),
)


def stored(work: Work, id: str) -> dict[str, Any]:
    row = work.one(
        """
        SELECT seq, id, type, name, properties, status, identity, external_id, created_at,
            updated_at, deleted_at, status_before, version
        FROM entities
        WHERE organization_id = :organization
          AND id = :id
        """,
        id=id,
    )
    assert row is not None
    return dict(zip(row.keys(), row, strict=True))


def kept(work: Work, id: str) -> list[int]:
    """How many characters the log has of each change of a row, the newest last."""
    return [
        row["characters"]
        for row in work.all(
            """
            SELECT coalesce(length(before), 0) + coalesce(length(after), 0)
                + coalesce(length(image), 0) AS characters
            FROM change_rows
            WHERE organization_id = :organization
              AND row_id = :id
            ORDER BY seq
            """,
            id=id,
        )
    ]


def varied(chance: Random, properties: JsonObject) -> JsonObject:
    """Change, add, remove and move some properties."""
    new = dict(properties)
    for key in chance.sample(KEYS, chance.randrange(4)):
        if chance.random() < 0.3:
            new.pop(key, None)
        else:
            new[key] = chance.choice(LEAVES)
    return dict(sorted(new.items())) if chance.random() < 0.2 else new


async def test_a_small_change_of_a_large_entity_costs_little(one: Session) -> None:
    large: JsonObject = {f"text{number}": "lorem ipsum " * 200 for number in range(20)}
    made = await one.write(entity.create, "course", "Yoga", {**large, "price": 0})
    for price in range(1, IMAGE_EVERY + 1):
        await one.write(entity.update, made.id, {"price": price})

    created, *changes = await one.read(kept, made.id)

    assert created == len("{}")
    assert max(changes[:-1]) < LARGEST_STEP / 2
    assert sum(changes) / len(changes) < LARGEST_STEP


async def test_the_past_is_exact_over_many_changes(one: Session, clock: HandClock) -> None:
    chance = Random(7)  # noqa: S311  # no secret
    properties: JsonObject = {}
    made = await one.write(entity.create, "course", "Yoga", with_tags=["skill:yoga"])
    past = {clock.now: await one.read(stored, made.id)}
    for number in range(2 * IMAGE_EVERY + 40):
        clock.forward(10)
        properties = varied(chance, properties)
        name = f"Yoga {number}" if chance.random() < 0.1 else None
        await one.write(entity.update, made.id, properties, name=name, replace=True)
        past[clock.now] = await one.read(stored, made.id)

    for at, row in past.items():
        found = await one.read(as_of.entity, made.id, at + 5)
        assert {name: found[name] for name in row} == row
    with pytest.raises(NotFoundError):
        await one.read(as_of.entity, made.id, min(past) - 1)


async def test_undone_changes_leave_what_was_there_to_the_last_byte(
    one: Session, clock: HandClock
) -> None:
    chance = Random(8)  # noqa: S311  # no secret
    properties: JsonObject = {"a": 1}
    made = await one.write(entity.create, "course", "Yoga", properties)
    changes = [(made.change, await one.read(stored, made.id))]
    for _ in range(40):
        clock.forward(10)
        properties = varied(chance, properties)
        saved = await one.write(entity.update, made.id, properties, replace=True)
        if saved.change:
            changes.append((saved.change, await one.read(stored, made.id)))

    for (_, before), (change, after) in reversed([*pairwise(changes)]):
        assert change
        assert await one.read(stored, made.id) == after
        await one.write(undo.undo, change)
        assert await one.read(stored, made.id) == before


async def test_a_row_changed_twice_in_one_change_comes_back_as_it_was(one: Session) -> None:
    made = await one.write(entity.create, "course", "Yoga", {"a": 1, "b": 2})
    before = await one.read(stored, made.id)

    def twice(work: Work) -> Saved:
        entity.update(work, made.id, {"b": None, "c": {"d": 1}}, name="Running")
        tags.add(work, made.id, ["skill:running"])
        return entity.update(work, made.id, {"a": "x" * 2_000, "b": 3, "c": None})

    changed = await one.write(twice)
    assert changed.change
    await one.write(undo.undo, changed.change)

    assert await one.read(stored, made.id) == before
