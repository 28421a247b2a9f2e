"""Sums over many rows read what they need by an index, and look each neighbour up once."""

import re

import pytest

from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.graph.summary import summarizing
from one_mcp.dimensions.graph.summary.sources import Conditions
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
        metadata = {"status": "completed", "amount": amount, "currency": "usd"}
        await one.write(event.record, "payment_processed", actor=people[person], metadata=metadata)

    said = await one.read(
        summarizing.summarize,
        "events",
        ("count", "sum:amount"),
        ("actor.enrolled_in",),
        asked=PAYMENTS,
    )

    assert said.total == {"count": 4, "sum:amount": {"usd": 117.75}}
    assert said.groups is not None
    found = [(g["actor.enrolled_in"], g["count"], g["sum:amount"]) for g in said.groups]
    assert found == [
        (courses[0], 3, {"usd": 17.75}),
        (courses[1], 2, {"usd": 12.5}),
        (None, 1, {"usd": 100}),
    ]
    assert said.note == summarizing.IN_SEVERAL
