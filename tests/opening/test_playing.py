"""With and without the prelude, a client hears the same."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from one_mcp import settings
from one_mcp.app import open_app
from one_mcp.chain_settings import ChainSettings
from one_mcp.mail_settings import MailSettings
from one_mcp.money_settings import PaymentSettings, SpendingSettings
from one_mcp.opening import playing
from one_mcp.server import build, offer
from tests.snapshots import STALE

INFO = {"name": "claude-code", "title": "Claude Code", "version": "2.1.330"}
VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META: dict[str, Any] = {
    VERSION: "2026-07-28",
    CAPABILITIES: {"elicitation": {"form": {}, "url": {}}},
    "io.modelcontextprotocol/clientInfo": INFO,
}
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
CALL = {"name": "describe_ontology", "arguments": {}}
STARTED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
Line = bytes


def ask(id: Any, method: str, **params: Any) -> Line:
    message = {"jsonrpc": "2.0", "id": id, "method": method}
    return json.dumps({**message, "params": params} if params else message).encode()


def modern(id: Any, method: str, **params: Any) -> Line:
    return ask(id, method, **{**params, "_meta": {**META, **params.get("_meta", {})}})


def hello(id: Any = 0, version: str = "2025-11-25") -> Line:
    return ask(id, "initialize", protocolVersion=version, capabilities={}, clientInfo=INFO)


def listen(id: Any, **wanted: Any) -> Line:
    return modern(id, "subscriptions/listen", notifications=wanted)


SESSIONS: dict[str, list[Line]] = {
    "Claude Code": [
        modern(0, "server/discover"),
        listen(1, toolsListChanged=True, promptsListChanged=True, resourcesListChanged=True),
        *[modern(id, method) for id, method in enumerate(LISTS, start=2)],
        modern(6, "tools/call", **CALL),
        modern(7, "tools/list"),
    ],
    "a handshake": [
        hello(),
        STARTED,
        *[ask(id, method) for id, method in enumerate(LISTS, start=2)],
        ask(6, "ping"),
        ask(7, "tools/call", **CALL),
        ask(8, "tools/list"),
        ask(9, "server/discover"),
    ],
    "an older handshake": [hello(version="2025-06-18"), STARTED, ask(1, "tools/list")],
    "a handshake of long ago": [hello(version="2024-11-05"), STARTED, ask(1, "tools/list")],
    "an unknown handshake": [hello(version="1999-01-01"), STARTED, ask(1, "tools/list")],
    "a call at once": [modern(0, "tools/call", **CALL), modern(1, "tools/list")],
    "a list before the handshake": [ask(1, "tools/list"), hello(), ask(2, "tools/list")],
    "a ping before the handshake": [ask(1, "ping"), hello(), STARTED, ask(2, "tools/list")],
    "two handshakes": [hello(), STARTED, hello(1), ask(2, "tools/list")],
    "from modern to a handshake": [modern(1, "server/discover"), hello(), modern(2, "tools/list")],
    "from a handshake to modern": [hello(), STARTED, modern(1, "tools/list"), ask(2, "tools/list")],
    "resources to listen to": [
        modern(0, "server/discover"),
        listen(1, resourceSubscriptions=["one://ontology"]),
        modern(2, "tools/list"),
    ],
    "things that do not exist": [
        modern(1, "tools/list", _meta={VERSION: "2099-01-01"}),
        modern(2, "tools/list", _meta={CAPABILITIES: {"roots": 5}}),
        modern(3, "tools/list", cursor="x"),
        modern(4, "nothing/list"),
        modern(5, "ping"),
        modern(6, "tools/list"),
    ],
    "broken lines": [
        modern("x", "server/discover"),
        b"nonsense",
        b"[]",
        b'{"jsonrpc":"2.0","id":2}',
        modern(None, "tools/list"),
        modern(10**20, "tools/list"),
        modern(4, "tools/list").replace(b"claude", b"\\ud800"),
        modern(5, "tools/list", _meta={"n": float("nan")}),
        modern("x", "tools/list"),
    ],
}


def start(folder: Path, **variables: str) -> "subprocess.Popen[bytes]":
    bare = {name: text for name, text in os.environ.items() if not name.startswith("ONE_MCP_")}
    return subprocess.Popen(
        [sys.executable, "-m", "one_mcp"],
        bufsize=0,
        env={**bare, "ONE_MCP_DATABASE": str(folder / "one.db"), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def converse(lines: list[Line], folder: Path, *, at_once: bool, prelude: str) -> list[Any]:
    """Hold a conversation; return everything the server said, in an order of its own."""
    expected = sum(line != STARTED for line in lines)
    with start(folder, ONE_MCP_PRELUDE=prelude) as process:
        assert process.stdin
        assert process.stdout
        heard: list[bytes] = []
        if at_once:
            process.stdin.write(b"".join(line + b"\n" for line in lines))
            heard = [process.stdout.readline() for _ in range(expected)]
        else:
            for line in lines:
                process.stdin.write(line + b"\n")
                if line != STARTED:
                    heard.append(process.stdout.readline())
        process.stdin.close()
        heard += process.stdout.readlines()
    return sorted((json.loads(line) for line in heard), key=json.dumps)


def twice(lines: list[Line], folder: Path, *, at_once: bool) -> list[list[Any]]:
    """Hold a conversation with the prelude and without it."""
    with ThreadPoolExecutor() as pool:
        return list(
            pool.map(
                lambda prelude: converse(lines, folder / prelude, at_once=at_once, prelude=prelude),
                ("true", "false"),
            )
        )


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_sent_at_once_hears_the_same_with_and_without(name: str, tmp_path: Path) -> None:
    with_it, without = twice(SESSIONS[name], tmp_path, at_once=True)

    assert with_it == without


@pytest.mark.parametrize("name", ["Claude Code", "a handshake", "broken lines"])
def test_a_session_step_by_step_hears_the_same_with_and_without(name: str, tmp_path: Path) -> None:
    with_it, without = twice(SESSIONS[name], tmp_path, at_once=False)

    assert with_it == without


@pytest.mark.anyio
async def test_the_file_holds_what_the_server_answers() -> None:
    assert playing.recording() == await offer.live(), STALE


@pytest.mark.anyio
async def test_keys_of_vendors_and_rules_of_approval_change_no_first_answer(tmp_path: Path) -> None:
    keyed = settings.Settings(
        database=tmp_path / "one.db",
        embedding_model="none",
        stripe_secret_key=SecretStr("rk_test_1"),
        base_rpc_url=SecretStr("http://127.0.0.1:9"),
        deployer_private_key=SecretStr("1" * 64),
        chain_id=84532,
        resend_api_key=SecretStr("re_1"),
        mail_from="shop@example.com",
        approvals="always",
        form_limit=("5 usd",),
        approver_key="0" * 64,
        otlp_endpoint="http://127.0.0.1:9",
    )
    async with open_app(keyed) as app:
        server = build.server(app)

        assert await offer.answers(server, build.options(server)) == playing.recording()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="nothing holds an import up here")
def test_the_lists_are_there_before_the_server_is(tmp_path: Path) -> None:
    """The import is held up at its first library, however slow this process is to look."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "click.py").write_text(f"open({str(gate)!r})")

    with start(tmp_path, PYTHONPATH=str(tmp_path)) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(modern(1, "tools/list") + b"\n")
        process.stdout.readline()
        mapped = Path(f"/proc/{process.pid}/maps")
        loaded = mapped.read_text() if mapped.exists() else ""
        process.kill()

    assert "pydantic_core" not in loaded


def test_a_client_that_leaves_at_once_ends_the_process_at_once(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdin
        process.stdin.close()

        assert process.wait(10) == 0


def test_every_setting_that_may_change_an_answer_goes_without_the_prelude() -> None:
    vendors = {"openai_api_key", "openai_base_url", "embedding_model", "otlp_endpoint"}
    groups = (PaymentSettings, ChainSettings, MailSettings, SpendingSettings)
    money = {name for group in groups for name in group.model_fields}
    harmless = {"database", "log_level", "prelude", *vendors, *money}

    for name in settings.Settings.model_fields:
        variable = {f"{settings.PREFIX}{name.upper()}": "true"}
        assert playing.fits([], variable) is (name in harmless and not os.isatty(0))
        assert playing.fits([], dict.fromkeys(variable, "")) is not os.isatty(0)
        assert not playing.fits(["serve", f"--{name}"], {})
    assert not playing.fits([], {"one_mcp_read_only": "true"})
    assert not playing.fits([], {"ONE_MCP_MISTYPED": "true"})
    assert not playing.fits([], {"ONE_MCP_PRELUDE": "off"})
    assert not playing.fits(["doctor"], {})
