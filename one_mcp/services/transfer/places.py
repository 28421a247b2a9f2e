"""Where imports and exports may be, and how an export becomes a file: whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from one_mcp.errors import ExportFileError, ForbiddenError, InvalidArgumentError


def resolved(path: str, folder: Path | None) -> Path:
    """Make a path absolute; relative ones start at the allowed folder, or where the server runs.

    Raises ForbiddenError for a path outside the allowed folder, also by way of links.
    """
    if "\0" in path:
        raise InvalidArgumentError("A path has no NUL character.", argument="path")
    given = _at_home(Path(path))
    if folder is None:
        return given.absolute()
    root = real(folder)
    whole = real(root / given)
    if not whole.is_relative_to(root):
        raise ForbiddenError(
            f"This server imports and exports only inside {folder}; give a path there.",
            argument="path",
        )
    return whole


def real(path: Path) -> Path:
    """Resolve the links in a path; unlike Path.resolve, it leaves a circle of links as it is."""
    return Path(os.path.realpath(path))


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no such user: it may be the name of a file after all
        return path


@contextmanager
def written(path: Path, *, overwrite: bool) -> Generator[BinaryIO]:
    """Write a file beside `path` and give it that name at the end; a failure leaves nothing.

    Raises ExportFileError where that cannot be done, or where a file is in the way.
    """
    beside = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part")
    try:
        if path.is_dir():
            raise ExportFileError(f"{path} is a folder; give the path of a file in it.")
        if path.exists() and not path.is_file():
            raise ExportFileError(f"{path} is no ordinary file; give another path.")
        if not overwrite and path.exists():
            raise _in_the_way(path)
        with open(beside, "xb", opener=_private) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(beside, path, overwrite=overwrite)
    except OSError as error:
        raise ExportFileError(
            f"{path} cannot be written: {error.strerror or error}; "
            "check that its folder exists, may be written, and has space."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # a whole business is in it


def _name(beside: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        beside.replace(path)
        return
    try:
        path.hardlink_to(beside)  # unlike a rename, it fails where a file appeared meanwhile
    except FileExistsError:
        raise _in_the_way(path) from None
    except OSError:  # a file system without links
        if path.exists():
            raise _in_the_way(path) from None
        beside.rename(path)


def _in_the_way(path: Path) -> ExportFileError:
    return ExportFileError(
        f"{path} exists; give another path, or replace it with overwrite=true "
        "(--force on the command line).",
        path=str(path),
    )
