"""What an installation weighs, and how much memory the default model takes.

    python -m benchmarks.footprint

Installs this checkout into a fresh environment, lists its largest packages, and asks a server from
there for its memory before and after the model is loaded.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.wire import Wire

ROOT = Path(__file__).resolve().parent.parent
INSTALL_BAR_MB, MEMORY_BAR_MB, SHOWN = 250, 180, 14
MEGABYTE = 1024 * 1024


def sizes(site: Path) -> Counter[str]:
    """Add up the files of each package, by its folder's name."""
    found: Counter[str] = Counter()
    for path in site.rglob("*"):
        if path.is_file() and not path.is_symlink():
            name = path.relative_to(site).parts[0]
            found[name.removesuffix(".libs").partition("-")[0].lower()] += path.stat().st_size
    return found


def installed(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    return python


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name:
        python = installed(Path(name) / "environment")
        site = next((Path(name) / "environment" / "lib").glob("python*/site-packages"))
        found = sizes(site)
        pip = found.pop("pip", 0) + found.pop("setuptools", 0)
        whole = found.total() / MEGABYTE
        print("| package | MB |\n|---|---:|")
        for package, size in found.most_common(SHOWN):
            print(f"| {package} | {size / MEGABYTE:.1f} |")
        verdict = "met" if whole <= INSTALL_BAR_MB else "missed"
        print(f"| **all {len(found)}** (bar {INSTALL_BAR_MB}: {verdict}) | {whole:.1f} |")
        print(f"\npip and setuptools, which come with the environment: {pip / MEGABYTE:.0f} MB\n")
        environment = {"ONE_MCP_DATABASE": str(Path(name) / "one.db"), "PATH": os.environ["PATH"]}
        with Wire([str(python), "-m", "one_mcp"], "modern", environment) as wire:
            wire.open()
            wire.call("find_entities")
            idle = wire.memory_mb()
            wire.call("add_knowledge", text="Nasal breathing lowers the heart rate.")
            wire.call("reindex_knowledge")
            for question in ("How do I breathe?", "What slows the heart?"):
                wire.call("search_knowledge", query=question)
            used = wire.memory_mb()
        verdict = "met" if used - idle <= MEMORY_BAR_MB else "missed"
        print(
            f"resident memory: {idle:.0f} MB idle, {used:.0f} MB with the model "
            f"(+{used - idle:.0f}, bar {MEMORY_BAR_MB}: {verdict})"
        )


if __name__ == "__main__":
    main()
