"""Pictures at the command line."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Run, answer


def test_an_svg_shows_the_neighbourhood(run: Run, business: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "jane.svg"

    done = answer(run("graph", business["jane"], "-o", path, "--json"))

    texts = [element.text for element in ET.parse(path).iter() if element.text]  # noqa: S314
    assert done == {"file": str(path), "entities": 3, "connections": 2}
    assert {"Around Jane", "Yoga <&> more", "Sun salutation", "owns"} <= set(texts)


def test_a_page_is_made_unless_something_else_is_asked_for(
    run: Run, business: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = run("graph", business["jane"])

    assert result.exit_code == 0
    assert (tmp_path / "graph.html").read_text().startswith("<!doctype html>")
    assert "3 entities, 2 connections, up to 2 steps away" in result.stdout


@pytest.mark.usefixtures("business")
def test_an_entity_may_be_given_by_its_name(run: Run, tmp_path: Path) -> None:
    done = answer(run("graph", "jane", "-o", tmp_path / "x.svg", "--depth", 1, "--json"))

    assert done["entities"] == 2


def test_only_chosen_connections_are_followed(
    run: Run, business: dict[str, str], tmp_path: Path
) -> None:
    words = ["-o", tmp_path / "x.svg", "--type", "part_of", "--json"]

    done = answer(run("graph", business["course"], *words))

    assert done["entities"] == 2


@pytest.mark.usefixtures("business")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nobody of this name"], 1),
        (["ent_0000000000000000"], 1),
        (["Jane", "-o", "graph.png"], 2),
        (["Jane", "--depth", "9"], 2),
        (["Jane", "--type", "ownz"], 1),
        (["Jane", "-o", "missing/graph.svg"], 1),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(
    run: Run, words: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = run("graph", *words)

    assert result.exit_code == code
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.glob("graph.*"))


def test_names_that_several_have_are_listed(
    run: Run, business: dict[str, str], tmp_path: Path
) -> None:
    lines = [{"entity": {"type": "website", "name": "Twin", "external_id": n}} for n in "ab"]
    (tmp_path / "twins.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert run("import", tmp_path / "twins.jsonl").exit_code == 0

    result = run("graph", "twin", "-o", tmp_path / "x.svg")

    assert business["jane"] not in result.stderr
    assert result.exit_code == 1
    assert result.stderr.count("ent_") == 2
