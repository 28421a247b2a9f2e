"""aimock: a server of others that speaks OpenAI's protocol, started for a test."""

import os
import shutil
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx2
import pytest

MODULES = os.environ.get("CHAT_MODULES")
NODE = shutil.which("node")
needs_modules = pytest.mark.skipif(
    MODULES is None or NODE is None, reason="CHAT_MODULES names no node_modules with aimock"
)


@dataclass(frozen=True)
class Aimock:
    """A running aimock; `url` is what OPENAI_BASE_URL would be."""

    root: str

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    async def meets(self, accident: str) -> None:
        """Let every request meet with an accident: a 429, malformed text, a broken connection."""
        async with httpx2.AsyncClient() as client:
            (
                await client.post(f"{self.root}/__aimock/chaos", json={accident: 1})
            ).raise_for_status()


@asynccontextmanager
async def running() -> AsyncGenerator[Aimock]:
    """Start a server of its own on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    program = Path(MODULES or "").absolute() / ".bin" / "llmock"
    fixtures = Path(__file__).with_name("fixtures.json")
    command = [NODE or "", program, "-p", str(port), "-f", fixtures, "--log-level", "silent"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            await _answering(f"http://127.0.0.1:{port}", process)
            yield Aimock(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


async def _answering(root: str, process: subprocess.Popen[bytes]) -> None:
    async with httpx2.AsyncClient() as client:
        with anyio.fail_after(20):
            while True:
                assert process.poll() is None, "aimock has ended"
                try:
                    await client.get(f"{root}/__aimock/journal")
                except httpx2.ConnectError:
                    await anyio.sleep(0.05)
                else:
                    return
