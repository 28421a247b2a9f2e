"""Secrets that are marked: one for each setting that holds one, and how any of them is found.

A mark is letters alone where its vendor lets it be, so that nothing hides it for its looks.
"""

import ast
import hashlib
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

import one_mcp
from one_mcp.settings import PREFIX, SECRETS

LETTERS = 24
WINDOW, STEP = 12, 6  # whoever shows 17 letters of a mark shows a whole window of it
_SECRET_NAME = re.compile(r"[A-Z]+(_[A-Z]+)*_(KEY|SECRET|PASSWORD|TOKEN|HEADERS|RPC_URL)")


def mark(name: str) -> str:
    """Make the mark of a name."""
    return "".join(chr(ord("a") + byte % 26) for byte in hashlib.sha256(name.encode()).digest())[
        :LETTERS
    ]


def digits(name: str) -> str:
    """Make a mark that is a key of a chain."""
    return hashlib.sha256(name.encode()).hexdigest()


def own() -> list[str]:
    """Name the variables of this program's settings that hold secrets."""
    return sorted(PREFIX + name.upper() for name in SECRETS)


def plain() -> list[str]:
    """Name the vendors' own variables that hold secrets, as the settings' sources read them."""
    rooms = Path(one_mcp.__file__).parent.glob("*settings.py")
    trees = [ast.parse(room.read_text("utf-8")) for room in rooms]
    words = {it.value for tree in trees for it in ast.walk(tree) if isinstance(it, ast.Constant)}
    found = {it for it in words if isinstance(it, str) and _SECRET_NAME.fullmatch(it)}
    return sorted(it for it in found if not it.startswith(PREFIX) and "PUBLISHABLE" not in it)


def _windows(text: str) -> list[str]:
    last = max(len(text) - WINDOW, 0)
    return [text[at : at + WINDOW] for at in [*range(0, last, STEP), last]]


def _base64(raw: bytes) -> Iterator[bytes]:
    """Write bytes in base64 wherever they may begin, without what their neighbours change."""
    for before in range(3):
        whole = b"." * before + raw
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(whole)[-(-before * 4 // 3) : len(whole) // 3 * 4]


@cache
def _needles(secret: str) -> frozenset[bytes]:
    found: set[bytes] = set()
    for part in _windows(secret):
        raw = part.encode()
        percents = "".join(f"%{byte:02X}" for byte in raw)
        escapes = "".join(f"\\u{ord(letter):04x}" for letter in part)
        written = {part, part.upper(), part[::-1], raw.hex(), raw.hex().upper()}
        written |= {quote(part, safe=""), json.dumps(part)[1:-1], percents, escapes}
        found |= {each.encode() for each in written}
        found |= set(_base64(raw))
    if re.fullmatch("[0-9a-f]{64}", secret):
        found |= set(_base64(bytes.fromhex(secret)))
        found.add(bytes.fromhex(secret))
    return frozenset(found)


def is_in(secret: str, produced: bytes) -> bool:
    """Tell whether a secret, or a long part of it, is in something, however it is written."""
    return any(needle in produced for needle in _needles(secret))
