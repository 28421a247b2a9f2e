"""The demo is the README's first command, and a smoke test of an installation."""

import re
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from one_mcp.store.sqlite.connection import connect
from tests.cli.conftest import Run

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
CHAPTER = re.compile(r"^ ?\d+\. .*(?:\n    .*)*", re.MULTILINE)


def test_the_story_goes_well_again_and_leaves_a_picture_and_other_files_alone(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.db").write_text("mine")
    (tmp_path / "demo.db").write_text("an earlier demo's, and broken")

    result = run("demo", tmp_path)

    assert result.exit_code == 0, result.output
    assert "Everything was as it should be." in result.stdout
    assert len(re.findall(r"^ ?\d+\. ", result.stdout, re.MULTILINE)) == 21
    assert len(result.stdout.splitlines()) < 70
    assert "January 78, February 127, March 189 and April 209: 603 euros" in result.stdout
    assert "Ben Okafor (238 euros), Farid Haddad (129 euros)" in result.stdout
    assert "Chloé Martin (last on 1 February) and Eva Novak" in result.stdout
    assert "40 tokens for 20.00 dollars. Sent twice, it was bought once." in result.stdout
    told = " ".join(result.stdout.split())
    shown = [" ".join(it.split()) for it in CHAPTER.findall(README)]
    assert len(shown) == 6
    assert [it for it in shown if it not in told] == []
    assert "sold by itself: the page shows the receipt." in told
    assert "the same quote sent again sells nothing." in told
    assert "ent_" not in result.stdout
    assert "{" not in result.stdout
    assert "Breathe, then run" in (tmp_path / "graph.html").read_text()
    assert (tmp_path / "mine.db").read_text() == "mine"
    with closing(connect(str(tmp_path / "demo.db"), read_only=True)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_what_travels_over_the_wire_is_shown_on_request(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--wire", tmp_path)

    assert result.exit_code == 0, result.output
    assert '> create_entity {"type": "creator"' in result.stdout
    assert '< {"stored_text"' in result.stdout
    assert "January 78, February 127" in result.stdout


def test_a_server_that_does_not_start_ends_the_demo_with_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))

    result = run("demo", tmp_path)

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "The demo's server or client failed" in result.stderr


def test_what_cannot_be_replaced_ends_the_demo_with_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "demo.db").mkdir()

    result = run("demo", tmp_path)

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
