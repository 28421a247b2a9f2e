"""A fresh file is what the descriptions of the tables say, and the other way round."""

import re
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from one_mcp.store.sqlite import migrate, triggers
from one_mcp.store.sqlite.connection import connect
from one_mcp.store.table import TENANT, Kind, Table
from one_mcp.store.tables import LOGGED, TABLES

STORED: dict[Kind, str] = {
    "serial": "INTEGER",
    "integer": "INTEGER",
    "real": "REAL",
    "text": "TEXT",
    "json": "TEXT",
    "blob": "BLOB",
}
INTERNAL = re.compile(r"sqlite_|\w+_words(_|$)|\w+_terms$")  # SQLite's own, and the search indexes


@pytest.fixture
def raw(tmp_path: Path) -> Generator[sqlite3.Connection]:
    path = str(tmp_path / "fresh.db")
    with closing(connect(path, read_only=False)) as fresh:
        migrate.migrate(fresh, path)
        yield fresh


def names(raw: sqlite3.Connection, type: str) -> set[str]:
    found = raw.execute("SELECT name FROM sqlite_schema WHERE type = ?", (type,))
    return {name for (name,) in found if not INTERNAL.match(name)}


def uniques(raw: sqlite3.Connection, table: str) -> set[tuple[tuple[str, ...], str | None]]:
    """What no two rows may share, with the condition of a partial index."""
    found: set[tuple[tuple[str, ...], str | None]] = set()
    for index in raw.execute(f"PRAGMA index_list ({table})").fetchall():
        if index["unique"]:
            columns = tuple(part["name"] for part in raw.execute(f"PRAGMA index_info ({index[1]})"))
            text = raw.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (index[1],))
            written = text.fetchone()
            where = written[0].partition(" WHERE ")[2] if written and written[0] else ""
            found.add((columns, where or None))
    return found


def key(raw: sqlite3.Connection, table: str) -> tuple[str, ...]:
    columns = raw.execute(f"PRAGMA table_info ({table})").fetchall()
    return tuple(part["name"] for part in sorted(columns, key=lambda it: it["pk"]) if part["pk"])


def test_every_table_is_described(raw: sqlite3.Connection) -> None:
    assert names(raw, "table") == set(TABLES)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_has_the_columns_that_are_described(raw: sqlite3.Connection, table: Table) -> None:
    columns = raw.execute(f"PRAGMA table_info ({table.name})").fetchall()

    assert [(it["name"], it["type"], bool(it["notnull"]) or bool(it["pk"])) for it in columns] == [
        (it.name, STORED[it.kind], not it.null) for it in table.columns
    ]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_has_the_keys_that_are_described(raw: sqlite3.Connection, table: Table) -> None:
    numbered = [it.name for it in table.columns if it.kind == "serial"]
    described = {(it.columns, it.where) for it in table.unique} | {(table.key, None)}

    found = uniques(raw, table.name) | {(key(raw, table.name), None)}

    assert found == described | {((name,), None) for name in numbered}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_refers_to_what_is_described(raw: sqlite3.Connection, table: Table) -> None:
    found: dict[int, list[sqlite3.Row]] = {}
    for row in raw.execute(f"PRAGMA foreign_key_list ({table.name})"):
        found.setdefault(row["id"], []).append(row)

    assert {
        (tuple(it["from"] for it in rows), rows[0]["table"], tuple(it["to"] for it in rows))
        for rows in found.values()
    } == {(it.columns, it.table, it.target) for it in table.references}


def test_the_log_has_the_triggers_that_are_described(raw: sqlite3.Connection) -> None:
    written = {statement.strip() for table in LOGGED.values() for statement in triggers.of(table)}

    found = raw.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()

    assert {sql for (sql,) in found if "INSERT INTO change_rows" in sql} == written


BEYOND = {
    "embedding_models.name": "a model is the file's; what it made is each organization's own",
    "embeddings.model": "a model is the file's; what it made is each organization's own",
    "embedding_queue.model": "a model is the file's; what it made is each organization's own",
    "indexed_properties.name": "which properties are indexed is said by the packs of the servers",
    "homes.name": "where the file is, whoever is in it",
    "chain_nonces.chain_id": "a sender has one sequence of nonces, whoever it sends for",
    "embeddable_fields.type": "which fields become knowledge is said by the packs of the servers",
}


def test_every_key_begins_with_the_organization(raw: sqlite3.Connection) -> None:
    first: set[str] = set()
    for table in TABLES.values():
        numbers = {(it.name,) for it in table.columns if it.kind == "serial"}
        keys = {key(raw, table.name), *(columns for columns, _ in uniques(raw, table.name))}
        first |= {f"{table.name}.{columns[0]}" for columns in keys - numbers}
        for row in raw.execute(f"PRAGMA foreign_key_list ({table.name})").fetchall():
            if row["seq"] == 0:
                first.add(f"{table.name}.{row['from']}")

    assert {it for it in first if not it.endswith(f".{TENANT}")} == set(BEYOND)
