"""Paths: the shortest ways are found, read aloud, and their absence is an answer."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from one_mcp.dimensions.entities import archive
from one_mcp.dimensions.graph import paths
from one_mcp.dimensions.graph.subgraph import Neighbourhood
from one_mcp.errors import ArchivedError, InvalidArgumentError, NotFoundError
from one_mcp.session import Session
from one_mcp.store.work import Work
from tests.dimensions.plans import steps
from tests.dimensions.webs import weave

pytestmark = pytest.mark.anyio


async def between(one: Session, start: str, end: str, **wanted: object) -> Neighbourhood:
    return await one.read(paths.find, start, end, **wanted)  # pyright: ignore[reportArgumentType]


async def ways(one: Session, web: dict[str, str], pair: str, **wanted: object) -> list[str]:
    found = await between(one, web[pair[0]], web[pair[1]], **wanted)
    names = {id: name for name, id in web.items()}
    return sorted("".join(names[id] for id in path.ids) for path in found.paths or [])


async def test_a_path_reads_as_sentences(one: Session) -> None:
    web = await weave(one, "a owns b", "c following b", "c owns d")

    found = await between(one, web["a"], web["d"])

    assert found.model_dump(mode="json", by_alias=True, exclude_none=True)["paths"] == [
        {
            "ids": [web[name] for name in "abcd"],
            "steps": ["a owns b", "c is following b", "c owns d"],
        }
    ]
    assert [(node.name, node.depth) for node in found.nodes] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
        ("d", 3),
    ]
    assert len(found.edges) == 3


async def test_all_shortest_paths_are_found_and_no_longer_ones(one: Session) -> None:
    web = await weave(
        one, "a owns b", "a owns c", "b owns d", "c owns d", "d owns e", "a owns x", "x owns y",
        "y owns z", "z owns e",
    )  # fmt: skip

    assert await ways(one, web, "ae") == ["abde", "acde"]
    assert await ways(one, web, "ab") == ["ab"]


async def test_several_connections_between_two_are_one_way(one: Session) -> None:
    web = await weave(one, "a owns b", "a following b", "b following a")

    assert await ways(one, web, "ab") == ["ab"]


async def test_five_paths_are_enough_and_more_are_told(one: Session) -> None:
    web = await weave(one, *[f"a owns {m}" for m in "bcdefg"], *[f"{m} owns z" for m in "bcdefg"])

    found = await between(one, web["a"], web["z"])

    assert found.paths is not None
    assert len(found.paths) == 5
    assert found.cut


async def test_directions_and_types_narrow(one: Session) -> None:
    web = await weave(one, "a owns b", "b owns c", "d owns c", "a following e", "e following d")

    assert await ways(one, web, "ac", direction="out") == ["abc"]
    assert await ways(one, web, "ca", direction="in") == ["cba"]
    assert await ways(one, web, "ca", direction="out") == []
    assert await ways(one, web, "ad") == ["aed"]
    assert await ways(one, web, "ad", types=["owns"]) == ["abcd"]
    assert await ways(one, web, "ad", types=["owns"], direction="out") == []


async def test_no_path_is_an_answer(one: Session) -> None:
    web = await weave(one, "a owns b", "b owns c", "c owns d", "x owns y")

    far = await between(one, web["a"], web["d"], longest=2)
    never = await between(one, web["a"], web["y"])
    against = await between(one, web["d"], web["a"], direction="out")

    assert far.paths == never.paths == against.paths == []
    assert far.note is not None
    assert "at most 2 steps" in far.note
    assert never.note is not None
    assert "however long" in never.note
    assert against.note is not None
    assert "both" in against.note


async def test_archived_entities_are_no_bridge(one: Session) -> None:
    web = await weave(one, "a owns b", "b owns c")
    await one.write(archive.archive, web["b"])

    assert await ways(one, web, "ac") == []
    with pytest.raises(ArchivedError):
        await ways(one, web, "ab")


async def test_what_is_no_pair_is_refused(one: Session) -> None:
    web = await weave(one, "a owns b")

    with pytest.raises(NotFoundError):
        await between(one, web["a"], "ent_0000000000000000")
    with pytest.raises(InvalidArgumentError):
        await between(one, web["a"], web["a"])
    for longest in (0, 7):
        with pytest.raises(InvalidArgumentError):
            await between(one, web["a"], web["b"], longest=longest)


async def test_a_search_that_grows_too_large_says_so(
    one: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = await weave(
        one, *[f"a owns x{n}" for n in range(20)], *[f"z owns y{n}" for n in range(20)]
    )
    monkeypatch.setattr(paths, "MOST_READ", 10)

    found = await between(one, web["a"], web["z"])

    assert found.paths == []
    assert found.note is not None
    assert found.note.startswith("Too many connections")


async def test_the_search_seeks_by_either_end(one: Session) -> None:
    web = await weave(one, "a owns b", "b owns c", "c owns d")

    planned = await one.read(
        lambda work: steps(work, "c", lambda: paths.find(work, web["a"], web["d"]))
    )

    read = [step for step in planned if "B-TREE" not in step]
    assert all(step.startswith("SEARCH c USING INDEX") for step in read)
    assert {step.split()[4] for step in read} == {
        "connections_from_entity",
        "connections_to_entity",
    }


def _shortest(edges: set[tuple[int, int]], start: int, end: int) -> int | None:
    frontier, seen, length = {start}, {start}, 0
    while frontier and end not in frontier:
        frontier = {b for a, b in edges if a in frontier} - seen
        seen |= frontier
        length += 1
    return length if frontier and length <= paths.LONGEST else None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edges=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
async def test_every_path_is_shortest_and_real(one: Session, edges: set[tuple[int, int]]) -> None:
    edges = {(start, end) for start, end in edges if start != end}
    web = await weave(one, "n0 owns alone", *[f"n{a} owns n{b}" for a, b in edges])
    names = {id: name for name, id in web.items()}

    for number in range(1, 10):
        if f"n{number}" not in web:
            continue
        found = await between(one, web["n0"], web[f"n{number}"], direction="out")
        ways = [[int(names[id][1:]) for id in path.ids] for path in found.paths or []]

        shortest = _shortest(edges, 0, number)
        assert bool(ways) == (shortest is not None)
        assert all(len(way) - 1 == shortest for way in ways)
        assert all(set(pairwise(way)) <= edges for way in ways)
        assert len({tuple(way) for way in ways}) == len(ways)


def backwards(work: Work, start: str, end: str) -> Neighbourhood:
    """Find paths while SQLite turns the order of every query around that demands none."""
    work.raw.execute("PRAGMA reverse_unordered_selects = ON")
    try:
        return paths.find(work, start, end)
    finally:
        work.raw.execute("PRAGMA reverse_unordered_selects = OFF")


async def test_the_order_of_paths_is_not_the_engines_choice(one: Session) -> None:
    web = await weave(
        one, *[f"a owns {m}" for m in "bcdefg"], *[f"{m} owns z" for m in "bcdefg"],
        "b following a", "a following c", "z following d",
    )  # fmt: skip

    found = await one.read(backwards, web["a"], web["z"])

    assert found == await between(one, web["a"], web["z"])
