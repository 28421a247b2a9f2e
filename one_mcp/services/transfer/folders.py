"""Folders of Markdown: which files an import takes, and which names it cannot."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from one_mcp.errors import ImportFileError
from one_mcp.services.transfer import places

SUFFIXES = (".md", ".markdown")
MOST_FILES = 100_000
MOST_ENTRIES = 1_000_000
_CONTROL = re.compile(r"[\x00-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below a root: their paths from there, sorted, with forward slashes.

    `faults` says of some of the paths, which may be folders, why they cannot be taken.
    """

    root: Path
    paths: list[str]
    faults: dict[str, str] = field(default_factory=dict[str, str])


def of_file(path: Path) -> Folder:
    """Take one file for a folder that holds nothing else."""
    real = places.real(path)
    return Folder(real.parent, [real.name])


def of_folder(root: Path) -> Folder:
    """List the Markdown files of a folder and the folders in it; hidden ones are left out.

    Links are not followed: what they lead to inside is there anyway, and outside is none of ours.
    Raises ImportFileError where there is no such file, or there are too many.
    """
    root = places.real(root)
    found = Folder(root, [])
    for entry in _walk(found):
        path = _path(root, entry)
        if entry.is_symlink():
            fault = _strayed(root, entry)
        elif entry.name.lower().endswith(SUFFIXES):
            fault = "Its name is no text that can be stored." if _CONTROL.search(path) else None
            found.paths.append(path)
        else:
            continue
        if fault is not None:
            found.faults[path] = fault
        if len(found.paths) > MOST_FILES:
            raise ImportFileError(
                f"{root} holds more than {MOST_FILES:,} Markdown files, the most that one import "
                "takes; import the folders in it one by one."
            )
    paths = sorted({*found.paths, *found.faults})
    if not paths:
        raise ImportFileError(
            f"{root} holds no Markdown file (*{', *'.join(SUFFIXES)}); hidden ones do not count."
        )
    return Folder(root, paths, found.faults)


def _walk(found: Folder) -> Iterator["os.DirEntry[str]"]:
    """Visit everything below the root that is neither hidden nor an ordinary folder."""
    seen = 0
    waiting = [str(found.root)]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(found, folder):
            seen += 1
            if seen > MOST_ENTRIES:
                raise ImportFileError(
                    f"{found.root} holds more than {MOST_ENTRIES:,} files and folders; "
                    "import the folders in it one by one."
                )
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                yield entry


def _entries(found: Folder, folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        problem = f"The folder cannot be read: {error.strerror}."
        if folder == str(found.root):
            raise ImportFileError(f"{folder}: {problem}") from error
        found.faults[Path(folder).relative_to(found.root).as_posix()] = problem
        return []


def _path(root: Path, entry: "os.DirEntry[str]") -> str:
    return Path(entry.path).relative_to(root).as_posix()


def _strayed(root: Path, entry: "os.DirEntry[str]") -> str | None:
    """Say what is wrong with a link that may stand for Markdown, if anything is."""
    markdown = PurePosixPath(entry.name).suffix.lower() in SUFFIXES
    try:
        target = Path(entry.path).resolve(strict=True)
        matters = markdown or target.is_dir()
    except (OSError, RuntimeError):  # a circle is one or the other, by the version of Python
        return "It is a link that leads nowhere, or in a circle." if markdown else None
    if not matters or target.is_relative_to(root):
        return None
    return "It is a link that leads out of the folder, where nothing is imported from."
