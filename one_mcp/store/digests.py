"""Digests: what stands for a text that must be known again and must not be read."""

from hashlib import sha256


def of(text: str) -> str:
    """Return the digest of a text, in 64 hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
