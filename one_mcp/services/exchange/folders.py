"""Folders of Markdown: which files an import takes, and which names it cannot."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from one_mcp.errors import ImportFileError
from one_mcp.services.exchange.places import Spot

SUFFIXES = (".md", ".markdown")
MOST_FILES = 100_000
MOST_ENTRIES = 1_000_000
_CONTROL = re.compile(r"[\x00-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below a root: their paths from there, sorted, with forward slashes.

    `faults` says of some of the paths, which may be folders, why they cannot be taken.
    """

    root: Spot
    paths: list[str]
    faults: dict[str, str] = field(default_factory=dict[str, str])


def of_file(spot: Spot) -> Folder:
    """Take one file for a folder that holds nothing else."""
    real = spot.real()
    return Folder(Spot(real.path.parent, spot.reach), [real.name])


def of_folder(spot: Spot) -> Folder:
    """List the Markdown files of a folder and the folders in it; hidden ones are left out.

    Links are not followed: what they lead to inside is there anyway, and outside is none of ours.
    Raises ImportFileError where there is no such file, or there are too many.
    """
    found = Folder(spot.real(), [])
    root = found.root.path
    for path, is_link in _walk(found):
        if is_link:
            fault = _strayed(root, path)
        elif path.lower().endswith(SUFFIXES):
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
    return Folder(found.root, paths, found.faults)


def _walk(found: Folder) -> Iterator[tuple[str, bool]]:
    """Visit what is below the root and neither hidden nor a folder: its path, and is it a link."""
    seen = 0
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for name, is_folder, is_link in _entries(found, folder):
            seen += 1
            if seen > MOST_ENTRIES:
                raise ImportFileError(
                    f"{found.root.path} holds more than {MOST_ENTRIES:,} files and folders; "
                    "import the folders in it one by one."
                )
            if name.startswith("."):
                continue
            path = posixpath.join(folder, name)
            if is_folder:
                waiting.append(path)
            else:
                yield path, is_link


def _entries(found: Folder, folder: str) -> list[tuple[str, bool, bool]]:
    """List the names in a folder, with which of them are folders, and which are links."""
    try:
        with found.root.below(folder).listed() as entries:
            return [
                (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink())
                for entry in entries
            ]
    except OSError as error:
        problem = f"The folder cannot be read: {error.strerror}."
        if not folder:
            raise ImportFileError(f"{found.root.path}: {problem}") from error
        found.faults[folder] = problem
        return []


def _strayed(root: Path, path: str) -> str | None:
    """Say what is wrong with a link that may stand for Markdown, if anything is."""
    markdown = PurePosixPath(path).suffix.lower() in SUFFIXES
    try:
        target = (root / path).resolve(strict=True)
        matters = markdown or target.is_dir()
    except (OSError, RuntimeError):  # a circle is one or the other, by the version of Python
        return "It is a link that leads nowhere, or in a circle." if markdown else None
    if not matters or target.is_relative_to(root):
        return None
    return "It is a link that leads out of the folder, where nothing is imported from."
