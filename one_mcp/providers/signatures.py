"""Signatures by Ed25519, whose secret key is made from a passphrase and kept nowhere."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

COST, BLOCK, MEMORY = 2**15, 8, 2**26  # of scrypt: 32 MiB, a tenth of a second for each guess


class Ed25519Signer:
    """A person, as long as their passphrase is at hand. Making one takes a tenth of a second."""

    def __init__(self, passphrase: str, salt: bytes) -> None:
        seed = hashlib.scrypt(
            passphrase.encode(), salt=salt, n=COST, r=BLOCK, p=1, dklen=32, maxmem=MEMORY
        )
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, said: bytes) -> str:
        return self._key.sign(said).hex()


def verify(public_key: str, signature: str, said: bytes) -> bool:
    """Tell whether a signature is that of a public key; what is none of either is not."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), said)
    except (InvalidSignature, ValueError):
        return False
    return True
