"""The contracts of a simulated chain: what they refuse, and what they keep of whom."""

import hashlib

from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ChainError
from one_mcp.providers import keccak
from one_mcp.providers.ports.chain import NOBODY, ContractCall, Standard, Token
from one_mcp.providers.simulated.cabinet import Drawer

TREASURY = keccak.checksummed("0x" + hashlib.sha256(b"simulated treasury").hexdigest()[:40])


def contract(drawer: Drawer, address: str) -> JsonObject:
    """Return what is kept of a contract; raises ChainError where there is none."""
    found = drawer.get("chain_contract", address)
    if found is None:
        raise ChainError(f"There is no contract at {address}.", reason="no contract")
    return found


def token(drawer: Drawer, address: str, standard: Standard) -> Token:
    """Say what a contract says of itself; raises ChainError for one of another standard."""
    found = contract(drawer, address)
    if found.get("standard", "ERC20") != standard:
        what, reason = (
            ("token", "no token") if standard == "ERC20" else ("ERC-721", "no collection")
        )
        raise ChainError(f"The contract at {address} is no {what}.", reason=reason)
    name, symbol, supply = str(found["name"]), str(found["symbol"]), int(str(found["supply"]))
    return Token(address, name, symbol, int(str(found["decimals"])), supply)


def balance(drawer: Drawer, address: str, holder: str) -> int:
    """Return how much somebody has: base units, or how many of an ERC-721."""
    found = drawer.get("chain_balance", f"{address}:{holder}")
    return int(str(found["units"])) if found else 0


def owner(drawer: Drawer, address: str, token_id: int) -> str | None:
    """Return who has one token of an ERC-721."""
    contract(drawer, address)
    found = drawer.get("chain_owner", f"{address}:{token_id}")
    return str(found["owner"]) if found and found["owner"] != NOBODY else None


def require_possible(drawer: Drawer, call: ContractCall) -> None:
    """Raise ChainError where a contract would refuse a call."""
    if call.act == "deploy":
        return
    about = contract(drawer, call.contract or "")
    prefix = "ERC721" if call.standard == "ERC721" else "ERC20"
    if call.act != "burn" and call.to == NOBODY:
        reason = f"{prefix}InvalidReceiver"
        raise ChainError(f"{reason}: nobody has the address zero.", reason=reason)
    if call.standard == "ERC721":
        _require_nft_possible(drawer, call)
    elif call.act == "mint":
        if int(str(about["supply"])) + call.units >= 2**256:
            raise ChainError("The supply would not fit a uint256.", reason="overflow")
    elif (has := balance(drawer, call.contract or "", TREASURY)) < call.units:
        raise ChainError(
            f"ERC20InsufficientBalance: the treasury has {has}, and it takes {call.units}.",
            reason="ERC20InsufficientBalance",
        )


def _require_nft_possible(drawer: Drawer, call: ContractCall) -> None:
    has = owner(drawer, call.contract or "", call.token_id)
    if call.act == "mint":
        reason = None if has is None else "ERC721InvalidSender"
    elif has is None:
        reason = "ERC721NonexistentToken"
    else:
        reason = None if has == TREASURY else "ERC721InsufficientApproval"
    if reason is not None:
        raise ChainError(f"{reason}: {call.token_id} is of {has or 'nobody'}.", reason=reason)


def do(drawer: Drawer, call: ContractCall, hash: str) -> str | None:
    """Do what was found possible; return the address of a contract that was deployed."""
    if call.act == "deploy":
        address = keccak.checksummed("0x" + hash[-40:])
        about: JsonObject = {"name": call.name, "symbol": call.symbol, "standard": call.standard}
        about["decimals"] = 0 if call.standard == "ERC721" else call.decimals
        drawer.put("chain_contract", address, {**about, "supply": "0"})
        return address
    address, units = call.contract or "", 1 if call.standard == "ERC721" else call.units
    if call.act != "transfer":
        kept = contract(drawer, address)
        supply = int(str(kept["supply"])) + (units if call.act == "mint" else -units)
        drawer.put("chain_contract", address, {**kept, "supply": str(supply)})
    if call.act != "mint":
        _add(drawer, address, TREASURY, -units)
    if call.act != "burn":
        _add(drawer, address, call.to or "", units)
    if call.standard == "ERC721":
        had: JsonObject = {"owner": NOBODY if call.act == "burn" else call.to}
        drawer.put("chain_owner", f"{address}:{call.token_id}", had, address)
    return None


def _add(drawer: Drawer, address: str, holder: str, units: int) -> None:
    after = balance(drawer, address, holder) + units
    drawer.put("chain_balance", f"{address}:{holder}", {"units": str(after)}, address)
