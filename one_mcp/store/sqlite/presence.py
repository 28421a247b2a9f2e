"""Who else is on the file: an unsafe SQLite library must be alone on it."""

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path

from one_mcp.errors import InUseError, UnsafeLibraryError
from one_mcp.store.sqlite.library import SAFE, VERSION

if sys.platform != "win32":
    import fcntl


@contextlib.contextmanager
def on(path: Path) -> Generator[None]:
    """Hold a lock beside the file: shared with a safe library, alone with an unsafe one.

    Several processes on one file with a library older than 3.51.3 can corrupt it (the WAL-reset
    bug), so there the second one is refused. Windows has no such lock, and no such check.
    """
    with _locked(path, shared=SAFE) as got:
        if not got:
            raise UnsafeLibraryError(
                f"Another process is on {path}, and SQLite {VERSION} of one of them may corrupt a "
                "file that processes share; install pysqlite3 0.6.1 or newer for all of them "
                "(pip install 'pysqlite3>=0.6.1'), or stop the other process.",
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


@contextlib.contextmanager
def _locked(path: Path, *, shared: bool) -> Generator[bool]:
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
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        got = False
    else:
        got = True
    try:
        yield got
    finally:
        os.close(descriptor)
