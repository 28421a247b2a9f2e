"""Unfinished copies: private files beside their target, which get its name once they are whole."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

from one_mcp.errors import DatabaseError
from one_mcp.store.sqlite import lock

SUFFIX = ".one-mcp.part"
COMPANIONS = ("-journal", "-wal", "-shm")


@contextlib.contextmanager
def beside(target: Path) -> Generator[Path]:
    """Make a file in the target's folder, which is gone afterwards unless it was moved.

    Files that a killed process left in the folder are removed first.
    """
    for old in left_over(target.parent):
        _remove(old)
    fresh, descriptor = _held(target)
    try:
        yield fresh
    finally:
        _remove(fresh)
        if descriptor is not None:
            os.close(descriptor)


def left_over(folder: Path) -> list[Path]:
    """List the unfinished copies in a folder that no process is working on."""
    return [path for path in sorted(folder.glob(f".*{SUFFIX}")) if not lock.held(path)]


def _held(target: Path) -> tuple[Path, int | None]:
    """Make the file and hold it, so that nobody takes it for a left-over one.

    Somebody who tidies up may remove it in the moment before it is held; then another is made.
    """
    while True:
        try:
            descriptor, name = tempfile.mkstemp(SUFFIX, f".{target.name}.", target.parent)
        except OSError as error:
            raise DatabaseError(
                f"{target.parent} cannot be written ({error.strerror}); name another folder."
            ) from error
        fresh = Path(name)
        if sys.platform == "win32":  # nobody can remove a file there while SQLite has it open
            os.close(descriptor)
            return fresh, None
        if lock.hold(descriptor) and fresh.exists():
            return fresh, descriptor
        os.close(descriptor)


def _remove(path: Path) -> None:
    for suffix in (*COMPANIONS, ""):
        with contextlib.suppress(PermissionError):  # in use, on Windows
            path.with_name(path.name + suffix).unlink(missing_ok=True)
