"""Tables: CSV files whose rows are entities or connections."""

import csv
from collections.abc import Iterator

from one_mcp.dimensions.exchange import records
from one_mcp.dimensions.exchange.records import Numbered, Record
from one_mcp.errors import BrokenLineError, ImportFileError, OneError, shown
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology.model import Ontology, Property
from one_mcp.services.exchange import cells, mapping
from one_mcp.services.exchange.mapping import INSIDE, MappedColumn, TableMapping
from one_mcp.services.exchange.sources import Source

LONGEST_ROW_CHARACTERS = 8 * 1024**2
UNDATED = (  # without it, all of ten years would have come today, for has and lacks, too
    "; the connections count as of now, unless a column that tells when becomes created_at"
)
MOST_COLUMNS = 16_384  # as in a spreadsheet
csv.field_size_limit(2 * LONGEST_ROW_CHARACTERS)  # the module's own limit is 128 KB a cell


class CsvTable:
    """The records of a CSV source. `remarks` says what was left out, once it has been read."""

    def __init__(self, source: Source, mapping: TableMapping, ontology: Ontology) -> None:
        self.remarks: list[str] = []
        self._source = source
        self._mapping = mapping
        self._ontology = ontology
        self._key: list[str] = []
        self._shapes: dict[str, dict[str, Property]] = {}

    def __iter__(self) -> Iterator[Numbered]:
        rows = self._rows()
        _, header = next(rows, (1, None))
        if header is None:
            raise ImportFileError(f"{self._source.name} is empty; its first line names columns.")
        if isinstance(header, OneError):
            raise ImportFileError(f"The first line names no columns: {header}")
        if len(header) > MOST_COLUMNS:
            raise ImportFileError(
                f"The first line names {len(header):,} columns, and {MOST_COLUMNS:,} is the most."
            )
        columns = mapping.columns(self._mapping, header, self._ontology)
        self._key = mapping.key(self._mapping, columns)
        self.remarks = self._remarks(header, columns)
        for line, row in rows:
            if isinstance(row, OneError):
                yield line, row
            elif row:
                try:
                    yield line, self._record(columns, header, row)
                except OneError as error:
                    yield line, error

    def _rows(self) -> Iterator[tuple[int, list[str] | OneError]]:
        feed = _Feed(self._source)
        reader = csv.reader(feed, delimiter=self._mapping.delimiter, strict=True)
        while True:
            feed.begin(reader.line_num + 1)
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield feed.first, BrokenLineError(f"The row cannot be read: {feed.problem(error)}.")
            else:
                yield feed.first, row

    def _remarks(self, header: list[str], columns: list[MappedColumn]) -> list[str]:
        used = {column.index for column in columns}
        left = [shown(title) for index, title in enumerate(header) if index not in used]
        if not left:
            return []
        dated = "created_at" in {column.target for column in columns}
        when = "" if dated or self._mapping.kind != "connections" else UNDATED
        return [f"columns left out: {', '.join(left[:50])}{when}"]

    def _record(self, columns: list[MappedColumn], header: list[str], row: list[str]) -> Record:
        if len(row) != len(header):
            raise BrokenLineError(
                f"The row has {len(row)} cells, and there are {len(header)} columns."
            )
        filled = {
            column.target: row[column.index] for column in columns if row[column.index].strip()
        }
        type = filled.pop("type", self._mapping.type or "").strip()
        if not type:
            raise BrokenLineError("type is missing.")
        if self._mapping.kind == "entities":
            return self._entity(type, filled)
        return self._connection(type, filled)

    def _entity(self, type: str, filled: dict[str, str]) -> Record:
        fields: JsonObject = {"type": type, "properties": self._inside(type, filled)}
        fields |= {"key": [*self._key]} if self._key else {}
        for target, text in filled.items():
            fields[target] = _tags(text) if target == "tags" else text.strip()
        return records.read(records.EntityRecord, fields)

    def _connection(self, type: str, filled: dict[str, str]) -> Record:
        fields: JsonObject = {"type": type, "metadata": self._inside(type, filled)}
        fields["from"] = _end(filled, "from", self._mapping.from_type)
        fields["to"] = _end(filled, "to", self._mapping.to_type)
        fields |= {target: text.strip() for target, text in filled.items()}
        return records.read(records.ConnectionRecord, fields)

    def _inside(self, type: str, filled: dict[str, str]) -> JsonObject:
        """Take the properties or metadata out of a row's cells, in their types."""
        inside = INSIDE[self._mapping.kind]
        shape = self._shape(type)
        targets = [target for target in filled if target.startswith(inside)]
        values = {target.removeprefix(inside): filled.pop(target) for target in targets}
        return {name: cells.read(shape.get(name), text) for name, text in values.items()}

    def _shape(self, type: str) -> dict[str, Property]:
        if type not in self._shapes:
            self._shapes[type] = mapping.shape(self._mapping, self._ontology, type)
        return self._shapes[type]


class _Feed:
    """Hands lines to the CSV reader, and stops it where a quote swallows the file."""

    def __init__(self, source: Source) -> None:
        self.first = 1
        self._characters = 0
        self._last = ""
        self._lines = source.lines()

    def begin(self, line: int) -> None:
        self.first = line
        self._characters = 0

    def problem(self, error: csv.Error) -> str:
        """Say why a row cannot be read; of other programs' line ends, csv asks about its caller."""
        if "\r" in self._last.rstrip("\r\n"):
            return "a carriage return stands alone; end lines with a line feed"
        return str(error)

    def __iter__(self) -> Iterator[str]:
        for _, text in self._lines:
            self._last = text if isinstance(text, str) else ""
            if not isinstance(text, BrokenLineError):
                self._characters += len(text)
            if isinstance(text, BrokenLineError) or self._characters > LONGEST_ROW_CHARACTERS:
                raise ImportFileError(
                    f"The row that begins in line {self.first} is longer than "
                    f"{LONGEST_ROW_CHARACTERS:,} characters; the end of a quoted cell may be "
                    "missing.",
                    line=self.first,
                )
            yield text


def _tags(text: str) -> JsonValue:
    try:
        return cells.words(text)
    except (ValueError, RecursionError) as error:
        raise BrokenLineError(
            "tags: expected words with ; between them, or a JSON list", cell=shown(text.strip())
        ) from error


def _end(filled: dict[str, str], end: str, type: str | None) -> JsonValue:
    """Read the cells that name one end: an id counts first, then an external id, then a name."""
    given = {part: filled.pop(f"{end}{part}", "").strip() for part in ("", ".external_id", ".name")}
    type = filled.pop(f"{end}.type", "").strip() or type
    if given[""].startswith("ent_"):
        return given[""]
    external = given[""] or given[".external_id"]
    named: JsonObject
    if external:
        named = {"external_id": external}
    elif given[".name"]:
        named = {"name": given[".name"]}
    else:
        raise BrokenLineError(f"{end} is missing.")
    return {**named, "type": type} if type else named
