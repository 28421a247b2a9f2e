"""Who is on a file: many with a safe SQLite, one alone with an unsafe one or during a restore."""

import threading
from pathlib import Path

import pytest

from one_mcp.errors import InUseError, UnsafeLibraryError
from one_mcp.store.sqlite import lock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.db"


def test_several_may_be_on_a_file_with_a_safe_library(path: Path) -> None:
    with lock.on(path), lock.on(path):
        assert lock.shared(path)

    assert not lock.shared(path)


def test_an_unsafe_library_is_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "SAFE", False)

    with lock.on(path), pytest.raises(UnsafeLibraryError), lock.on(path):
        pytest.fail("the second one was let in")


def test_whoever_needs_the_file_alone_is_refused_while_others_are_on_it(path: Path) -> None:
    with lock.on(path), pytest.raises(InUseError), lock.alone(path):
        pytest.fail("it was not alone")


def test_nobody_comes_while_one_is_alone(path: Path) -> None:
    with lock.alone(path), pytest.raises(UnsafeLibraryError), lock.on(path):
        pytest.fail("somebody came")


def test_whoever_only_asks_keeps_nobody_out(path: Path) -> None:
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            lock.shared(path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(200):
            with lock.on(path):
                pass
    finally:
        stop.set()
        asking.join()


def test_a_folder_that_is_missing_needs_no_lock(tmp_path: Path) -> None:
    with lock.on(tmp_path / "none" / "one.db"):
        assert not (tmp_path / "none").exists()
