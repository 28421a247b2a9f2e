"""Where files may be read and written, and how an export becomes a file: whole or not at all.

A path is resolved once, and then opened folder by folder from the allowed one, following no link:
whoever swaps a folder for a link meanwhile gets an error, and nothing outside. Windows cannot open
a name in an open folder; there a path is checked before it is opened, and a race may be lost.
"""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from one_mcp.errors import ExportFileError, ForbiddenError, InvalidArgumentError
from one_mcp.settings import Settings, StoreSettings

_STEPS = {os.open, os.stat, os.link, os.rename, os.unlink} <= os.supports_dir_fd
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # waits for no pipe's other end
_BINARY = getattr(os, "O_BINARY", 0)
_COMPANION = re.compile(r"(-wal|-shm|-lock|-journal|\.before-restore(-[0-9]+)?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which files may be used: those below a folder that are not hidden, or any.

    The files of the database are never written, and only read where any may be.
    """

    folder: Path | None
    database: Path

    @property
    def beginning(self) -> str:
        """Say where a path begins."""
        if self.folder is None:
            return "a path that is not absolute begins where the program runs"
        return f"a path begins in {self.folder}, the folder that this server may use"

    def find(self, path: str) -> "Spot":
        """Make a path absolute; relative ones start at the folder, or where the process runs.

        Raises ForbiddenError for what may not be used, also by way of links.
        """
        if "\0" in path:
            raise InvalidArgumentError("A path has no NUL character.", argument="path")
        given = _at_home(Path(path))
        if self.folder is None:
            return Spot(given.absolute(), self)
        root = _real(self.folder)
        whole = _real(root / given)
        if not whole.is_relative_to(root):
            raise ForbiddenError(
                f"This server reads and writes files only inside {self.folder}; give a path there.",
                argument="path",
            )
        if any(name.startswith(".") for name in whole.relative_to(root).parts):
            raise ForbiddenError(
                f"{whole} is hidden, and hidden files are not used; give another path.",
                argument="path",
            )
        return Spot(whole, self)


@dataclass(frozen=True, slots=True)
class Spot:
    """A path that may be used: what is there now, or will be."""

    path: Path
    reach: Reach

    @property
    def name(self) -> str:
        return self.path.name

    def real(self) -> "Spot":
        """Resolve the links in a path; below a folder they were resolved when it was found."""
        return self if self.reach.folder else Spot(_real(self.path), self.reach)

    def below(self, path: str) -> "Spot":
        """Name what is in this folder."""
        return Spot(self.path / path, self.reach)

    def open(self) -> BinaryIO:
        """Open a file for reading; raises OSError and ForbiddenError."""
        with self._step() as (name, folder):
            descriptor = os.open(name, os.O_RDONLY | _BINARY | _AT_ONCE | self._flag, dir_fd=folder)
        file = os.fdopen(descriptor, "rb")
        if self.reach.folder is not None and self._of_database(os.fstat(descriptor)):
            file.close()
            raise ForbiddenError(
                f"{self.path} belongs to the database; give another path.", argument="path"
            )
        return file

    def stat(self) -> os.stat_result:
        """Look at what is there; raises OSError."""
        with self._step() as (name, folder):
            return os.stat(name, dir_fd=folder, follow_symlinks=self.reach.folder is None)

    @contextmanager
    def listed(self) -> Generator[list["os.DirEntry[str]"]]:
        """List a folder; the entries can be asked while it is open. Raises OSError."""
        flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | self._flag
        if not _STEPS:
            with os.scandir(self.path) as entries:
                yield list(entries)
            return
        with self._step() as (name, folder):
            descriptor = os.open(name, flags, dir_fd=folder)
        try:
            with os.scandir(descriptor) as entries:
                yield list(entries)
        finally:
            os.close(descriptor)

    @contextmanager
    def written(self, *, overwrite: bool) -> Generator[BinaryIO]:
        """Write a file beside the path and give it that name at the end; a failure leaves nothing.

        Raises ExportFileError where that cannot be done, or where a file is in the way.
        """
        try:
            with self._step() as (name, folder):
                beside = str(Path(name).with_name(f".{self.name[:50]}.{secrets.token_hex(4)}.part"))
                self._require_room(name, folder, overwrite=overwrite)
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
                descriptor = os.open(beside, flags, 0o600, dir_fd=folder)  # a business is in it
                try:
                    with os.fdopen(descriptor, "wb") as file:
                        yield file
                        file.flush()
                        os.fsync(file.fileno())
                    self._put(beside, name, folder, overwrite=overwrite)
                finally:
                    with contextlib.suppress(OSError):
                        os.unlink(beside, dir_fd=folder)
        except OSError as error:
            raise ExportFileError(
                f"{self.path} cannot be written: {error.strerror or error}; "
                "check that its folder exists, may be written, and has space."
            ) from error

    def _of_database(self, found: os.stat_result | None) -> bool:
        """Tell whether this is the database or a file it cannot be without, whatever its name."""
        own = _real(self.reach.database)
        real = self.path if self.reach.folder else _real(self.path)
        named = real.name.casefold().startswith(own.name.casefold())
        if real.parent == own.parent and named and _COMPANION.fullmatch(real.name[len(own.name) :]):
            return True
        return found is not None and any(
            os.path.samestat(found, part.stat())
            for suffix in ("", "-wal", "-shm", "-lock", "-journal")
            if (part := own.with_name(own.name + suffix)).exists()
        )

    @property
    def _is_root(self) -> bool:
        return self.reach.folder is not None and self.path == _real(self.reach.folder)

    @property
    def _flag(self) -> int:
        return 0 if self.reach.folder is None else _NO_LINK

    @contextmanager
    def _step(self) -> Generator[tuple[str, int | None]]:
        """Open the folder that holds the path; the name is to be used in it, following no link."""
        root = self.reach.folder and _real(self.reach.folder)
        if root is None or not _STEPS or self.path == root:
            yield str(self.path), None
            return
        *folders, name = self.path.relative_to(root).parts
        descriptor = os.open(root, _FOLDER | os.O_CLOEXEC)
        try:
            for folder in folders:
                inner = os.open(folder, _FOLDER | _NO_LINK | os.O_CLOEXEC, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield name, descriptor
        finally:
            os.close(descriptor)

    def _require_room(self, name: str, folder: int | None, *, overwrite: bool) -> None:
        found = None
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=folder, follow_symlinks=self.reach.folder is None)
        if self._of_database(found):
            raise ExportFileError(f"{self.path} belongs to the database; give another path.")
        if found is None and not self._is_root:
            return
        if found is None or stat.S_ISDIR(found.st_mode):
            raise ExportFileError(f"{self.path} is a folder; give the path of a file in it.")
        if not stat.S_ISREG(found.st_mode):
            raise ExportFileError(f"{self.path} is no ordinary file; give another path.")
        if not overwrite:
            raise self._in_the_way()

    def _put(self, beside: str, name: str, folder: int | None, *, overwrite: bool) -> None:
        if overwrite:
            os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
            return
        try:  # unlike a rename, it fails where a file appeared meanwhile
            os.link(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:
            raise self._in_the_way() from None
        except OSError:  # a file system without links
            self._require_room(name, folder, overwrite=False)
            os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)

    def _in_the_way(self) -> ExportFileError:
        return ExportFileError(
            f"{self.path} exists; give another path, or replace it with overwrite=true "
            "(--force on the command line).",
            path=str(self.path),
        )


def everywhere(settings: StoreSettings) -> Reach:
    """Return what the person at the command line may use: any file."""
    return Reach(None, settings.database)


def of_agents(settings: Settings) -> Reach:
    """Return what agents may use: the folder of the settings, or the one that the server runs in.

    Raises ForbiddenError where that is no folder of its own: a desktop starts servers in / or at
    home, which would be everything a person has.
    """
    if settings.folder is not None:
        return Reach(settings.folder, settings.database)
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        here = Path("/")
    if here == Path(here.anchor) or _home().is_relative_to(here):
        raise ForbiddenError(
            f"This server runs in {here}, so it reads and writes no files; "
            "start it with ONE_MCP_FOLDER set to the folder that it may use.",
            argument="path",
        )
    return Reach(here, settings.database)


def _home() -> Path:
    try:
        return _real(Path.home())
    except RuntimeError:  # nobody's
        return Path("/")


def _real(path: Path) -> Path:
    """Resolve the links in a path; unlike Path.resolve, it leaves a circle of links as it is."""
    try:
        return Path(os.path.realpath(path))
    except OSError as error:  # a link that was there has gone
        raise ForbiddenError(
            f"The folders of {path} are moved about; try again.", argument="path"
        ) from error


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no such user: it may be the name of a file after all
        return path
