"""Who else is on the file: an unsafe SQLite library must be alone on it."""

import contextlib
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path

from one_mcp.errors import InUseError, UnsafeLibraryError
from one_mcp.store.sqlite.driver import SAFE, VERSION

if sys.platform != "win32":
    import fcntl

PATIENCE_S = 0.3  # somebody may only be asking who is there
PAUSE_S = 0.01


@contextlib.contextmanager
def on(path: Path) -> Generator[None]:
    """Hold a lock beside the file: shared with a safe library, alone with an unsafe one.

    Several processes on one file with a library older than 3.51.3 can corrupt it (the WAL-reset
    bug), so there the second one is refused. Windows has no such lock, and no such check.
    """
    with _locked(path, shared=SAFE, patience_s=PATIENCE_S) as got:
        if not got:
            raise UnsafeLibraryError(
                f"Another process has {path} for itself: a restore is under way (try again soon), "
                "or SQLite of one of them may corrupt a file that processes share (install "
                "pysqlite3 0.6.1 or newer for all: pip install 'pysqlite3>=0.6.1').",
                sqlite=VERSION,
            )
        yield


@contextlib.contextmanager
def alone(path: Path) -> Generator[None]:
    """Keep every other process off the file; raises InUseError where one is on it."""
    with _locked(path, shared=False) as got:
        if not got:
            raise InUseError(
                f"Another process is on {path}; stop the servers (close the clients) that use it, "
                "and try again."
            )
        yield


def shared(path: Path) -> bool:
    """Tell whether another process is on the file at this moment."""
    with _locked(path, shared=False) as got:
        return not got


def hold(descriptor: int) -> bool:
    """Hold an open file for as long as it stays open; False where another process holds it."""
    return sys.platform == "win32" or _take(descriptor, fcntl.LOCK_EX, PATIENCE_S)


def held(path: Path) -> bool:
    """Tell whether a process holds a file at this moment."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # gone meanwhile, or not ours to touch
        return True
    try:
        return not _take(descriptor, fcntl.LOCK_EX, 0.0)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(path: Path, *, shared: bool, patience_s: float = 0.0) -> Generator[bool]:
    """Try to take the lock, and say whether that worked."""
    if sys.platform == "win32" or not path.parent.is_dir():
        yield True
        return
    lock = path.with_name(path.name + "-lock")
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # a read-only folder: nobody can write the file there either
        yield True
        return
    try:
        yield _take(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, patience_s)
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(PAUSE_S)
        else:
            return True
