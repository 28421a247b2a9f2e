"""Holding: the connection from holder to token, whose balance is shown from the ledger (D-28)."""

from one_mcp import jsons, money
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import ledger
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.connections.connection import Connected
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work

HOLDS = "holds_tokens"


def show(
    work: Work, holder: str, token: str, *, simulated: bool, wallet: str | None = None
) -> Connected | None:
    """Write what the ledger says a holder has of a token onto their connection.

    What is live goes before what is simulated: a connection that shows live tokens stays as it is.
    """
    if simulated and ledger.is_known(work, token, simulated=False, holder=holder):
        return None
    held = sum(
        ledger.balance(work, kind, holder, token, simulated=simulated) for kind in ledger.HELD
    )
    row = lookup.any_state(work, token)
    chain = jsons.load_object(row["properties"]).get("blockchain")
    shown: JsonObject = {
        "balance": money.decimal(held, ledger.decimals_of(work, token)),
        "simulated": True if simulated else None,
        **({"blockchain": chain} if chain else {}),
        **({"walletAddress": wallet} if wallet else {}),
    }
    return connection.connect(work, holder, HOLDS, token, shown)
