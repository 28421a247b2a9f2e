"""Where the official conformance suite and the Inspector are installed."""

import os
import subprocess
from pathlib import Path

import pytest

MODULES = os.environ.get("CONFORMANCE_MODULES")
needs_modules = pytest.mark.skipif(
    MODULES is None,
    reason="CONFORMANCE_MODULES names no node_modules with node, conformance suite and Inspector",
)


def run(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of an installed package with the Node that is installed beside it."""
    modules = Path(MODULES or "").absolute()
    return subprocess.run(
        [modules / "node/bin/node", modules / "@modelcontextprotocol" / script, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
        text=True,
        timeout=120,
    )
