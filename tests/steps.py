"""A pytest plugin: a run tells how long the check's steps before it took."""

import os
import time

import pytest

STEPS = "CHECK_STEPS"  # one step a line, as seconds and a name
BEGAN = "CHECK_BEGAN"  # seconds since the epoch


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("The check")
    for step in os.environ.get(STEPS, "").splitlines():
        terminalreporter.line(step)
    seconds = time.time() - float(os.environ[BEGAN])
    terminalreporter.line(f"{seconds:6.1f} s  all of it, this run included")
