"""What a release is published with fits the formats, and says what the settings say."""

from pathlib import Path

import pytest

from one_mcp.settings import PREFIX, SECRETS, Settings, load
from tests import publishing


def test_both_files_are_built_and_checked(tmp_path: Path) -> None:
    publishing.main(str(tmp_path / "dist"), "io.github.jane")

    assert {file.suffix for file in (tmp_path / "dist").iterdir()} == {".json", ".mcpb"}
    assert publishing.bundle() == publishing.bundle()


def test_every_setting_is_told_to_the_registry() -> None:
    (package,) = publishing.server_json("io.github.jane")["packages"]

    told = {each["name"]: each for each in package["environmentVariables"]}

    assert set(told) == {PREFIX + name.upper() for name in Settings.model_fields}
    assert {name for name, each in told.items() if each.get("isSecret")} == {
        PREFIX + name.upper() for name in SECRETS
    }
    assert told["ONE_MCP_LOG_LEVEL"]["choices"] == ["debug", "info", "warning", "error"]
    assert told["ONE_MCP_READ_ONLY"]["format"] == "boolean"
    assert told["ONE_MCP_DATABASE"]["format"] == "filepath"


def test_a_server_starts_with_what_the_bundle_fills_in(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = publishing.check_bundle(publishing.bundle())
    for name in manifest["server"]["mcp_config"]["env"]:
        asked = manifest["user_config"][name.removeprefix(PREFIX).lower()]["default"]
        monkeypatch.setenv(name, str(asked).lower() if isinstance(asked, bool) else asked)

    assert load() == Settings()


@pytest.mark.parametrize("namespace", ["jane doe", "", "io.github.jane/x"])
def test_a_name_that_the_registry_refuses_is_refused_here(tmp_path: Path, namespace: str) -> None:
    with pytest.raises(publishing.jsonschema.ValidationError):
        publishing.main(str(tmp_path), namespace)

    assert not list(tmp_path.iterdir())
