"""Sums over many rows read what they need by an index, and look each neighbour up once."""

import random
import re

import pytest

from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.graph.summary import notes, summarizing
from one_mcp.dimensions.graph.summary.sources import Conditions
from one_mcp.jsons import JsonObject
from one_mcp.session import Session
from one_mcp.store.work import Work
from tests.dimensions.plans import steps

pytestmark = pytest.mark.anyio

PAYMENTS = Conditions(types=("payment_processed",))


async def test_neighbours_are_looked_up_from_each_end_and_not_of_everybody(one: Session) -> None:
    def read(work: Work) -> list[str]:
        return steps(
            work,
            "links",
            lambda: summarizing.summarize(
                work, "events", ("sum:amount",), ("actor.enrolled_in",), asked=PAYMENTS
            ),
        )

    links = [step for step in await one.read(read) if "links" in step]

    assert len(links) == 2
    assert all(re.search(r"(from|to)_id=\? AND type=\?", step) for step in links)


async def test_a_payment_counts_for_each_course_once_and_once_in_the_total(one: Session) -> None:
    courses = [(await one.write(entity.create, "course", name)).id for name in ("A", "B")]
    people = [(await one.write(entity.create, "audience_member", name)).id for name in "xyz"]
    for person, course in ((0, 0), (0, 1), (1, 0)):
        await one.write(connection.connect, people[person], "enrolled_in", courses[course])
    for person, amount in ((0, 10), (0, 2.5), (1, 5.25), (2, 100)):
        metadata = {"status": "completed", "amount": amount, "currency": "USD"}
        await one.write(event.record, "payment_processed", actor=people[person], metadata=metadata)

    said = await one.read(
        summarizing.summarize,
        "events",
        ("count", "sum:amount"),
        ("actor.enrolled_in",),
        asked=PAYMENTS,
    )

    assert said.total == {"count": 4, "sum:amount": {"USD": 117.75}}
    assert said.groups is not None
    found = [(g["actor.enrolled_in"], g["count"], g["sum:amount"]) for g in said.groups]
    assert found == [
        (courses[0], 3, {"USD": 17.75}),
        (courses[1], 2, {"USD": 12.5}),
        (None, 1, {"USD": 100}),
    ]
    assert said.note == notes.IN_SEVERAL


async def paid(one: Session, pick: random.Random, people: int, payments: int) -> None:
    ids = [
        (await one.write(entity.create, "audience_member", f"P{number}")).id
        for number in range(people)
    ]
    course = (await one.write(entity.create, "course", "Yoga")).id
    for _ in range(payments):
        metadata: JsonObject = {"status": "completed"}
        if pick.random() < 0.9:
            metadata["amount"] = pick.choice((10, 10, 2.5, 0.1, 99.99, -5))
        if pick.random() < 0.8:
            metadata["currency"] = pick.choice(("EUR", "USD", "USD"))
        await one.write(
            event.record,
            "payment_processed",
            pick.choice((course, None)),
            actor=pick.choice(ids),
            metadata=metadata,
        )


MEASURES = (("count",), ("sum:amount",), ("count", "sum:amount", "avg:amount"))


@pytest.mark.parametrize("seed", range(2))
async def test_the_best_groups_are_those_of_all_and_the_rest_is_what_they_leave(
    one: Session, seed: int
) -> None:
    """What the engine ranks says the same as what is ranked of all groups."""
    pick = random.Random(seed)  # noqa: S311  # no secret
    await paid(one, pick, 12, 60)

    for measured in MEASURES:
        for key in ("actor", "target"):
            for sort in (None, f"-{measured[-2:][0]}", measured[-2:][0]):
                wanted = {"asked": PAYMENTS, "sort": sort, "limit": 3}
                best = await one.read(summarizing.summarize, "events", measured, (key,), **wanted)
                # with different values among the measures, the engine does not rank
                every = await one.read(
                    summarizing.summarize, "events", (*measured, "distinct:type"), (key,), **wanted
                )
                assert plain(best) == plain(every), (measured, key, sort)


def plain(said: summarizing.Summary) -> JsonObject:
    told = said.model_dump()
    for line in (told["total"], told["other"] or {}, *told["groups"]):
        line.pop("distinct:type", None)
    return told
