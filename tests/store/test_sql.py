"""Reads every SQL statement in the code: whatever names a tenant's table names the tenant too."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import one_mcp
from one_mcp.dimensions import images
from one_mcp.store.sqlite import migrate

PACKAGE = Path(one_mcp.__file__).parent
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\s")
NAMED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)")
FILTER = re.compile(r"\borganization_id\s*=\s*(?::organization|\w+\.organization_id)\b")
INSERT = re.compile(r"\bINSERT(?: OR \w+)? INTO (\w+)\s*\(\s*organization_id\b")
UNKNOWN = "some_table"  # stands for what only a running program knows
REASONS = {
    "dimensions/knowledge/scopes.py: SELECT knowledge_links.knowledge_id AS id FROM some_table": (
        "the table that links are joined with has its own condition on the organization"
    ),
    "dimensions/organizations.py: SELECT organization_id FROM organizations": (
        "lists the organizations themselves, for those who look after the file as a whole"
    ),
    "dimensions/images.py: UPDATE some_table": "composed of constants, and tested below",
    "dimensions/images.py: DELETE FROM some_table": "composed of constants, and tested below",
    "store/newest.py: SELECT some_table FROM some_table INDEXED BY": (
        "the condition on the organization is the first that it joins on"
    ),
    "store/sqlite/health.py: SELECT count(DISTINCT some_table)": (
        "compares a search index with its table, both of them whole"
    ),
    "store/sqlite/health.py: SELECT row, heading": "fills a search index, which is the file's",
    "store/sqlite/health.py: INSERT INTO some_table": "fills a search index, which is the file's",
}


def tenant_tables() -> set[str]:
    """Tables with an organization_id, read from the migrations."""
    tables: set[str] = set()
    for _, script in migrate.files():
        for name, columns in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", script, re.DOTALL):
            if re.search(r"^\s+organization_id ", columns, re.MULTILINE):
                tables.add(name)
    return tables


def statements() -> Iterator[tuple[str, str]]:
    """Every SQL statement in the package, with its place."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE).as_posix()
        name = ".".join(["one_mcp", *file.relative_to(PACKAGE).with_suffix("").parts])
        tree = ast.parse(file.read_text("utf-8"))
        inside = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node)
            if part is not node
        }
        for node in ast.walk(tree):
            if id(node) in inside:
                continue
            text = written(node, name)
            if text is not None:
                yield f"{place}: {' '.join(text.split())}", text


def written(node: ast.AST, module: str) -> str | None:
    """The text of a statement; what it interpolates is put in where it is constant."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if STATEMENT.match(node.value) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    first = node.values[0]
    if not (isinstance(first, ast.Constant) and STATEMENT.match(str(first.value))):
        return None
    return "".join(
        constant(part.value, module)
        if isinstance(part, ast.FormattedValue)
        else str(ast.literal_eval(part))
        for part in node.values
    )


def constant(expression: ast.expr, module: str) -> str:
    names = vars(importlib.import_module(module))
    try:
        value = eval(compile(ast.Expression(expression), module, "eval"), dict(names))  # noqa: S307  # our own code
    except Exception:  # noqa: BLE001  # it needs what only a running program has
        return UNKNOWN
    return value if isinstance(value, str) else UNKNOWN


def unfiltered(statement: str, tables: set[str]) -> list[str]:
    """Tenant tables that a statement names more often than it names the tenant."""
    named = [name for name in NAMED.findall(statement) if name in tables or name == UNKNOWN]
    filters = len(FILTER.findall(statement)) + len(INSERT.findall(statement))
    return named if len(named) > filters else []


def test_every_statement_on_a_tenants_table_names_the_tenant() -> None:
    tables = tenant_tables()
    assert {"entities", "connections", "events", "tags", "changes", "change_rows"} <= tables

    wrong = [place for place, statement in statements() if unfiltered(statement, tables)]
    excused = {place: reason for place in wrong for reason in REASONS if place.startswith(reason)}

    assert [place for place in wrong if place not in excused] == []
    assert set(excused.values()) == set(REASONS)


def test_the_statements_are_found() -> None:
    found = {place.partition(":")[0] for place, _ in statements()}

    assert {"dimensions/entities.py", "dimensions/changes.py", "dimensions/undo.py"} <= found


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT id FROM entities", ["entities"]),
        ("SELECT id FROM entities WHERE organization_id = :organization", []),
        ("DELETE FROM tags WHERE key = :key", ["tags"]),
        ("UPDATE entities SET name = 'x'", ["entities"]),
        ("INSERT INTO tags (organization_id, key) VALUES (:organization, :key)", []),
        ("INSERT INTO tags (key) VALUES (:key)", ["tags"]),
        (
            "SELECT 1 FROM entities JOIN tags USING (id) WHERE organization_id = :organization",
            ["entities", "tags"],
        ),
        ("SELECT value FROM json_each(:ids)", []),
    ],
)
def test_a_forgotten_tenant_is_noticed(statement: str, named: list[str]) -> None:
    assert unfiltered(statement, tenant_tables()) == named


def test_the_statements_that_undo_composes_name_the_tenant() -> None:
    for table in images.TABLES.values():
        for statement in (table.insert, table.update, table.delete):
            assert unfiltered(statement, {table.name}) == []
