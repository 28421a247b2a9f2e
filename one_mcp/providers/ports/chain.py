"""Chain: what the rooms above ask of a blockchain on which tokens are contracts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from one_mcp.providers.ports.checkup import Checkup

Act = Literal["deploy", "mint", "burn", "transfer"]
Standard = Literal["ERC20", "ERC721"]


@dataclass(frozen=True, slots=True)
class ContractCall:
    """What a transaction is to do, by the sender who is the contract's owner and treasury.

    `units` are base units. A deploy has the token's name, symbol and decimals; all others a
    contract. Tokens are minted and transferred `to` an address, and burnt from the sender's own.
    Of an ERC-721 there is one of each `token_id`, minted with the address of its metadata, `uri`.
    """

    act: Act
    contract: str | None = None
    to: str | None = None
    units: int = 0
    name: str = ""
    symbol: str = ""
    decimals: int = 18
    standard: Standard = "ERC20"
    token_id: int = 0
    uri: str = ""


@dataclass(frozen=True, slots=True)
class ChainFee:
    """What a transaction will cost its sender at most, in the chain's own coin."""

    units: int  # of 10^-18
    coin: str = "ETH"


class Signed(NamedTuple):
    """A transaction fit to be sent: its hash, which its bytes decide, and the bytes as hex."""

    hash: str
    raw: str


Sign = Callable[[int], Signed]  # from a nonce; it computes, and reaches nobody


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction that is in a block. `contract` is what a deploy made."""

    hash: str
    block: int
    confirmations: int
    succeeded: bool
    reason: str | None = None
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a contract says of itself; `supply` is in base units."""

    contract: str
    name: str
    symbol: str
    decimals: int
    supply: int


@dataclass(frozen=True, slots=True)
class TokenTransfer:
    """Tokens that went from one address to another; mints come from the address of nobody.

    Of an ERC-721 it is the one with `token_id`.
    """

    hash: str
    block: int
    source: str
    target: str
    units: int
    token_id: int | None = None


NOBODY = "0x" + "0" * 40  # whom mints come from, and burns go to


class Chain(Protocol):
    """Acts on a chain. Every method raises ChainError, with `outcome` as in ProviderError."""

    @property
    def name(self) -> str:
        """The chain as a token's `blockchain` names it, such as base."""
        ...

    @property
    def chain_id(self) -> int: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def sender(self) -> str:
        """The address that signs, owns the contracts and is the treasury."""
        ...

    def address(self, text: str) -> str:
        """Return an address with its checksum; raises InvalidArgumentError for a wrong one."""
        ...

    async def mined(self) -> int:
        """Count the sender's transactions that are in blocks."""
        ...

    async def fee(self, call: ContractCall) -> ChainFee:
        """Try a call without doing it, and say what it would cost; ChainError as in `prepare`."""
        ...

    async def prepare(self, call: ContractCall) -> Sign:
        """Try a call without doing it, and return what signs it; ChainError where it would fail."""
        ...

    async def dearer(self, raw: str) -> Signed:
        """Sign a transaction again, with the nonce it has, so that a chain prefers it.

        One of the two is mined; which one, nobody knows before.
        """
        ...

    async def void(self, raw: str) -> Signed:
        """Sign a transfer of nothing to the sender, with the nonce of a transaction, as `dearer`.

        Where it is the one that is mined, the other never is, and its nonce holds nobody up.
        """
        ...

    async def broadcast(self, raw: str) -> None:
        """Send signed bytes; those that are known already are sent well.

        Where their nonce is taken, also by dearer ones that wait, `receipt` tells by which bytes.
        """
        ...

    async def receipt(self, hash: str) -> Receipt | None:
        """Wait a little for a transaction to be in a block; None where it is not yet."""
        ...

    async def balance(self, contract: str, address: str) -> int: ...

    async def token(self, contract: str) -> Token: ...

    async def collection(self, contract: str) -> Token:
        """Return what an ERC-721 says of itself; ChainError for a contract that is none."""
        ...

    async def owner(self, contract: str, token_id: int) -> str | None:
        """Return who has one token of an ERC-721; None where there is no such token."""
        ...

    async def transfers(self, contract: str) -> list[TokenTransfer]:
        """List all that was ever transferred, minted and burned, the oldest first."""
        ...

    async def block_at(self, ms: int) -> int:
        """Return the first block that is no older than a time."""
        ...

    async def check(self) -> Checkup:
        """Ask for something that changes nothing, and say what was heard."""
        ...

    async def close(self) -> None: ...
