"""Indexed properties: the tables of values find what the plain conditions find, always."""

import json
import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import LOCAL, App, open_app
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.entities import archive, entity, finding
from one_mcp.dimensions.entities.orders import SORTED_CHARACTERS
from one_mcp.dimensions.organizations import founding
from one_mcp.dimensions.purge import purge
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ConflictError, InvalidArgumentError, OntologyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology.load import load
from one_mcp.services.knowledge import indexing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store import filters, property_values
from one_mcp.store.property_values import KINDS
from one_mcp.store.sqlite.connection import Raw
from one_mcp.store.work import Row, Work
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio

OTHER = Principal("org_other", "per_other", "owner", Role.ORG_OWNER)
PACK = 'indexed_properties = ["size", "shade"]\n'  # which no type declares, so they hold anything
TEXTS = ("new", "New", "x" * 150, "x" * 150 + "y", "12", "-3.5", "2026-11-23", "ß", "Z", "a b")
NUMBERS = (0, 3, 3.0, -3.5, 12, 12.5, 2**53 - 1, 1_795_435_200_000)
SIMPLE = (*TEXTS, *NUMBERS, True, False, None)


def value(pick: random.Random) -> JsonValue:
    kind = pick.random()
    if kind < 0.7:
        return pick.choice(SIMPLE)
    if kind < 0.9:
        return [pick.choice(SIMPLE) for _ in range(pick.randrange(4))]
    return {"deep": pick.choice(SIMPLE)}


def condition(pick: random.Random) -> JsonValue:
    text, number = pick.choice(TEXTS), pick.choice(NUMBERS)
    either: JsonValue = pick.choice((text, number))
    made: tuple[JsonValue, ...] = (
        either,
        {"eq": either},
        {"ne": either},
        {"in": [pick.choice(TEXTS), pick.choice(NUMBERS)]},
        {"gt": number},
        {"gte": number, "lt": number + 5},
        {"lte": either},
        {"gte": "-3.5", "lte": pick.choice(NUMBERS)},
        {"contains": either},
        {"starts_with": text[: pick.randrange(1, 4)]},
        {"exists": pick.random() < 0.5},
    )
    return pick.choice(made)


def properties(pick: random.Random) -> JsonObject:
    given: JsonObject = {"size": value(pick), "shade": value(pick), "other": value(pick)}
    return {name: it for name, it in given.items() if pick.random() < 0.8}


@asynccontextmanager
async def opened(settings: Settings, clock: HandClock) -> AsyncGenerator[tuple[App, Session]]:
    async with open_app(settings, clock) as app:
        one = app.session(Call("test"), LOCAL)
        await one.read(lambda _: None)
        yield app, one


@pytest.fixture
def with_pack(settings: Settings, tmp_path: Path) -> Settings:
    pack = tmp_path / "sizes.toml"
    pack.write_text(PACK)
    return settings.model_copy(update={"packs": (str(pack),)})


def kept(raw: Raw) -> list[Counter[tuple[object, ...]]]:
    return [Counter(map(tuple, raw.execute(f"SELECT * FROM {it.name}").fetchall())) for it in KINDS]


def made_anew(raw: Raw) -> list[Counter[tuple[object, ...]]]:
    """What the tables of values hold where they are filled from nothing."""
    for it in KINDS:
        raw.execute(f"DELETE FROM {it.name}")
        for name in founding.known(raw):
            every = {"organization": name, "first": 0, "below": 10**9}
            raw.execute(property_values.fill(it), every)
    return kept(raw)


async def expect_true_values(app: App) -> None:
    now = await app.database.read(kept)
    assert now == await app.database.write(made_anew, keep=False)
    assert now[0]
    assert now[1]


def plainly(work: Work, where: JsonObject, type: str | None) -> set[str]:
    """Find by the conditions alone."""
    made = filters.properties(where)
    rows = work.all(
        f"""
        SELECT id FROM entities
        WHERE organization_id = :organization AND deleted_at IS NULL
          AND (:type IS NULL OR type = :type) AND {" AND ".join(made.conditions)}
        """,
        **made.parameters,
        type=type,
    )
    return {row["id"] for row in rows}


async def found(one: Session, where: JsonObject, type: str | None) -> set[str]:
    ids: set[str] = set()
    cursor = None
    while True:
        page = await one.read(finding.find, type, where=where, limit=200, cursor=cursor)
        ids |= {item.id for item in page.items}
        cursor = page.cursor
        if cursor is None:
            return ids


async def expect_the_same(one: Session, pick: random.Random, times: int) -> None:
    hits = 0
    for _ in range(times):
        where: JsonObject = {"size": condition(pick)}
        if pick.random() < 0.5:
            where["shade"] = condition(pick)
        type = pick.choice((None, "video", "course", "lesson"))
        expected = await one.read(plainly, where, type)
        assert await found(one, where, type) == expected, (where, type)
        hits += bool(expected)
    assert hits > times // 10


async def write_and_change(pick: random.Random, one: Session, count: int) -> None:
    for number in range(count):
        type = pick.choice(("video", "course"))
        saved = await one.write(entity.create, type, f"E{number}", properties(pick))
        for _ in range(pick.randrange(3)):
            changed = await one.write(
                entity.update, saved.id, properties(pick), replace=pick.random() < 0.5
            )
            if changed.change and pick.random() < 0.3:
                await one.write(undo.undo, changed.change)
        if pick.random() < 0.3:
            other = await one.write(entity.create, type, "Twin", properties(pick))
            steps = (
                {
                    "op": "convert_entity",
                    "id": saved.id,
                    "type": pick.choice(("lesson", "blog_post")),
                },
                {"op": "merge_entities", "survivor": saved.id, "losers": [other.id]},
            )
            await corrected(one, pick, pick.choice(steps))
        if pick.random() < 0.1:
            await one.write(archive.archive, saved.id)
        elif pick.random() < 0.1:
            await one.write(purge.purge, saved.id, saved.id)
        elif pick.random() < 0.1 and saved.change:
            try:
                await one.write(undo.undo, saved.change)
            except ConflictError:
                continue


async def corrected(one: Session, pick: random.Random, step: JsonObject) -> None:
    applied = await one.write(batch.apply, operations.parse([step]))
    if applied.change and pick.random() < 0.3:
        await one.write(undo.undo, applied.change)


@pytest.mark.parametrize("seed", range(3))
async def test_values_find_what_the_plain_conditions_find(
    with_pack: Settings, clock: HandClock, seed: int
) -> None:
    pick = random.Random(seed)  # noqa: S311  # no secret
    async with opened(with_pack, clock) as (app, one):
        await app.database.write(
            lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
        )
        other = app.session(Call("test"), OTHER)
        await write_and_change(pick, one, 80)
        await write_and_change(pick, other, 20)

        await expect_true_values(app)
        await expect_the_same(one, pick, 120)
        await expect_the_same(other, pick, 40)


async def test_a_property_that_a_pack_has_indexed_later_is_filled_behind_the_calls(
    settings: Settings, with_pack: Settings, clock: HandClock
) -> None:
    """Until that is done conditions are asked of the entities themselves, and find the same."""
    pick = random.Random(7)  # noqa: S311  # no secret
    async with opened(settings, clock) as (_, one):
        await write_and_change(pick, one, 60)
    async with opened(with_pack, clock) as (app, one):
        assert await one.read(property_values.indexed, ["size"], None) == {}
        assert await app.behind() == [LOCAL.organization]
        await expect_the_same(one, pick, 20)
        await write_and_change(pick, one, 20)
        await expect_the_same(one, pick, 20)

        await indexing.finish(one)

        assert await app.behind() == []
        assert set(await one.read(property_values.indexed, ["size"], None)) == {"size"}
        await expect_true_values(app)
        await expect_the_same(one, pick, 60)
    async with opened(settings, clock) as (app, one):  # a server without the pack keeps them, too
        await write_and_change(pick, one, 20)
        await expect_true_values(app)


def place(value: JsonValue) -> tuple[int, float, str]:
    """Where a value comes: numbers, then texts, then all else."""
    match value:
        case bool():
            return 2, 0, ""
        case int() | float():
            return 0, float(value), ""
        case str() if filters.is_decimal(value):
            return 0, float(value), ""
        case str():
            sorted_by = value[:SORTED_CHARACTERS]
            return 1, 0, "".join(it.lower() if it.isascii() else it for it in sorted_by)
        case _:
            return 2, 0, ""


def in_order(work: Work, name: str, type: str | None, *, descending: bool) -> list[str]:
    """Sort the live entities in Python, those that are equal by their numbers."""
    rows = work.all(
        """
        SELECT id, seq, properties FROM entities
        WHERE organization_id = :organization AND deleted_at IS NULL
          AND (:type IS NULL OR type = :type)
        """,
        type=type,
    )
    known = {
        row["id"]: (place(json.loads(row["properties"]).get(name)), row["seq"]) for row in rows
    }
    made = sorted(known, key=lambda it: known[it], reverse=descending)
    return sorted(made, key=lambda it: known[it][0][0])


async def paged(one: Session, type: str | None, limit: int, **wanted: Any) -> list[str]:
    ids: list[str] = []
    cursor = None
    while True:
        page = await one.read(finding.find, type, limit=limit, cursor=cursor, **wanted)
        ids += [item.id for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return ids


@pytest.mark.parametrize("seed", range(2))
async def test_pages_come_in_the_order_of_the_values(
    with_pack: Settings, clock: HandClock, seed: int
) -> None:
    pick = random.Random(seed)  # noqa: S311  # no secret
    async with opened(with_pack, clock) as (_, one):
        await write_and_change(pick, one, 80)

        for sort in ("size", "-size", "shade", "-shade"):
            for type in (None, "video", "course"):
                expected = await one.read(
                    in_order, sort.removeprefix("-"), type, descending=sort[0] == "-"
                )
                assert len(expected) > 10
                assert await paged(one, type, 3, sort=sort) == expected


async def test_a_condition_on_what_is_sorted_by_bounds_the_pages(
    with_pack: Settings, clock: HandClock
) -> None:
    async with opened(with_pack, clock) as (app, one):
        await app.database.write(insert_priced)

        cheap = {"price": {"gte": 100, "lt": 15_000}}
        found = await paged(one, None, 150, where=cheap, sort="-price")
        assert found == [f"ent_{number:016d}" for number in range(14_999, 99, -1)]

        some = {**cheap, "odd": True}
        begun = await one.read(finding.find, where=some, sort="price", limit=2)
        assert [item.sorted_by for item in begun.items] == [101, 103]
        assert begun.cursor


async def test_those_without_a_value_come_last_however_many(
    with_pack: Settings, clock: HandClock
) -> None:
    async with opened(with_pack, clock) as (app, one):
        await app.database.write(insert_priced)
        course = await one.write(entity.create, "course", "Only", {"points": 7})

        found = await paged(one, None, 200, sort="points")
        of_one_type = await paged(one, "course", 200, sort="-points")

        assert found == [course.id, *(f"ent_{number:016d}" for number in range(PRICED))]
        assert of_one_type == [course.id]


PRICED = 16_000


def insert_priced(raw: Raw) -> None:
    raw.executemany(
        """
        INSERT INTO entities
            (organization_id, id, type, name, properties, status, created_at, updated_at, version)
        VALUES ('org_local', ?, 'blog_post', 'Post', ?, 'active', 1700000000000, 1700000000000, 1)
        """,
        (
            (f"ent_{number:016d}", json.dumps({"price": number, "odd": number % 2 == 1}))
            for number in range(PRICED)
        ),
    )


def steps(work: Work, statement: str, parameters: JsonObject) -> str:
    return str([tuple(row) for row in work.all(f"EXPLAIN QUERY PLAN {statement}", **parameters)])


def plan_of(work: Work, where: JsonObject, type: str | None) -> str:
    indexed = property_values.indexed(work, where, type)
    parameters: JsonObject = {}

    def bind(value: object) -> str:
        parameters[f"p{len(parameters)}"] = value  # pyright: ignore[reportArgumentType]
        return f":p{len(parameters) - 1}"

    (name, fields), *_ = indexed.items()
    operators = where[name]
    assert isinstance(operators, dict)
    some, *_ = property_values.ranges(operators, single=True, listed=False)
    return steps(work, property_values.rows(some, fields, bind), parameters)


async def test_values_are_looked_up_and_never_read_through(
    with_pack: Settings, clock: HandClock
) -> None:
    async with opened(with_pack, clock) as (_, one):
        await one.write(entity.create, "video", "V", {"size": 1, "shade": "a"})

        for where in (
            {"size": {"gte": 1, "lt": 5}},
            {"shade": {"eq": "a"}},
            {"shade": {"in": ["a"]}},
        ):
            plan = await one.read(plan_of, where, None)
            assert "USING PRIMARY KEY (organization_id=? AND field=? AND value" in plan, plan


async def test_an_email_is_found_without_a_type(one: Session) -> None:
    await one.write(entity.create, "lead", "Lee", {"email": "lee@example.com"})
    await one.write(entity.create, "creator", "Lee C", {"email": "lee@example.com"})
    await one.write(entity.create, "lead", "Ann", {"email": "ann@example.com"})

    page = await one.read(finding.find, where={"email": "lee@example.com"})

    assert [item.name for item in page.items] == ["Lee C", "Lee"]


async def test_words_and_an_order_go_with_an_indexed_property(one: Session) -> None:
    for name in ("Ann Lee", "Bo Lee", "Cy"):
        await one.write(entity.create, "lead", name, {"source": "fair"})

    page = await one.read(
        finding.find, "lead", text="lee", where={"source": "fair"}, sort="-name", limit=1
    )

    assert [item.name for item in page.items] == ["Bo Lee"]
    assert page.cursor is not None


def purged_words(raw: Raw) -> list[Row]:
    return [*raw.execute("SELECT value FROM property_texts").fetchall()]


async def test_a_purge_takes_the_values_along(app: App, one: Session) -> None:
    lee = await one.write(entity.create, "lead", "Lee", {"email": "lee@example.com"})

    await one.write(purge.purge, lee.id, "Lee")

    assert await app.database.read(purged_words) == []


def test_a_pack_cannot_have_indexed_what_is_no_property(tmp_path: Path) -> None:
    pack = tmp_path / "wrong.toml"
    pack.write_text('indexed_properties = ["a.b"]\n')

    with pytest.raises(OntologyError) as failure:
        load([pack])

    assert failure.value.fields["key"] == "indexed_properties"


async def test_conditions_that_cannot_work_are_refused_as_ever(one: Session) -> None:
    with pytest.raises(InvalidArgumentError):
        await one.read(finding.find, where={"price": {"within": 5}})
    with pytest.raises(InvalidArgumentError):
        await one.read(finding.find, where={"price": {"in": []}})
