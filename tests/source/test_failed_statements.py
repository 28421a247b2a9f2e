"""No rule goes on after a statement that failed: on PostgreSQL that ended its transaction."""

import ast
from collections.abc import Iterator

from tests import structure

RULES = ("one_mcp.dimensions", "one_mcp.session")
FAILURES = {"violation", "IntegrityError", "OperationalError", "DatabaseError", "InterfaceError"}


def handlers(source: str) -> Iterator[ast.ExceptHandler]:
    """Where a failure of the store is caught."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            names = {
                part.attr if isinstance(part, ast.Attribute) else part.id
                for part in ast.walk(node.type)
                if isinstance(part, ast.Attribute | ast.Name)
            }
            if names & FAILURES:
                yield node


def test_who_catches_a_failed_statement_ends_the_transaction() -> None:
    known = structure.modules(structure.ROOT)
    found = {
        name: caught
        for name, file in known.items()
        if name.startswith(RULES)
        for caught in handlers(file.read_text("utf-8"))
    }

    assert found.keys() == {"one_mcp.dimensions.undo.undo"}
    assert all(isinstance(caught.body[-1], ast.Raise) for caught in found.values())


def test_a_failure_that_is_caught_is_noticed() -> None:
    source = "try:\n    write()\nexcept work.violation:\n    pass\nexcept ValueError:\n    pass\n"

    assert [handler.lineno for handler in handlers(source)] == [3]
