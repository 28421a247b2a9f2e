"""Places: which files agents may use, however the folders are moved about meanwhile."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.errors import ExportFileError, ForbiddenError, ImportFileError, OneError
from one_mcp.services.exchange import exports, folders, imports, places, sources
from one_mcp.services.exchange.places import Reach
from one_mcp.services.knowledge import reading
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio
ROUNDS = 400


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The folder that agents may use, with a file in a folder; beside it one with a secret."""
    for name, text in (("in", "mine"), ("out", "secret")):
        folder = tmp_path / name / "sub"
        folder.mkdir(parents=True)
        (folder / "a.md").write_text(text)
    return tmp_path / "in"


@contextmanager
def swapping(inside: Path) -> Iterator[None]:
    """Let a folder be one of its own, and a link to the one outside, by turns."""
    folder, kept, link = inside / "sub", inside / "kept", inside / "link"
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            link.symlink_to(inside.parent / "out" / "sub")
            folder.rename(kept)
            link.rename(folder)
            folder.unlink()
            kept.rename(folder)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def repeated(act: Callable[[], object]) -> list[object]:
    """Do it again and again, and collect what came of it where it was not refused."""
    done: list[object] = []
    for _ in range(ROUNDS):
        with suppress(OneError, OSError):
            done.append(act())
    return done


needs_links = pytest.mark.skipif(os.name == "nt", reason="no name is opened in an open folder")


def swap_for_a_link(inside: Path) -> None:
    (inside / "sub").rename(inside / "kept")
    (inside / "sub").symlink_to(inside.parent / "out" / "sub")


@needs_links
def test_what_was_found_is_not_opened_through_a_link_that_came_after(inside: Path) -> None:
    reach = Reach(inside, inside / "one.db")
    file, folder, new = (reach.find(path) for path in ("sub/a.md", "sub", "sub/new.csv"))
    source, listing = sources.of_file(file), folders.of_folder(folder)

    swap_for_a_link(inside)

    with pytest.raises(ImportFileError), source.open():
        pass
    with pytest.raises(ImportFileError):
        folders.of_folder(folder)
    with pytest.raises(OSError, match=r"directory|symbolic"):
        listing.root.below("a.md").open()
    with pytest.raises(ExportFileError), new.written(overwrite=True):
        pass
    assert [path.name for path in (inside.parent / "out" / "sub").iterdir()] == ["a.md"]


@needs_links
def test_an_export_stays_in_the_folder_it_began_in(inside: Path) -> None:
    reach = Reach(inside, inside / "one.db")

    with reach.find("sub/new.csv").written(overwrite=False) as file:
        file.write(b"mine")
        swap_for_a_link(inside)

    assert (inside / "kept" / "new.csv").read_bytes() == b"mine"
    assert [path.name for path in (inside.parent / "out" / "sub").iterdir()] == ["a.md"]


@needs_links
def test_a_folder_that_becomes_a_link_is_not_read_through(inside: Path) -> None:
    reach = Reach(inside, inside / "one.db")

    def read() -> str:
        return reading._file("sub/a.md", reach).text

    def source() -> bytes:
        with sources.of_file(reach.find("sub/a.md")).open() as file:
            return file.read()

    def listing() -> str:
        found = folders.of_folder(reach.find("sub"))
        with found.root.below(found.paths[0]).open() as file:
            return file.read().decode()

    with swapping(inside):
        seen = [*repeated(read), *repeated(source), *repeated(listing)]

    assert set(seen) <= {"mine", b"mine"}
    assert read() == "mine"


@needs_links
def test_a_folder_that_becomes_a_link_is_not_written_through(inside: Path) -> None:
    reach = Reach(inside, inside / "one.db")
    numbers = iter(range(ROUNDS + 1))

    def write() -> bool:
        with reach.find(f"sub/{next(numbers)}.csv").written(overwrite=False) as file:
            file.write(b"mine")
        return True

    with swapping(inside):
        repeated(write)

    assert [path.name for path in (inside.parent / "out" / "sub").iterdir()] == ["a.md"]
    assert write()


async def test_without_a_setting_agents_use_the_folder_that_the_server_runs_in(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / "deeper").mkdir(parents=True)
    monkeypatch.chdir(here)

    async with open_app(settings.model_copy(update={"folder": None})) as app:
        one = app.session(Call("test"), LOCAL)
        done = await exports.everything(one, "deeper/all.jsonl")
        with pytest.raises(ForbiddenError):
            await exports.everything(one, str(tmp_path / "all.jsonl"))

    assert done.path == str(here / "deeper" / "all.jsonl")


@pytest.mark.parametrize("home", [".", "below"])
async def test_a_server_that_runs_at_home_or_above_uses_no_files(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / home))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / home))
    monkeypatch.chdir(tmp_path)

    async with open_app(settings.model_copy(update={"folder": None})) as app:
        with pytest.raises(ForbiddenError) as failure:
            await imports.run(app.session(Call("test"), LOCAL), path="a.jsonl")
        monkeypatch.chdir("/")
        with pytest.raises(ForbiddenError):
            await exports.everything(app.session(Call("test"), LOCAL), "a.jsonl")

    assert "ONE_MCP_FOLDER" in str(failure.value)


@pytest.mark.parametrize(
    "name",
    [
        "one.db", "one.db-wal", "one.db-shm", "one.db-lock", "ONE.DB-journal",
        "one.db.before-restore", ".one.db.x.part", ".env", ".git/config", "sub/.ssh/id.md",
        "copy.csv", "link.csv",
    ],
)  # fmt: skip
async def test_hidden_files_and_those_of_the_database_are_not_used(
    one: Session, tmp_path: Path, name: str
) -> None:
    await imports.run(one, data='{"type":"lesson","name":"L"}')
    (tmp_path / "copy.csv").hardlink_to(tmp_path / "one.db")
    (tmp_path / "link.csv").symlink_to(tmp_path / "one.db")
    before = (tmp_path / "one.db").read_bytes()

    with pytest.raises((ForbiddenError, ImportFileError)):
        await imports.run(one, path=name, format="csv")
    with pytest.raises((ForbiddenError, ExportFileError)):
        await exports.everything(one, name, overwrite=True)

    assert (tmp_path / "one.db").read_bytes() == before


async def test_the_command_line_reads_what_it_is_told(one: Session, tmp_path: Path) -> None:
    hidden = tmp_path / ".hidden.jsonl"
    reach = places.everywhere(one.settings)

    await exports.everything(one, str(hidden), reach=reach)
    with pytest.raises(ExportFileError):
        await exports.everything(one, str(tmp_path / "one.db"), overwrite=True, reach=reach)

    assert hidden.exists()
