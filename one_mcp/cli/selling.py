"""The demo's sale: a token is put on a chain, quoted, bought and refunded, all of it simulated."""

from one_mcp.cli.storyteller import Storyteller
from one_mcp.jsons import JsonObject

PRICE, BOUGHT, BACK = 0.5, "40", "5"


async def tell(agent: Storyteller, maya: str) -> str:
    """Sell tokens, see that each is charged, delivered and given back once; return the token."""
    agent.chapter("She sells tokens, on a simulated chain with simulated cards: no key is needed.")
    token = await _deploy(agent, maya)
    quote = await agent.call("quote_tokens", item=token, amount=BOUGHT)
    agent.check(quote["simulated"] is True, "nothing of it is real")
    sale = await agent.call("purchase_tokens", quote=quote["quote"])
    again = await agent.call("purchase_tokens", quote=quote["quote"])
    agent.check(again["paymentId"] == sale["paymentId"], "a quote is bought once")
    agent.say(f"{BOUGHT} tokens for {quote['total']} dollars. Sent twice, it was bought once.")
    plan = await agent.call("refund_purchase", payment=sale["paymentId"], amount=BACK, dry_run=True)
    refund = await agent.call("refund_purchase", plan=plan["plan"])
    held = await agent.call("get_holdings", id=token, reconcile=True)
    kept = held["holdings"][0]["kept"]
    agent.check(kept == "30", "the tokens went back in proportion")
    million: JsonObject = {"from": sale["buyer"], "type": "holds_tokens", "to": token}
    million["metadata"] = {"balance": "1000000"}
    forged = await agent.refused("connect_entities", **million)
    agent.check(forged["code"] == "LEDGER", "nobody forges a balance")
    agent.say(
        f"{refund['amount']} went back, and {refund['tokensBurned']} tokens with them: {kept} are "
        "left. An agent that writes a million into the balance is refused."
    )
    return token


async def _deploy(agent: Storyteller, maya: str) -> str:
    made = await agent.call(
        "create_entity",
        type="token",
        name="Breath",
        properties={"symbol": "BRTH", "price": PRICE, "decimals": 2},
    )
    token = str(made["id"])
    owner: JsonObject = {"from": maya, "type": "owns", "to": token}
    await agent.call("connect_entities", **owner)
    plan = await agent.call("deploy_token", token=token, dry_run=True)
    deployed = await agent.call("deploy_token", plan=plan["plan"])
    agent.check(deployed["state"] == "done", "the token is on its chain")
    return token
