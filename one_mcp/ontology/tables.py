"""Read ontology files strictly: every key is taken by someone, or refused by name."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from one_mcp.errors import OntologyError
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.ontology import names

_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class TomlTable:
    """One table of a file. Take its keys one by one, then `close` it."""

    def __init__(self, file: str, path: str, values: JsonObject) -> None:
        self.file = file
        self.path = path
        self._values = values
        self._taken: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._values))

    def fault(self, sentence: str, key: str | None = None) -> OntologyError:
        """Return an error that names the file, the table and the key."""
        where = f"{self.file}: [{self.path}]" if self.path else self.file
        place = f"{where} {key}" if key else where
        return OntologyError(
            f"{place}: {sentence}", file=self.file, table=self.path or None, key=key
        )

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault("must be a text in quotes", key)
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._values else None

    def flag(self, key: str) -> bool:
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            raise self.fault("must be true or false", key)
        return value is True

    def number(self, key: str) -> float | None:
        value = self._take(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.fault("must be a number", key)
        return value

    def words(self, key: str) -> tuple[str, ...]:
        listed = self._list(key)
        if not listed:
            return ()
        words = tuple(word for word in listed if isinstance(word, str) and word)
        if len(set(words)) < len(listed):
            raise self.fault("must be a list of texts, none of them twice", key)
        return words

    def value(self, key: str) -> JsonValue:
        return self._take(key)

    def object(self, key: str) -> JsonObject:
        value = self._take(key)
        if value is not None and not isinstance(value, dict):
            raise self.fault("must be a table", key)
        return value or {}

    def table(self, key: str) -> "TomlTable":
        return TomlTable(self.file, self._path(key), self.object(key))

    def tables(self, key: str) -> Iterator[tuple[str, "TomlTable"]]:
        """Yield the tables inside a table, each with its name."""
        for name, inside in self.object(key).items():
            if not isinstance(inside, dict):
                raise self.table(key).fault("must be a table", name)
            yield name, TomlTable(self.file, f"{self._path(key)}.{name}", inside)

    def listed(self, key: str) -> Iterator["TomlTable"]:
        """Yield the tables of a list."""
        for index, inside in enumerate(self._list(key)):
            if not isinstance(inside, dict):
                raise self.fault("must be a list of tables", key)
            yield TomlTable(self.file, f"{self._path(key)}[{index}]", inside)

    def sentences(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the names of a table whose values are texts, each with its text."""
        inside = self.table(key)
        for name in inside:
            yield name, inside.text(name)

    def close(self) -> None:
        """Refuse the keys that nobody took."""
        for key in self._values:
            if key not in self._taken:
                near = names.near(key, tuple(self._taken))
                hint = f"; did you mean {near[0]}?" if near else ""
                raise self.fault(f"unknown key{hint}", key)

    def type_name(self, name: str) -> str:
        if not _TYPE_NAME.fullmatch(name):
            raise self.fault("a name is lower-case letters, digits and _, at most 63", name)
        return name

    def _list(self, key: str) -> list[JsonValue]:
        value = self._take(key)
        if value is not None and not isinstance(value, list):
            raise self.fault("must be a list", key)
        return value or []

    def _take(self, key: str) -> JsonValue:
        self._taken.add(key)
        return self._values.get(key)

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def read(file: Path) -> TomlTable:
    """Read one TOML file, or raise OntologyError with the line at fault."""
    try:
        values: JsonObject = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as failure:
        raise OntologyError(
            f"{file}: cannot be read ({failure.strerror})", file=str(file)
        ) from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise OntologyError(f"{file}: not valid TOML: {failure}", file=str(file)) from failure
    return TomlTable(str(file), "", values)
