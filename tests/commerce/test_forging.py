"""No tool, import or undo writes what only an operation may: balances, payments, their events."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from one_mcp.dimensions.commerce import ledger
from one_mcp.dimensions.commerce.ledger import Account, Posting
from one_mcp.session import Session
from one_mcp.settings import Settings
from one_mcp.store.work import Work
from tests import conftest as plain
from tests.commerce.books import books
from tests.commerce.deploying import deployed
from tests.server.promises import Ask

pytestmark = pytest.mark.anyio
one = plain.one


class Sold:
    """A token of which Bob has bought ten: what there is of it, and what it says."""

    def __init__(self, ask: Ask, one: Session) -> None:
        self.ask, self.one = ask, one

    async def begin(self, **holdings: str) -> "Sold":
        """Sell; `holdings` are what others hold by hand before there is a ledger."""
        about = {"price": 2, "decimals": 2, "blockchain": "base", "symbol": "JANE"}
        self.contract = await deployed(self.one, 2)
        about["contractAddress"] = self.contract
        self.token = await self.made("token", "Jane Token", **about)
        self.bob = await self.made("audience_member", "Bob", email="bob@example.com")
        self.ann = await self.made("audience_member", "Ann", email="ann@example.com")
        for holder, balance in holdings.items():
            held = {"from_": getattr(self, holder), "type": "holds_tokens", "to": self.token}
            await self.ask("connect_entities", **held, metadata={"balance": balance})
        quote = await self.ask("quote_tokens", item=self.token, buyer=self.bob, amount="10")
        sale = await self.ask("purchase_tokens", quote=quote["quote"])
        self.payment, self.operation = sale["paymentId"], sale["operation"]
        events = await self.ask("find_events", types=["revenue_generated"])
        self.event = events["items"][0]["id"]
        history = await self.ask("get_history", id=self.payment)
        self.change = history["changes"][0]["change"]
        return self

    async def made(self, type: str, name: str, **properties: Any) -> str:
        made = await self.ask("create_entity", type=type, name=name, properties=properties)
        return made["id"]

    async def said(self) -> Any:
        """Tell all that was recorded of the sale."""
        held = await self.ask("find_connections", types=["holds_tokens"], detail="full")
        earned = await self.ask(
            "find_events", types=["revenue_generated", "payment_processed", "tokens_purchased"]
        )
        paid = await self.ask("get_entity", id=self.payment, detail="full")
        token = await self.ask("get_entity", id=self.token, detail="full")
        return (
            sorted((it["from"], it["metadata"]["balance"]) for it in held["items"]),
            sorted(it["id"] for it in earned["items"]),
            paid["properties"],
            token["properties"],
            await books(self.one, self.contract),
        )


@pytest.fixture
async def sold(ask: Ask, one: Session) -> Sold:
    return await Sold(ask, one).begin()


def _line(kind: str, **fields: Any) -> str:
    return json.dumps({kind: {name.rstrip("_"): value for name, value in fields.items()}})


def _operations(it: Sold) -> dict[str, dict[str, Any]]:
    """Every operation that would write what it may not, alone in a call of apply_changes."""
    held: dict[str, Any] = {"from": it.bob, "type": "holds_tokens", "to": it.token}
    connect: dict[str, Any] = {"op": "connect_entities", **held}
    update: dict[str, Any] = {"op": "update_entity", "id": it.payment}
    token: dict[str, Any] = {"op": "update_entity", "id": it.token}
    event: dict[str, Any] = {"op": "record_event", "target": it.token, "actor": it.bob}
    merge = {"op": "merge_entities"}
    return {
        "a balance": {**connect, "metadata": {"balance": "1000"}},
        "more of a balance": {**connect, "increment": {"balance": "5"}},
        "no balance": {**connect, "metadata": {"balance": None}},
        "a balance by hand": {**connect, "metadata": {"manualBalance": "5"}},
        "a live balance": {**connect, "metadata": {"simulated": None}},
        "another holder": {**connect, "from": it.ann, "metadata": {"balance": "1"}},
        "no holder": {"op": "disconnect_entities", **held},
        "an amount": {**update, "properties": {"amount": 2000}},
        "a status": {**update, "properties": {"status": "pending"}},
        "a simulated payment as a live one": {**update, "properties": {"simulated": None}},
        "an archived payment": {"op": "archive_entity", "id": it.payment},
        "another type": {
            "op": "convert_entity",
            "id": it.payment,
            "type": "invoice",
            "mapping": {"status": None},
        },
        "other decimals": {**token, "properties": {"decimals": 0}},
        "another contract": {**token, "properties": {"contractAddress": "0x" + "1" * 40}},
        "a retracted event": {"op": "retract_event", "id": it.event},
        "a second payment": {
            **event,
            "type": "payment_processed",
            "metadata": {"status": "completed", "amount": 5, "paymentId": it.payment},
        },
        "more revenue": {
            **event,
            "type": "revenue_generated",
            "metadata": {"amount": 5, "paymentId": it.payment},
        },
        "a refund": {
            **event,
            "type": "payment_processed",
            "metadata": {"status": "refunded", "amount": 5, "operation": it.operation},
        },
        "revenue of the payment itself": {
            **event,
            "type": "revenue_generated",
            "target": it.payment,
            "metadata": {"amount": 5},
        },
        "a refund of the payment itself": {
            **event,
            "type": "payment_processed",
            "target": it.payment,
            "metadata": {"status": "refunded", "amount": 5},
        },
        "a merged holder": {**merge, "survivor": it.ann, "losers": [it.bob]},
        "found payments": {
            "op": "change_found",
            "type": "payment",
            "count": 1,
            "properties": {"amount": 7},
        },
    }


async def test_no_operation_forges(ask: Ask, sold: Sold) -> None:
    before = await sold.said()

    for name, operation in _operations(sold).items():
        answer = await ask("apply_changes", operations=[operation])
        rehearsed = await ask("apply_changes", operations=[operation], dry_run=True)

        assert answer.get("code") == "LEDGER", (name, answer)
        assert rehearsed["code"] == "LEDGER", (name, rehearsed)
        assert await sold.said() == before, name


async def test_no_tool_forges(ask: Ask, sold: Sold) -> None:
    before = await sold.said()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("undo_change", {"change": sold.change}),
        ("purge_entity", {"id": sold.payment, "confirm": sold.payment}),
        ("purge_entity", {"id": sold.token, "confirm": sold.token}),
        ("archive_entity", {"id": sold.payment}),
        ("update_entity", {"id": sold.payment, "properties": {"amount": 1}, "replace": True}),
    ]

    for name, given in calls:
        answer = await ask(name, **given)

        assert answer.get("code") == "LEDGER", (name, answer)
        assert await sold.said() == before, name


async def test_no_import_forges(ask: Ask, sold: Sold) -> None:
    before = await sold.said()
    held: dict[str, Any] = {"type": "holds_tokens", "to": sold.token}
    lines = [
        _line("connection", from_=sold.bob, **held, metadata={"balance": "1000"}),
        _line("connection", from_=sold.ann, **held, metadata={"balance": "1"}),
        _line("entity", type="payment", name="x", id=sold.payment, properties={"amount": 1}),
        _line("entity", type="payment", name="x", external_id=sold.operation)[:-2]
        + ', "properties": {"amount": 1}}}',
        _line("entity", type="blog_post", name="x", external_id=sold.operation),
        _line("entity", type="token", name="x", id=sold.token, properties={"decimals": 0}),
        _line(
            "event",
            type="revenue_generated",
            target=sold.token,
            metadata={"amount": 5, "paymentId": sold.payment},
        ),
        _line("event", type="revenue_generated", target=sold.payment, metadata={"amount": 5}),
    ]
    table = f"who,what,balance\n{sold.ann},{sold.token},9\n"
    columns = {"who": "from", "what": "to", "balance": "balance"}
    mapping = {"kind": "connections", "type": "holds_tokens", "columns": columns}
    imports: list[dict[str, Any]] = [
        *({"data": line, "format": "jsonl"} for line in lines),
        *({"data": line, "format": "jsonl", "overwrite": True} for line in lines),
        {"data": table, "format": "csv", "mapping": mapping},
    ]

    for given in imports:
        answer = await ask("import_data", **given)

        assert "LEDGER" in json.dumps(answer), (given, answer)
        assert await sold.said() == before, given


async def test_no_folder_of_texts_forges(ask: Ask, sold: Sold, tmp_path: Path) -> None:
    before = await sold.said()
    heads = {
        "payment": f"type: payment\nexternal_id: {sold.operation}\namount: 1",
        "mark": f"type: blog_post\nexternal_id: {sold.operation}",
    }
    for name, head in heads.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "x.md").write_text(f"---\n{head}\n---\n# X\n\nText.\n")

        answer = await ask("import_data", path=str(folder))

        assert "LEDGER" in json.dumps(answer), (name, answer)
        assert await sold.said() == before, name


@pytest.mark.parametrize("command", ["import", "apply"])
async def test_no_command_forges(
    sold: Sold, settings: Settings, tmp_path: Path, command: str
) -> None:
    before = await sold.said()
    held: dict[str, Any] = {"type": "holds_tokens", "to": sold.token}
    balance: dict[str, Any] = {"metadata": {"balance": "1000"}}
    file = tmp_path / "forged.jsonl"
    if command == "import":
        file.write_text(_line("connection", from_=sold.bob, **held, **balance))
    else:
        operation = {"op": "connect_entities", "from": sold.bob, **held, **balance}
        file.write_text(json.dumps([operation]))
    database = ["--database", str(settings.database)]

    done = await anyio.run_process(
        [sys.executable, "-m", "one_mcp", command, str(file), *database], check=False
    )

    assert done.returncode != 0
    assert b"LEDGER" in done.stdout + done.stderr or b"ledger" in done.stdout + done.stderr
    assert await sold.said() == before


async def test_an_import_names_the_line_that_forges_and_takes_the_others(
    ask: Ask, sold: Sold
) -> None:
    held: dict[str, Any] = {"from_": sold.bob, "type": "holds_tokens", "to": sold.token}
    lines = [
        _line("connection", **held, metadata={"balance": "1000"}),
        _line("connection", from_=sold.bob, type="following", to=sold.ann),
    ]

    answer = await ask("import_data", data="\n".join(lines), format="jsonl", on_error="skip")

    assert answer["created"] == {"connections": 1}
    assert [(it["line"], it["code"]) for it in answer["errors"]] == [(1, "LEDGER")]


async def test_an_export_comes_back_as_it_was(ask: Ask, sold: Sold) -> None:
    before = await sold.said()
    export = await ask("export_data")

    answer = await ask("import_data", data=export["data"], format="jsonl")

    assert "code" not in answer
    assert await sold.said() == before


async def test_what_is_no_money_may_change(ask: Ask, sold: Sold) -> None:
    held = {"from_": sold.bob, "type": "holds_tokens", "to": sold.token}

    noted = await ask("connect_entities", **held, metadata={"note": "first of all"})
    told = await ask("update_entity", id=sold.payment, properties={"description": "Ten of Jane"})
    priced = await ask("update_entity", id=sold.token, properties={"price": 3})
    tagged = await ask("tag_entity", id=sold.payment, add=["topic:jane"])
    archived = await ask("archive_entity", id=sold.bob)
    restored = await ask("undo_change", change=archived["change"])

    assert all("change" in it for it in (noted, told, priced, tagged, archived, restored))


async def test_what_was_kept_by_hand_before_stands_apart(ask: Ask, one: Session) -> None:
    """Nobody spends it, and no sum has it (D-28)."""
    sold = await Sold(ask, one).begin(bob="5.5", ann="7")

    held = await ask("find_connections", types=["holds_tokens"], detail="full")
    sums = await ask(
        "summarize", of="connections", types=["holds_tokens"], measures=["sum:balance"]
    )
    accounts = await one.read(ledger.accounts_of, sold.ann)

    shown = {it["from"]: it["metadata"] for it in held["items"]}
    assert (shown[sold.bob]["balance"], shown[sold.bob]["manualBalance"]) == ("10", "5.5")
    assert (shown[sold.ann]["balance"], shown[sold.ann]["manualBalance"]) == ("0", "7")
    assert sums["total"]["sum:balance"] == "10"
    assert [(it["kind"], it["balance"]) for it in accounts] == [("manual", "700")]
    assert (await books(one, sold.contract)).ledger["manual"] == 1250
    again = await ask("undo_change", change=sold.change)
    assert again["code"] == "LEDGER"


async def test_tokens_that_nobody_sold_stay_what_they_were(ask: Ask, sold: Sold) -> None:
    other = await sold.made("token", "Other Token", symbol="JANE")
    held = {"from_": sold.ann, "type": "holds_tokens", "to": other}

    for balance in ("5", "7"):
        answer = await ask("connect_entities", **held, metadata={"balance": balance})
        assert "code" not in answer
    gone = await ask("disconnect_entities", **held)

    assert "code" not in gone


async def test_a_holder_of_simulated_tokens_can_be_forgotten(ask: Ask, sold: Sold) -> None:
    """The ledger keeps what it has, by an id that leads to nobody any more."""
    gone = await ask("purge_entity", id=sold.bob, confirm=sold.bob)

    held = await ask("find_connections", types=["holds_tokens"])

    assert "code" not in gone
    assert held["items"] == []
    assert (await books(sold.one, sold.contract)).ledger["custody"] == 1000


async def test_live_tokens_are_kept_for_whoever_holds_them(ask: Ask, sold: Sold) -> None:
    def made_live(work: Work) -> None:
        lines = ledger.transfer(sold.token, 5, (Account.ISSUED, ""), (Account.CUSTODY, sold.ann))
        ledger.post(work, Posting("op_live", "record", simulated=False, lines=lines))

    await sold.one.derive(made_live)

    answer = await ask("purge_entity", id=sold.ann, confirm=sold.ann)

    assert answer["code"] == "LEDGER"
    assert "transfer_tokens" in answer["message"]
