"""Which chain there is, by the settings; nothing is signed by a key that may not be used."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from one_mcp.chain_settings import ChainAccess, ChainSettings
from one_mcp.errors import SettingsError
from one_mcp.mail_settings import MailSettings
from one_mcp.model_settings import ModelSettings
from one_mcp.money_settings import PaymentSettings
from one_mcp.providers import catalog, providers
from one_mcp.providers.chaining import Chaining
from one_mcp.services import rails
from one_mcp.services.rails import RailsMode
from one_mcp.session import Session
from one_mcp.settings import EmbeddingSettings, load
from one_mcp.telemetry_settings import TelemetrySettings

pytestmark = pytest.mark.anyio
KEY = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
URL = "http://127.0.0.1:9"
SEPOLIA = 84532


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_RPC_URL", "DEPLOYER_PRIVATE_KEY"):
        monkeypatch.delenv(name, raising=False)


def access(*, live_money: bool = False, **given: Any) -> ChainAccess | None:
    return ChainSettings.model_validate(given).chain_access(live_money=live_money)


def test_without_a_node_and_a_key_the_chain_is_simulated() -> None:
    assert access() is None


@pytest.mark.parametrize(
    "half",
    [
        {"base_rpc_url": URL},
        {"deployer_private_key": KEY},
        {"deployer_keystore": "/tmp/key.json"},  # noqa: S108  # it is not read
    ],
)
def test_half_of_what_a_chain_takes_is_no_simulation(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="set both, or neither") as failure:
        access(**half)

    assert KEY not in f"{failure.value} {failure.value.fields}"


def test_the_plain_names_count_where_ours_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_RPC_URL", URL)
    assert load().chain_access(live_money=True) is None
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", f"0x{KEY}")

    found = load({"chain_id": SEPOLIA}).chain_access(live_money=False)

    assert found is not None
    assert found.url.get_secret_value() == URL
    assert KEY not in repr(found)


def test_a_plain_name_that_is_no_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_RPC_URL", URL)
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", KEY[:-1])

    with pytest.raises(SettingsError, match="DEPLOYER_PRIVATE_KEY must be") as failure:
        load({"chain_id": SEPOLIA}).chain_access(live_money=False)

    assert KEY[:-1] not in str(failure.value)


@pytest.mark.parametrize("chain_id", [8453, 1, 56, 999_999_999])
def test_a_chain_that_may_be_of_real_money_needs_a_setting_of_its_own(chain_id: int) -> None:
    given = {"base_rpc_url": URL, "deployer_private_key": KEY, "chain_id": chain_id}

    with pytest.raises(SettingsError, match="ONE_MCP_LIVE_MONEY"):
        access(**given)
    live = access(live_money=True, **given)

    assert live is not None
    assert live.chain_id == chain_id


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ONE_MCP_BASE_RPC_URL", "http://node.example"),
        ("ONE_MCP_BASE_RPC_URL", "node.example"),
        ("ONE_MCP_DEPLOYER_PRIVATE_KEY", "0123456789"),
        ("ONE_MCP_DEPLOYER_PRIVATE_KEY", "g" * 64),
        ("ONE_MCP_CHAIN_ID", "0"),
        ("ONE_MCP_CHAIN_CONFIRMATIONS", "0"),
    ],
)
def test_what_does_not_work_is_refused_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as failure:
        load()

    assert failure.value.fields["setting"] == variable
    assert value not in str(failure.value) or value == "0"


async def test_a_key_on_a_test_chain_is_neither_simulated_nor_live(one: Session) -> None:
    chain = {"base_rpc_url": URL, "deployer_private_key": KEY, "chain_id": SEPOLIA}
    one.providers = providers.choose(
        EmbeddingSettings(embedding_model="none"),
        PaymentSettings(),
        ChainSettings.model_validate(chain),
        MailSettings(),
        TelemetrySettings(),
        model=ModelSettings(),
    )

    on = rails.of(one)

    assert on.chain.sender == ADDRESS
    assert rails.mode_of_chain(on.chain) is RailsMode.TEST
    await one.providers.close()


async def test_a_keystore_holds_the_key(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(Account.encrypt(KEY, "open", kdf="pbkdf2", iterations=2)))
    given = {"base_rpc_url": URL, "deployer_keystore": str(file), "chain_id": SEPOLIA}
    right = access(**given, deployer_keystore_password="open")  # noqa: S106
    assert right is not None

    chain = catalog.evm(right)

    assert chain.sender == ADDRESS
    await chain.close()
    for wrong in (
        access(**given, deployer_keystore_password="shut"),  # noqa: S106
        access(**given),
        access(**{**given, "deployer_keystore": str(tmp_path / "none.json")}),
        access(**{**given, "deployer_keystore": __file__}),
    ):
        assert wrong is not None
        with pytest.raises(SettingsError) as failure:
            catalog.evm(wrong)
        assert failure.value.fields["setting"] == "ONE_MCP_DEPLOYER_KEYSTORE"


def test_a_key_and_a_keystore_are_one_too_many() -> None:
    with pytest.raises(SettingsError, match="Both"):
        access(base_rpc_url=URL, deployer_private_key=KEY, deployer_keystore=os.devnull)


def test_nothing_of_the_chain_is_imported_before_it_is_asked() -> None:
    given = {"base_rpc_url": URL, "deployer_private_key": KEY, "chain_id": SEPOLIA}
    script = (
        "import sys\n"
        "import one_mcp.cli.serve_command\n"
        "from one_mcp.chain_settings import ChainSettings\n"
        "from one_mcp.providers.chaining import Chaining\n"
        f"settings = ChainSettings.model_validate({given})\n"
        "assert not Chaining(settings).over(None).simulated\n"
        "print(*{'web3', 'eth_account', 'eth_abi', 'aiohttp'} & sys.modules.keys())"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("evm", "evm_node", "evm_contracts"):
        monkeypatch.delitem(sys.modules, f"one_mcp.providers.{name}", raising=False)
    monkeypatch.delattr("one_mcp.providers.evm", raising=False)
    monkeypatch.setitem(sys.modules, "web3", None)
    found = access(base_rpc_url=URL, deployer_private_key=KEY, chain_id=SEPOLIA)
    assert found is not None

    with pytest.raises(SettingsError, match="pip install 'one-mcp\\[chain\\]'") as failure:
        catalog.evm(found)

    assert failure.value.fields == {"extra": "chain"}


async def test_a_node_that_is_not_there_is_told(one: Session) -> None:
    given = {"base_rpc_url": f"{URL}/secret", "deployer_private_key": KEY, "chain_id": SEPOLIA}
    chaining = Chaining(ChainSettings.model_validate(given))
    chain = chaining.over(rails.SimulatedCabinet(one))

    with pytest.raises(Exception, match="did not answer") as failure:
        await chain.mined()
    await chaining.close()

    assert "secret" not in str(failure.value)


def test_loading_a_chain_leaves_deep_json_refused() -> None:
    """Where the limit stays raised, a line of a client overflows the stack of the server."""
    script = (
        "import sys; from pydantic import SecretStr; from one_mcp.providers import catalog;"
        "from one_mcp.chain_settings import ChainSettings; before = sys.getrecursionlimit();"
        "key = SecretStr('0x' + '11' * 32);"
        "access = ChainSettings(base_rpc_url='http://127.0.0.1:9', deployer_private_key=key,"
        " chain_id=84532).chain_access(live_money=False); catalog.evm(access);"
        "assert sys.getrecursionlimit() == before"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr.decode()[-500:]
