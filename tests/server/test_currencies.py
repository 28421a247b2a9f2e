"""Currencies are the same in whatever case they come, and amounts in two are not compared."""

from typing import Any

import pytest
from mcp import Client

from one_mcp import ids
from one_mcp.answers import Written
from one_mcp.dimensions.events import rows
from one_mcp.dimensions.events.rows import EventRow
from one_mcp.jsons import JsonObject
from one_mcp.session import Session
from one_mcp.store.work import Work
from tests.server.business import ask, call

pytestmark = pytest.mark.anyio
PAID = "payment_processed"
DONE = {"status": "completed"}


async def pay(client: Client, actor: str, amount: float, currency: str) -> Any:
    metadata = {**DONE, "amount": amount, "currency": currency}
    return await call(client, "record_event", type=PAID, actor=actor, metadata=metadata)


async def person(client: Client, name: str) -> str:
    return (await call(client, "create_entity", type="audience_member", name=name))["id"]


def as_before(work: Work) -> Written:
    """Store currencies as files of the versions before have them, an event of noon beside."""
    work.run(
        """
        UPDATE entities
        SET properties = replace(properties, '"CHF"', '"chf"')
        WHERE organization_id = :organization
        """
    )
    metadata: JsonObject = {**DONE, "amount": 10, "currency": "chf"}
    new = EventRow(
        ids.new(ids.EVENT, work.now), PAID, work.principal.person, None, metadata, work.now
    )
    rows.insert(work, [new])
    return Written()


async def test_a_code_is_kept_in_capitals_whichever_door_it_came_by(client: Client) -> None:
    line = '{"entity": {"type": "invoice", "name": "C", "properties": {"currency": "Chf"}}}'
    operation = {"op": "create_entity", "type": "invoice", "name": "B"}
    await call(client, "create_entity", type="invoice", name="A", properties={"currency": " chf "})
    await call(
        client, "apply_changes", operations=[{**operation, "properties": {"currency": "chf"}}]
    )
    await call(client, "import_data", data=line, format="jsonl")

    found = await call(client, "find_entities", type="invoice", detail="full")

    kept = {item["name"]: item["properties"]["currency"] for item in found["items"]}
    assert kept == {"A": "CHF", "B": "CHF", "C": "CHF"}


async def test_older_rows_in_small_letters_group_and_match_with_those_in_capitals(
    client: Client, one: Session
) -> None:
    ada = await person(client, "Ada")
    await call(client, "create_entity", type="invoice", name="A", properties={"currency": "CHF"})
    await one.write(as_before)
    await pay(client, ada, 5, "CHF")

    said = await ask(
        client,
        "events",
        types=[PAID],
        group_by=["currency"],
        measures=["sum:amount", "count:distinct currency"],
    )
    found = [
        await call(client, "find_events", types=[PAID], where={"currency": wanted})
        for wanted in ("chf", "CHF", {"in": ["usd", "Chf"]})
    ]
    none = await call(client, "find_events", types=[PAID], where={"currency": {"ne": "chf"}})
    invoices = await call(client, "find_entities", type="invoice", where={"currency": "CHF"})

    assert said["groups"] == [
        {"currency": "CHF", "sum:amount": {"CHF": 15}, "count:distinct currency": 1}
    ]
    assert [it["total"] for it in found] == [2, 2, 2]
    assert none["total"] == 0
    assert invoices["total"] == 1


@pytest.mark.parametrize("blank", ["", " "])
async def test_an_empty_currency_is_none(client: Client, blank: str) -> None:
    """A group of it alone was summed as 0."""
    for name, currency in (("A", blank), ("B", "CHF")):
        properties = {"amount": 7, "currency": currency}
        await call(client, "create_entity", type="invoice", name=name, properties=properties)

    said = await ask(
        client, "entities", types=["invoice"], group_by=["name"], measures=["sum:amount"]
    )
    ranked = await ask(
        client,
        "entities",
        types=["invoice"],
        group_by=["name"],
        measures=["sum:amount"],
        sort="-sum:amount.chf",
        limit=1,
    )

    assert {it["name"]: it["sum:amount"] for it in said["groups"]} == {"A": 7, "B": {"CHF": 7}}
    assert said["total"] == {"sum:amount": {"CHF": 7, "no currency": 7}}
    assert any("no currency" in told for told in said["warnings"])
    assert [it["name"] for it in ranked["groups"]] == ["B"]


async def test_an_import_knows_older_rows_in_small_letters_again(
    client: Client, one: Session
) -> None:
    invoice = '{"entity": {"type": "invoice", "name": "A", "properties": {"currency": "chf"}}}'
    payment = (
        '{"event": {"type": "payment_processed", "at": "2026-11-23T12:00:00Z", '
        '"metadata": {"status": "completed", "amount": 10, "currency": "chf"}}}'
    )
    await call(client, "import_data", data=invoice, format="jsonl")
    await one.write(as_before)

    await call(client, "import_data", data=f"{invoice}\n{payment}", format="jsonl")

    assert (await ask(client, "entities", types=["invoice"]))["rows"] == 1
    assert (await ask(client, "events", types=[PAID]))["rows"] == 1


async def test_what_is_no_code_is_told_unless_a_token_has_it_as_symbol(client: Client) -> None:
    ada = await person(client, "Ada")
    odd = await pay(client, ada, 1, "euro")
    await call(client, "create_entity", type="token", name="Jane", properties={"symbol": "JANE"})
    known = await pay(client, ada, 1, "jane")

    assert "currency 'euro' is no code of ISO 4217" in odd["warnings"][-1]
    assert "did you mean EUR?" in odd["warnings"][-1]
    assert not any("ISO 4217" in told for told in known["warnings"])


@pytest.mark.parametrize("sort", ["sum:amount.chf", "-sum:amount.CHF"])
@pytest.mark.parametrize("measures", [["sum:amount"], ["sum:amount", "median:amount"]])
async def test_groups_are_ranked_by_one_currency_and_those_without_come_last(
    client: Client, sort: str, measures: list[str]
) -> None:
    for name, amount, currency in (
        ("Ada", 10, "CHF"),
        ("Ben", 9000, "jpy"),
        ("Cleo", 20, "CHF"),
        ("Dan", -5, "chf"),
        ("Eve", 1, "jpy"),
    ):
        await pay(client, await person(client, name), amount, currency)

    said = await ask(
        client, "events", types=[PAID], where=DONE, measures=measures, group_by=["actor"], sort=sort
    )

    names = [group["actor_name"] for group in said["groups"]]
    up = ["Dan", "Ada", "Cleo"]
    assert names[:3] == (up[::-1] if sort.startswith("-") else up)
    assert set(names[3:]) == {"Ben", "Eve"}
    assert "warnings" not in said


async def test_a_currency_that_no_row_has_is_told_with_those_there_are(client: Client) -> None:
    await pay(client, await person(client, "Ada"), 10, "CHF")

    said = await ask(
        client,
        "events",
        types=[PAID],
        where=DONE,
        measures=["sum:amount"],
        group_by=["actor"],
        sort="sum:amount.usd",
    )

    assert said["warnings"] == ["No row of amount is in USD, but in CHF."]


async def test_a_list_sorted_by_amounts_in_several_currencies_says_so(client: Client) -> None:
    for name, amount, currency in (("A", 10, "chf"), ("B", 9000, "jpy"), ("C", 20, "CHF")):
        properties = {"amount": amount, "currency": currency}
        await call(client, "create_entity", type="invoice", name=name, properties=properties)

    mixed = await call(client, "find_entities", type="invoice", sort="-amount")
    one_of_them = await call(
        client, "find_entities", type="invoice", sort="-amount", where={"currency": "chf"}
    )

    assert len(mixed["warnings"]) == 1
    assert "amount is in several currencies (CHF, JPY)" in mixed["warnings"][0]
    assert [item["name"] for item in one_of_them["items"]] == ["C", "A"]
    assert "warnings" not in one_of_them
