"""Whole copies of a database: taken while others write, checked, and put in place at once."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from one_mcp.errors import (
    DamagedDatabaseError,
    DatabaseError,
    InUseError,
    NotADatabaseError,
    OneError,
)
from one_mcp.store.sqlite import health, lock, unfinished
from one_mcp.store.sqlite.connection import connect, failures
from one_mcp.store.sqlite.migrate import check, version

Progress = Callable[[int, int], None]
STEPS_AT_ONCE = 100_000  # of SQLite's own machine: some ten milliseconds
FAULTS_SHOWN = 10
COMPANIONS = ("-wal", "-shm")


def unseen(_done: int, _total: int) -> None:
    """Show progress to nobody."""


def save(source: Path, target: Path, progress: Progress = unseen) -> int:
    """Copy a database, as it is at this moment, to `target`, and return the copy's schema version.

    `target` is replaced only by a whole, checked copy. Servers may go on writing meanwhile.
    """
    present(source)
    if belongs(target, source):
        raise DatabaseError(f"{target} is the database itself; name another file for the copy.")
    with lock.on(source), unfinished.beside(target) as fresh:
        _copy(source, fresh, progress)
        schema = verified(fresh)
        _put(fresh, target)
    return schema


def restore(source: Path, target: Path, progress: Progress = unseen) -> Path | None:
    """Put a checked copy of `source` in the place of `target`; return where the old file is kept.

    Raises InUseError while another process is on `target`, which then stays as it is.
    """
    if not source.is_file():
        raise DatabaseError(f"There is no backup at {source}; name a file that was backed up to.")
    if target.exists() and source.samefile(target):
        raise DatabaseError(f"{source} is the database itself; name a backup to restore from.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with lock.alone(target), unfinished.beside(target) as fresh:
        try:
            _copy(source, fresh, progress)
        except NotADatabaseError as error:
            raise NotADatabaseError(
                f"{source} is not a SQLite database, so no backup; "
                "an export comes back with `one-mcp import`."
            ) from error
        verified(fresh)
        kept = _keep(target) if target.exists() else None
        _put(fresh, target)
    return kept


def present(path: Path) -> None:
    """Raise DatabaseError where there is no file; reading must not make an empty one."""
    if not path.is_file():
        raise DatabaseError(
            f"There is no database at {path}; name another file, "
            "or start the server once, which makes it."
        )


def belongs(path: Path, database: Path) -> bool:
    """Tell whether a path leads to the database or to a file beside it that it cannot be without.

    Whatever replaces one of these destroys the database, even under a server that has it open.
    """
    real, own = path.resolve(), database.resolve()
    parts = [own.with_name(own.name + suffix) for suffix in ("", "-lock", "-journal", *COMPANIONS)]
    try:
        return real in parts or any(part.exists() and real.samefile(part) for part in parts)
    except OSError:  # there is nothing at `path`
        return False


def verified(path: Path) -> int:
    """Return the schema version of a file that passes SQLite's checks.

    Raises DamagedDatabaseError with the first faults where it does not.
    """
    with closing(connect(str(path), read_only=True)) as raw, failures(str(path)):
        check(raw, str(path))
        faults = health.damage(raw) + health.dangling(raw)
        if faults:
            raise DamagedDatabaseError(
                f"{path} is damaged: {'; '.join(faults[:FAULTS_SHOWN])}.", faults=len(faults)
            )
        return version(raw)


def _copy(source: Path, fresh: Path, progress: Progress) -> None:
    """Write all rows into a new file, from one snapshot: what was deleted does not come along."""
    with closing(connect(str(source), read_only=True)) as raw, failures(str(source)):
        check(raw, str(source))
        if version(raw) == 0:
            raise NotADatabaseError(f"{source} is empty.")
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        page_bytes = raw.execute("PRAGMA page_size").fetchone()[0]

        def seen() -> int:
            progress(min(fresh.stat().st_size // page_bytes, pages), pages)
            return 0  # go on

        raw.set_progress_handler(seen, STEPS_AT_ONCE)
        raw.execute("VACUUM INTO :fresh", {"fresh": str(fresh.absolute())})
        progress(pages, pages)


def _keep(target: Path) -> Path:
    """Put the old file aside, together with what SQLite keeps beside a damaged one."""
    _settle(target)
    kept = _free_name(target)
    for suffix in COMPANIONS:
        companion = target.with_name(target.name + suffix)
        if companion.exists():
            companion.rename(kept.with_name(kept.name + suffix))
    try:
        kept.hardlink_to(target)  # at every moment there is a file at `target`
    except OSError:  # a file system without links
        target.rename(kept)
    return kept


def _settle(target: Path) -> None:
    """Bring the write-ahead log into the file.

    A file that is no database is not opened for this: SQLite would remove the log beside it.
    """
    try:
        with closing(connect(str(target), read_only=True)) as raw, failures(str(target)):
            check(raw, str(target))
        with closing(connect(str(target), read_only=False)) as raw, failures(str(target)):
            raw.execute("PRAGMA busy_timeout = 1000")
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except OneError:
        return
    if busy:
        raise InUseError(f"Another program has {target} open; close it, and try again.")


def _free_name(target: Path) -> Path:
    for number in range(1, 1_000):
        ending = ".before-restore" + (f"-{number}" if number > 1 else "")
        name = target.with_name(target.name + ending)
        if not name.exists():
            return name
    raise DatabaseError(f"There are too many {target}.before-restore files; remove some.")


def _put(fresh: Path, target: Path) -> None:
    """Move a finished file to its place so that a loss of power leaves the old or the new one."""
    with fresh.open("r+b") as written:
        os.fsync(written.fileno())
    fresh.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
