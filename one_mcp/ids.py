"""Ids: a prefix that says the kind, and 16 characters that sort by time."""

import re
import secrets
import threading

from one_mcp.errors import InvalidArgumentError

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
TIME_CHARACTERS = 10
RANDOM_BITS = 30
ENTITY, CONNECTION, EVENT, KNOWLEDGE = "ent", "con", "evt", "kno"
CHANGE, PERSON, ORGANIZATION = "chg", "per", "org"

_KINDS = {
    ENTITY: "an entity",
    CONNECTION: "a connection",
    EVENT: "an event",
    KNOWLEDGE: "a document",
    CHANGE: "a change",
    PERSON: "a person",
    ORGANIZATION: "an organization",
}
_FOUND = {  # what leads to an id of a kind
    ENTITY: "find it with find_entities(text=...)",
    CONNECTION: "find it with find_connections",
    EVENT: "find it with find_events",
    KNOWLEDGE: "find it with search_knowledge",
    CHANGE: "writes answer with it, and get_history lists them",
}
_SHOWN = {  # what shows a thing whose id was given where another kind is wanted
    ENTITY: "get_entity shows it",
    CONNECTION: "get_entity shows it with the entities that it connects",
    EVENT: "get_entity shows it with who did it to what",
    KNOWLEDGE: "get_knowledge shows it with the entities that it tells of",
    CHANGE: "get_history shows what it wrote",
    PERSON: "find_events takes it as actor",
    ORGANIZATION: "the resource one://organization shows it",
}
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


def is_of(text: str, *kinds: str) -> bool:
    """Tell whether a text is an id of one of these kinds."""
    return is_id(text) and text[:3] in kinds


def require(text: str, argument: str, *kinds: str) -> str:
    """Return a text that is an id of one of these kinds; raises InvalidArgumentError for others."""
    if not is_of(text, *kinds):
        raise refusal(text, argument, *kinds)
    return text


def refusal(text: str, argument: str, *kinds: str) -> InvalidArgumentError:
    """Say which kinds of id an argument takes, and what leads to one or shows what was given."""
    wanted = " or ".join(f"{_KINDS[kind]} ({kind}_…)" for kind in kinds)
    if is_id(text) and text[:3] in _KINDS:
        said = f"{text} is the id of {_KINDS[text[:3]]}, and {argument} takes that of {wanted}"
        return InvalidArgumentError(f"{said}; {_SHOWN[text[:3]]}.", argument=argument)
    return InvalidArgumentError(
        f"{argument} takes the id of {wanted}; {_FOUND[kinds[0]]}.", argument=argument
    )


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
