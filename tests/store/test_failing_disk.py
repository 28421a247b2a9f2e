"""A disk that fails at the end of a write: whether it was written is not known, and is not claimed.

A small library in front of the C library's lets `fsync` fail for as long as a file is there.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from one_mcp.store.sqlite.connection import connect

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int sync_or_fail(const char *name, int fd) {
    const char *broken = getenv("BROKEN_DISK");
    if (broken && access(broken, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int)) dlsym(RTLD_NEXT, name))(fd);
}

int fsync(int fd) { return sync_or_fail("fsync", fd); }
int fdatasync(int fd) { return sync_or_fail("fdatasync", fd); }
"""
SERVER = """
import json, sys, anyio
from pathlib import Path
from mcp import Client
from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings

async def main():
    settings = Settings(database=Path(sys.argv[1]), embedding_model="none")
    async with open_app(settings) as app, Client(build.server(app)) as client:
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            answer = await client.call_tool("create_entity", json.loads(line))
            print(json.dumps(answer.structured_content), flush=True)

anyio.run(main)
"""
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs LD_PRELOAD"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler, cc"),
]

Create = Callable[..., Any]
Start = Callable[[], tuple[subprocess.Popen[str], Create]]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """While this file is there, nothing can be made durable."""
    return tmp_path / "broken"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "one.db"


@pytest.fixture
def start(database: Path, broken: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a server whose disk can break; return it, and what creates an entity there."""
    (tmp_path / "shim.c").write_text(SHIM)
    shim = str(tmp_path / "shim.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, tmp_path / "shim.c", "-ldl"], check=True)
    started: list[subprocess.Popen[str]] = []

    def starting() -> tuple[subprocess.Popen[str], Create]:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(database)],
            env={**os.environ, "LD_PRELOAD": shim, "BROKEN_DISK": str(broken)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(server)

        def create(name: str, **more: str) -> Any:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps({"type": "website", "name": name, **more}) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        return server, create

    yield starting
    for server in started:
        server.kill()
        server.communicate()


def names(database: Path) -> list[str]:
    raw = connect(str(database), read_only=False)
    found = [row[0] for row in raw.execute("SELECT name FROM entities ORDER BY seq")]
    raw.close()
    return found


def test_a_commit_whose_outcome_is_unknown_says_so_and_can_be_repeated(
    start: Start, broken: Path, database: Path
) -> None:
    server, create = start()
    create("First")

    broken.touch()
    failed = create("Second", idempotency_key="second")["error"]
    broken.unlink()
    again = create("Second", idempotency_key="second")
    last = create("Last")

    assert (failed["code"], failed["outcome"]) == ("OUTCOME_UNKNOWN", "unknown")
    assert failed["retryable"] is True
    assert again["name"] == "Second"
    assert last["change"]
    server.kill()
    server.communicate()
    assert names(database) == ["First", "Second", "Last"]


def test_a_commit_that_was_written_after_all_is_not_repeated(
    start: Start, broken: Path, database: Path
) -> None:
    """The machine goes down after the failure, and what the disk kept counts when it is back."""
    server, create = start()
    create("First")
    broken.touch()
    failed = create("Second", idempotency_key="second")["error"]
    server.kill()
    server.communicate()
    broken.unlink()

    _, create = start()
    again = create("Second", idempotency_key="second")

    assert failed["code"] == "OUTCOME_UNKNOWN"
    assert again["replayed"] is True
    assert names(database) == ["First", "Second"]
