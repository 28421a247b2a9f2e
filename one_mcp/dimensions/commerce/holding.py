"""Holding: the connection from holder to token, which says what the ledger says (D-28)."""

from one_mcp import jsons, money
from one_mcp.dimensions import lookup
from one_mcp.dimensions.commerce import ledger
from one_mcp.dimensions.commerce.ledger import Account
from one_mcp.dimensions.connections import connection
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work

HOLDS = "holds_tokens"
KINDS = frozenset({Account.CUSTODY, Account.WALLET, Account.RESERVED})


def show(work: Work, holder: str, token: str, *, wallet: str | None = None) -> None:
    """Write what the ledger says a holder has of a token onto their connection."""
    chain = jsons.load_object(lookup.any_state(work, token)["properties"]).get("blockchain")
    metadata: JsonObject = {
        **shown(work, holder, token),
        **({"blockchain": chain} if chain else {}),
        **({"walletAddress": wallet} if wallet else {}),
    }
    connection.connect(work, holder, HOLDS, token, metadata)


def shown(work: Work, holder: str, token: str) -> JsonObject:
    """Say what a connection shows, as a patch: what is live, else what is simulated.

    What was kept by hand before the ledger stands apart, and is in no sum.
    """
    rows = [it for it in ledger.accounts_of(work, holder) if it["unit"] == token]
    simulated = not any(it["kind"] in KINDS and not it["simulated"] for it in rows)
    held = sum(
        int(it["balance"])
        for it in rows
        if it["kind"] in ledger.HELD and bool(it["simulated"]) is simulated
    )
    manual = sum(int(it["balance"]) for it in rows if it["kind"] == Account.MANUAL)
    decimals = ledger.decimals_of(work, token)
    return {
        "balance": money.decimal(held, decimals),
        "manualBalance": money.decimal(manual, decimals) if manual else None,
        "simulated": True if simulated and any(it["kind"] in KINDS for it in rows) else None,
    }


def is_kept(work: Work, holder: str) -> bool:
    """Tell whether the business keeps live tokens for somebody."""
    kept = (Account.CUSTODY, Account.RESERVED)
    return any(
        it["kind"] in kept and not it["simulated"] and it["balance"] != "0"
        for it in ledger.accounts_of(work, holder)
    )
