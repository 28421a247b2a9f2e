"""What moves value, by real servers that are killed, stopped or many; the benchmark has it all.

The vendors are the simulation in the file, or processes of their own where anvil is installed. What
came of it is asked of them. Time is moved in the file: a lease that is over, a deadline.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from benchmarks import accidents, acts, crowds, shop, vendors
from benchmarks.accidents import Counts
from benchmarks.acts import FINE, TROUBLES, Trouble
from benchmarks.shop import Shop
from tests.chain.modules import needs_modules

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are stopped and seen")
BY_NAME = {it.name: it for it in TROUBLES}
AT = {  # right before (.5) or after commits, in the midst of the step that the trouble is about
    "nothing else": 7.5,
    "the card is declined": 3.5,
    "nothing can be minted": 6.0,
    "the capture is refused": 8.5,
    "the transfer is refused": 11.0,
    "the deadline passes": 9.0,
}


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shops") / "one"
    with shop.opened(folder, beside=vendors.MODULES is not None) as opened:
        yield opened


@pytest.fixture
def one(open_shop: Shop) -> Iterator[Shop]:
    """A shop whose sums agree with those of its vendors afterwards."""
    yield open_shop
    assert accidents.balanced(open_shop) == []


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda it: it.name)
def test_a_purchase_ends_right_after_a_kill(one: Shop, trouble: Trouble) -> None:
    counts, plan = Counts(), partial(acts.purchase, trouble=trouble)

    assert accidents.killed(plan, trouble, one, counts, AT[trouble.name])

    assert counts.wrong == []


def test_whatever_moves_value_ends_right_after_a_kill(one: Shop) -> None:
    counts = Counts()

    for act in acts.ACTS:
        assert accidents.killed(act, FINE, one, counts, 2.5)

    assert (counts.wrong, counts.ends) == ([], {"done": len(acts.ACTS)})


def test_no_moment_of_a_purchase_is_a_bad_one_to_be_killed(one: Shop) -> None:
    assert accidents.at_random(one, [acts.purchase], 4).wrong == []


def test_a_server_that_wakes_after_its_lease_has_no_second_effect(one: Shop) -> None:
    counts = Counts()

    assert accidents.stopped(FINE, one, counts, 6.0)
    assert accidents.stopped(BY_NAME["the deadline passes"], one, counts, 8.0)

    assert counts.wrong == []


def test_two_servers_that_find_the_same_do_it_once(one: Shop) -> None:
    counts = Counts()

    assert accidents.resumed_by_two(one, counts, 6.5)

    assert (counts.wrong, counts.ends) == ([], {"done": 1})


def test_however_often_it_is_asked_for_it_is_bought_once(one: Shop) -> None:
    counts = crowds.retried(one, 10)

    assert (counts.ends, counts.wrong) == ({"done": 1}, [])


@needs_modules
def test_buyers_at_once_get_what_each_has_paid_and_no_more_than_is_allowed(tmp_path: Path) -> None:
    room = f"{4 * crowds.AMOUNT_MINOR / 100} usd"

    with shop.opened(tmp_path / "crowd", beside=True, most_sales=room) as crowded:
        counts = crowds.at_once(crowded, buyers=6, allowed=4, processes=2)

        assert (counts.ends, counts.wrong) == ({"done": 4}, [])
        assert accidents.balanced(crowded) == []


@needs_modules
def test_a_backup_of_the_midst_moves_nothing(one: Shop) -> None:
    counts = Counts()

    assert accidents.copied(one, counts, 8.0)

    assert counts.wrong == []
