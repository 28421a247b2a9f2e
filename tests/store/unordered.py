"""SQLite gives rows whose order nobody asked for the other way round.

    pytest -p tests.store.unordered tests

As a pytest plugin, that goes for all tests; what fails relies on an order that it did not ask for.
Servers that a test starts as programs are not reached.
"""

from typing import Any

from one_mcp.store.sqlite.driver import driver

connect = driver.connect


def turned(*arguments: Any, **options: Any) -> Any:
    """Open a connection that gives rows the other way round."""
    raw = connect(*arguments, **options)
    raw.execute("PRAGMA reverse_unordered_selects = ON")
    return raw


def pytest_configure() -> None:
    driver.connect = turned
