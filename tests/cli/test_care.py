"""doctor, stats, backup and restore at the command line."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from one_mcp.store.sqlite.connection import connect
from tests.cli.conftest import Run, answer

pytestmark = pytest.mark.usefixtures("business")


def tamper(path: Path, statement: str) -> None:
    with closing(connect(str(path), read_only=False)) as raw:
        raw.execute(statement)


def test_doctor_finds_nothing_wrong_with_a_sound_file(run: Run) -> None:
    result = run("doctor")

    assert result.exit_code == 0
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"ok"}


def test_doctor_warns_where_nobody_can_approve_what_is_live(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE_MCP_STRIPE_SECRET_KEY", "rk_live_0123456789abcdefghij")
    monkeypatch.setenv("ONE_MCP_LIVE_MONEY", "true")

    result = run("doctor")
    monkeypatch.setenv("ONE_MCP_APPROVER_KEY", "0" * 64)
    pinned = run("doctor")

    assert re.search(r"^warning +approvals .*one-mcp passphrase", result.stdout, re.MULTILINE)
    assert re.search(r"^warning +approvals .*APPROVER_KEY", pinned.stdout, re.MULTILINE)
    assert "rk_live" not in result.stdout


def test_doctor_ends_with_1_while_there_are_problems(run: Run, tmp_path: Path) -> None:
    tamper(tmp_path / "one.db", "DELETE FROM connection_counts")

    result = run("doctor")

    assert result.exit_code == 1
    assert re.search(r"^problem +counts .*doctor --repair", result.stdout, re.MULTILINE)


def test_doctor_repairs_on_request(run: Run, tmp_path: Path) -> None:
    tamper(tmp_path / "one.db", "DELETE FROM connection_counts")

    repaired = run("doctor", "--repair", "--json")

    found = answer(repaired)
    assert found["repaired"] is True
    assert found["healthy"] is True
    assert answer(run("doctor", "--repair", "--json"))["repaired"] is False


def test_doctor_cannot_repair_a_missing_file(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--repair", "--database", tmp_path / "none.db")

    assert result.exit_code == 1
    assert not (tmp_path / "none.db").exists()


def test_stats_count_by_type(run: Run, tmp_path: Path) -> None:
    counted = answer(run("stats", "--json"))

    assert counted["database"] == str(tmp_path / "one.db")
    assert counted["entities"] == {"course": 1, "creator": 1, "video": 1}
    assert counted["connections"] == {"owns": 1, "part_of": 1}
    assert counted["events"]["creator_created"] == 1
    assert counted["size_bytes"] > 0


def test_stats_read_well(run: Run) -> None:
    text = run("stats").stdout

    assert "3  entities (0 archived)" in text
    assert "1    owns" in text


def test_backup_without_a_name_is_made_beside_the_database(run: Run, tmp_path: Path) -> None:
    made = answer(run("backup", "--json"))

    assert re.fullmatch(r"one-\d{8}T\d{6}Z\.db", Path(made["backup"]).name)
    assert Path(made["backup"]).parent == tmp_path
    assert Path(made["backup"]).stat().st_size == made["size_bytes"]


def test_backup_into_a_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()

    made = answer(run("backup", tmp_path / "backups", "--json"))

    assert Path(made["backup"]).parent == tmp_path / "backups"


def test_backup_replaces_nothing_unasked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_text("mine")

    refused = run("backup", tmp_path / "b.db")

    assert refused.exit_code == 1
    assert (tmp_path / "b.db").read_text() == "mine"
    assert run("backup", tmp_path / "b.db", "--force").exit_code == 0


def test_backup_into_a_folder_that_is_missing_says_so(run: Run, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "none" / "b.db")

    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_restore_brings_back_what_was_backed_up(run: Run, tmp_path: Path) -> None:
    run("backup", tmp_path / "b.db")
    tamper(tmp_path / "one.db", "UPDATE entities SET name = 'Spoiled', version = version")

    put = answer(run("restore", tmp_path / "b.db", "--json"))

    assert put["kept"] == str(tmp_path / "one.db.before-restore")
    with closing(connect(put["restored"], read_only=True)) as raw:
        assert raw.execute("SELECT 1 FROM entities WHERE name = 'Jane'").fetchone()


def test_restore_of_a_file_that_is_no_backup_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_text("no database" * 1000)

    result = run("restore", tmp_path / "b.db")

    assert result.exit_code == 1
    assert "is not a SQLite database" in result.stderr


def test_compact_says_what_went_and_stats_and_doctor_say_since_when(run: Run) -> None:
    compacted = answer(run("compact", "--before", "now", "--json"))

    assert compacted["rows"] > 0
    assert compacted["log_cut"] is True
    since = compacted["before"]
    assert answer(run("stats", "--json"))["history_since"] == since
    assert f"history since {since}" in run("stats").stdout
    doctor = run("doctor")
    assert doctor.exit_code == 0
    assert re.search(rf"^ok +history +compacted before {since}", doctor.stdout, re.MULTILINE)


def test_compact_wants_to_know_before_when(run: Run) -> None:
    assert run("compact").exit_code == 2
    assert "-1y" in run("compact", "--before", "soon").stderr
