"""What cannot be sold says why and what would work, and nothing is written beside the journal."""

from typing import Any

import pytest

from one_mcp.access import Principal, Role
from one_mcp.app import App
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.operations import plans
from one_mcp.dimensions.organizations import founding
from one_mcp.providers.ports.chain import NOBODY
from one_mcp.services import rails
from one_mcp.session import Call, Session
from one_mcp.store.work import Work
from tests import conftest as plain
from tests.commerce.deploying import deployed
from tests.conftest import HandClock
from tests.server.promises import Ask

pytestmark = pytest.mark.anyio
one = plain.one
OTHER = Principal("org_other", "per_other", "owner", Role.ORG_OWNER)
WRONG = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"  # one letter in the wrong case
TABLES = ("entities", "connections", "events", "ledger_entries", "operations", "change_log")


@pytest.fixture
async def ids(ask: Ask, one: Session) -> dict[str, str]:
    """A token that is sold, one that is on no chain, and people."""
    about = {"price": 2, "decimals": 2, "blockchain": "base", "symbol": "JANE"}
    token = {**about, "contractAddress": await deployed(one, 2)}
    made: dict[str, tuple[str, dict[str, Any]]] = {
        "token": ("token", token),
        "new": ("token", about),
        "unpriced": ("token", {**token, "price": None}),
        "sui": ("token", {**token, "blockchain": "sui"}),
        "bob": ("audience_member", {"email": "bob@example.com"}),
        "eve": ("audience_member", {"email": "eve@example.com", "walletAddress": WRONG}),
        "jane": ("creator", {"email": "jane@example.com", "niche": ["yoga"]}),
        "post": ("blog_post", {}),
        "tote": ("digital_product", {"price": 18, "interval": "monthly"}),
    }
    return {
        name: (await ask("create_entity", type=type, name=name, properties=properties))["id"]
        for name, (type, properties) in made.items()
    }


def _counts(work: Work) -> dict[str, int]:
    return {
        table: work.value(f"SELECT count(*) FROM {table} WHERE organization_id = :organization")
        for table in TABLES
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amount": "0"}, "INVALID_ARGUMENT"),
        ({"amount": "-1"}, "INVALID_ARGUMENT"),
        ({"amount": "1" + "0" * 80}, "INVALID_ARGUMENT"),
        ({"amount": "0.001"}, "INVALID_ARGUMENT"),
        ({"amount": "1e3"}, "INVALID_ARGUMENT"),
        ({"amount": "NaN"}, "INVALID_ARGUMENT"),
        ({"amount": 5}, "INVALID_ARGUMENT"),
        ({"amount": "99999999999"}, "INVALID_ARGUMENT"),
        ({"item": "ent_01m844dzg0000000"}, "NOT_FOUND"),
        ({"item": "Jane Token"}, "INVALID_ARGUMENT"),
        ({"item": "{new}"}, "INVALID_ARGUMENT"),
        ({"item": "{unpriced}"}, "INVALID_ARGUMENT"),
        ({"item": "{sui}"}, "UNSUPPORTED_CHAIN"),
        ({"item": "{post}"}, "INVALID_ARGUMENT"),
        ({"item": "{bob}"}, "INVALID_ARGUMENT"),
        ({"buyer": "{post}"}, "INVALID_ARGUMENT"),
        ({"buyer": "{token}"}, "INVALID_ARGUMENT"),
        ({"buyer": "{eve}"}, "INVALID_ARGUMENT"),
        ({"buyer": "ent_01m844dzg0000000"}, "NOT_FOUND"),
    ],
)
async def test_a_quote_that_cannot_be(
    ask: Ask, one: Session, ids: dict[str, str], given: dict[str, Any], code: str
) -> None:
    before = await one.read(_counts)
    order = {"item": "{token}", "buyer": "{bob}", "amount": "5", **given}
    filled = {name: _filled(value, ids) for name, value in order.items()}

    answer = await ask("quote_tokens", **filled)

    assert answer["code"] == code, answer
    assert len(answer["message"]) > 20
    assert await one.read(_counts) == before


@pytest.mark.parametrize(
    "number", ["4000000000000002", "4242 4242 4242 4242", "pm_4242424242424242"]
)
async def test_no_card_number_passes_through_a_tool(
    ask: Ask, app: App, one: Session, ids: dict[str, str], number: str
) -> None:
    """Nor is it kept, or said again, by a sale or by a subscription (D-72)."""
    club = await ask(
        "create_entity",
        type="membership",
        name="Club",
        properties={"price": 9, "interval": "monthly"},
    )
    before = await one.read(_counts)

    answers = [
        await ask("quote_tokens", item=ids["token"], buyer=ids["bob"], payment_method=number),
        await ask(
            "manage_subscription",
            action="start",
            item=club["id"],
            buyer=ids["bob"],
            payment_method=number,
            dry_run=True,
        ),
    ]

    assert [it["code"] for it in answers] == ["INVALID_ARGUMENT"] * 2
    assert [it["argument"] for it in answers] == ["payment_method"] * 2
    assert number not in str(answers)
    assert await one.read(_counts) == before
    files = app.settings.database.parent.glob("one.db*")
    assert not any(number.encode() in it.read_bytes() for it in files)


@pytest.mark.parametrize(
    "currency",
    [
        *("u$d", "us d", "US", "euro", "xyz", "JANE", "ent_01m844dzg0000000", "💶"),
        *("ｕｓｄ", "usd\u200b", "\u202eusd", "ßp"),  # noqa: RUF001  # that look like codes
    ],
)
async def test_no_money_is_asked_for_in_what_is_no_currency(
    ask: Ask, one: Session, ids: dict[str, str], currency: str
) -> None:
    """ß in capitals is SS, and SSP a code."""
    about = {"item": ids["tote"], "buyer": ids["bob"]}
    await ask("update_entity", id=ids["tote"], properties={"currency": currency})
    before = await one.read(_counts)

    answers = [
        await ask("quote_tokens", **about),
        await ask("manage_subscription", action="start", **about, dry_run=True),
    ]

    assert [it["code"] for it in answers] == ["INVALID_ARGUMENT"] * 2
    assert all("ISO 4217" in it["message"] for it in answers)
    assert all('"currency": "EUR"' in it["message"] for it in answers)
    assert await one.read(_counts) == before


async def test_a_quote_is_void_where_its_currency_is_none_any_more(
    ask: Ask, one: Session, ids: dict[str, str]
) -> None:
    await ask("update_entity", id=ids["tote"], properties={"currency": " eur "})
    quote = await ask("quote_tokens", item=ids["tote"], buyer=ids["bob"])
    await ask("update_entity", id=ids["tote"], properties={"currency": "u$d"})
    before = await one.read(_counts)

    refused = await ask("purchase_tokens", quote=quote["quote"])

    assert quote["currency"] == "eur"
    assert (refused["code"], "ISO 4217" in refused["message"]) == ("INVALID_ARGUMENT", True)
    assert await one.read(_counts) == before


async def test_a_vendor_s_words_end_as_a_sentence(ask: Ask, ids: dict[str, str]) -> None:
    quote = await ask("quote_tokens", item=ids["token"], buyer=ids["bob"], payment_method="pm_none")

    refused = await ask("purchase_tokens", quote=quote["quote"])

    assert "'pm_none'. Nothing was charged" in refused["message"]


def _filled(value: Any, ids: dict[str, str]) -> Any:
    return ids[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value


@pytest.mark.parametrize("wallet", ["nobody", "contract", "treasury"])
async def test_no_token_goes_where_its_holder_has_nothing_of_it(
    ask: Ask, one: Session, ids: dict[str, str], wallet: str
) -> None:
    token = await ask("get_entity", id=ids["token"])
    addresses = {
        "nobody": NOBODY,
        "contract": token["properties"]["contractAddress"],
        "treasury": rails.of(one).chain.sender,
    }
    await ask("purchase_tokens", quote=(await _quoted(ask, ids))["quote"])
    await ask("update_entity", id=ids["bob"], properties={"walletAddress": addresses[wallet]})
    before = await one.read(_counts)
    move = {"token": ids["token"], "holder": ids["bob"], "amount": "1"}

    answers = [
        await _quoted(ask, ids),
        await ask("transfer_tokens", **move, dry_run=True),
    ]

    assert {it["code"] for it in answers} == {"INVALID_ARGUMENT"}, answers
    assert {it["argument"] for it in answers} == {"walletAddress"}
    assert await one.read(_counts) == before


async def _quoted(ask: Ask, ids: dict[str, str]) -> Any:
    return await ask("quote_tokens", item=ids["token"], buyer=ids["bob"], amount="5")


async def test_another_organization_s_token_is_none(
    app: App, ask: Ask, ids: dict[str, str]
) -> None:
    await app.database.write(
        lambda raw: founding.found(Work(raw, OTHER, app.ontology, app.clock()))
    )
    other = app.session(Call("test"), OTHER)
    foreign = await other.write(entity.create, "course", "Theirs", {"price": 5})

    answer = await ask("quote_tokens", item=foreign.id, buyer=ids["bob"])

    assert answer["code"] == "NOT_FOUND"


async def test_quotes_that_do_not_serve(
    ask: Ask, one: Session, clock: HandClock, ids: dict[str, str]
) -> None:
    order = {"item": ids["token"], "buyer": ids["bob"], "amount": "5"}
    late, stale, used = [(await ask("quote_tokens", **order))["quote"] for _ in range(3)]
    await ask("purchase_tokens", quote=used)
    await ask("update_entity", id=ids["token"], properties={"price": 3})
    before = await one.read(_counts)

    changed = await ask("purchase_tokens", quote=stale)
    clock.forward(plans.LASTS_MS + 1)
    expired = await ask("purchase_tokens", quote=late)
    unknown = await ask("purchase_tokens", quote="quo_0000000000000000")
    again = await ask("purchase_tokens", quote=used)
    of_another_tool = await ask("refund_purchase", plan=late)

    assert (changed["code"], expired["code"], unknown["code"]) == ("PLAN", "PLAN", "PLAN")
    assert "total" in changed["changed"]
    assert "expired" in expired["message"]
    assert again["state"] == "done"
    assert of_another_tool["code"] == "PLAN"
    assert await one.read(_counts) == before


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"dry_run": True},
        {"payment": "{bob}"},
        {"payment": "{bob}", "dry_run": True},
        {"payment": "Bob", "dry_run": True},
        {"payment": "op_01m844dzg0000000", "dry_run": True},
        {"payment": "{bob}", "plan": "pln_0000000000000000"},
        {"plan": "pln_0000000000000000"},
        {"plan": "pln_0000000000000000", "dry_run": True},
        {"payment": "{bob}", "amount": 5, "dry_run": True},
        {"payment": "{bob}", "keep_tokens": "yes", "dry_run": True},
    ],
)
async def test_a_refund_that_cannot_be(
    ask: Ask, one: Session, ids: dict[str, str], given: dict[str, Any]
) -> None:
    before = await one.read(_counts)

    answer = await ask(
        "refund_purchase", **{it: _filled(value, ids) for it, value in given.items()}
    )

    assert answer["code"] in {"INVALID_ARGUMENT", "NOT_FOUND", "PLAN"}, answer
    assert await one.read(_counts) == before


@pytest.mark.parametrize(
    "held",
    [
        {"note": "use sk_live_" + "a1B2" * 6},
        {"note": {"deep": ["rk_test_" + "a1B2" * 6]}},
        {"hook": "whsec_" + "a1B2" * 8},
        {"pem": "-----BEGIN EC PRIVATE KEY-----\nMHQCAQ"},
        {"privateKey": "0x" + "ab" * 32},
        {"mnemonic": "test test test test test test test test test test test junk"},
    ],
)
async def test_a_secret_key_is_never_stored(
    ask: Ask, one: Session, ids: dict[str, str], held: dict[str, Any]
) -> None:
    before = await one.read(_counts)
    pair = {"from_": ids["jane"], "type": "owns", "to": ids["token"]}
    event = {"type": "content_interacted", "target": ids["post"]}

    answers = [
        await ask("create_entity", type="blog_post", name="x", properties=held),
        await ask("update_entity", id=ids["post"], properties=held),
        await ask("connect_entities", **pair, metadata=held),
        await ask("record_event", **event, metadata={"interaction": "liked", **held}),
    ]

    secret = next(iter(held.values()))
    for answer in answers:
        assert answer["code"] == "INVALID_PROPERTY", answer
        assert str(secret) not in str(answer)
    assert await one.read(_counts) == before


async def test_what_only_looks_like_a_key_is_stored(ask: Ask, ids: dict[str, str]) -> None:
    hash = "0x" + "ab" * 32

    answer = await ask("update_entity", id=ids["post"], properties={"txHash": hash})

    assert "change" in answer
