"""Each sentence in the descriptions of the tools for tokens on their chain is so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.server import Server

from one_mcp.server.caller import Serving
from tests.server.promises import ARGUMENTS, Ask, promised

pytestmark = pytest.mark.anyio
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
PLAN_FIRST = (
    "First dry_run, which answers a plan and its fee; then send the plan alone.",
    "A plan is done once, however often it is sent.",
)


@pytest.fixture
async def client(server: Server[Serving]) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


@pytest.fixture
async def token(ask: Ask) -> str:
    about = {"symbol": "JANE", "decimals": 6}
    return (await ask("create_entity", type="token", name="Jane", properties=about))["id"]


@pytest.fixture
async def deployed(ask: Ask, token: str) -> str:
    await done(ask, "deploy_token", token=token)
    return token


async def done(ask: Ask, tool: str, **given: Any) -> Any:
    """Plan an act and have it done, twice."""
    plan = await ask(tool, dry_run=True, **given)
    assert plan["plan"].startswith("pln_"), plan
    first = await ask(tool, plan=plan["plan"])
    second = await ask(tool, plan=plan["plan"])
    assert first["state"] == "done", first
    assert second == first
    return first


@promised(
    "deploy_token",
    "Put the contract of a token (ERC-20) or an nft (ERC-721) on its chain, by name and symbol.",
    *PLAN_FIRST,
)
async def test_a_contract_is_deployed_once(ask: Ask, token: str) -> None:
    plan = await ask("deploy_token", token=token, dry_run=True)
    before = await ask("get_entity", id=token)

    made = await done(ask, "deploy_token", token=token)

    assert plan["fee"].endswith(" ETH")
    assert "contractAddress" not in before["properties"]
    supply = await ask("get_token_supply", token=token)
    assert (supply["name"], supply["symbol"], supply["decimals"]) == ("Jane", "JANE", 6)
    assert supply["contractAddress"] == made["contractAddress"]


@promised(
    "deploy_token",
    "Put the contract of a token (ERC-20) or an nft (ERC-721) on its chain, by name and symbol.",
)
async def test_an_nft_gets_a_contract_of_its_own(ask: Ask) -> None:
    about = {"symbol": "ART", "price": 0}
    nft = await ask("create_entity", type="nft", name="Dawn", properties=about)
    ann = await ask("create_entity", type="creator", name="Ann", properties={"email": "a@b.test"})

    made = await done(ask, "deploy_token", token=nft["id"])
    quote = await ask("quote_tokens", item=nft["id"], buyer=ann["id"])
    sold = await ask("purchase_tokens", quote=quote["quote"])
    again = await ask("quote_tokens", item=nft["id"], buyer=ann["id"])

    supply = await ask("get_token_supply", token=nft["id"])
    assert (supply["name"], supply["symbol"], supply["supply"]) == ("Dawn", "ART", "1")
    assert supply["contractAddress"] == made["contractAddress"]
    assert (sold["nft"], sold["tokenId"]) == (nft["id"], "1")
    assert again["code"] == "SOLD_OUT"


@promised("mint_tokens", "Mint tokens to the treasury of the business.", *PLAN_FIRST)
async def test_tokens_are_minted_to_the_treasury(ask: Ask, deployed: str) -> None:
    made = await done(ask, "mint_tokens", token=deployed, amount="12.5")

    supply = await ask("get_token_supply", token=deployed)
    assert made["transactionHash"].startswith("0x")
    assert made["blockNumber"] > 0
    assert (supply["supply"], supply["treasury"]) == ("12.5", "12.5")
    assert (supply["holders"], supply["transactions24h"], supply["volume24h"]) == (0, 1, "12.5")


@promised(
    "burn_tokens",
    "Burn tokens of the treasury's own, never those that it keeps for holders.",
    *PLAN_FIRST,
)
async def test_only_the_treasury_s_own_are_burned(ask: Ask, deployed: str) -> None:
    await done(ask, "mint_tokens", token=deployed, amount="12.5")

    await done(ask, "burn_tokens", token=deployed, amount="10")
    more = await ask("burn_tokens", token=deployed, amount="2.6", dry_run=True)

    assert more["code"] == "INSUFFICIENT_TOKENS"
    assert (more["required"], more["available"]) == ("2.6", "2.5")
    assert (await ask("get_token_supply", token=deployed))["supply"] == "2.5"


@promised(
    "transfer_tokens",
    "Send tokens to a holder's own wallet: those kept for the holder, or the treasury's own.",
    *PLAN_FIRST,
)
@promised(ARGUMENTS, "ent_… with a walletAddress", "whose tokens: the holder's or the business's")
@promised(
    "get_token_supply",
    "Tell how many tokens there are on the chain, and where: treasury, kept for holders, wallets.",
    "`differs` says where the chain and the ledger here do not agree.",
)
async def test_tokens_go_to_the_holder_s_wallet(ask: Ask, deployed: str) -> None:
    ann = await ask("create_entity", type="audience_member", name="Ann")
    await done(ask, "mint_tokens", token=deployed, amount="5")
    asked = {"token": deployed, "amount": "2", "holder": ann["id"]}
    no_wallet = await ask("transfer_tokens", **asked, dry_run=True)
    await ask("update_entity", id=ann["id"], properties={"walletAddress": WALLET})
    nothing_kept = await ask("transfer_tokens", **asked, dry_run=True)

    await done(ask, "transfer_tokens", **asked, source="treasury")

    supply = await ask("get_token_supply", token=deployed)
    held = await ask("find_connections", from_=ann["id"], types=["holds_tokens"])
    assert no_wallet["code"] == "INVALID_ARGUMENT"
    assert nothing_kept["code"] == "INSUFFICIENT_TOKENS"
    assert held["items"][0]["metadata"]["balance"] == "2"
    assert held["items"][0]["metadata"]["walletAddress"] == WALLET
    assert (supply["wallets"], supply["treasury"], supply["kept"]) == ("2", "3", "0")
    assert "differs" not in supply


@promised(ARGUMENTS, 'whole tokens, as text: "12.5"', "pln_… of the dry run", "really once more")
async def test_what_moves_tokens_is_taken_by_its_letters(ask: Ask, deployed: str) -> None:
    number = await ask("mint_tokens", token=deployed, amount=5, dry_run=True)
    plan = await ask("mint_tokens", token=deployed, amount="5", dry_run=True)
    other = await ask("mint_tokens", token=deployed, amount="6", plan=plan["plan"])
    neither = await ask("mint_tokens", token=deployed, amount="5")
    await ask("mint_tokens", token=deployed, amount="5.0", plan=plan["plan"])
    same = await ask("mint_tokens", token=deployed, amount="5", dry_run=True)
    alike = await ask("mint_tokens", plan=same["plan"])
    word = await ask("mint_tokens", plan=same["plan"], again="true")
    again = await ask("mint_tokens", plan=same["plan"], again=True)

    codes = [it["code"] for it in (number, other, neither, word)]
    assert codes == ["INVALID_ARGUMENT"] * 4
    assert alike["code"] == "LOOKS_LIKE"
    assert again["state"] == "done"
    assert (await ask("get_token_supply", token=deployed))["supply"] == "10"
