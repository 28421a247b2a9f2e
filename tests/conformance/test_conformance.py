"""The official conformance suite finds every required scenario green, in both generations."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import suite

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("conformance") / "one.db"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.server", database],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


NOT_REQUIRED_YET = {
    "2025-11-25": ("server-session-lifecycle", "json-schema-2020-12"),
    "2026-07-28": (
        "json-schema-2020-12",
        "http-header-validation",
        "http-custom-header-server-validation",
        "tasks-lifecycle",
        "tasks-capability-negotiation",
        "tasks-wire-fields",
        "tasks-request-state-removal",
        "tasks-mrtr-input",
        "tasks-request-headers",
        "tasks-dispatch-and-envelope",
        "tasks-required-task-error",
        "tasks-mrtr-composition",
    ),
}


@suite.needs_modules
@pytest.mark.parametrize("requirements", NOT_REQUIRED_YET)
def test_every_required_scenario_passes(url: str, requirements: str, tmp_path: Path) -> None:
    done = suite.run(
        "conformance/dist/index.js",
        *("server", "--url", url, "--requirements", requirements, "--output-dir", str(tmp_path)),
    )

    summary = done.stdout.partition("=== SUMMARY ===")[2]
    assert done.returncode == 0, summary + done.stderr
    for scenario in ("tools-list", *NOT_REQUIRED_YET[requirements]):
        assert f"✓ {scenario}:" in summary
