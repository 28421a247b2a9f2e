"""Knowledge at the command line: ask, search, reindex, models."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, answer

MODEL = ("--embedding-model", "simulated")


@pytest.fixture
def notes(run: Run, tmp_path: Path) -> Path:
    """Two notes, imported and indexed."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "refunds.md").write_text("# Refunds\n\nCustomers get their money back.\n")
    (folder / "hours.md").write_text("# Hours\n\nThe studio opens at seven.\n")
    assert run("import", folder).exit_code == 0
    assert answer(run("reindex", *MODEL, "--json"))["vectors"] == 2
    return folder


@pytest.mark.usefixtures("notes")
def test_search_shows_the_passage_and_where_it_stands(run: Run) -> None:
    shown = run("search", "money", "back", *MODEL)
    found = answer(run("search", "money back for customers", *MODEL, "--json", "--limit", 1))

    assert shown.exit_code == 0
    assert "Customers get their money back." in shown.stdout
    assert f"{found['hits'][0]['id']}[0:" in shown.stdout
    assert found["mode"] == "hybrid"


@pytest.mark.usefixtures("notes")
def test_search_says_when_only_words_were_searched(run: Run) -> None:
    shown = run("search", "money", "--embedding-model", "none")

    assert "by words only" in shown.stderr
    assert "money back" in shown.stdout


@pytest.mark.usefixtures("notes")
def test_a_question_is_answered_by_quotes_where_no_model_is_named(run: Run) -> None:
    shown = run("ask", "When does the studio open?", *MODEL)
    told = answer(run("ask", "When does the studio open?", *MODEL, "--json"))
    unknown = run("ask", "zzz", "--embedding-model", "none")

    place = next(n for n, it in enumerate(told["sources"], 1) if "at seven" in it["quote"])
    assert f"The studio opens at seven. [{place}]" in shown.stdout
    assert "no model answers here" in shown.stderr
    assert (told["simulated"], told["model"]) == (True, "simulated")
    assert unknown.exit_code == 1
    assert unknown.stdout == "Nothing that was found answers this.\n"


@pytest.mark.usefixtures("notes")
def test_a_model_that_is_named_is_not_stood_in_for(run: Run) -> None:
    shown = run(
        *("ask", "studio", "--chat-model", "openai:gpt-test", *MODEL),
        *("--openai-base-url", "http://127.0.0.1:9/v1"),
    )

    assert shown.exit_code == 1
    assert "cannot be reached" in shown.stderr
    assert "seven" not in shown.stdout


@pytest.mark.usefixtures("notes")
def test_scopes_and_scores_are_flags(run: Run) -> None:
    none = run("search", "money", "--type", "course", *MODEL)
    shown = run("search", "money", "--type", "knowledge_item", "--explain", *MODEL)

    assert (none.exit_code, none.stdout) == (1, "Nothing was found.\n")
    assert "similarity" in shown.stdout


@pytest.mark.usefixtures("notes")
def test_models_are_listed_and_forgotten(run: Run) -> None:
    before = answer(run("models", *MODEL, "--json"))
    shown = run("models", *MODEL)
    after = answer(run("models", *MODEL, "--forget", "simulated", "--json"))

    assert before["used"] == "simulated"
    assert [(each["name"], each["vectors"]) for each in before["models"]] == [("simulated", 2)]
    assert "2 vectors of 256" in shown.stdout
    assert after["models"] == []
    assert run("models", "--forget", "nonsense").exit_code == 1


@pytest.mark.usefixtures("notes")
def test_everything_can_be_indexed_anew(run: Run) -> None:
    done = run("reindex", "--everything", *MODEL)

    assert done.exit_code == 0
    assert "2  passages" in done.stdout


@pytest.mark.parametrize("command", [("search", "x"), ("reindex",), ("models",)])
def test_a_database_that_is_not_there_is_named(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command)

    assert done.exit_code == 1
    assert "one.db" in done.stderr
