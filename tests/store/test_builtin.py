"""Where there is no wheel of a newer SQLite, Python's own serves; here it is old, too (3.40)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = {
    "dimensions": ("archive", "batch", "history", "undo"),
    "knowledge": ("changes", "documents", "words"),
    "services": ("import_tables",),
}
TWO_AT_ONCE = "written_before_its_field_was_declared"  # opens a file twice: no unsafe library may
PROBE = """
from tests.store import builtin
from one_mcp.store.sqlite import driver
import sqlite3
assert driver.driver is sqlite3
print(driver.SAFE)
"""


@pytest.mark.parametrize("folder", RULES)
def test_the_rules_hold_on_the_sqlite_of_python(folder: str) -> None:
    files = [f"tests/{folder}/test_{name}.py" for name in RULES[folder]]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += ["-p", "no:xdist", "-p", "tests.store.builtin", "-k", f"not {TWO_AT_ONCE}", *files]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-4000:]


def test_the_sqlite_of_python_is_chosen_where_there_is_no_other() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    if done.stdout.strip() == "True":
        pytest.skip("Python's own SQLite is a safe one here")
