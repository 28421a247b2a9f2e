"""Secrets: keys that give away money or accounts, which nothing that is stored may hold.

Only what is a key without doubt is refused: a hash of a transaction looks like a private key of a
chain, and is one only where its name says so.
"""

import re

from one_mcp.errors import InvalidPropertyError
from one_mcp.jsons import JsonObject, JsonValue

_HINTS = ("_live_", "_test_", "whsec_", "PRIVATE KEY")  # asked first, since most texts have none
_KEY = re.compile(
    r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9+/]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_CHAIN_KEY = re.compile(r"\s*(?:0x)?[0-9a-fA-F]{64}\s*")
_PHRASE = re.compile(r"\s*[a-z]{3,8}(?:\s+[a-z]{3,8}){11,23}\s*")
_OF_CHAIN = re.compile(r"(?i)private_?key|secret|deployer_?key|signing_?key")
_OF_PHRASE = re.compile(r"(?i)mnemonic|seed|recovery_?phrase|secret")


def refuse(given: JsonObject, at: str) -> None:
    """Raise InvalidPropertyError for an object that holds a key; the value is never told."""
    for name, value in given.items():
        _refuse(value, name, f"{at}.{name}")


def _refuse(value: JsonValue, name: str, at: str) -> None:
    match value:
        case str():
            if _is_key(value, name):
                raise InvalidPropertyError(
                    f"{at} holds a secret key, and nothing was stored: keys stand in the "
                    "environment of the server alone, where `one-mcp doctor` looks for them. One "
                    "that has been in a conversation should be replaced at its vendor.",
                    field=at,
                )
        case dict():
            refuse(value, at)
        case list():
            for each in value:
                _refuse(each, name, at)
        case _:
            pass


def _is_key(text: str, name: str) -> bool:
    if any(hint in text for hint in _HINTS) and _KEY.search(text):
        return True
    if len(text) < 64 and " " not in text:  # noqa: PLR2004  # characters of a chain's key
        return False
    if _OF_CHAIN.search(name) and _CHAIN_KEY.fullmatch(text):
        return True
    return bool(_OF_PHRASE.search(name) and _PHRASE.fullmatch(text))
