"""`one-mcp operations` and `reconcile`: a person at a terminal sees to money."""

import json
import sys
from functools import partial

import anyio
import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.operations import journal, warranted
from one_mcp.dimensions.operations.authority import Warrant
from one_mcp.dimensions.operations.operation import State
from one_mcp.session import Call
from one_mcp.settings import Settings
from tests.cli.conftest import Run
from tests.cli.sales import sold
from tests.cli.terminals import alone, typed


async def _stuck(settings: Settings, *, simulated: bool = True) -> str:
    """An operation of no cost that waits for a person."""
    async with open_app(settings) as app:
        one = app.session(Call("test"), LOCAL)
        body = {"minor": 0, "item": "ent_x", "buyer": "ent_y"}
        warrant = Warrant("quo_none", simulated=simulated)
        begun = await one.derive(journal.begin, "purchase", 1, body, warrant)
        taken = await one.derive(journal.take, begun.id)
        assert taken is not None
        await one.derive(journal.turn, taken, State.NEEDS_REVIEW, {"message": "The bank sleeps."})
        return begun.id


def test_operations_are_listed_shown_and_decided(run: Run, settings: Settings) -> None:
    id = anyio.run(partial(_stuck, settings))

    listed = run("operations")
    shown = run("operations", "show", id, "--json")
    asked = run("operations", "accept", id)
    differs = run("reconcile")
    accepted = run("operations", "accept", id, "--yes", "--json")
    agrees = run("reconcile", "--json")
    refused = run("operations", "retry", id)

    assert (listed.exit_code, id in listed.output, "The bank sleeps." in listed.output) == (
        0,
        True,
        True,
    )
    assert json.loads(shown.output)["state"] == "needs_review"
    assert "Nothing was done" in asked.output
    assert (differs.exit_code, id in differs.output) == (1, True)
    assert json.loads(accepted.output)["state"] == "undone"
    assert (agrees.exit_code, json.loads(agrees.output)["differences"]) == (0, [])
    assert refused.exit_code == 1


def test_a_person_sees_what_each_operation_did(run: Run, settings: Settings) -> None:
    id = anyio.run(sold, settings)

    listed, shown = run("operations"), run("operations", "show", id)

    for output in (listed.output, shown.output):
        assert "Charge Bob 49.00 USD for 1 × Yoga für alle." in output  # noqa: RUF001  # times
        assert f"allowed by {warranted.NOBODY}" in output


def test_release_says_what_is_held_before_it_lets_go(run: Run, settings: Settings) -> None:
    anyio.run(partial(_stuck, settings))

    asked = run("operations", "release")
    done = run("operations", "release", "--yes", "--json")

    assert "nothing was released" in asked.stderr
    assert json.loads(done.stdout) == {"released": []}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_nobody_decides_about_real_money_without_the_passphrase(settings: Settings) -> None:
    id = anyio.run(partial(_stuck, settings, simulated=False))
    accept = ["operations", "accept", id, "--yes"]
    secret = "correct horse battery"  # noqa: S105  # it opens nothing but a test's file

    fed = alone(settings.database, accept, f"{secret}\n")
    unset = typed(settings.database, accept, [secret])
    typed(settings.database, ["passphrase"], [secret, secret])
    wrong = typed(settings.database, accept, ["not what it is"])
    right = typed(settings.database, accept, [secret])

    assert (fed[0], unset[0], wrong[0], right[0]) == (1, 1, 1, 0)
    assert "undone" in right[1]


def test_an_id_is_asked_for_where_one_is_needed(run: Run, settings: Settings) -> None:
    anyio.run(partial(_stuck, settings))

    assert run("operations", "undo").exit_code == 2  # usage
    assert run("operations", "list", "op_x").exit_code == 2
