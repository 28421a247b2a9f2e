"""What the contracts of an EVM chain say of themselves: tokens, NFTs, and who has them."""

from hexbytes import HexBytes
from web3.eth.async_eth import AsyncEth
from web3.exceptions import ContractLogicError

from one_mcp.money_errors import ChainError
from one_mcp.providers import evm_contracts, evm_history, evm_node
from one_mcp.providers.ports.chain import NOBODY, Token

_ERC721 = bytes.fromhex("80ac58cd")  # its interface (https://eips.ethereum.org/EIPS/eip-721)
_NO_SUCH = "ERC721NonexistentToken"


async def balance(eth: AsyncEth, contract: str, address: str) -> int:
    """Return how much an address has."""
    asked = evm_contracts.asked("balanceOf(address)", address)
    return evm_contracts.number(await view(eth, contract, asked))


async def token(eth: AsyncEth, contract: str) -> Token:
    """Return what an ERC-20 says of itself."""
    name, symbol, decimals, supply = [
        await view(eth, contract, evm_contracts.asked(f"{it}()"))
        for it in ("name", "symbol", "decimals", "totalSupply")
    ]
    return Token(
        contract,
        evm_contracts.text(name),
        evm_contracts.text(symbol),
        evm_contracts.number(decimals),
        evm_contracts.number(supply),
    )


async def collection(eth: AsyncEth, contract: str) -> Token:
    """Return what an ERC-721 says of itself; its transfers say how many there are."""
    try:
        interface = evm_contracts.asked("supportsInterface(bytes4)", _ERC721)
        is_one = evm_contracts.number(await view(eth, contract, interface)) == 1
    except ContractLogicError:
        is_one = False
    if not is_one:
        raise ChainError(f"The contract at {contract} is no ERC-721.", reason="no collection")
    name, symbol = [
        await view(eth, contract, evm_contracts.asked(f"{it}()")) for it in ("name", "symbol")
    ]
    supply = sum(
        (it.source == NOBODY) - (it.target == NOBODY)
        for it in await evm_history.transfers(eth, contract)
    )
    return Token(contract, evm_contracts.text(name), evm_contracts.text(symbol), 0, supply)


async def owner(eth: AsyncEth, contract: str, token_id: int) -> str | None:
    """Return who has one token of an ERC-721, and None where there is no such token."""
    try:
        said = await view(eth, contract, evm_contracts.asked("ownerOf(uint256)", token_id))
    except ContractLogicError as error:
        if evm_node.reason_of(error).startswith(_NO_SUCH):
            return None
        raise
    return evm_contracts.address(said)


async def view(eth: AsyncEth, contract: str, data: bytes) -> bytes:
    """Ask a contract; raises ChainError where there is none, or none that answers."""
    answer = await eth.call({"to": contract, "data": HexBytes(data)})  # pyright: ignore[reportArgumentType]  # a checksummed address
    if not answer:
        await require_code(eth, contract)
        raise ChainError(f"The contract at {contract} is no token.", reason="no token")
    return bytes(answer)


async def require_code(eth: AsyncEth, address: str) -> None:
    """Raise ChainError where there is no contract."""
    if not await eth.get_code(address):  # pyright: ignore[reportArgumentType]  # a checksummed address
        raise ChainError(f"There is no contract at {address}.", reason="no contract")
