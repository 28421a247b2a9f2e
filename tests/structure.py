"""The structure of the code, measured: rooms, floors, the imports between them, long files.

    python -m tests.structure

A room is a module or a package; the rooms of a package stand on floors, and one that imports
another stands above it. Read from the imports as they are written; nothing is run.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "one_mcp"
LONGEST_FILE = 300
LONGEST_FUNCTION = 50
PORTS = frozenset({"Database", "Scan"})  # what rules ask of it, and the one way that it is done

Arrow = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """One package: its rooms by floor, the ground floor first, and which stand in circles."""

    package: str
    floors: list[list[str]]
    arrows: dict[Arrow, int]
    circles: list[list[str]]

    @property
    def rooms(self) -> int:
        return sum(len(floor) for floor in self.floors)


def modules(folder: Path) -> dict[str, Path]:
    """All modules of the package in a folder, by their dotted names."""
    found: dict[str, Path] = {}
    for file in sorted((folder / PACKAGE).rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which modules each module imports by name."""
    return {name: set(_imported(file, known)) - {name} for name, file in known.items()}


def _imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known or node.module in known:
                    yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


def packages(known: Mapping[str, Path]) -> list[str]:
    """The packages that hold rooms, from the top down."""
    return sorted({name.rpartition(".")[0] for name in known if "." in name})


def plan(package: str, imported: Mapping[str, Iterable[str]]) -> Plan:
    """Put the rooms of a package on floors, as low as their imports let them stand."""
    inside = f"{package}."
    rooms = {_room(name, inside) for name in imported if name.startswith(inside)}
    arrows: dict[Arrow, int] = {}
    for name, others in imported.items():
        for other in others:
            if name.startswith(inside) and other.startswith(inside):
                arrow = _room(name, inside), _room(other, inside)
                if arrow[0] != arrow[1]:
                    arrows[arrow] = arrows.get(arrow, 0) + 1
    below = {room: {b for a, b in arrows if a == room} for room in rooms}
    reached = {room: _reached(room, below) for room in rooms}
    circles = {
        frozenset({room, *(b for b in reached[room] if room in reached[b])}) for room in rooms
    }
    floors: list[list[str]] = []
    left = set(rooms)
    while left:
        floor = {room for room in left if not _needs(_circle(room, circles), below) & left}
        floors.append(sorted(floor))
        left -= floor
    round_ = sorted(sorted(circle) for circle in circles if len(circle) > 1)
    return Plan(package, floors, arrows, round_)


def _reached(room: str, below: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(below[room])
    while waiting:
        here = waiting.pop()
        found.add(here)
        waiting |= below[here] - found
    return found


def _needs(circle: frozenset[str], below: Mapping[str, set[str]]) -> set[str]:
    return set().union(*(below[room] for room in circle)) - circle


def _circle(room: str, circles: Iterable[frozenset[str]]) -> frozenset[str]:
    return next(circle for circle in circles if room in circle)


def _room(name: str, inside: str) -> str:
    return name.removeprefix(inside).partition(".")[0]


def long_files(known: Mapping[str, Path]) -> dict[str, int]:
    """Files of more lines than one noun should need."""
    lines = {name: len(file.read_text("utf-8").splitlines()) for name, file in known.items()}
    return {name: count for name, count in lines.items() if count > LONGEST_FILE}


def long_functions(known: Mapping[str, Path]) -> dict[str, int]:
    """Functions of more lines than a screen shows."""
    return {
        f"{name}.{node.name}": size
        for name, file in known.items()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (size := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }


def types(known: Mapping[str, Path]) -> dict[str, list[str]]:
    """Names of classes that stand in more than one module, with the modules; but ports."""
    places: dict[str, list[str]] = {}
    for name, file in known.items():
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name not in PORTS:
                places.setdefault(node.name.lstrip("_"), []).append(name)
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}


def main() -> None:
    known = modules(ROOT)
    imported = imports(known)
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in known.values())
    print(f"{PACKAGE}: {len(known)} modules and packages, {lines:,} lines of Python.")
    print(
        "A room is a module or package inside a package; floors count how deep its rooms build on"
    )
    print(
        "each other, imports the pairs of rooms where one imports the other; circles must be none."
    )
    print()
    print(f"{'package':44} rooms floors imports circles")
    plans = [plan(package, imported) for package in packages(known)]
    for each in plans:
        counts = f"{each.rooms:5} {len(each.floors):6} {len(each.arrows):7} {len(each.circles):7}"
        print(f"{each.package:44} {counts}")
        for circle in each.circles:
            print(f"    in a circle: {' '.join(circle)}")
    for title, found in (
        (f"Files over {LONGEST_FILE} lines", long_files(known)),
        (f"Functions over {LONGEST_FUNCTION} lines", long_functions(known)),
        ("Names of classes that stand in several modules", types(known)),
    ):
        print(f"{title}: {len(found) or 'none'}")
        for name, what in found.items():
            print(f"    {name}: {what}")
    for package in sys.argv[1:]:
        _draw(next(each for each in plans if each.package == package))


def _draw(each: Plan) -> None:
    print(f"\n{each.package}, from the top floor down")
    for number, floor in reversed(list(enumerate(each.floors))):
        print(f"{number:3}  {'  '.join(floor)}")


if __name__ == "__main__":
    main()
