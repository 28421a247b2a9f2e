"""Purchases of real servers that are killed, stopped or many at once; the benchmark has them all.

Time is moved in the file: a lease that is over, a hold that the bank took back.
"""

import sys
from pathlib import Path

import pytest

from benchmarks import purchases
from benchmarks.purchases import TROUBLES, Trouble

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are stopped and seen")
BY_NAME = {it.name: it for it in TROUBLES}


@pytest.mark.parametrize(
    ("trouble", "at"),
    [
        (BY_NAME["nothing else"], 9.0),
        (BY_NAME["nothing can be minted"], 6.5),
        (BY_NAME["the capture is refused"], 12.0),
        (BY_NAME["the transfer is refused"], 16.0),
    ],
    ids=lambda it: it.name if isinstance(it, Trouble) else None,
)
def test_a_purchase_ends_right_after_a_kill(tmp_path: Path, trouble: Trouble, at: float) -> None:
    state, wrong, was_killed = purchases.ended_at(tmp_path, trouble, at)

    assert was_killed
    assert wrong == []
    assert state in trouble.ends


def test_a_server_that_wakes_after_its_lease_has_no_second_effect(tmp_path: Path) -> None:
    assert purchases.stopped_at(tmp_path, 10.0) == ("done", [])


def test_two_servers_that_find_the_same_do_it_once(tmp_path: Path) -> None:
    assert purchases.recovered_by_two(tmp_path, 10.0) == ("done", [])


def test_however_often_it_is_asked_for_it_is_bought_once(tmp_path: Path) -> None:
    counts = purchases.retried(tmp_path, 10)

    assert (counts.ends, counts.wrong) == ({"done": 1}, [])


def test_buyers_at_once_get_what_each_has_paid(tmp_path: Path) -> None:
    counts = purchases.at_once(tmp_path, buyers=4, processes=2)

    assert (counts.ends, counts.wrong) == ({"done": 4}, [])
