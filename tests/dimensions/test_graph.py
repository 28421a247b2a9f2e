"""Exploring: who is reached, at what depth, and what a bounded answer says it left out."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from one_mcp.dimensions.entities import archive
from one_mcp.dimensions.graph import exploring
from one_mcp.dimensions.graph.subgraph import Neighbourhood
from one_mcp.errors import ArchivedError, InvalidArgumentError, NotFoundError, UnknownTypeError
from one_mcp.session import Session
from tests.dimensions.plans import steps
from tests.dimensions.webs import weave

pytestmark = pytest.mark.anyio


async def around(one: Session, id: str, **wanted: object) -> Neighbourhood:
    return await one.read(exploring.explore, id, **wanted)  # pyright: ignore[reportArgumentType]


def depths(found: Neighbourhood) -> dict[str, int]:
    return {node.name: node.depth for node in found.nodes}


def sentences(found: Neighbourhood) -> set[str]:
    names = {node.id: node.name for node in found.nodes}
    return {f"{names[edge.from_]} {edge.type} {names[edge.to]}" for edge in found.edges}


async def test_each_entity_stands_once_at_its_depth(one: Session) -> None:
    web = await weave(one, "a owns b", "b owns c", "a following c", "c owns d", "d owns e")

    found = await around(one, web["a"])

    assert depths(found) == {"a": 0, "b": 1, "c": 1, "d": 2}
    assert sentences(found) == {"a owns b", "b owns c", "a following c", "c owns d"}
    assert found.cut is None


@pytest.mark.parametrize(
    ("depth", "names"),
    [(1, {"a", "b"}), (2, {"a", "b", "c"}), (3, {"a", "b", "c", "d"}), (4, set("abcde"))],
)
async def test_depth_is_how_far_it_goes(one: Session, depth: int, names: set[str]) -> None:
    web = await weave(one, "a owns b", "c owns b", "c owns d", "e owns d", "e owns f")

    assert set(depths(await around(one, web["a"], depth=depth))) == names


async def test_directions_and_types_narrow(one: Session) -> None:
    web = await weave(one, "a owns b", "c owns a", "a following d", "b following e", "b owns f")

    assert set(depths(await around(one, web["a"], direction="out"))) == set("abdef")
    assert set(depths(await around(one, web["a"], direction="in"))) == {"a", "c"}
    assert set(depths(await around(one, web["a"], types=["owns"]))) == set("abcf")
    assert set(depths(await around(one, web["a"], types=["owns"], direction="out"))) == set("abf")
    assert set(depths(await around(one, web["a"], types=["owns", "following"]))) == set("abcdef")


async def test_a_circle_is_walked_once(one: Session) -> None:
    web = await weave(one, "a following b", "b following c", "c following a", "b following a")

    found = await around(one, web["a"], depth=4)

    assert depths(found) == {"a": 0, "b": 1, "c": 1}
    assert len(found.edges) == 4


async def test_archived_entities_are_not_walked_through(one: Session) -> None:
    web = await weave(one, "a owns b", "b owns c")
    await one.write(archive.archive, web["b"])

    assert depths(await around(one, web["a"])) == {"a": 0}
    with pytest.raises(ArchivedError):
        await around(one, web["b"])


async def test_a_hub_leaves_room_for_everything_else(one: Session) -> None:
    """Two hundred followers hide neither what the star owns nor what lies behind it."""
    followers = [f"f{number} following star" for number in range(200)]
    web = await weave(one, "star owns course", "course owns lesson", "lesson owns page", *followers)

    found = await around(one, web["star"], depth=3, limit=20)

    names = depths(found)
    assert len(names) == 20
    assert {"course": 1, "lesson": 2, "page": 3}.items() < names.items()
    assert found.cut is not None
    assert "184 of star" in found.cut


async def test_a_hub_on_the_way_does_not_flood_its_level(one: Session) -> None:
    followers = [f"f{number} following star" for number in range(100)]
    web = await weave(
        one, "a owns b", "a owns star", "a owns c", "b owns b1", "c owns c1", *followers
    )

    names = depths(await around(one, web["a"], limit=12))

    assert {"b1", "c1"} < set(names)
    assert 8 <= len(names) <= 12


async def test_free_places_go_to_those_who_waited(one: Session) -> None:
    followers = [f"f{number} following star" for number in range(30)]
    web = await weave(one, *followers)

    found = await around(one, web["star"], depth=4, limit=25)

    assert len(found.nodes) == 25
    assert len(found.edges) == 24


async def test_the_newest_come_first_where_not_all_fit(one: Session) -> None:
    web = await weave(one, *[f"f{number} following star" for number in range(10)])

    names = set(depths(await around(one, web["star"], depth=1, limit=4)))

    assert names == {"star", "f9", "f8", "f7"}


async def test_long_answers_end_early_and_say_so(one: Session) -> None:
    web = await weave(one, *[f"{'f' * 300}{number} following star" for number in range(60)])

    concise = await around(one, web["star"], depth=1, limit=61)
    full = await around(one, web["star"], depth=1, limit=61, detail="full")

    assert len(concise.model_dump_json(by_alias=True, exclude_none=True)) < 8_500
    assert concise.cut is not None
    assert len(full.nodes) == 61
    assert full.cut is None


async def test_levels_share_the_characters_of_an_answer(one: Session) -> None:
    followers = [f"{'f' * 60}{number} following star" for number in range(120)]
    fans = [f"{'g' * 60}{number} following {'f' * 60}{number}" for number in range(120)]
    web = await weave(one, *followers, *fans)

    found = await around(one, web["star"], depth=2, limit=200)

    counted = Counter(node.depth for node in found.nodes)
    assert counted[0] == 1
    assert counted[1] > 10
    assert counted[2] > 10
    shown = {node.id for node in found.nodes}
    for node in found.nodes[1:]:
        assert any({edge.from_, edge.to} <= shown for edge in found.edges if node.id == edge.from_)
    assert found.cut is not None
    assert len(found.model_dump_json(by_alias=True, exclude_none=True)) < 8_500


async def test_what_cannot_be_walked_is_refused(one: Session) -> None:
    web = await weave(one, "a owns b")

    with pytest.raises(NotFoundError):
        await around(one, "ent_0000000000000000")
    with pytest.raises(UnknownTypeError):
        await around(one, web["a"], types=["has"])
    for wanted in ({"depth": 0}, {"depth": 5}, {"limit": 0}, {"limit": 201}):
        with pytest.raises(InvalidArgumentError) as failure:
            await around(one, web["a"], **wanted)
        assert failure.value.fields["argument"] == next(iter(wanted))


@pytest.mark.parametrize("types", [None, ["owns", "following"]])
async def test_each_level_seeks_only_what_it_shows(one: Session, types: list[str] | None) -> None:
    web = await weave(one, "a owns b", "a following c", "b owns d", "c owns e", "d owns f")

    planned = await one.read(
        lambda work: steps(
            work, "connections", lambda: exploring.explore(work, web["a"], depth=3, types=types)
        )
    )
    outer = await one.read(
        lambda work: steps(
            work, "c", lambda: exploring.explore(work, web["a"], depth=3, types=types)
        )
    )

    indexes = {step.split()[4] for step in planned}
    assert all(step.startswith("SEARCH connections USING INDEX") for step in planned)
    typed = {"connections_from_type", "connections_to_type"}
    assert indexes == (
        typed if types else typed | {f"connections_{end}_entity" for end in ("from", "to")}
    )
    assert all("USING INTEGER PRIMARY KEY" in step for step in outer)


def _reached(edges: set[tuple[int, int]], depth: int) -> Iterator[tuple[int, int]]:
    seen, frontier = {0}, {0}
    yield 0, 0
    for level in range(1, depth + 1):
        frontier = {
            end if near == start else start
            for start, end in edges
            for near in frontier & {start, end}
        } - seen
        seen |= frontier
        yield from ((node, level) for node in frontier)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    edges=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20),
    depth=st.integers(1, 4),
)
async def test_with_room_enough_everything_near_is_found(
    one: Session, edges: set[tuple[int, int]], depth: int
) -> None:
    edges = {(start, end) for start, end in edges if start != end}
    web = await weave(one, "n0 owns alone", *[f"n{a} owns n{b}" for a, b in edges])

    found = await around(one, web["n0"], depth=depth, limit=200, detail="full")

    expected = {f"n{node}": level for node, level in _reached(edges, depth)}
    assert depths(found) == expected | {"alone": 1}
    assert found.cut is None
