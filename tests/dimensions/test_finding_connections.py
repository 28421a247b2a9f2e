"""Finding connections: what each condition finds, what is shown, and which index is walked."""

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.dimensions.connections import connection, finding
from one_mcp.dimensions.connections.finding import Edges
from one_mcp.dimensions.entities import archive, entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.errors import ArchivedError, InvalidArgumentError, NotFoundError, UnknownTypeError
from one_mcp.jsons import JsonObject
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests.conftest import HandClock
from tests.dimensions.plans import steps

pytestmark = pytest.mark.anyio

NOWHERE = "ent_0000000000000000"


async def thing(one: Session, type: str, name: str, **properties: object) -> str:
    return (await one.write(entity.create, type, name, properties)).id  # pyright: ignore[reportArgumentType]


async def connect(
    one: Session, start: str, type: str, end: str, metadata: JsonObject | None = None
) -> str:
    return (await one.write(connection.connect, start, type, end, metadata)).id


async def found(one: Session, **wanted: object) -> Edges:
    return await one.read(finding.find, **wanted)  # pyright: ignore[reportArgumentType]


async def ids(one: Session, **wanted: object) -> list[str]:
    return [edge.id for edge in (await found(one, **wanted)).items]


async def all_pages(one: Session, **wanted: object) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = await found(one, cursor=cursor, **wanted)
        seen += [edge.id for edge in page.items]
        cursor = page.cursor
        if cursor is None:
            return seen


class Web:
    """Jane owns a course and a video, follows Ann, and Ann follows Jane."""

    def __init__(self, jane: str, ann: str, course: str, video: str) -> None:
        self.jane, self.ann, self.course, self.video = jane, ann, course, video
        self.owns_course = self.owns_video = self.follows = self.followed = ""


@pytest.fixture
async def web(one: Session, jane: Saved, clock: HandClock) -> Web:
    made = Web(
        jane.id,
        await thing(one, "audience_member", "Ann"),
        await thing(one, "course", "Yoga"),
        await thing(one, "video", "Breathing"),
    )
    made.owns_course = await connect(one, made.jane, "owns", made.course, {"share": 0.5})
    clock.forward(1)
    made.follows = await connect(one, made.jane, "following", made.ann)
    clock.forward(1)
    made.owns_video = await connect(one, made.jane, "owns", made.video)
    clock.forward(1)
    made.followed = await connect(one, made.ann, "following", made.jane)
    return made


async def test_connections_from_an_entity_come_newest_first(one: Session, web: Web) -> None:
    page = await found(one, from_id=web.jane)

    assert [edge.id for edge in page.items] == [web.owns_video, web.follows, web.owns_course]
    assert page.total == 3


async def test_each_condition_narrows(one: Session, web: Web) -> None:
    assert await ids(one, to_id=web.jane) == [web.followed]
    assert await ids(one, from_id=web.jane, types=["owns"]) == [web.owns_video, web.owns_course]
    assert await ids(one, from_id=web.jane, to_id=web.ann) == [web.follows]
    assert await ids(one, types=["following"]) == [web.followed, web.follows]
    assert await ids(one, from_id=web.ann, types=["owns"]) == []
    assert len(await ids(one)) == 4


async def test_several_types_stay_in_order(one: Session, web: Web) -> None:
    wanted = await ids(one, from_id=web.jane, types=["owns", "following", "owns"])

    assert wanted == [web.owns_video, web.follows, web.owns_course]


async def test_between_looks_in_both_directions(one: Session, web: Web) -> None:
    both = await ids(one, between=[web.ann, web.jane])

    assert both == [web.followed, web.follows]
    assert await ids(one, between=[web.jane, web.ann], types=["owns"]) == []


async def test_names_stand_beside_ids_and_types_at_the_open_end(one: Session, web: Web) -> None:
    edge = (await found(one, to_id=web.course)).items[0]

    assert edge.model_dump(mode="json", by_alias=True, exclude_none=True) == {
        "id": web.owns_course,
        "from": web.jane,
        "from_name": "Jane",
        "from_type": "creator",
        "type": "owns",
        "to": web.course,
        "to_name": "Yoga",
        "metadata": {"share": 0.5},
    }


@pytest.mark.parametrize("detail", ["concise", "full"])
async def test_token_holdings_come_with_balance_and_chain_in_one_call(
    one: Session, jane: Saved, detail: str
) -> None:
    """The balance is the connection's, the chain the token's: get_token_holdings of the text."""
    yoga = await thing(one, "token", "Yoga token", symbol="YOGA", blockchain="base")
    run = await thing(one, "token", "Run token", symbol="RUN", blockchain="sui")
    await connect(one, jane.id, "holds_tokens", yoga, {"balance": "12.5"})
    await connect(one, jane.id, "holds_tokens", run, {"balance": "100"})
    await connect(one, jane.id, "owns", yoga)

    page = await found(one, from_id=jane.id, types=["holds_tokens"], detail=detail)

    holdings = [
        (edge.to_name, (edge.metadata or {})["balance"], (edge.to_properties or {})["blockchain"])
        for edge in page.items
    ]
    assert holdings == [("Run token", "100", "sui"), ("Yoga token", "12.5", "base")]
    symbols = ["symbol" in (edge.to_properties or {}) for edge in page.items]
    assert symbols == [detail == "full"] * 2


async def test_connections_of_archived_entities_are_hidden(one: Session, web: Web) -> None:
    await one.write(archive.archive, web.video)

    page = await found(one, from_id=web.jane, types=["owns"])

    assert [edge.id for edge in page.items] == [web.owns_course]
    assert page.total == 1
    with pytest.raises(ArchivedError):
        await found(one, to_id=web.video)


async def test_an_end_that_is_not_there_is_refused(one: Session, web: Web) -> None:
    for wanted in ({"from_id": NOWHERE}, {"to_id": NOWHERE}, {"between": [web.jane, NOWHERE]}):
        with pytest.raises(NotFoundError):
            await found(one, **wanted)


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_between_takes_two_ids(one: Session, web: Web, count: int) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        await found(one, between=[web.jane, web.ann, web.course][:count])

    assert failure.value.fields["argument"] == "between"


async def test_between_stands_alone(one: Session, web: Web) -> None:
    with pytest.raises(InvalidArgumentError):
        await found(one, between=[web.jane, web.ann], from_id=web.jane)
    with pytest.raises(InvalidArgumentError):
        await found(one, between=[web.jane, web.jane])


async def test_unknown_types_and_limits_are_refused(one: Session, web: Web) -> None:
    with pytest.raises(UnknownTypeError):
        await found(one, from_id=web.jane, types=["owned"])
    for limit in (0, -1, 201, 10**9):
        with pytest.raises(InvalidArgumentError):
            await found(one, limit=limit)


async def test_another_organizations_connections_are_not_there(app: App, web: Web) -> None:
    stranger = Principal("org_other", "per_other", "other", Role.ORG_OWNER)
    door = app.session(Call("test"), stranger)

    assert await ids(door) == []
    with pytest.raises(NotFoundError):
        await found(door, from_id=web.jane)


@pytest.mark.parametrize("wanted", [{}, {"types": ["owns", "following"]}])
async def test_pages_go_on_among_connections_of_one_moment(
    one: Session, jane: Saved, clock: HandClock, wanted: dict[str, object]
) -> None:
    """Everything that one import writes has the same time."""
    made: list[str] = []
    for number in range(7):
        other = await thing(one, "community", f"Group {number}")
        made.append(await connect(one, jane.id, "owns", other))
        made.append(await connect(one, jane.id, "following", other))
        clock.forward(1 if number == 4 else 0)

    assert await all_pages(one, limit=3, from_id=jane.id, **wanted) == made[::-1]


async def test_a_cursor_belongs_to_its_query(one: Session, web: Web) -> None:
    first = await found(one, from_id=web.jane, limit=1)

    with pytest.raises(InvalidArgumentError) as failure:
        await found(one, from_id=web.jane, types=["owns"], cursor=first.cursor)

    assert failure.value.fields["argument"] == "cursor"


async def test_large_metadata_is_cut_and_long_pages_end_early(one: Session, jane: Saved) -> None:
    for number in range(30):
        other = await thing(one, "course", f"Course {number}")
        await connect(one, jane.id, "owns", other, {"note": "x" * 2_000})

    page = await found(one, from_id=jane.id, limit=30)

    assert len(page.model_dump_json()) < 10_000
    assert page.items[0].shortened == ["metadata.note (2,000 characters)"]
    assert page.cut
    assert len(await all_pages(one, from_id=jane.id, limit=30)) == 30


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "connections_by_created"),
        ({"types": ["owns"]}, "connections_by_type"),
        ({"types": ["owns", "following"]}, "connections_by_type"),
        ({"from_id": "jane"}, "connections_from_entity"),
        ({"to_id": "jane"}, "connections_to_entity"),
        ({"from_id": "jane", "types": ["owns", "following"]}, "connections_from_type"),
        ({"to_id": "jane", "types": ["owns", "following"]}, "connections_to_type"),
    ],
)
async def test_every_page_walks_an_index_in_its_order(
    one: Session, web: Web, wanted: dict[str, object], index: str
) -> None:
    wanted = {name: web.jane if value == "jane" else value for name, value in wanted.items()}

    def plan(work: Work) -> list[str]:
        def two_pages() -> None:
            first: Edges = finding.find(work, limit=1, **wanted)  # pyright: ignore[reportArgumentType]
            finding.find(work, limit=1, cursor=first.cursor, **wanted)  # pyright: ignore[reportArgumentType]

        return steps(work, "connections", two_pages)

    plan_steps = await one.read(plan)

    assert plan_steps
    assert all(f"SEARCH connections USING INDEX {index} (" in step for step in plan_steps)


async def test_connections_between_two_are_sought_by_both_ends(one: Session, web: Web) -> None:
    pair = [web.jane, web.ann]

    plan_steps = await one.read(
        lambda work: steps(work, "connections", lambda: finding.find(work, between=pair))
    )

    searches = [step for step in plan_steps if "SEARCH" in step]
    assert len(searches) == 2
    assert all("(organization_id=? AND from_id=? AND to_id=?)" in step for step in searches)


async def test_a_hundred_types_are_not_too_many(one: Session, web: Web) -> None:
    every = list(one.ontology.relationship_types)

    assert await ids(one, types=every, limit=2) == [web.followed, web.owns_video]
    assert len(await all_pages(one, types=every, between=[web.jane, web.ann], limit=1)) == 2
