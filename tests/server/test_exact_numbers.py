"""Numbers beyond what a float keeps: written as text, and exact wherever they are read."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from one_mcp.ontology import decimals
from tests.server.business import ask, call

anyio_mark = pytest.mark.anyio
NEIGHBOURS = (
    "12345678901234567890.11",
    "12345678901234567890.12",
    "12345678901234567890.13",
    "12345678901234567891",
)
amounts = st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20
)


@given(amounts, amounts)
def test_ranks_sort_as_the_numbers_do(left: Decimal, right: Decimal) -> None:
    ranks = decimals.rank(f"{left:f}"), decimals.rank(f"{right:f}")

    assert None not in ranks
    assert (ranks[0] < ranks[1], ranks[0] == ranks[1]) == (left < right, left == right)  # type: ignore[operator]  # neither is None


@given(amounts)
def test_what_is_kept_is_the_very_number_that_was_written(amount: Decimal) -> None:
    kept = decimals.read(f"{amount:f}")

    assert Decimal(repr(kept) if isinstance(kept, float) else str(kept)) == amount


async def invoices(client: Client) -> None:
    for name, amount in zip("BDAC", [NEIGHBOURS[i] for i in (1, 3, 0, 2)], strict=True):
        properties = {"amount": amount, "currency": "EUR"}
        await call(client, "create_entity", type="invoice", name=name, properties=properties)
    await call(client, "create_entity", type="invoice", name="E", properties={"amount": "49.50"})


async def names(client: Client, **asked: Any) -> str:
    said = await call(client, "find_entities", type="invoice", **asked)
    return "".join(item["name"] for item in said["items"])


@anyio_mark
async def test_a_text_is_a_number_and_stays_one_of_json_where_that_keeps_all_digits(
    client: Client,
) -> None:
    await invoices(client)

    found = await call(client, "find_entities", type="invoice", detail="full")

    kept = {item["name"]: item["properties"]["amount"] for item in found["items"]}
    assert kept == {**dict(zip("ABCD", NEIGHBOURS, strict=True)), "E": 49.5}


@anyio_mark
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (NEIGHBOURS[1], "B"),
        ("+012345678901234567890.120", "B"),
        ({"gt": NEIGHBOURS[1]}, "CD"),
        ({"gte": NEIGHBOURS[1], "lt": NEIGHBOURS[3]}, "BC"),
        ({"lt": NEIGHBOURS[1]}, "AE"),
        ({"gt": "12345678901234567890"}, "ABCD"),
        ({"gt": 9007199254740991}, "ABCD"),
        ({"in": [49.5, "12345678901234567891.0"]}, "DE"),
        ({"ne": NEIGHBOURS[1]}, "ACDE"),
        ("49.500", "E"),
    ],
)
async def test_conditions_tell_apart_what_a_float_does_not(
    client: Client, wanted: Any, found: str
) -> None:
    await invoices(client)

    assert await names(client, where={"amount": wanted}, sort="name") == found


@anyio_mark
@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("sort", ["amount", "-amount"])
async def test_sorts_tell_them_apart_page_by_page(client: Client, sort: str, limit: int) -> None:
    await invoices(client)
    listed, cursor = "", {}
    while True:
        page = await call(client, "find_entities", type="invoice", sort=sort, limit=limit, **cursor)
        listed += "".join(item["name"] for item in page["items"])
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}

    assert listed == ("EABCD" if sort == "amount" else "DCBAE")


@anyio_mark
async def test_sums_and_increments_lose_no_digit(client: Client) -> None:
    await invoices(client)
    made = await call(client, "create_entity", type="invoice", name="F")
    for step in ("12345678901234567890.12", 1, "-0.02"):
        await call(client, "update_entity", id=made["id"], increment={"amount": step})

    said = await ask(
        client,
        "entities",
        types=["invoice"],
        where={"currency": "EUR"},
        measures=["sum:amount", "max:amount"],
    )
    added = await call(client, "get_entity", id=made["id"])

    assert said["total"] == {
        "sum:amount": {"EUR": str(sum(map(Decimal, NEIGHBOURS)))},
        "max:amount": {"EUR": NEIGHBOURS[3]},
    }
    assert added["properties"]["amount"] == "12345678901234567891.1"


@anyio_mark
async def test_a_table_and_an_export_carry_every_digit(client: Client) -> None:
    table = f"name,amount\nA,{NEIGHBOURS[0]}\nB,9007199254740993\nC,12.50\n"
    mapping = {"type": "invoice", "columns": {"name": "name", "amount": "amount"}}
    await call(client, "import_data", data=table, mapping=mapping)

    listed = await call(client, "find_entities", type="invoice", detail="full", sort="name")
    exported = await client.call_tool("export_data", {"what": "entities", "type": "invoice"})

    kept = [item["properties"]["amount"] for item in listed["items"]]
    assert kept == [NEIGHBOURS[0], "9007199254740993", 12.5]
    assert NEIGHBOURS[0] in str(exported.content)


@anyio_mark
@pytest.mark.parametrize("amount", [2**53 + 1, "12 EUR", "1e3", ""])
async def test_a_number_that_lost_digits_or_is_none_is_refused_with_what_works(
    client: Client, amount: Any
) -> None:
    result = await client.call_tool(
        "create_entity", {"type": "invoice", "name": "A", "properties": {"amount": amount}}
    )

    assert result.is_error
    assert "string" in str(result.content)


@anyio_mark
async def test_a_large_float_is_no_integer_since_its_digits_may_be_lost(client: Client) -> None:
    result = await client.call_tool(
        "create_entity",
        {"type": "course", "name": "A", "properties": {"lessons": 1e20}},
    )

    assert result.is_error
    assert "there as a string" in str(result.content)


@anyio_mark
@pytest.mark.parametrize("amount", ["12345678901234567890.12", "12345678901234567890"])
async def test_a_line_whose_number_would_lose_digits_is_refused(
    client: Client, amount: str
) -> None:
    line = f'{{"entity": {{"type": "invoice", "name": "A", "properties": {{"amount": {amount}}}}}}}'

    said = await call(client, "import_data", data=line, format="jsonl", on_error="skip")

    assert "send it as a string" in str(said)
    assert await names(client) == ""
