"""The port of signatures: a person who signs, as long as their passphrase is at hand."""

from typing import Protocol


class Signer(Protocol):
    """Signs; `public_key` and signatures are hexadecimal."""

    @property
    def public_key(self) -> str: ...

    def sign(self, said: bytes) -> str: ...
