"""The contracts that are deployed: what is sent to them, and what they say when they refuse."""

import json
from functools import cache
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from one_mcp import assets
from one_mcp.providers import keccak as checksums
from one_mcp.providers.ports.chain import ContractCall

TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
_SELECTOR = 4
_NAMED = ("Error(string)", "Panic(uint256)")  # what Solidity itself refuses with


class _ContractError(NamedTuple):
    name: str
    types: list[str]


def data(call: ContractCall, owner: str) -> bytes:
    """Write a call as the bytes that a transaction carries."""
    if call.standard == "ERC721":
        return _nft_data(call, owner)
    match call.act:
        case "deploy":
            given = (call.name, call.symbol, call.decimals, owner)
            types = ["string", "string", "uint8", "address"]
            return _bytecode("CreatorToken") + encode(types, given)
        case "burn":
            return asked("burn(uint256)", call.units)
        case "mint" | "transfer":
            return asked(f"{call.act}(address,uint256)", call.to, call.units)


def _nft_data(call: ContractCall, owner: str) -> bytes:
    """Write a call of an ERC-721.

    What is sent is not asked whether it takes NFTs, as safeTransferFrom does: an ordinary account
    with code (EIP-7702) need not answer that.
    """
    match call.act:
        case "deploy":
            given = (call.name, call.symbol, owner)
            return _bytecode("CreatorNft") + encode(["string", "string", "address"], given)
        case "mint":
            return asked("mint(address,uint256,string)", call.to, call.token_id, call.uri)
        case "burn":
            return asked("burn(uint256)", call.token_id)
        case "transfer":
            return asked("transferFrom(address,address,uint256)", owner, call.to, call.token_id)


def asked(signature: str, *given: object) -> bytes:
    """Write the call of a function by its signature, such as balanceOf(address)."""
    return keccak(text=signature)[:_SELECTOR] + encode(_types(signature), given)


def number(answer: bytes) -> int:
    """Read an answer that is a number."""
    return int.from_bytes(answer[:32], "big")


def address(answer: bytes) -> str:
    """Read an answer, or a topic, that is an address."""
    return checksums.checksummed("0x" + answer[12:32].hex())


def text(answer: bytes) -> str:
    """Read an answer that is a text."""
    (found,) = decode(["string"], answer)
    return str(found)


def reason(answer: str) -> str | None:
    """Tell with which error a contract refused; None for one that is not known here.

    Custom errors are told as Solidity writes them: ERC20InsufficientBalance(0x…, 0, 5).
    """
    try:
        raw = bytes.fromhex(answer.removeprefix("0x"))
    except ValueError:  # some nodes answer with words
        return None
    known = _refusals().get(raw[:_SELECTOR])
    if known is None:
        return None
    try:
        values = decode(known.types, raw[_SELECTOR:])
    except DecodingError:
        return known.name
    if known.name == "Error":
        return str(values[0])
    return f"{known.name}({', '.join(map(str, values))})"


def _types(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    return inside.split(",") if inside else []


@cache
def _refusals() -> dict[bytes, _ContractError]:
    """Gather the errors of the contracts by their selectors."""
    signatures: set[str] = {*_NAMED}
    for name in ("CreatorToken", "CreatorNft"):
        for it in _built(name)["abi"]:
            if it["type"] == "error":
                types = ",".join(given["type"] for given in it["inputs"])
                signatures.add(f"{it['name']}({types})")
    return {
        keccak(text=it)[:_SELECTOR]: _ContractError(it.partition("(")[0], _types(it))
        for it in sorted(signatures)
    }


@cache
def _bytecode(name: str) -> bytes:
    return bytes.fromhex(_built(name)["bytecode"].removeprefix("0x"))


def _built(name: str) -> dict[str, Any]:
    return json.loads(assets.resources("contracts", f"{name}.json").read_text("utf-8"))
