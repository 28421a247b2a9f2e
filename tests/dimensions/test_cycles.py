"""No door closes a circle of parts: the rule, apply_changes, an import and an undo agree (D-08)."""

import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from one_mcp import ids
from one_mcp.answers import Written
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.connections import connection, rows
from one_mcp.dimensions.connections.rows import ConnectionRow
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.exchange.report import BadRow
from one_mcp.dimensions.undo import undo
from one_mcp.errors import ConflictError, CycleError, ImportRowsError
from one_mcp.services.exchange import imports
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests.conftest import HandClock

Edge = tuple[int, int]
Connect = Callable[[Session, str, str], Awaitable[object]]
NODES = 5
EDGES = some.tuples(some.integers(0, NODES - 1), some.integers(0, NODES - 1)).filter(
    lambda edge: edge[0] != edge[1]
)
STEPS = some.lists(some.tuples(some.sampled_from(["on", "on", "off", "undo"]), EDGES), max_size=14)


class Drawn:
    """What a sheet of paper says: the edges, and whether one more would close a circle."""

    def __init__(self) -> None:
        self.edges: set[Edge] = set()

    def closes(self, edge: Edge) -> bool:
        reached, waiting = {edge[1]}, [edge[1]]
        while waiting:
            here = waiting.pop()
            new = {end for start, end in self.edges if start == here} - reached
            reached |= new
            waiting += new
        return edge[0] in reached

    def add(self, edge: Edge) -> bool:
        closes = self.closes(edge)
        if not closes:
            self.edges.add(edge)
        return not closes


async def by_rule(one: Session, start: str, end: str) -> object:
    return await one.write(connection.connect, start, "part_of", end)


async def by_batch(one: Session, start: str, end: str) -> object:
    operation = {"op": "connect_entities", "from": start, "type": "part_of", "to": end}
    return await one.write(batch.apply, operations.parse([operation]))


async def by_import(one: Session, start: str, end: str) -> object:
    return await imports.run(one, data=lines([(start, end)]), format="jsonl")


def lines(edges: list[tuple[str, str]]) -> str:
    return "\n".join(
        json.dumps({"connection": {"from": start, "type": "part_of", "to": end}})
        for start, end in edges
    )


def bad(failure: ImportRowsError) -> list[tuple[int, str]]:
    errors = failure.fields["errors"]
    assert isinstance(errors, list)
    rows = [BadRow.model_validate(error) for error in errors]
    return [(row.line, row.code) for row in rows]


async def taken(one: Session, connect: Connect, steps: list[tuple[str, Edge]]) -> list[bool]:
    """Take the steps with courses of one's own, and tell which of them were not refused."""
    ids = [(await one.write(entity.create, "course", f"c{n}")).id for n in range(NODES)]
    cuts: dict[Edge, str] = {}
    told: list[bool] = []
    for act, edge in steps:
        start, end = ids[edge[0]], ids[edge[1]]
        try:
            if act == "on":
                await connect(one, start, end)
            elif act == "off":
                gone = await one.write(connection.disconnect, start, "part_of", end)
                cuts[edge] = gone.change or ""
            else:
                await one.write(undo.undo, cuts[edge])
            told.append(True)
        except (CycleError, ConflictError):
            told.append(False)
        except ImportRowsError as failure:
            told.append(bad(failure) != [(1, "CYCLE")])
    return told


def expected(given: list[tuple[str, Edge]]) -> tuple[list[tuple[str, Edge]], list[bool]]:
    """Leave out steps that mean nothing, and say on paper which of the others are refused."""
    drawn, cut = Drawn(), set[Edge]()
    steps: list[tuple[str, Edge]] = []
    told: list[bool] = []
    for act, edge in given:
        if act == "off" and edge in drawn.edges:
            drawn.edges.remove(edge)
            cut.add(edge)
            told.append(True)
        elif act == "on" or (act == "undo" and edge in cut - drawn.edges):
            told.append(drawn.add(edge))
            if act == "on":
                cut -= {edge} if told[-1] else set()
        else:
            continue
        steps.append((act, edge))
    return steps, told


async def by_all(steps: list[tuple[str, Edge]], folder: Path) -> list[list[bool]]:
    options = Settings(database=folder / "one.db", embedding_model="simulated")
    async with open_app(options, HandClock()) as app:
        one = app.session(Call("test"), LOCAL)
        return [await taken(one, door, steps) for door in (by_rule, by_batch, by_import)]


@settings(max_examples=8, deadline=None)
@given(STEPS)
@example([("on", (0, 1)), ("off", (0, 1)), ("on", (1, 2)), ("on", (2, 0)), ("undo", (0, 1))])
@example([("on", (0, 1)), ("on", (1, 2)), ("on", (2, 3)), ("on", (3, 4)), ("on", (4, 0))])
def test_every_door_refuses_the_same_circles(given: list[tuple[str, Edge]]) -> None:
    steps, told = expected(given)
    with tempfile.TemporaryDirectory() as folder:
        assert anyio.run(by_all, steps, Path(folder)) == [told] * 3


@settings(max_examples=8, deadline=None)
@given(some.lists(EDGES, max_size=6, unique=True), some.lists(EDGES, max_size=8, unique=True))
def test_one_import_refuses_the_lines_that_one_by_one_would_be(
    stored: list[Edge], given: list[Edge]
) -> None:
    drawn = Drawn()
    for edge in stored:
        drawn.add(edge)
    before = drawn.edges.copy()
    refused = [line for line, edge in enumerate(given, 1) if not drawn.add(edge)]

    async def found(folder: Path) -> list[int]:
        options = Settings(database=folder / "one.db", embedding_model="simulated")
        async with open_app(options, HandClock()) as app:
            one = app.session(Call("test"), LOCAL)
            ids = [(await one.write(entity.create, "course", f"c{n}")).id for n in range(NODES)]
            for start, end in before:
                await by_rule(one, ids[start], ids[end])
            data = lines([(ids[start], ids[end]) for start, end in given])
            try:
                await imports.run(one, data=data, format="jsonl")
            except ImportRowsError as failure:
                return [line for line, _ in bad(failure)]
            return []

    if given:
        with tempfile.TemporaryDirectory() as folder:
            assert anyio.run(found, Path(folder)) == refused


@pytest.mark.anyio
async def test_an_undo_brings_no_circle_back_that_was_there_before_it_was_forbidden(
    one: Session,
) -> None:
    first, second = [(await one.write(entity.create, "course", name)).id for name in "ab"]

    def both_ways(work: Work) -> Written:
        kind = work.ontology.relationship_types["part_of"]
        ends = ((first, second), (second, first))
        rows.insert(work, [ConnectionRow(kind, ids.new("con", 0), *pair, {}) for pair in ends])
        return Written()

    await one.write(both_ways)
    cut = await one.write(connection.disconnect, first, "part_of", second)

    with pytest.raises(CycleError) as failure:
        await one.write(undo.undo, cut.change or "")

    assert str(failure.value).startswith("b is part of a already")
