"""Where anvil, the compiler and the libraries of the contracts are installed by npm."""

import os
from pathlib import Path

import pytest

MODULES = os.environ.get("CHAIN_MODULES")
needs_modules = pytest.mark.skipif(
    MODULES is None,
    reason="CHAIN_MODULES names no node_modules with anvil, solc and OpenZeppelin's contracts",
)


def folder() -> Path:
    return Path(MODULES or "").absolute()


def anvil() -> Path:
    """The node's program for this machine; npm installs no other."""
    (program,) = folder().glob("@foundry-rs/anvil-*/bin/anvil*")
    return program
