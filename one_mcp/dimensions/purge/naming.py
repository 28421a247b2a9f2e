"""Naming: what a row that is purged was ever called, and which free text names it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic_core import to_json

from one_mcp.dimensions.changes import images
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.store import patches
from one_mcp.store.work import Work
from one_mcp.texts.words import UNSPACED

SHORT = 4  # a name of fewer characters stands in many a word
KEPT_IN_FRONT = 40  # of a long name: answers cut long ones
COLUMNS = ("name", "title", "identity", "external_id", "source")
_NAMING = re.compile(r"name$|handle$|e-?mail|phone|mobile", re.IGNORECASE)
_ONE_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Called:
    """What something was called, under all its changes; `a_person` where it has an e-mail address.

    `all` are whole names, addresses, numbers and ids of other systems.
    """

    id: str
    all: tuple[str, ...]
    a_person: bool

    @property
    def pieces(self) -> list[str]:
        """What of a kept answer's JSON, or of a key, tells of it; too much rather than too little.

        A short name counts where it is all of a string.
        """
        found: list[str] = []
        for name in self.all:
            written = to_json(name[:KEPT_IN_FRONT]).decode()
            found.append(written[1:-1] if len(name) >= SHORT else written)
        return found

    @property
    def pattern(self) -> re.Pattern[str]:
        """Match what names it in a sentence.

        A name of one word is looked for only where it is a person's, and spelt as it is: a reason
        may tell of yoga long after the course Yoga is gone.
        """
        found = [_bounded(self.id)]
        for name in map(_normal, self.all):
            if _ONE_WORD.fullmatch(name) and not name.isdigit():
                found += [f"(?-i:{_bounded(name)})"] if self.a_person else []
            else:
                found.append(_bounded(name))
        return re.compile("|".join(found), re.IGNORECASE)


def of(work: Work, id: str) -> Called:
    """Read what an entity or a document was called, from the log before it is emptied."""
    rows = work.each(
        """
        SELECT before, after
        FROM change_rows
        WHERE organization_id = :organization
          AND row_id = :id
          AND kind IN ('entity', 'knowledge', 'merge')
        ORDER BY seq
        """,
        id=id,
    )
    found: dict[str, None] = {}
    a_person = False
    for row in rows:
        for side in (row["before"], row["after"]):
            image = images.load(side) if side else {}
            for key, text in _naming(image):
                found[text] = None
                a_person = a_person or "mail" in key.casefold()
    return Called(id, tuple(found), a_person)


def told(texts: Iterable[tuple[int, str]], names: Called) -> list[int]:
    """List the numbers of those texts that name it."""
    matches = names.pattern.search
    return [number for number, text in texts if matches(_normal(text))]


def _naming(image: JsonObject) -> Iterator[tuple[str, str]]:
    for column in COLUMNS:
        yield from _texts(column, image.get(column))
    properties = image.get("properties")
    if isinstance(properties, list):
        properties = patches.changed(properties)
    if isinstance(properties, dict):
        for key, value in properties.items():
            if _NAMING.search(key):
                yield from _texts(key, value)


def _texts(key: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each.strip():
            yield key, each.strip()


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bounded(name: str) -> str:
    """Match a name that is not a part of a word; where words have no spaces between, anywhere."""
    before = r"(?<!\w)" if _is_in_a_word(name[0]) else ""
    after = r"(?!\w)" if _is_in_a_word(name[-1]) else ""
    return f"{before}{re.escape(name)}{after}"


def _is_in_a_word(character: str) -> bool:
    return re.match(rf"\w(?<![{UNSPACED}])", character) is not None
