from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from one_mcp.errors import SettingsError
from one_mcp.settings import TOOLSETS, FileSettings, Settings, load


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
        ("ONE_MCP_EMBEDDING_MODEL", "all-minilm-l6-v2"),
        ("ONE_MCP_EMBEDDING_MODEL", "openai:"),
        ("ONE_MCP_EMBEDDING_MODEL", "cohere:embed-v4"),
        ("ONE_MCP_OPENAI_BASE_URL", "localhost:11434"),
        ("ONE_MCP_OPENAI_BASE_URL", "http://me:secret@localhost/v1"),
        ("ONE_MCP_STRIPE_SECRET_KEY", "pk_test_0123456789"),
        ("ONE_MCP_STRIPE_PUBLISHABLE_KEY", "sk_test_0123456789"),
        ("ONE_MCP_STRIPE_WEBHOOK_SECRET", "sk_test_0123456789"),
        ("ONE_MCP_STRIPE_API_URL", "http://stripe.example"),
        ("ONE_MCP_STRIPE_API_URL", "https://stripe.example/v1"),
        ("ONE_MCP_LIVE_MONEY", "some"),
    ],
)
def test_a_value_that_does_not_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as failure:
        load()

    assert failure.value.fields["setting"] == variable


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("ONE_MCP_DATABASE", "${HOME}/one.db", r"\$\{HOME\}.*~ stands for"),
        ("ONE_MCP_DATABASE", "$HOME/one.db", r"\$HOME"),
        ("ONE_MCP_DATABASE", "sqlite:///${workspaceFolder}/one.db", r"\$\{workspaceFolder\}"),
        ("ONE_MCP_DATABASE", "%APPDATA%\\one.db", "%APPDATA%"),
        ("ONE_MCP_FOLDER", "$(pwd)", r"\$\(pwd\)"),
        ("ONE_MCP_FOLDER", "${user_config.folder}", r"\$\{user_config"),
        ("ONE_MCP_PACKS", "extended,${PACK", r"\$\{PACK"),
        ("ONE_MCP_DATABASE", '"/data/one.db"', "without them"),
        ("ONE_MCP_TOOLSETS", "'all'", "without them"),
        ("ONE_MCP_OPENAI_API_KEY", "${KEY_OF_MINE}", "a placeholder"),
    ],
)
def test_what_no_shell_has_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=says) as failure:
        load()

    assert failure.value.fields["setting"] == variable
    assert "KEY_OF_MINE" not in str(failure.value)


@pytest.mark.parametrize("path", ["/data/$5 each/100% done/one.db", "/data/o'brien's/{a}/one.db"])
def test_a_path_may_have_unusual_letters(path: str) -> None:
    assert load({"database": path}).database == Path(path)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"ONE_MCP_{name.upper()}", "")

    assert load().model_fields_set == set()
    assert load() == Settings()


def test_a_folder_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ONE_MCP_FOLDER", str(tmp_path / "exports"))

    with pytest.raises(SettingsError, match="ONE_MCP_FOLDER must be a folder that is there"):
        load()

    (tmp_path / "exports").mkdir()
    assert load().folder == tmp_path / "exports"


def test_a_mistyped_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_DATABSE", "/data/one.db")

    with pytest.raises(SettingsError, match="ONE_MCP_DATABASE"):
        load()


def test_all_toolsets_have_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_TOOLSETS", "all")

    assert load().toolsets == TOOLSETS


def test_the_usual_tools_and_a_whole_toolset_go_together() -> None:
    assert load().toolsets == ("default",)
    assert load({"toolsets": "knowledge,default"}).toolsets == ("default", "knowledge")


def test_all_among_other_toolsets_is_all() -> None:
    assert load({"toolsets": "entities, all"}).toolsets == TOOLSETS


def test_a_mistyped_model_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_EMBEDDING_MODEL", "all-MiniLM-L6")

    with pytest.raises(SettingsError, match="did you mean all-MiniLM-L6-v2"):
        load()


def test_a_folder_of_a_model_becomes_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")

    assert load({"embedding_model": "sentence-transformers:./model"}).embedding_model == (
        "sentence-transformers:/model"
    )


def test_a_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_OPENAI_API_KEY", " sk-0123 ")
    found = load()

    key, url = found.openai_access()

    assert "sk-0123" not in f"{found!r} {found} {found.model_dump_json()}"
    assert key is not None
    assert key.get_secret_value() == "sk-0123"
    assert url == "https://api.openai.com/v1"


def test_the_plain_variables_work_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")

    key, url = load().openai_access()

    assert key is not None
    assert url == "https://gateway.example/v1"


def test_the_plain_key_is_sent_to_no_server_that_is_named_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123")

    key, url = load({"openai_base_url": "http://127.0.0.1:11434/v1"}).openai_access()

    assert key is None
    assert url == "http://127.0.0.1:11434/v1"


def test_every_setting_stands_in_one_group() -> None:
    groups = [base for base in Settings.__bases__ if base is not BaseSettings]

    named = [name for group in groups for name in group.__annotations__ if name != "model_config"]

    assert sorted(named) == sorted(Settings.model_fields)


def test_a_room_gets_its_group_alone(tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "one.db", openai_api_key=SecretStr("sk-secret"))

    files = settings.only(FileSettings)

    assert files == FileSettings.model_validate({})
    assert files.model_fields_set == set(FileSettings.model_fields)
    assert not hasattr(files, "openai_api_key")
    with pytest.raises(ValidationError):
        files.folder = tmp_path  # pyright: ignore[reportAttributeAccessIssue]  # frozen


def test_a_key_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_MCP_STRIPE_SECRET_KEY", "pk_test_0123456789")

    with pytest.raises(SettingsError) as failure:
        load()

    assert "0123456789" not in f"{failure.value} {failure.value.fields}"


@pytest.mark.parametrize(
    ("key", "mode", "restricted"),
    [("sk_test_0123", "test", False), ("rk_test_0123", "test", True)],
)
def test_stripes_plain_key_counts_where_none_is_set(
    monkeypatch: pytest.MonkeyPatch, key: str, mode: str, *, restricted: bool
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)

    access = load().stripe_access()

    assert access is not None
    assert (access.mode, access.restricted) == (mode, restricted)
    assert access.key.get_secret_value() == key
    assert key not in repr(access)


def test_stripes_plain_key_is_sent_to_no_server_that_is_named_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_0123")

    assert load({"stripe_api_url": "http://127.0.0.1:12111"}).stripe_access() is None


@pytest.mark.parametrize("variable", ["ONE_MCP_STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY"])
def test_a_live_key_needs_a_setting_of_its_own(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "rk_live_0123456789")

    with pytest.raises(SettingsError, match="ONE_MCP_LIVE_MONEY") as failure:
        load().stripe_access()
    live = load({"live_money": True}).stripe_access()

    assert failure.value.fields["setting"] == variable
    assert "0123456789" not in str(failure.value)
    assert live is not None
    assert live.mode == "live"


def test_a_plain_key_that_is_none_of_stripes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "0123456789")

    with pytest.raises(SettingsError, match="STRIPE_SECRET_KEY must be") as failure:
        load().stripe_access()

    assert "0123456789" not in str(failure.value)
