"""Ids: a prefix that says the kind, and 16 characters that sort by time."""

import re
import secrets
import threading

from one_mcp.errors import InvalidArgumentError

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
TIME_CHARACTERS = 10
RANDOM_BITS = 30
ENTITY, CONNECTION, EVENT, KNOWLEDGE = "ent", "con", "evt", "kno"

_CHANGE = re.compile(r"chg_([1-9][0-9]{0,17})")
_SHAPE = re.compile(r"[a-z]{3}_[0-9a-z_]{1,16}")
_PURGEABLE = re.compile(rf"\b(?:{ENTITY}|{CONNECTION}|{KNOWLEDGE})_[0-9a-z_]{{1,16}}\b")
_lock = threading.Lock()
_last: dict[str, int] = {"ms": 0, "tail": 0}


def _encode(number: int, characters: int) -> str:
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(characters)))


def new(kind: str, now_ms: int) -> str:
    """Make an id that no other process makes, larger than every id this process made before.

    48 bits of time and 30 random bits; within one millisecond the random part counts up, so that
    a bulk import of one process never collides with itself.
    """
    with _lock:
        if now_ms > _last["ms"]:
            _last.update(ms=now_ms, tail=secrets.randbits(RANDOM_BITS))
        else:
            _last["tail"] += 1
        ms, tail = _last["ms"] + (_last["tail"] >> RANDOM_BITS), _last["tail"] % (1 << RANDOM_BITS)
    return f"{kind}_{_encode(ms, TIME_CHARACTERS)}{_encode(tail, 6)}"


def is_id(text: str) -> bool:
    """Tell whether a text has the shape of an id of this server."""
    return _SHAPE.fullmatch(text) is not None


def of(kind: str, text: str) -> str:
    """Return a text that is an id of a kind; raises InvalidArgumentError for any other."""
    if text.startswith(f"{kind}_") and is_id(text):
        return text
    raise InvalidArgumentError(f"Here an id begins with {kind}_.", argument="id")


def within(text: str) -> frozenset[str]:
    """Find the ids in a text, of all kinds of rows that can be purged."""
    return frozenset(_PURGEABLE.findall(text))


def change(number: int) -> str:
    """Write a change's number as an id."""
    return f"chg_{number}"


def change_number(id: str) -> int | None:
    """Read the number out of a change's id; None where it is no such id."""
    found = _CHANGE.fullmatch(id)
    return int(found[1]) if found else None
