"""A pytest plugin: PostgreSQL plans every statement that a rule runs in any of the tests.

    pytest -p tests.store.recording tests

It finds what literals do not show: statements composed of parts. Statements of programs that a
test starts are not seen.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from one_mcp.store import work
from tests.store import fragments, postgres
from tests.store.statements import PACKAGE, STATEMENT, unnamed

TEST = "a test"
DOORS = ("all", "each", "one", "value", "run", "many")
_seen: dict[str, str] = {}
_refused: list[str] = []


def pytest_configure() -> None:
    for door in DOORS:
        setattr(work.Work, door, _recorded(getattr(work.Work, door)))


def _recorded(door: Callable[..., Any]) -> Callable[..., Any]:
    def recorded(room: work.Work, sql: str, *rows: object, **parameters: object) -> object:
        if sql not in _seen and STATEMENT.match(sql):
            _seen[sql] = _place()
        return door(room, sql, *rows, **parameters)

    return recorded


def _place() -> str:
    """The file of the rule that asks, as the path in the package."""
    file = Path(sys._getframe(2).f_code.co_filename)
    return file.relative_to(PACKAGE).as_posix() if file.is_relative_to(PACKAGE) else TEST


def _without_a_name(sql: str) -> str | None:
    found = unnamed(sql)
    return f"no name for {found[0]}" if found else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _seen.update(getattr(node, "workeroutput", {}).get("statements", {}))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["statements"] = _seen
        return
    with postgres.running() as judge:
        for sql, place in sorted(_seen.items(), key=lambda item: (item[1], item[0])):
            reason = judge.refusal(sql) or _without_a_name(sql)
            if reason is not None and place != TEST and fragments.excuse(place, sql) is None:
                _refused.append(f"{place}: {reason}\n{sql}")
    if _refused:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("PostgreSQL")
    terminalreporter.line(f"{len(_seen)} statements ran; PostgreSQL refuses {len(_refused)}")
    for refusal in _refused:
        terminalreporter.line(refusal)
