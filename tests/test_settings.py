from pathlib import Path

import pytest

from one_mcp.errors import SettingsError
from one_mcp.settings import TOOLSETS, load


def test_a_path_and_a_url_name_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_DATABASE", "sqlite:///data/one.db")

    assert load().database == Path("/data/one.db")
    assert load({"database": "/data/one.db"}).database == Path("/data/one.db")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ONE_MCP_DATABASE", " "),
        ("ONE_MCP_DATABASE", ":memory:"),
        ("ONE_MCP_DATABASE", "postgres://localhost/one"),
        ("ONE_MCP_TOOLSETS", "entities,evnets"),
        ("ONE_MCP_READ_ONLY", "perhaps"),
        ("ONE_MCP_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_does_not_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as failure:
        load()

    assert failure.value.fields["setting"] == variable


def test_a_mistyped_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_DATABSE", "/data/one.db")

    with pytest.raises(SettingsError, match="ONE_MCP_DATABASE"):
        load()


def test_all_toolsets_have_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_TOOLSETS", "all")

    assert load().toolsets == TOOLSETS


def test_all_among_other_toolsets_is_all() -> None:
    assert load({"toolsets": "entities, all"}).toolsets == TOOLSETS
