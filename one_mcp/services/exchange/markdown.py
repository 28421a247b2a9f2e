"""Markdown: the files of a folder as entities, and the links between them as connections."""

import sys
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple
from unicodedata import normalize

from one_mcp import answers
from one_mcp.dimensions.entities.entity import LONGEST_NAME
from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.records import Numbered
from one_mcp.errors import BrokenLineError, ConflictError, NotFoundError, OneError, TextFileError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import check
from one_mcp.ontology.model import EntityType, Ontology
from one_mcp.services.exchange import targets
from one_mcp.services.exchange.folders import Folder
from one_mcp.services.exchange.meter import Meter
from one_mcp.services.exchange.targets import Targets
from one_mcp.texts import files, front_matter, outline
from one_mcp.texts.outline import Link

USUAL_TYPE = "knowledge_item"
USUAL_TEXT = "content"
USUAL_TAG = "topic"
RELATIONSHIP = "references"
LONGEST_EXTERNAL_ID = 200
LONGEST_SHOWN_PATH = 120


class MarkdownFile(NamedTuple):
    """A file as an entity, with the links in its text."""

    record: records.EntityRecord
    links: tuple[Link, ...]


class Pages:
    """The records of a folder: an entity for each file, and then all links between them.

    Files are numbered from 1 as they are sorted, the connections after them. Only one file is in
    memory at a time; of the others there is what links need. `remarks` says what was left out.
    """

    def __init__(self, folder: Folder, ontology: Ontology, type: str = USUAL_TYPE) -> None:
        self.meter = Meter("files", len(folder.paths))
        self.remarks: list[str] = []
        self._folder = folder
        self._ontology = ontology
        self._type = type
        self._last = array("q")  # the number of the last connection of each file

    def __iter__(self) -> Iterator[Numbered]:
        reading = _LinkSurvey(self._folder.paths)
        for index, path in enumerate(self._folder.paths):
            self.meter.advance(1)
            try:
                page = self._page(path)
            except OneError as error:
                yield index + 1, error
            else:
                if page is None:
                    reading.remarks.append(f"{_shown(path)} is empty and was left out")
                else:
                    reading.keep(index, page)
                    yield index + 1, page.record
        self._last = array("q")
        number = len(self._folder.paths)
        for index in range(len(self._folder.paths)):
            connections = reading.connections(index)
            self._last.append(number + len(connections))
            for connection in connections:
                number += 1
                yield number, connection
        self.remarks = answers.few(reading.remarks) or []

    def place(self, number: int) -> tuple[int, str]:
        """Say which file a record comes from: its running number, and its path."""
        index = number - 1
        if number > len(self._folder.paths):
            index = bisect_right(self._last, number - 1)
        return index + 1, _shown(self._folder.paths[index])

    def _page(self, path: str) -> MarkdownFile | None:
        """Read a file; None where there is nothing in it."""
        fault = self._folder.faults.get(path)
        if fault is not None:
            raise TextFileError(fault)
        fields, body = front_matter.split(files.read(self._folder.root.below(path).open))
        if not fields and not body.strip():
            return None
        found = outline.read(body)
        usual = found.title or ""
        if not 0 < len(usual) <= LONGEST_NAME:
            usual = path.rpartition("/")[2].rpartition(".")[0]
        kind = check.entity_type(
            self._ontology, _text("type", fields.pop("type", None), self._type)
        )
        name = _name(fields, usual)
        entity: JsonObject = {
            "type": sys.intern(kind.name),
            "name": name,
            "tags": _tags(fields.pop("tags", None)),
            "external_id": _external_id(f"{self._folder.root.name}/{path}"),
        }
        for field in ("status", "external_id"):
            given = fields.pop(field, None)
            entity |= {field: given} if given is not None else {}
        _name_language(fields)
        entity["properties"] = {**fields, **_body(kind, fields, body)}
        return MarkdownFile(records.read(records.EntityRecord, entity), found.links)


class _LinkSurvey:
    """What is known of the files while they are read one by one."""

    def __init__(self, paths: list[str]) -> None:
        self.remarks: list[str] = []
        self._paths = paths
        self._targets = Targets(paths)
        self._kept: dict[int, tuple[str, str]] = {}  # type and external id
        self._found: dict[int, array[int]] = {}
        self._later: dict[int, list[Link]] = defaultdict(list)
        self._missing: dict[int, list[str]] = defaultdict(list)

    def keep(self, index: int, page: MarkdownFile) -> None:
        """Remember a file as one that links lead to, and where its own lead."""
        self._targets.entitle(index, page.record.name)
        self._kept[index] = page.record.type, page.record.external_id or ""
        found = dict.fromkeys(self._resolved(index, page.links, titles=False))
        if found:
            self._found[index] = array("l", found)

    def connections(self, index: int) -> list[records.ConnectionRecord]:
        """Connect a file with those that it links to; once all of them were read."""
        links = self._later.pop(index, [])
        found = [*self._found.pop(index, []), *self._resolved(index, links, titles=True)]
        for target in found:
            if target not in self._kept:
                self._missing[index].append(self._paths[target])
        self._remark(index)
        wanted = dict.fromkeys(found)
        wanted.pop(index, None)
        return [
            self._connection(self._kept[index], self._kept[target])
            for target in wanted
            if target in self._kept
        ]

    def _resolved(
        self, index: int, links: tuple[Link, ...] | list[Link], *, titles: bool
    ) -> Iterator[int]:
        for link in links:
            try:
                target = self._targets.find(index, link)
            except NotFoundError as error:
                if link.wiki and not titles:
                    self._later[index].append(link)  # it may be a title further down
                elif not (link.wiki and targets.foreign(link)):
                    self._missing[index].append(str(error))
            except ConflictError as error:
                self.remarks.append(
                    f"{_shown(self._paths[index])} links to one of several: {error}"
                )
            else:
                if target is not None:
                    yield target

    def _remark(self, index: int) -> None:
        missing = list(dict.fromkeys(self._missing.pop(index, [])))
        if missing:
            others = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            self.remarks.append(
                f"{_shown(self._paths[index])} links to {_shown(missing[0])}{others}, "
                "which the import does not have"
            )

    @staticmethod
    def _connection(start: tuple[str, str], end: tuple[str, str]) -> records.ConnectionRecord:
        ends = {"from": start, "to": end}
        fields = {
            name: {"type": type, "external_id": external} for name, (type, external) in ends.items()
        }
        return records.read(records.ConnectionRecord, {**fields, "type": RELATIONSHIP})


def _text(field: str, given: JsonValue, usual: str) -> str:
    if given is None:
        return usual
    if isinstance(given, str) and given.strip():
        return given.strip()
    raise BrokenLineError(f"{field} is a word.", field=field)


def _name(fields: JsonObject, usual: str) -> str:
    for field in ("title", "name"):
        given = fields.get(field)
        if given is None:
            continue
        if isinstance(given, bool | list | dict):
            raise BrokenLineError(f"{field} is a text.", field=field)
        del fields[field]
        return " ".join(str(given).split())
    return " ".join(usual.split())


def _tags(given: JsonValue) -> list[JsonValue]:
    """Read a list, or words with commas between them; a word without a key is a topic."""
    words = given.split(",") if isinstance(given, str) else given
    if words is None:
        return []
    if not isinstance(words, list) or any(isinstance(word, list | dict) for word in words):
        raise BrokenLineError(
            "tags is a list of words, or words with commas between them.", field="tags"
        )
    plain = [str(word).strip().removeprefix("#") for word in words if word is not None]
    return [word if ":" in word else f"{USUAL_TAG}:{word}" for word in plain if word]


def _name_language(fields: JsonObject) -> None:
    """Let `lang` stand for the language, which is what the types call it."""
    if "lang" in fields and "language" not in fields:
        fields["language"] = fields.pop("lang")


def _body(kind: EntityType, fields: JsonObject, body: str) -> JsonObject:
    """Put the text into the property that searches read; an empty one takes away what was there."""
    embeddable = kind.embeddable or (USUAL_TEXT,)
    name = USUAL_TEXT if USUAL_TEXT in embeddable else embeddable[0]
    text = body.strip("\n").rstrip()
    if name not in fields:
        return {name: text or None}
    if text:
        raise BrokenLineError(
            f"{name} stands in the front matter, and is the text below it; give it once.",
            field=name,
        )
    return {}


def _external_id(path: str) -> str:
    """Name a file by its folder and its path in it: two folders may both have a README.md."""
    whole = normalize("NFC", path)
    if len(whole) <= LONGEST_EXTERNAL_ID:
        return whole
    return f"{sha256(whole.encode()).hexdigest()[:16]}…{whole[-150:]}"


def _shown(path: str) -> str:
    text = path if len(path) <= LONGEST_SHOWN_PATH else f"…{path[-LONGEST_SHOWN_PATH:]}"
    return "".join(
        "?" if character < " " or "\ud800" <= character <= "\udfff" else character
        for character in text
    )
