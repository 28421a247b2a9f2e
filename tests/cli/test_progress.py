"""Progress is shown where a person watches, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def watched(*words: object) -> tuple[int, str]:
    """Run a command with a terminal as its stderr, and return its code and what stood there."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "one_mcp", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower) as process:
        os.close(follower)
        seen = b""
        try:
            while part := os.read(leader, 65_536):
                seen += part
        except OSError:  # the terminal's other side is closed
            pass
        code = process.wait()
    os.close(leader)
    return code, seen.decode()


@pytest.mark.usefixtures("business")
def test_a_bar_runs_to_its_end_on_a_terminal(tmp_path: Path) -> None:
    code, seen = watched("backup", tmp_path / "b.db")

    assert code == 0
    assert "Copying" in seen
    assert "100%" in seen


@pytest.mark.usefixtures("business")
def test_work_of_unknown_length_is_counted(tmp_path: Path) -> None:
    code, seen = watched("export", tmp_path / "all.jsonl")

    assert code == 0
    assert "%" not in seen


@pytest.mark.usefixtures("business")
def test_no_progress_is_shown_where_nobody_watches(run: Run, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "b.db")

    assert result.exit_code == 0
    assert result.stderr == ""
