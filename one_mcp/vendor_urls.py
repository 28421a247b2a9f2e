"""What settings say of a vendor: where its server is, and the key that it gave."""

import os
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr

_KEY_LENGTH = 16  # of the shortest key that nodes' URLs have in them, and longer than their words
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def require_plain(url: str, example: str) -> SplitResult:
    """Return the parts of a URL that names a server; ValueError says what would work."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"a URL such as {example}")
    if parts.username or parts.password or parts.query:
        raise ValueError("a URL without a password or a query; the key has its own variable")
    return parts


def is_private(parts: SplitResult) -> bool:
    """Say whether nobody else can read what is sent there: encrypted, or on this machine."""
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    return host in _LOOPBACK


def keys_in(url: str) -> list[str]:
    """List what of a URL may be a key: all of it, the password, long parts of path and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return [url]
    values = [value for _, value in parse_qsl(parts.query)]
    pieces = [parts.username or "", *parts.path.split("/"), *values]
    keys = [it for it in pieces if len(it) >= _KEY_LENGTH]
    if parts.password:
        keys.append(parts.password)
    return [url, *keys, *map(unquote, keys)]


def unless_blank(given: object) -> object:
    """Take an empty variable for one that is not set; a validator that comes before the others."""
    return (given.strip() or None) if isinstance(given, str) else given


def plain_key(name: str) -> SecretStr | None:
    """Return what the vendor's own variable says, for where none of this program's is set."""
    text = os.environ.get(name, "").strip()
    return SecretStr(text) if text else None
