"""A person approves and allows at a terminal, and nobody does elsewhere."""

import re
import sys
from contextlib import closing
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations.operation import State
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.server import build
from one_mcp.services.commerce import selling
from one_mcp.session import Call
from one_mcp.settings import TOOLSETS, Settings
from one_mcp.store.sqlite.connection import connect
from tests.cli.conftest import Run
from tests.cli.terminals import alone, typed
from tests.server.promises import asking

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
SECRET = "correct horse battery"  # noqa: S105  # it opens nothing but a test's file


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"approvals": "always"})


async def _quoted(settings: Settings) -> str:
    async with open_app(settings) as app:
        one = app.session(Call("test"), LOCAL)
        course = await one.write(entity.create, "course", "Yoga", {"price": 20, "currency": "eur"})
        bob = await one.write(entity.create, "audience_member", "Bob \u202e")
        return (await selling.quote(one, course.id, bob.id, "2")).quote


async def _bought(settings: Settings, quote: str) -> State | None:
    async with open_app(settings) as app:
        try:
            return (await selling.purchase(app.session(Call("test"), LOCAL), quote)).state
        except ApprovalRequiredError:
            return None


async def _told(settings: Settings) -> Any:
    async with (
        open_app(settings.model_copy(update={"toolsets": TOOLSETS})) as app,
        Client(build.server(app)) as client,
    ):
        return await asking(client)("list_allowances")


@pytest.fixture
def quote(settings: Settings) -> str:
    return anyio.run(partial(_quoted, settings))


def test_a_person_approves_at_a_terminal(settings: Settings, quote: str) -> None:
    code, said = typed(settings.database, ["passphrase"], [SECRET, SECRET])
    assert code == 0, said
    assert re.search(r"\b[0-9a-f]{64}\b", said)
    listed = typed(settings.database, ["approve"], [])
    wrong = typed(settings.database, ["approve", quote], ["not what it is"])
    before = anyio.run(_bought, settings, quote)

    code, said = typed(settings.database, ["approve", quote], [SECRET])

    assert quote in listed[1]
    assert wrong[0] == 1
    assert "not your passphrase" in wrong[1]
    assert before is None
    assert code == 0
    assert "Charge Bob" in said
    assert "40.00 EUR" in said
    assert SECRET not in said
    assert "\u202e" not in said
    assert anyio.run(_bought, settings, quote) is State.DONE


def test_a_passphrase_that_is_too_short_is_not_asked_for_again(settings: Settings) -> None:
    code, said = typed(settings.database, ["passphrase"], ["too short"])

    assert code == 1
    assert "at least 12 characters" in said
    assert "The same again" not in said


def test_a_passphrase_comes_from_nowhere_but_a_terminal(settings: Settings, quote: str) -> None:
    first = alone(settings.database, ["passphrase"], f"{SECRET}\n{SECRET}\n")
    typed(settings.database, ["passphrase"], [SECRET, SECRET])

    second = alone(settings.database, ["approve", quote], f"{SECRET}\n")
    third = alone(settings.database, ["allow", "purchase_tokens", "--per-day", "9 eur"], SECRET)

    for code, said in (first, second, third):
        assert code == 1
        assert "there is no terminal" in said
    assert anyio.run(_bought, settings, quote) is None


def test_a_person_allows_and_takes_back(settings: Settings, quote: str) -> None:
    typed(settings.database, ["passphrase"], [SECRET, SECRET])
    words = ["allow", "purchase_tokens", "--per-day", "50 EUR", "--per-call", "40 eur"]

    code, said = typed(settings.database, words, [SECRET])
    state = anyio.run(_bought, settings, quote)
    _, listed = typed(settings.database, ["allow"], [])
    found = re.search(r"alw_\w+", listed)
    assert found is not None
    ended = typed(settings.database, ["allow", "--end", found[0]], [])

    assert code == 0, said
    assert state is State.DONE
    assert "50.00 EUR in 24 hours, 40.00 EUR a call" in listed
    assert ended[0] == 0
    assert "Nothing is allowed" in typed(settings.database, ["allow"], [])[1]
    assert "Nothing waits." in typed(settings.database, ["approve"], [])[1]


def test_an_allowance_written_by_hand_is_listed_as_of_no_effect(
    settings: Settings, quote: str
) -> None:
    typed(settings.database, ["passphrase"], [SECRET, SECRET])
    typed(settings.database, ["allow", "purchase_tokens", "--per-day", "1 eur"], [SECRET])
    copied = """
        INSERT INTO allowances
            (organization_id, id, person_id, how, terms, created_at, expires_at, signature)
        SELECT organization_id, 'alw_forged', person_id, how,
               replace(terms, '"units":100', '"units":9900'), created_at, expires_at, signature
        FROM allowances
    """
    with closing(connect(str(settings.database), read_only=False)) as raw:
        raw.execute(copied)

    _, listed = typed(settings.database, ["allow"], [])
    told = anyio.run(_told, settings)

    assert "alw_forged  has no effect" in listed
    assert "99.00 EUR" not in listed
    assert [it["limits"][0]["per_day"] for it in told["items"]] == ["1.00 EUR"]
    assert anyio.run(_bought, settings, quote) is None
    assert typed(settings.database, ["allow", "--end", "alw_forged"], [])[0] == 0
    assert "alw_forged" not in typed(settings.database, ["allow"], [])[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["allow", "create_entity", "--per-day", "9 eur"], "An allowance is for one of"),
        (["allow", "purchase_tokens"], "--per-day"),
        (["allow", "purchase_tokens", "--per-day", "9"], "Write an amount as"),
        (["allow", "purchase_tokens", "--per-day", "9 ｅｕｒ"], "ISO 4217"),  # noqa: RUF001  # wide
        (["allow", "purchase_tokens", "--per-day", "9.999 eur"], "decimal places"),
        (["allow", "purchase_tokens", "--per-day", "9 eur", "--until", "-1d"], "a time to come"),
        (["allow", "purchase_tokens", "--per-day", "9 eur", "--per-call", "1 usd"], "of usd"),
        (["allow", "--end", "alw_nothing"], "no allowance"),
        (["approve", "quo_nothing"], "no plan"),
    ],
)
def test_what_cannot_be_allowed_says_why(run: Run, words: list[str], complaint: str) -> None:
    done = run(*words)

    assert done.exit_code == 1
    assert complaint in done.output


def test_what_was_refused_is_not_carried_out(settings: Settings, quote: str) -> None:
    code, said = alone(settings.database, ["approve", quote, "--refuse"], "")

    assert code == 0, said
    with pytest.raises(BaseException, match="refused"):
        anyio.run(_bought, settings, quote)
