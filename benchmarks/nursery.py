"""Servers that are there at once: processes forked from one that has imported all they need.

What is imported takes a second of the processor, and servers that are killed start a thousand
times. Each is a process of its own all the same, which runs what `python -m one_mcp` does.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from io import FileIO
from threading import Lock
from typing import Self

from benchmarks.dying import Fuse
from one_mcp import __main__
from one_mcp.cli import cli, serve_command
from one_mcp.providers import evm, stripe

LARGEST = 1 << 16
LOADED = (cli, serve_command, evm, stripe)


class Child:
    """A server that the nursery has forked, as `subprocess` would show it."""

    def __init__(self, pid: int, stdin: FileIO, stdout: FileIO) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until it is gone."""
        with suppress(ProcessLookupError):
            while True:
                os.kill(self.pid, 0)
                time.sleep(0.001)


class Nursery:
    """The process that others are forked from; use as a context manager."""

    def __init__(self) -> None:
        self._alone = Lock()
        self._line, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "benchmarks.nursery", str(there.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[there.fileno()])
        there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._process.wait()

    def born(self, environment: dict[str, str]) -> Child:
        """Fork a server with an environment."""
        stdin, to_child = os.pipe()
        from_child, stdout = os.pipe()
        with self._alone:  # else another thread gets the answer, and kills what is not its own
            socket.send_fds(self._line, [json.dumps(environment).encode()], [stdin, stdout])
            pid = int(self._line.recv(LARGEST))
        os.close(stdin)
        os.close(stdout)
        return Child(pid, FileIO(to_child, "w"), FileIO(from_child, "r"))


def _serve(line: socket.socket) -> None:
    """Fork a server for each environment that comes, until whoever sends them has gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has ended is not waited for
    while True:
        said, pipes, *_ = socket.recv_fds(line, LARGEST, 2)
        if not said:
            return
        pid = os.fork()
        if not pid:
            line.close()
            _be_server(json.loads(said), pipes)
        line.send(str(pid).encode())
        for pipe in pipes:
            os.close(pipe)


def _be_server(environment: dict[str, str], pipes: list[int]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for place, pipe in enumerate(pipes):
        os.dup2(pipe, place)
        os.close(pipe)
    sys.stdin = os.fdopen(0, "r")
    sys.stdout = os.fdopen(1, "w")
    os.environ.update(environment)
    sys.argv = ["one-mcp"]
    Fuse().connect()
    try:
        __main__.main()
    except Exception:  # noqa: BLE001  # it would be lost
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
