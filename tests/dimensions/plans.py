"""How SQLite runs what a rule asks of it."""

from collections.abc import Callable

from one_mcp.store.work import Work


def steps(work: Work, table: str, read: Callable[[], object]) -> list[str]:
    """List the steps in which a table is read, and those in which rows are sorted."""
    statements: list[str] = []
    work.raw.set_trace_callback(statements.append)
    try:
        read()
    finally:
        work.raw.set_trace_callback(None)
    planned = [
        row["detail"]
        for statement in statements
        for row in work.raw.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    return [step for step in planned if table in step.split() or "B-TREE" in step]
