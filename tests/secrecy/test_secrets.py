"""No secret is in anything that comes out of a server, a command or a file of theirs.

Every secret that can be set is marked. Vendors repeat the keys that they were asked with wherever
they can, and everything is asked for over both generations of the protocol, while the log tells
most. Then each mark is looked for in each byte that came of it: as it is, in parts, and encoded.
"""

import json
import re
import sys
from base64 import b64encode
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click
import httpx2
import pytest
from anyio import to_thread
from click.testing import CliRunner
from eth_account import Account
from mcp import Client, MCPError

from one_mcp import logs, settings
from one_mcp.cli import cli, clients, doctor_command
from one_mcp.server import prompts
from one_mcp.server.resources import catalog
from tests.cli.terminals import typed
from tests.secrecy import marks
from tests.secrecy.marks import digits, mark
from tests.secrecy.world import World, marked, own, world
from tests.server.test_leaving import CALLS, filled, founded

CONTROL, ENCODED = mark("control"), mark("encoded control")  # no secrets: these have to be found
PASSPHRASE, MISTYPED = f"{mark('passphrase')} {mark('2')}", mark("mistyped")
VARIABLES = [*marks.own(), *marks.plain()]
LOOKED_FOR = {name: marked(name) for name in VARIABLES} | {
    "passphrase": mark("passphrase"),
    "its second half": mark("2"),
    "a mistyped passphrase": MISTYPED,
    "the key in the keystore": digits("keystore"),
}
DOCTORS = [
    it.opts[0]
    for it in doctor_command.command.params
    if isinstance(it, click.Option) and it.is_flag and it.name not in settings.FLAGS
]
SHOWN = {
    *("server.out", "one.db", "copy.db", "all.jsonl", "one-mcp export", "one-mcp mails"),
    *("approve", "page", "to stripe", "to resend", "one.db-wal, kept"),
}
USED = {
    *("ONE_MCP_STRIPE_SECRET_KEY", "ONE_MCP_OPENAI_API_KEY", "OPENAI_API_KEY"),
    *("ONE_MCP_RESEND_API_KEY", "ONE_MCP_SMTP_URL", "ONE_MCP_BASE_RPC_URL", "BASE_RPC_URL"),
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
}
COMMANDS = (
    *("stats", "operations", "reconcile", "models", "mails", "organization", "approve", "allow"),
    *("export", "export {folder}/all.jsonl", "backup {folder}/copy.db", "ask otters"),
    *("search otters", "reindex", "operations show {operation} --json", "mails show {operation}"),
    *(f"doctor {flag}" for flag in DOCTORS),
    *(f"config {name}" for name in clients.CLIENTS),
    "config claude-extension -o {folder}/one.mcpb",
)


async def called(client: Client, tool: str, /, **given: Any) -> dict[str, Any]:
    return (await client.call_tool(tool, given)).structured_content or {}


async def drive(client: Client, of: World, *, purge: bool = False) -> None:
    """Call every tool well and badly, read every resource, and ask for every prompt."""
    for name, given in CALLS.items():
        if purge or name != "purge_entity":
            await called(client, name, **filled(given, of.ids))
        await called(client, name, **dict.fromkeys(given, CONTROL), extra=CONTROL)
    values = {"dimension": "things", "type": "creator", "name": "money"}
    for address in catalog.ADDRESSES:
        uri = address.uri.partition("{?")[0]
        for variable in address.variables:
            known = of.ids.get(address.name, of.ids["post"])
            uri = uri.replace(f"{{{variable}}}", values.get(variable, known))
        for asked in (uri, f"{uri}?q=otters", f"{uri}/{CONTROL}"):
            with suppress(MCPError):
                await client.read_resource(asked)
    for guide in prompts.library().values():
        with suppress(MCPError):
            given = {each.name: CONTROL for each in guide.head.arguments}
            await client.get_prompt(guide.name, given)


async def pasted(client: Client) -> None:
    """Do what an agent must not: hand keys over, to be kept; none is, nor told again."""
    keys = own("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "DEPLOYER_PRIVATE_KEY")
    for name, key in keys.items():
        answer = await called(
            client, "create_entity", type="course", name="A", properties={name: key}
        )
        assert answer["error"]["code"] == "INVALID_PROPERTY"


async def sold(client: Client, of: World, number: int) -> str:
    """Sell a course to somebody who gives a card on Stripe's page, and the owner says yes."""
    ends: dict[str, str] = {}
    about: dict[str, dict[str, Any]] = {
        "buyer": {
            "type": "audience_member",
            "properties": {"email": f"{CONTROL}{number}@example.com"},
        },
        "item": {"type": "course", "properties": {"price": 9, "currency": "eur"}},
    }
    for name, given in about.items():
        ends[name] = (await called(client, "create_entity", name=CONTROL, **given))["id"]
    quoted = await called(client, "quote_tokens", **ends)
    while "operation" not in (
        said := await called(client, "purchase_tokens", quote=quoted["quote"])
    ):
        match said["error"]:
            case {"code": "CHECKOUT_REQUIRED", "pay_at": page}:
                async with httpx2.AsyncClient(trust_env=False) as browser:
                    await browser.post(page, data={"card": "pm_card_visa"})
            case {"code": "APPROVAL_REQUIRED", "plan": plan, "approve_at": link}:
                for passphrase in (MISTYPED, PASSPHRASE):
                    await (on_page if number % 2 else at_terminal)(of, plan, link, passphrase)
            case other:
                pytest.fail(str(other))
    return said["operation"]


async def at_terminal(of: World, plan: str, _: str, passphrase: str) -> None:
    asked = partial(typed, of.database, ["approve", plan], [passphrase])
    of.say("approve", (await to_thread.run_sync(asked))[1])


async def on_page(of: World, _: str, link: str, passphrase: str) -> None:
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        page = (await browser.get(link)).text
        digest = re.search(r'name="digest" value="(\w+)"', page)
        form = {
            "choice": "approve",
            "passphrase": passphrase,
            "digest": digest[1] if digest else "",
        }
        origin = link.partition("/approve/")[0]
        done = await browser.post(link, data=form, headers={"Origin": origin})
    of.say("page", page + done.text)


def commanded(of: World, operation: str) -> None:
    """Run every command that only says something."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in of.with_plain_keys().items():
            patch.setenv(name, value)
        for line in COMMANDS:
            words = line.format(folder=of.folder, operation=operation).split()
            done = CliRunner().invoke(cli, words)
            assert done.exit_code < 2, (line, done.output)
            of.say(f"one-mcp {line}", done.output + repr(done.exception))


async def live(of: World) -> None:
    """Let everything happen, well at first, and then with vendors of which none works."""
    set_up = partial(typed, of.database, ["passphrase"], [PASSPHRASE, PASSPHRASE])
    of.say("passphrase", (await to_thread.run_sync(set_up))[1])
    async with of.opened(of.simulated(), "auto") as client:
        of.ids = await founded(client)
        hidden = {"bio": b64encode(f"it is {ENCODED}".encode()).decode()}
        eve = {"type": "audience_member", "name": "Eve", "properties": hidden}
        assert "error" not in await called(client, "create_entity", **eve)
        await drive(client, of)
    of.fail(of.resend, of.collector)
    async with of.opened(of.with_keystore(), "legacy") as client:
        operation = await sold(client, of, 1)
        await sold(client, of, 2)
        of.fail(of.openai)
        await pasted(client)
        await drive(client, of)
        await of.resend.answered.has_come(2)
    async with of.opened(of.with_keys(), "auto") as client:
        await sold(client, of, 3)
        await sold(client, of, 5)
        await of.postman.asked.has_come(2)
        await called(client, "deploy_token", token=of.ids["token"], dry_run=True)
        of.fail(of.stripe, of.node)
        of.keep_log()
        await drive(client, of, purge=True)
        of.keep_log()
    await to_thread.run_sync(commanded, of, operation)


@pytest.fixture
def keystore(tmp_path: Path) -> None:
    password = mark("ONE_MCP_DEPLOYER_KEYSTORE_PASSWORD")
    kept = Account.encrypt(digits("keystore"), password, "pbkdf2", 1000)
    (tmp_path / "keystore.json").write_text(json.dumps(kept))


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.usefixtures("keystore")
async def test_no_secret_is_in_anything_that_comes_out(tmp_path: Path) -> None:
    async with world(tmp_path / "run") as of:
        await live(of)
    produced, shown = of.produced(), of.keys_shown()

    assert found(LOOKED_FOR, produced) == set()
    # and these are found, so that a secret would have been
    assert {place for _, place in found({"": CONTROL}, produced)} >= SHOWN
    assert {place for _, place in found({"": ENCODED}, produced)} >= {"one.db", "copy.db"}
    assert {name for name, _ in found(LOOKED_FOR, {"": shown})} == USED
    assert signers(produced["to node"]) == {"keystore", "ONE_MCP_DEPLOYER_PRIVATE_KEY"}
    assert b"purchaseTokens" in produced["to collector"]
    assert produced["server.err"].count(logs.REDACTED.encode()) > 1
    assert b"tool failed" not in produced["server.err"]  # a vendor's nonsense is foreseen


def found(secrets: dict[str, str], produced: dict[str, bytes]) -> set[tuple[str, str]]:
    """Say which secrets are where."""
    return {
        (name, place)
        for name, each in secrets.items()
        for place, raw in produced.items()
        if marks.is_in(each, raw)
    }


def signers(asked: bytes) -> set[str]:
    """Say whose address a node was told."""
    keys = {
        name: digits(name)
        for name in ("keystore", *VARIABLES)
        if name == "keystore" or name.endswith("PRIVATE_KEY")
    }
    told = asked.lower()
    return {
        it for it, key in keys.items() if Account.from_key(key).address.lower().encode() in told
    }
