"""How SQLite runs what a rule asks of it."""

from collections.abc import Callable

from one_mcp.store.work import Work


def steps(work: Work, table: str, read: Callable[[], object]) -> list[str]:
    """List the steps in which a table is read, and all that is sorted or scanned."""
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
    return [
        step
        for step in planned
        if f" {table} " in step or "B-TREE" in step or ("SCAN" in step and "VIRTUAL" not in step)
    ]
