"""Who else is on the file: an unsafe SQLite library must be alone on it."""

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path

from one_mcp.errors import UnsafeLibraryError
from one_mcp.store.sqlite.library import SAFE, VERSION

if sys.platform != "win32":
    import fcntl


@contextlib.contextmanager
def on(path: Path) -> Generator[None]:
    """Hold a lock beside the file: shared with a safe library, alone with an unsafe one.

    Several processes on one file with a library older than 3.51.3 can corrupt it (the WAL-reset
    bug), so there the second one is refused. Windows has no such lock, and no such check.
    """
    if sys.platform == "win32" or not path.parent.is_dir():
        yield
        return
    lock = path.with_name(path.name + "-lock")
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # a read-only folder: nobody can write the file there either
        yield
        return
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if SAFE else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise UnsafeLibraryError(
            f"Another process is on {path}, and SQLite {VERSION} of one of them may corrupt a file "
            "that processes share; install pysqlite3 0.6.1 or newer for all of them "
            "(pip install 'pysqlite3>=0.6.1'), or stop the other process.",
            sqlite=VERSION,
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
