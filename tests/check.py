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
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
ABOUT_SOURCE = "tests/source"
SOURCE = {"one_mcp", "resources", "prompts", "dist", "build"}
PYTEST = ["-m", "pytest", "-q", "-rfEs", "--durations=20", "--durations-min=1"]
TESTS = [*PYTEST, "-n", "auto", "tests", f"--ignore={ABOUT_SOURCE}"]
VERSION = "import sys; print(*sys.version_info[:2])"


ONCE = {  # not tested on the second Python, and why
    "tests/browser": "the same pages leave the same server",
    "tests/chat": "what is asked of the server is the same on both",
    "tests/chain": "what is asked of the node is the same on both",
    "tests/cli/test_demo.py": "its servers and its client are those of the other tests",
    "tests/conformance": "the suite of the protocol asks a running server",
    "tests/dimensions/test_cycles.py": "a rule that holds for any writes holds on both",
    "tests/dimensions/test_doors.py": "a rule that holds for any writes holds on both",
    "tests/dimensions/test_rules_hold.py": "a rule that holds for any writes holds on both",
    "tests/knowledge/test_processes.py": "processes wait for the same locks of the same SQLite",
    "tests/opening/test_playing.py": "what is played is a file, and the same on both",
    "tests/services/test_round_trip.py": "an export of anything is the same on both Pythons",
    "tests/store/test_builtin.py": "both Pythons have the same SQLite of their own",
    "tests/store/test_postgres.py": "PostgreSQL judges the same statements",
    "tests/test_install.py": "it resolves for all Pythons at once",
}
BROWSER = ("chromium", "chromium-driver", "fonts-dejavu-core")
BEGAN = time.time()
steps: list[str] = []


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="one_mcp-check-") as folder:
        Path(folder).chmod(0o755)  # some tests are somebody else for a while, who reads it, too
        pythons = found_pythons()
        say(f"Pythons: {', '.join('.'.join(map(str, version)) for version in sorted(pythons))}")
        if OLDEST not in pythons:
            say("There is no Python 3.11 here; testing on the newest only")
        copy = copied(Path(folder) / "copy")
        newest = max(pythons)
        second = OLDEST if OLDEST in pythons and newest != OLDEST else None
        with ThreadPoolExecutor() as beside:
            nodes = beside.submit(installed_nodes, Path(folder) / "node")
            driver = beside.submit(installed_browser)
            pip = newest_pip(Path(folder) / "pip", pythons[newest])
            built = wheel(Path(folder) / "wheel", pip, copy)
            old = second and beside.submit(
                prepared, Path(folder) / "oldest", pythons[second], pip, built
            )
            tools = prepared(Path(folder) / "newest", pythons[newest], pip, built)
            for command in (
                ["ruff", "format", "--check", "."],
                ["ruff", "check", "."],
                ["lint-imports"],
                ["pyright", "--pythonpath", str(tools / "python"), "one_mcp"],
            ):
                run([str(tools / command[0]), *command[1:]], copy, path=tools)
            say("The tests about the source tree, which the tests of the wheel do without")
            run([str(tools / "python"), *PYTEST, ABOUT_SOURCE], copy, path=tools)
            oldest = old and old.result()
        for name in SOURCE:
            shutil.rmtree(copy / name, ignore_errors=True)
        if oldest:
            for path, reason in ONCE.items():
                say(f"Left out on Python 3.11: {path}, for {reason}")
            left_out = [f"--ignore={path}" for path in ONCE]
            run([str(oldest / "python"), *TESTS, *left_out], copy, path=oldest)
        tested(tools, copy, nodes.result() | driver.result())


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


def newest_pip(folder: Path, python: str) -> list[str]:
    """Make the pip that serves every environment: not every Python has one, or one that is new."""
    run([python, "-m", "venv", str(folder)], ROOT)
    pip = [str(programs(folder) / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run([*pip, "install", "--upgrade", "pip"], ROOT)
    return pip


def wheel(folder: Path, pip: list[str], source: Path) -> Path:
    """Build the wheel."""
    run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), "."], source)
    return next(folder.glob("*.whl"))


def prepared(folder: Path, python: str, pip: list[str], built: Path) -> Path:
    """Make an environment with the built wheel and the tools; return its folder of programs."""
    say(f"Setting up {folder.name}: {python}")
    run([python, "-m", "venv", "--without-pip", str(folder)], ROOT)
    into = [*pip, "--python", str(programs(folder) / "python"), "install"]
    run([*into, str(built), "--group", f"{ROOT / 'pyproject.toml'}:dev"], ROOT)
    return programs(folder)


def programs(folder: Path) -> Path:
    return folder / ("Scripts" if os.name == "nt" else "bin")


def installed_nodes(folder: Path) -> dict[str, str]:
    """Install what the tests need from npm, where there is npm; say by variables where it is."""
    npm = shutil.which("npm")
    if npm is None:
        say(
            "There is no npm here; the conformance suite, the tests on a chain and those of chat "
            "are left out"
        )
        return {}
    found: dict[str, str] = {}
    for name in ("conformance", "chain", "chat"):
        manifest = ROOT / "tests" / name / "package.json"
        if manifest.is_file():
            (folder / name).mkdir(parents=True)
            shutil.copy2(manifest, folder / name)
            run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], folder / name)
            found[f"{name.upper()}_MODULES"] = str(folder / name / "node_modules")
    return found


def installed_browser() -> dict[str, str]:
    """Install Debian's browser where there is none; say by a variable where its driver is."""
    if shutil.which("chromedriver") is None:
        apt = shutil.which("apt-get")
        if apt is None or os.name == "nt" or os.geteuid() != 0:
            say("There is no chromedriver here, and no apt to ask; the pages are not clicked")
            return {}
        quiet = [apt, "-qq", "-o", "Dpkg::Use-Pty=0"]
        try:
            run([*quiet, "update"], ROOT)
            run([*quiet, "install", "-y", "--no-install-recommends", *BROWSER], ROOT)
        except SystemExit:
            say("apt has no browser for this machine; the pages are not clicked")
            return {}
    return {"CHROMEDRIVER": shutil.which("chromedriver") or ""}


def tested(tools: Path, copy: Path, found: dict[str, str]) -> None:
    """Run all tests; the summary of this run is the last thing that the check says."""
    more = found | {"CHECK_BEGAN": str(BEGAN), "CHECK_STEPS": "\n".join(steps)}
    plugins = ["-p", "tests.store.recording", "-p", "tests.steps"]
    run([str(tools / "python"), *TESTS, *plugins], copy, path=tools, more=more)


def run(
    command: list[str], folder: Path, path: Path | None = None, more: dict[str, str] | None = None
) -> None:
    environment = {**os.environ, **(more or {})}
    environment["DEBIAN_FRONTEND"] = "noninteractive"
    environment["CI"] = "true"  # by which hypothesis takes the same cases each time
    environment.pop("PYTHONPATH", None)
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment.get('PATH', '')}"
    name = " ".join([Path(command[0]).name, *command[1:]])
    say(name)
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, check=False)
    steps.append(f"{time.monotonic() - began:6.1f} s  {name}")
    say(steps[-1])
    if done.returncode:
        sys.exit(done.returncode)  # in a thread, its result() raises this again


def say(text: str) -> None:
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    main()
