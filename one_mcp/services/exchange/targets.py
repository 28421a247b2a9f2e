"""Targets: which of the files of a folder a link means."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Sequence
from unicodedata import normalize
from urllib.parse import unquote

from one_mcp.errors import ConflictError, NotFoundError, shown
from one_mcp.services.exchange.folders import SUFFIXES
from one_mcp.texts.outline import Link

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_OTHER_FILE = re.compile(r".*\.[A-Za-z][A-Za-z0-9]{1,4}")


class Targets:
    """The files of a folder by their paths and names; titles are added while they are read."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._by_path: dict[str, int] = {}
        self._by_stem: dict[str, list[int]] = defaultdict(list)
        self._by_title: dict[str, list[int]] = defaultdict(list)
        for index, path in enumerate(paths):
            self._by_path[normalize("NFC", path)] = index
            self._by_stem[_stem(posixpath.basename(path))].append(index)

    def entitle(self, index: int, title: str) -> None:
        """Let wiki links find a file by its title, where that is not its name anyway."""
        if _folded(title) != _stem(posixpath.basename(self._paths[index])):
            self._by_title[_folded(title)].append(index)

    def find(self, index: int, link: Link) -> int | None:
        """Find the file that a link in a file means; None where it means nothing in the folder.

        Raises NotFoundError where the folder has no such file, and ConflictError where several
        fit; their text is what the link says.
        """
        return self._by_name(index, link) if link.wiki else self._at(index, link)

    def _at(self, index: int, link: Link) -> int | None:
        if _SCHEME.match(link.target):
            return None
        path = normalize("NFC", unquote(re.split("[#?]", link.target, maxsplit=1)[0]))
        if not path.lower().endswith(SUFFIXES):
            return None
        above = "" if path.startswith("/") else self._folder(index)
        whole = posixpath.normpath(posixpath.join(above, path.lstrip("/")))
        found = self._by_path.get(whole)
        if found is None:
            raise NotFoundError(shown(link.target))
        return found

    def _by_name(self, index: int, link: Link) -> int | None:
        written = _named(link)
        if not written:
            return None
        found = self._fitting(index, written)
        if not found:
            raise NotFoundError(shown(written))
        near = [each for each in found if self._folder(each) == self._folder(index)]
        fitting = near if len(near) == 1 else found
        if len(fitting) > 1:
            some = " or ".join(shown(self._paths[each]) for each in fitting[:2])
            raise ConflictError(f"{shown(written)} ({some})")
        return fitting[0]

    def _fitting(self, index: int, written: str) -> list[int]:
        above, _, name = written.rpartition("/")
        found = self._by_stem.get(_stem(name), [])
        if not above:
            return found or self._by_title.get(_folded(written), [])
        if above.startswith("."):
            above = posixpath.normpath(posixpath.join(self._folder(index), above))
        wanted = f"/{_folded(above.strip('/'))}" if above.strip("/.") else ""
        fitting = [each for each in found if f"/{_folded(self._folder(each))}".endswith(wanted)]
        return fitting or self._by_title.get(_folded(written), [])

    def _folder(self, index: int) -> str:
        return posixpath.dirname(self._paths[index])


def foreign(link: Link) -> bool:
    """Tell whether a wiki link that leads to no Markdown means a picture, say."""
    written = _named(link)
    return bool(_OTHER_FILE.fullmatch(written)) and not written.lower().endswith(SUFFIXES)


def _named(link: Link) -> str:
    return re.split(r"[|#]", link.target, maxsplit=1)[0].rstrip("\\").strip()


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()


def _stem(name: str) -> str:
    folded = _folded(name)
    for suffix in SUFFIXES:
        folded = folded.removesuffix(suffix)
    return folded
