"""A terminal of its own for a command, with somebody who types at it."""

import os
import select
import subprocess
import sys
from pathlib import Path

# the child becomes the leader of a session whose terminal is the one that it was handed
ATTACH = """
import fcntl, os, sys, termios
fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "one_mcp", *sys.argv[2:]])
"""
WAIT_S = 60


def typed(database: Path, words: list[str], answers: list[str]) -> tuple[int, str]:
    """Run one-mcp at a terminal, and answer each question that ends with a colon."""
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", ATTACH, str(theirs), *words, "--database", str(database)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        pass_fds=[theirs],
    )
    os.close(theirs)
    said, left = "", list(answers)
    while select.select([ours], [], [], WAIT_S)[0]:
        try:
            part = os.read(ours, 4096).decode()
        except OSError:  # the other end is closed
            break
        said += part
        if left and said.endswith(": "):
            os.write(ours, f"{left.pop(0)}\n".encode())
    os.close(ours)
    return child.wait(WAIT_S), said


def alone(database: Path, words: list[str], stdin: str) -> tuple[int, str]:
    """Run one-mcp where there is no terminal, with something on its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "one_mcp", *words, "--database", str(database)],
        input=stdin,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=WAIT_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
