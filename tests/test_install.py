"""Installing: the wheel's requirements have wheels wherever the project says that it runs."""

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
LINUX, ARM_LINUX = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
INTEL_MAC, MAC = "x86_64-apple-darwin", "aarch64-apple-darwin"
WINDOWS = "x86_64-pc-windows-msvc"
MUSL, ARM_MUSL = "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"
EVERYWHERE = [
    (platform, f"3.{minor}")
    for platform in (LINUX, ARM_LINUX, INTEL_MAC, MAC, WINDOWS)
    for minor in (11, 12, 13, 14)
]
WITHOUT_SQLITE = {ARM_LINUX, INTEL_MAC}
WITHOUT_MODEL = {(INTEL_MAC, "3.14")}
NO_INDEX = re.compile("Failed to fetch|error sending request|Could not connect", re.IGNORECASE)


def resolved(platform: str, python: str, *options: str) -> set[str]:
    """Name all packages that an installation there takes, each from a wheel.

    The index is only asked for what was not asked before: that takes it most of the time.
    """
    assert UV is not None
    command = [UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--only-binary", ":all:", "--python-platform", platform]
    command += ["--python-version", python, *options, str(ROOT / "pyproject.toml")]
    newer_mac = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}  # as onnxruntime's wheels want
    for more in (["--offline"], []):
        done = subprocess.run(
            [*command, *more], capture_output=True, text=True, check=False, env=newer_mac
        )
        if done.returncode == 0:
            return {line.partition("==")[0] for line in done.stdout.splitlines()}
    if NO_INDEX.search(done.stderr):
        pytest.skip("there is no package index")
    raise AssertionError(f"{platform}, Python {python}: {done.stderr}")


@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_every_requirement_has_a_wheel_everywhere() -> None:
    for platform, python in EVERYWHERE:
        packages = resolved(platform, python)
        where = f"{platform}, Python {python}"
        assert {"mcp", "pydantic", "numpy"} <= packages, where
        assert ("pysqlite3" in packages) == (platform not in WITHOUT_SQLITE), where
        assert ("onnxruntime" in packages) == ((platform, python) not in WITHOUT_MODEL), where


@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_on_musl_all_but_the_model_has_a_wheel(tmp_path: Path) -> None:
    """The README says how to leave it out."""
    without = tmp_path / "without.txt"
    (line,) = re.findall(r"^echo '(.+)' > without.txt$", README, re.MULTILINE)
    without.write_text(line)

    for platform in (MUSL, ARM_MUSL):
        packages = resolved(platform, "3.12", "--override", str(without))
        assert {"mcp", "pydantic", "numpy"} <= packages
        assert "onnxruntime" not in packages


def test_the_package_says_that_it_has_types() -> None:
    assert resources.files("one_mcp").joinpath("py.typed").is_file()
