"""Every SQL statement in the code, read from its literals."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import one_mcp

PACKAGE = Path(one_mcp.__file__).parent
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\s")
DERIVED = re.compile(r"(?<!DISTINCT )\b(?:FROM|JOIN)\s*(\()", re.IGNORECASE)
NAME = re.compile(r"\)\s*AS\s+\w", re.IGNORECASE)
UNKNOWN = "some_table"  # stands for what only a running program knows


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


def unnamed(statement: str) -> list[str]:
    """The derived tables of a statement that have no name, which PostgreSQL 15 demands."""
    return [
        statement[found.start() : end + 1]
        for found in DERIVED.finditer(statement)
        for end in [_closed(statement, found.start(1))]
        if not NAME.match(statement, end)
    ]


def _closed(statement: str, opened: int) -> int:
    """Return where a parenthesis closes."""
    depth = 0
    for place, letter in enumerate(statement[opened:], opened):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return place
    raise AssertionError(statement)
