"""Keyset pages: how long they may be, and cursors that name the last row of one query."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from one_mcp import jsons
from one_mcp.answers import BRIEF_CHARACTERS, ROOM_CHARACTERS
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonValue

T = TypeVar("T")
S = TypeVar("S")

Detail = Literal["concise", "full"]

MOST_ITEMS = 200
CHARACTERS: dict[Detail, int] = {"concise": BRIEF_CHARACTERS, "full": ROOM_CHARACTERS}
SHORT = "The page ends early to stay short; the cursor goes on."
STOPPED = (
    "10,000 rows were looked through for this page; the cursor goes on, and types, ends or times "
    "make the search narrower."
)
MARK_BYTES = 6
MOST_COUNTED = 10_000


def total(seen: int, fits: int) -> int | str | None:
    """Tell how many there are, of which `seen` were looked through and `fits` meet all conditions.

    Exact while everything was looked through; else a text, or None where there may be none.
    """
    if seen <= MOST_COUNTED:
        return fits
    if fits == seen:
        return f"more than {MOST_COUNTED:,}"
    return f"at least {fits:,}" if fits else None


def require_limit(limit: int) -> None:
    """Raise InvalidArgumentError unless a page may have so many items."""
    if not 0 < limit <= MOST_ITEMS:
        raise InvalidArgumentError(f"limit is a number from 1 to {MOST_ITEMS}.", argument="limit")


def _mark(query: str, keys: str) -> bytes:
    return hashlib.blake2b(f"{query}\n{keys}".encode(), digest_size=MARK_BYTES).digest()


def encode(query: object, keys: Sequence[JsonValue]) -> str:
    """Write a cursor for the query (any JSON value that identifies it) and the last row's keys."""
    text = jsons.dumps(list(keys))
    raw = _mark(jsons.dumps(query), text) + text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(query: object, cursor: str | None, keys: int) -> list[JsonValue] | None:
    """Read a cursor back; None stays None.

    Raises InvalidArgumentError for a cursor of another query, or one that was edited by hand.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = raw[MARK_BYTES:].decode()
        if raw[:MARK_BYTES] == _mark(jsons.dumps(query), text):
            found = jsons.loads(text)
            if isinstance(found, list) and len(found) == keys:
                return found
    except (binascii.Error, ValueError):
        pass
    raise InvalidArgumentError(
        "The cursor does not belong to this query; repeat the call with the same arguments that "
        "gave the cursor, or without a cursor to start from the first page.",
        argument="cursor",
    )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and how to go on: `cursor` is None at the end; `cut` says that space ran out."""

    items: list[T]
    cursor: str | None
    cut: str | None = None


def page(
    rows: Sequence[S],
    limit: int,
    make: Callable[[S], T],
    *,
    cursor: Callable[[S], str],
    size: Callable[[T], int],
    detail: Detail = "concise",
    stopped: str | None = None,
) -> Page[T]:
    """Build a page from up to `limit + 1` rows; stop early where the answer would grow too long.

    `size` measures an item in characters; at least one item is always kept. `stopped` is the cursor
    behind fewer rows, where the reading of them ended early.
    """
    items: list[T] = []
    used = 0
    for row in rows[:limit]:
        item = make(row)
        used += size(item)
        if items and used > CHARACTERS[detail]:
            return Page(items, cursor(rows[len(items) - 1]), SHORT)
        items.append(item)
    return Page(items, cursor(rows[limit - 1]) if len(rows) > limit else stopped)
