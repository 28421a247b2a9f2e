"""Files of imports and exports: where they may be, whole or not at all, and what is no file."""

import os
import stat
from pathlib import Path

import anyio
import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.errors import (
    AnswerTooLargeError,
    ExportFileError,
    ForbiddenError,
    ImportFileError,
    InvalidArgumentError,
    UnknownTypeError,
)
from one_mcp.services.exchange import exports, imports, places, sources
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio


async def test_an_export_becomes_a_private_file_and_nothing_beside_it(
    one: Session, jane: Saved, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    done = await exports.everything(one, str(folder / "all.jsonl"))

    assert [path.name for path in folder.iterdir()] == ["all.jsonl"]
    assert done.path == str(folder / "all.jsonl")
    assert done.bytes == (folder / "all.jsonl").stat().st_size
    counts = {"organization": 1, "people": 1, "entities": 1, "connections": 0, "events": 1}
    assert done.rows == {**counts, "documents": 0}
    assert jane.id in (folder / "all.jsonl").read_text()
    assert stat.S_IMODE((folder / "all.jsonl").stat().st_mode) == 0o600


async def test_a_file_in_the_way_is_replaced_only_when_told(one: Session, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text("mine")

    with pytest.raises(ExportFileError):
        await exports.everything(one, str(path))
    kept = path.read_text()
    await exports.everything(one, str(path), overwrite=True)

    assert kept == "mine"
    assert path.read_text().startswith('{"format":"one_mcp"')


async def test_a_failed_export_leaves_nothing(one: Session, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old.csv").write_text("mine")

    with pytest.raises(UnknownTypeError):
        await exports.entities(one, "corse", str(folder / "new.csv"))
    with pytest.raises(UnknownTypeError):
        await exports.entities(one, "corse", str(folder / "old.csv"), overwrite=True)
    with pytest.raises(ExportFileError):
        await exports.everything(one, str(folder / "missing" / "new.jsonl"))
    with pytest.raises(ExportFileError):
        await exports.everything(one, str(folder), overwrite=True)
    with pytest.raises(ExportFileError):
        await exports.everything(one, str(folder / f"{'long' * 100}.jsonl"))
    with pytest.raises(InvalidArgumentError):
        await exports.everything(one, "a\0b")

    assert [path.name for path in folder.iterdir()] == ["old.csv"]
    assert (folder / "old.csv").read_text() == "mine"


async def test_a_large_export_wants_a_path(one: Session) -> None:
    rows = "\n".join(f'{{"type":"lesson","name":"L{n}"}}' for n in range(1_500))
    await imports.run(one, data=rows)

    with pytest.raises(AnswerTooLargeError):
        await exports.everything(one)
    with pytest.raises(AnswerTooLargeError):
        await exports.entities(one, "lesson")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Unix")
async def test_what_is_no_file_is_refused(
    one: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large.csv"
    large.write_text("name\n" + "x\n" * 100)
    monkeypatch.setattr(sources, "LARGEST_FILE_BYTES", 100)
    said = dict[str, str]()

    for path in (
        "/no/such.csv",
        str(tmp_path),
        "/dev/zero",
        str(large),
        "~no-such-user/x.csv",
        f"/{'long' * 100}.csv",
    ):
        with pytest.raises(ImportFileError) as failure:
            await imports.run(one, path=path, format="csv", reach=places.everywhere(one.settings))
        said[path] = str(failure.value)

    assert "no file" in said["/no/such.csv"]
    assert "folder" in said[str(tmp_path)]
    assert "205" in said[str(large)]


async def test_a_folder_in_the_settings_is_a_wall(settings: Settings, tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "outside.jsonl"
    inside.mkdir()
    outside.write_text('{"type":"lesson","name":"L"}')
    (inside / "link.jsonl").symlink_to(outside)

    async with open_app(settings.model_copy(update={"folder": inside})) as app:
        one = app.session(Call("test"), LOCAL)
        for path in (str(outside), "../outside.jsonl", "link.jsonl"):
            with pytest.raises(ForbiddenError):
                await imports.run(one, path=path)
            with pytest.raises(ForbiddenError):
                await exports.everything(one, path, overwrite=True)
        done = await exports.everything(one, "all.jsonl")

    assert done.path == str(inside / "all.jsonl")


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("name\nCaf\u00e9\n".encode("latin-1"), "Latin-1"),
        ("name\nCaf\u00e9\n".encode("utf-16"), "UTF-16"),
    ],
)
async def test_other_encodings_are_named(
    one: Session, tmp_path: Path, raw: bytes, word: str
) -> None:
    path = tmp_path / "courses.csv"
    path.write_bytes(raw)

    with pytest.raises(ImportFileError) as failure:
        await imports.run(one, path=str(path), mapping=TableMapping(type="course"))

    assert word in str(failure.value)


async def test_a_line_that_is_too_long_is_one_bad_row(
    one: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LONGEST_LINE_BYTES", 200)
    path = tmp_path / "rows.jsonl"
    long = '{"type":"lesson","name":"' + "x" * 1_000 + '"}'
    path.write_text(f'{{"type":"lesson","name":"A"}}\n{long}\n{{"type":"lesson","name":"B"}}\n')

    loaded = await imports.run(one, path=str(path), on_error="skip")

    assert [(row.line, row.code) for row in loaded.errors or []] == [(2, "BROKEN_LINE")]
    assert loaded.created == {"entities": 2, "automatic_events": 2}


@pytest.mark.parametrize("given", [{}, {"path": "a.csv", "data": "x"}, {"path": "a.txt"}])
async def test_one_source_of_a_known_format_is_wanted(
    one: Session, given: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("x")
    if given.get("path") == "a.txt":
        given = {"path": str(tmp_path / "a.txt")}

    with pytest.raises(InvalidArgumentError):
        await imports.run(one, path=given.get("path"), data=given.get("data"))


async def test_half_a_surrogate_pair_is_no_text(one: Session) -> None:
    with pytest.raises(ImportFileError):
        await imports.run(one, data="name\n\ud800\n")


async def test_exports_run_while_somebody_writes(one: Session, tmp_path: Path) -> None:
    rows = "\n".join(f'{{"type":"lesson","name":"L{n}"}}' for n in range(3_000))
    before = (await exports.everything(one)).data

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: imports.run(one, data=rows))
        await exports.everything(one, str(tmp_path / "during.jsonl"))
    await exports.everything(one, str(tmp_path / "after.jsonl"))

    during = (tmp_path / "during.jsonl").read_text()
    assert during in (before, (tmp_path / "after.jsonl").read_text())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
async def test_a_folder_that_may_not_be_written_is_named(one: Session, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(ExportFileError):
        await exports.everything(one, str(tmp_path / "all.jsonl"))
