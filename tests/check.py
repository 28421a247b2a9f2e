"""Check the project as a whole: lint, types, imports, and the tests on the built wheel.

Needs only Python 3.11 or newer and a package index. The wheel is built from the files that git
knows, and tested from a folder that does not hold the package's source, on Python 3.11 and on the
newest Python of this machine.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
SOURCE = {"one_mcp", "resources", "prompts", "dist", "build"}
VERSION = "import sys; print(*sys.version_info[:2])"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="one_mcp-check-") as folder:
        pythons = found_pythons()
        say(f"Pythons: {', '.join('.'.join(map(str, version)) for version in sorted(pythons))}")
        if OLDEST not in pythons:
            say("There is no Python 3.11 here; testing on the newest only")
        copy = copied(Path(folder) / "copy")
        nodes = installed_nodes(Path(folder) / "node")
        newest = max(pythons)
        tools = prepared(Path(folder) / "newest", pythons[newest], copy)
        for command in (
            ["ruff", "format", "--check", "."],
            ["ruff", "check", "."],
            ["lint-imports"],
            ["pyright", "--pythonpath", str(tools / "python"), "one_mcp"],
        ):
            run([str(tools / command[0]), *command[1:]], copy, path=tools)
        for name in SOURCE:
            shutil.rmtree(copy / name, ignore_errors=True)
        if OLDEST in pythons and newest != OLDEST:
            old = prepared(Path(folder) / "oldest", pythons[OLDEST], None, wheel=tools.parent)
            tested(old, copy, None)
        tested(tools, copy, nodes)


def found_pythons() -> dict[tuple[int, int], str]:
    """Every Python of this machine that works and is new enough, the running one first."""
    candidates = [sys.executable]
    folders = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    for folder in folders:
        candidates += map(str, sorted(folder.glob("python3.*")))
    found: dict[tuple[int, int], str] = {}
    for candidate in candidates:
        if not re.fullmatch(r"python(3(\.\d+)?)?(\.exe)?", Path(candidate).name):
            continue
        answer = subprocess.run(
            [candidate, "-c", VERSION], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            major, minor = map(int, answer.stdout.split())
            if (major, minor) >= OLDEST:
                found.setdefault((major, minor), candidate)
    return found


def copied(target: Path) -> Path:
    """Copy what git knows, so that nothing lying about can count."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def prepared(folder: Path, python: str, source: Path | None, wheel: Path | None = None) -> Path:
    """Make an environment with the built wheel and the tools; return its folder of programs."""
    say(f"Setting up {folder.name}: {python}")
    run([python, "-m", "venv", str(folder)], ROOT)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run([*pip, "install", "--upgrade", "pip"], ROOT)
    if source is not None:
        run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder / "dist"), "."], source)
    built = next(((wheel or folder) / "dist").glob("*.whl"))
    run([*pip, "install", str(built), "--group", f"{ROOT / 'pyproject.toml'}:dev"], ROOT)
    return programs


def installed_nodes(folder: Path) -> Path | None:
    """Install the conformance suite and the Inspector, where there is npm."""
    npm = shutil.which("npm")
    manifest = ROOT / "tests" / "conformance" / "package.json"
    if npm is None or not manifest.is_file():
        say("There is no npm here; the conformance suite is left out")
        return None
    folder.mkdir(parents=True)
    shutil.copy2(manifest, folder)
    run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    return folder / "node_modules"


def tested(programs: Path, copy: Path, nodes: Path | None) -> None:
    environment = {"ONE_MCP_CONFORMANCE": str(nodes)} if nodes else {}
    command = [str(programs / "python"), "-m", "pytest", "-q", "-n", "auto", "tests"]
    run(command, copy, path=programs, more=environment)


def run(
    command: list[str], folder: Path, path: Path | None = None, more: dict[str, str] | None = None
) -> None:
    environment = {**os.environ, **(more or {})}
    environment.pop("PYTHONPATH", None)
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment.get('PATH', '')}"
    say(" ".join([Path(command[0]).name, *command[1:]]))
    done = subprocess.run(command, cwd=folder, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def say(text: str) -> None:
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    main()
