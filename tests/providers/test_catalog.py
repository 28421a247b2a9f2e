"""How an embedder is chosen and loaded, and what it costs those who need none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from one_mcp import assets
from one_mcp.errors import EmbedderError, SettingsError
from one_mcp.mail_settings import MailSettings
from one_mcp.providers import catalog, minilm
from one_mcp.providers.simulated.embedder import Simulated
from one_mcp.settings import PACKAGED_MODEL, Settings
from tests.providers.conftest import model_folder
from tests.providers.stripes import access

HEAVY = {"numpy", "onnxruntime", "tokenizers", "openai", "huggingface_hub", "rich", "stripe"}


def chosen(model: str) -> Settings:
    return Settings(database=Path("unused.db"), embedding_model=model)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the model that comes along."""
    return Path(
        shutil.copytree(assets.resources("models", PACKAGED_MODEL), tmp_path / PACKAGED_MODEL)
    )


def imported(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and name the heavy libraries it imported."""
    script = f"{statement}\nimport sys\nprint(*{HEAVY} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_server_starts_without_the_libraries_of_any_model() -> None:
    assert imported("import one_mcp.cli.serve_command") == set()


def test_search_by_words_alone_imports_no_library() -> None:
    assert catalog.embedder(chosen("none")) is None
    assert (
        imported(
            "from one_mcp.providers import catalog\n"
            "from one_mcp.settings import Settings\n"
            "assert catalog.embedder(Settings(embedding_model='none')) is None"
        )
        == set()
    )


def test_without_a_key_no_sdk_of_payments_is_imported() -> None:
    assert (
        imported(
            "from one_mcp.money_settings import PaymentSettings\n"
            "from one_mcp.providers.paying import Paying\n"
            "assert Paying(PaymentSettings()).over(None).simulated\n"
            "key = {'stripe_secret_key': 'rk_test_0'}\n"
            "assert not Paying(PaymentSettings.model_validate(key)).over(None).simulated"
        )
        == set()
    )


def test_the_model_that_comes_along_never_loads_a_hub_or_rich() -> None:
    found = imported(
        "from one_mcp.providers import catalog\n"
        "from one_mcp.settings import Settings\n"
        "embedder = catalog.embedder(Settings())\n"
        "embedder.spans('one')"
    )

    assert found == {"numpy", "onnxruntime"}


def test_the_simulated_embedder_is_chosen_by_name() -> None:
    assert isinstance(catalog.embedder(chosen("simulated")), Simulated)


@pytest.mark.parametrize("name", ["openai", "sentence-transformers"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = name.replace("-", "_")
    monkeypatch.delitem(sys.modules, f"one_mcp.providers.{module}", raising=False)
    monkeypatch.delattr(f"one_mcp.providers.{module}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(EmbedderError) as failure:
        catalog.embedder(chosen(f"{name}:any"))

    assert f"pip install 'one-mcp[{name}]'" in str(failure.value)
    assert failure.value.fields == {"extra": name}


def test_the_missing_extra_of_payments_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "one_mcp.providers.stripe", raising=False)
    monkeypatch.delattr("one_mcp.providers.stripe", raising=False)
    monkeypatch.setitem(sys.modules, "stripe", None)

    with pytest.raises(SettingsError, match="pip install 'one-mcp\\[stripe\\]'") as failure:
        catalog.stripe(access("http://127.0.0.1:9"))

    assert failure.value.fields == {"extra": "stripe"}


def test_the_missing_extra_of_mail_servers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "one_mcp.providers.smtp", raising=False)
    monkeypatch.delattr("one_mcp.providers.smtp", raising=False)
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    server = {"smtp_url": "smtp://localhost", "mail_from": "shop@example.com"}
    access = MailSettings.model_validate(server).mail_access()
    assert access is not None

    with pytest.raises(SettingsError, match="pip install 'one-mcp\\[smtp\\]'") as failure:
        catalog.mailer(access)

    assert failure.value.fields == {"extra": "smtp"}


def test_where_onnxruntime_does_not_run_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "one_mcp.providers.minilm", raising=False)
    monkeypatch.delattr("one_mcp.providers.minilm", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(EmbedderError) as failure:
        catalog.embedder(chosen(PACKAGED_MODEL))

    assert "by their words" in str(failure.value)


@pytest.mark.parametrize("name", ["model.toml", "model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(EmbedderError, match=name):
        minilm.load(folder)


@pytest.mark.parametrize("name", ["model.toml", "model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-100] + b"\0" * 100)

    with pytest.raises(EmbedderError, match=name):
        minilm.load(folder)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    model_folder()

    with pytest.raises(EmbedderError, match="holds no model"):
        catalog.embedder(chosen(f"sentence-transformers:{tmp_path}"))


def test_a_folder_with_a_damaged_model_is_told(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model_folder(), tmp_path / "model"))
    (copy / "model.safetensors").write_bytes(b"damaged")

    with pytest.raises(EmbedderError, match="cannot be loaded"):
        catalog.embedder(chosen(f"sentence-transformers:{copy}"))
