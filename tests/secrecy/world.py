"""Servers with every secret set, the vendors that they know, and all that comes out of both."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mcp import Client, StdioServerParameters

from one_mcp.app import LOCAL, open_app
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Call
from one_mcp.settings import Settings
from tests.providers.mails import smtp_server
from tests.providers.stripes import served
from tests.secrecy import marks, partners
from tests.secrecy.marks import digits, mark
from tests.secrecy.partners import Partner, Postman

KEY_HEADERS = {"authorization": b"", "x-team": b""}  # where vendors want their keys
KEPT = '"$0" -m one_mcp serve 2>>"$1.err" | tee -a "$1.out"'
Environment = dict[str, str]


def secret(name: str) -> str:
    """Make what a variable holds, of the form that it must have; the mark in it is its name's."""
    forms = {
        "STRIPE_SECRET_KEY": f"rk_live_{mark(name)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{mark(name)}",
        "DEPLOYER_PRIVATE_KEY": digits(name),
        "BASE_RPC_URL": f"https://127.0.0.1:9/v2/{mark(name)}",
        "SMTP_URL": f"smtp://shop:{mark(name)}@127.0.0.1:9",
    }
    if name.endswith("HEADERS"):
        return f"x-team={mark(name)},{mark(name)}"  # the second is none, so its SDK complains of it
    return forms.get(name.removeprefix("ONE_MCP_"), mark(name))


def marked(name: str) -> str:
    """Say what is looked for of a variable."""
    return digits(name) if name.endswith("PRIVATE_KEY") else mark(name)


def own(*names: str) -> Environment:
    return {it: secret(it) for it in (f"ONE_MCP_{name}" for name in names)}


@dataclass
class World:
    """The vendors, and what came out of servers and commands."""

    folder: Path
    stripe: Partner
    openai: Partner
    resend: Partner
    node: Partner
    collector: Partner
    postman: Postman = field(default_factory=Postman)
    urls: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    said: dict[str, bytes] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "one.db"

    @property
    def keystore(self) -> Path:
        return self.folder.parent / "keystore.json"

    @property
    def web(self) -> dict[str, Partner]:
        names = ("stripe", "openai", "resend", "node", "collector")
        return {name: getattr(self, name) for name in names}

    def say(self, name: str, text: str) -> None:
        self.said[name] = self.said.get(name, b"") + text.encode()

    def keep_log(self) -> None:
        """Keep what the write-ahead log holds now: a server that ends empties it."""
        log = self.database.with_name("one.db-wal").read_bytes()
        self.said["one.db-wal, kept"] = self.said.get("one.db-wal, kept", b"") + log

    def fail(self, *partners: Partner) -> None:
        for each in partners:
            each.failing = True

    def simulated(self) -> Environment:
        """A server whose money is simulated, and who has the vendors' own keys and uses none."""
        shared = {
            "DATABASE": str(self.database),
            "FOLDER": str(self.folder / "data"),
            "TOOLSETS": "all",
            "LOG_LEVEL": "debug",
            "CHAIN_ID": "31337",
            "MAIL_FROM": "shop@example.com",
            "STRIPE_API_URL": self.urls["stripe"],
            "RESEND_API_URL": self.urls["resend"],
            "OTLP_ENDPOINT": self.urls["collector"],
            "OPENAI_BASE_URL": self.urls["openai"],
            "EMBEDDING_MODEL": "openai:marked",
            "CHAT_MODEL": "openai:marked",
        }
        unused = {it: secret(it) for it in marks.plain() if it != "BASE_RPC_URL"} | {
            name: str(self.folder / "tmp") for name in ("HOME", "TMPDIR")
        }
        named = {f"ONE_MCP_{name}": value for name, value in shared.items()}
        used = own("OPENAI_API_KEY", "RESEND_API_KEY", "STRIPE_WEBHOOK_SECRET")
        return {**named, **unused, **used}

    def with_keystore(self) -> Environment:
        """Money is real, a person has to say yes, and the chain's key is in a keystore."""
        return {
            **self.simulated(),
            **own("STRIPE_SECRET_KEY", "DEPLOYER_KEYSTORE_PASSWORD"),
            "ONE_MCP_DEPLOYER_KEYSTORE": str(self.keystore),
            "ONE_MCP_BASE_RPC_URL": f"{self.urls['node']}/v2/{mark('ONE_MCP_BASE_RPC_URL')}",
            "ONE_MCP_LIVE_MONEY": "true",
            "ONE_MCP_APPROVALS": "always",
        }

    def with_keys(self) -> Environment:
        """Keys are in variables, OpenAI's in its own, and mails go by SMTP."""
        given = {
            **self.with_keystore(),
            **own("DEPLOYER_PRIVATE_KEY"),
            "ONE_MCP_APPROVALS": "live",
            "ONE_MCP_EMBEDDING_MODEL": "openai:text-embedding-3-small",
            "OPENAI_BASE_URL": self.urls["openai"],
            "ONE_MCP_SMTP_URL": f"smtp://shop:{mark('ONE_MCP_SMTP_URL')}@{self.urls['smtp']}",
        }
        other = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "RESEND_API_KEY", "DEPLOYER_KEYSTORE")
        gone = {f"ONE_MCP_{name}" for name in (*other, "DEPLOYER_KEYSTORE_PASSWORD")}
        return {name: value for name, value in given.items() if name not in gone}

    def with_plain_keys(self) -> Environment:
        """The chain's node and key, too, are in the vendors' own variables."""
        gone = {"ONE_MCP_BASE_RPC_URL", "ONE_MCP_DEPLOYER_PRIVATE_KEY"}
        given = {name: value for name, value in self.with_keys().items() if name not in gone}
        return {**given, "BASE_RPC_URL": f"{self.urls['node']}/?key={mark('BASE_RPC_URL')}"}

    def opened(self, environment: Environment, mode: str) -> Client:
        """Start a server as a process; all that it says is kept."""
        program = StdioServerParameters(
            command="sh",
            args=["-c", KEPT, sys.executable, str(self.folder / "server")],
            env={**os.environ, **environment},
        )
        return Client(program, mode=mode, read_timeout_seconds=60)  # type: ignore[arg-type]

    def produced(self) -> dict[str, bytes]:
        """All that came of it, by where it is; what vendors were sent, without their own keys."""
        found = {
            str(it.relative_to(self.folder)): it.read_bytes()
            for it in self.folder.rglob("*")
            if it.is_file()
        }
        for name, partner in self.web.items():
            for each in partner.asked:
                path = b"" if name == "node" else each.path
                parts = [path, each.body, *({**each.headers, **KEY_HEADERS}).values()]
                found[f"to {name}"] = found.get(f"to {name}", b"") + b"\n".join(parts)
        return {**found, **self.said}

    def keys_shown(self) -> bytes:
        """Return all that vendors were shown where they want a key."""
        asked = [(each, name) for name, it in self.web.items() for each in it.asked]
        headers = [each.headers.get(name, b"") for each, _ in asked for name in KEY_HEADERS]
        paths = [each.path for each, name in asked if name == "node"]
        return b"\n".join([*headers, *paths, *self.postman.passwords])


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Start the vendors, all of which work."""
    for name in ("data", "tmp", "bank"):
        (folder / name).mkdir(parents=True)
    async with AsyncExitStack() as stack:
        bank = Settings(database=folder / "bank" / "bank.db", embedding_model="none")
        app = await stack.enter_async_context(open_app(bank))
        cabinet = SimulatedCabinet(app.session(Call("bank"), LOCAL))
        made = World(
            folder,
            Partner(StripeApp(cabinet, secret("ONE_MCP_STRIPE_SECRET_KEY")), partners.error),
            Partner(partners.embeds, partners.error),
            Partner(partners.says({"id": "mail_1"}), partners.refused_mail),
            Partner(partners.mines_nothing, partners.refused_call),
            Partner(partners.says({}), partners.error),
        )
        for name, partner in made.web.items():
            made.urls[name] = await stack.enter_async_context(served(partner))
        door = made.postman.authenticate
        post = smtp_server(made.postman, authenticator=door, auth_require_tls=False, hostname="me")
        made.urls["smtp"] = f"127.0.0.1:{await stack.enter_async_context(post)}"
        yield made
