"""Keccak-256 as Ethereum uses it, for the checksum of an address (https://eips.ethereum.org/EIPS/eip-55).

The padding is the one from before SHA-3 was settled, so hashlib's is another function. Slow, and
only meant for short texts where the chain's own library is not installed.
"""

import re

from one_mcp.errors import InvalidArgumentError

_RATE = 136
_MASK = (1 << 64) - 1
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def _constants() -> list[int]:
    """Compute the round constants with the shift register of the Keccak reference."""
    found: list[int] = []
    register = 1
    for _ in range(24):
        constant = 0
        for place in range(7):
            if register & 1:
                constant |= 1 << ((1 << place) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        found.append(constant)
    return found


_CONSTANTS = _constants()


def _turned(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _MASK if by else lane


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    """Run the 24 rounds of Keccak-f[1600] over 5 by 5 lanes."""
    for constant in _CONSTANTS:
        parity = [a ^ b ^ c ^ d ^ e for a, b, c, d, e in lanes]
        for x in range(5):
            mix = parity[(x - 1) % 5] ^ _turned(parity[(x + 1) % 5], 1)
            lanes[x] = [lane ^ mix for lane in lanes[x]]
        x, y, lane = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            lane, lanes[x][y] = lanes[x][y], _turned(lane, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _MASK)
        lanes[0][0] ^= constant
    return lanes


def digest(data: bytes) -> bytes:
    """Return the 32 bytes of a text's hash."""
    padded = bytearray(data + b"\x01" + bytes(_RATE - 1 - len(data) % _RATE))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _RATE):
        for index in range(_RATE // 8):
            word = padded[start + 8 * index : start + 8 * index + 8]
            lanes[index % 5][index // 5] ^= int.from_bytes(word, "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[index % 5][index // 5].to_bytes(8, "little") for index in range(4))


def checksummed(address: str) -> str:
    """Write an address with its checksum in the case of its letters (EIP-55)."""
    plain = address[2:].lower()
    code = digest(plain.encode()).hex()
    return "0x" + "".join(
        letter.upper() if int(code[place], 16) >= 8 else letter  # noqa: PLR2004  # half of a hex digit
        for place, letter in enumerate(plain)
    )


def address(text: str) -> str:
    """Return an address with its checksum; a mixed-case one must have the right one (D-29)."""
    given = text.strip()
    if not _ADDRESS.fullmatch(given):
        raise InvalidArgumentError(
            "An address is 0x and 40 hexadecimal digits.", argument="walletAddress"
        )
    right = checksummed(given)
    if given[2:] not in {given[2:].lower(), given[2:].upper()} and given != right:
        raise InvalidArgumentError(
            "The checksum of this address is wrong, so a digit of it may be; copy it again.",
            argument="walletAddress",
        )
    return right
