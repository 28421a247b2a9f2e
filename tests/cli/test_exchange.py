"""import and export at the command line."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from one_mcp.cli import cli
from one_mcp.store.sqlite.connection import connect
from tests.cli.conftest import Run, answer

COURSES = "Title,Price,Ref\nYoga,49,c1\nRunning,59,c2\n"
COLUMNS = ("--column", "Title=name", "--column", "Price=price", "--column", "Ref=external_id")


@pytest.fixture
def courses(tmp_path: Path) -> Path:
    path = tmp_path / "courses.csv"
    path.write_text(COURSES)
    return path


def names(path: Path) -> list[str]:
    with closing(connect(str(path), read_only=True)) as raw:
        return [row[0] for row in raw.execute("SELECT name FROM entities ORDER BY name")]


def test_a_table_is_imported_with_a_mapping_in_flags(
    run: Run, courses: Path, tmp_path: Path
) -> None:
    loaded = answer(run("import", courses, "--type", "course", *COLUMNS, "--json"))

    assert loaded["created"]["entities"] == 2
    assert loaded["change"].startswith("chg_")
    assert names(tmp_path / "one.db") == ["Running", "Yoga"]


def test_a_mapping_may_be_a_file(run: Run, courses: Path, tmp_path: Path) -> None:
    columns = {"Title": "name", "Price": "price", "Ref": "external_id"}
    (tmp_path / "mapping.json").write_text(json.dumps({"type": "course", "columns": columns}))

    loaded = answer(run("import", courses, "--mapping", tmp_path / "mapping.json", "--json"))

    assert loaded["created"]["entities"] == 2


def test_repeating_an_import_changes_nothing(run: Run, courses: Path) -> None:
    run("import", courses, "--type", "course", *COLUMNS)

    again = run("import", courses, "--type", "course", *COLUMNS)

    assert again.exit_code == 0
    assert "unchanged  2 entities" in again.stdout
    assert "There was nothing to write." in again.stdout


def test_a_dry_run_writes_nothing(run: Run, courses: Path, tmp_path: Path) -> None:
    result = run("import", courses, "--type", "course", *COLUMNS, "--dry-run")

    assert result.exit_code == 0
    assert "created    2 entities" in result.stdout
    assert "dry run: nothing was written" in result.stdout
    assert names(tmp_path / "one.db") == []


def test_bad_rows_are_listed_and_nothing_is_written(
    run: Run, courses: Path, tmp_path: Path
) -> None:
    courses.write_text(COURSES + ",10,c3\nDance,cheap,c4\n")

    result = run("import", courses, "--type", "course", *COLUMNS)

    assert result.exit_code == 1
    assert "line 4: " in result.stdout
    assert "line 5: INVALID_PROPERTY" in result.stdout
    assert "2 of 4 rows are bad, so nothing of it is kept" in result.stderr
    assert names(tmp_path / "one.db") == []


def test_bad_rows_can_be_left_out(run: Run, courses: Path, tmp_path: Path) -> None:
    courses.write_text(COURSES + "Dance,cheap,c4\n")

    result = run("import", courses, "--type", "course", *COLUMNS, "--skip-bad")

    assert result.exit_code == 1
    assert "left out   1 bad rows" in result.stdout
    assert names(tmp_path / "one.db") == ["Running", "Yoga"]


def test_bad_rows_are_json_for_programs(run: Run, courses: Path) -> None:
    courses.write_text(COURSES + "Dance,cheap,c4\n")

    result = run("import", courses, "--type", "course", *COLUMNS, "--json")

    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 1
    assert error["code"] == "IMPORT_ROWS"
    assert error["errors"][0]["line"] == 4


@pytest.mark.parametrize(
    "words",
    [
        ["--column", "Title"],
        ["--column", "Title="],
        ["--kind", "entities", "--mapping", "mapping.json"],
        ["--mapping", "broken.json"],
        ["--delimiter", "::"],
        ["--format", "xml"],
    ],
)
def test_a_mapping_that_does_not_work_is_a_usage_error(
    run: Run, courses: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(courses.parent)
    Path("mapping.json").write_text("{}")
    Path("broken.json").write_text('{"kinds": 1}')

    result = run("import", courses, *words)

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_a_missing_file_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    result = run("import", tmp_path / "none.csv", "--type", "course")

    assert result.exit_code == 1
    assert "none.csv" in result.stderr


def test_an_import_reads_stdin(tmp_path: Path) -> None:
    words = ["import", "-", "--format", "csv", "--type", "course", *COLUMNS]

    result = CliRunner().invoke(cli, words, input=COURSES)

    assert result.exit_code == 0
    assert names(tmp_path / "one.db") == ["Running", "Yoga"]


@pytest.mark.usefixtures("business")
class TestExport:
    def test_everything_goes_through_a_file_without_a_loss(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "all.jsonl"

        done = answer(run("export", path, "--json"))
        loaded = answer(run("import", path, "--json", "--database", tmp_path / "new.db"))

        assert done["path"] == str(path)
        assert done["rows"]["entities"] == loaded["created"]["entities"] == 3
        assert names(tmp_path / "new.db") == names(tmp_path / "one.db")

    def test_without_a_file_the_export_goes_to_stdout(self, run: Run) -> None:
        result = run("export")

        lines = [json.loads(line) for line in result.stdout.splitlines()]
        named = {line["entity"]["name"] for line in lines if "entity" in line}
        assert named == {"Jane", "Yoga <&> more", "Sun salutation"}

    def test_a_table_of_entities(self, run: Run) -> None:
        table = run("export", "--entities", "course").stdout.splitlines()

        assert len(table) == 2
        assert "name" in table[0].split(",")
        assert "Yoga <&> more" in table[1]

    def test_tables_of_connections(self, run: Run) -> None:
        every = run("export", "--connections").stdout.splitlines()
        owning = run("export", "--connections", "owns").stdout.splitlines()

        assert len(every) == 3
        assert len(owning) == 2

    def test_a_file_is_replaced_only_when_forced(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "all.jsonl").write_text("mine")

        refused = run("export", tmp_path / "all.jsonl")

        assert refused.exit_code == 1
        assert (tmp_path / "all.jsonl").read_text() == "mine"
        assert run("export", tmp_path / "all.jsonl", "--force").exit_code == 0

    def test_one_table_at_a_time(self, run: Run) -> None:
        assert run("export", "--entities", "course", "--connections", "owns").exit_code == 2

    def test_an_unknown_type_prints_no_table(self, run: Run) -> None:
        result = run("export", "--entities", "spaceship")

        assert result.exit_code == 1
        assert result.stdout == ""
        assert "spaceship" in result.stderr


def test_the_folder_that_limits_agents_does_not_limit_people(
    run: Run, courses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agents").mkdir()
    monkeypatch.setenv("ONE_MCP_FOLDER", str(tmp_path / "agents"))

    assert run("import", courses, "--type", "course", *COLUMNS).exit_code == 0
    assert run("export", tmp_path / "all.jsonl").exit_code == 0


def test_nothing_is_exported_from_a_missing_file(run: Run, tmp_path: Path) -> None:
    result = run("export", tmp_path / "all.jsonl")

    assert result.exit_code == 1
    assert not (tmp_path / "one.db").exists()


def test_a_folder_of_markdown_is_imported(run: Run, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A\n\n[b](b.md)\n")
    (notes / "b.md").write_text("---\ntype: [no]\n---\n")

    refused = run("import", notes, "--type", "blog_post")
    (notes / "b.md").write_text("---\ntitle: B\n---\n")
    loaded = answer(run("import", notes, "--type", "blog_post", "--json"))

    assert refused.exit_code == 1
    assert "b.md: type is a word" in refused.output
    assert loaded["created"] == {"entities": 2, "connections": 1, "automatic_events": 2}
