"""Vendor findings: which provider is live, in a test mode, simulated, or does not work as set.

Each is asked once for something that changes nothing and sends nothing.
"""

import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from one_mcp.errors import OneError, SettingsError
from one_mcp.jsons import JsonObject
from one_mcp.money_settings import RESTRICTED_TO
from one_mcp.providers import catalog
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.providers import Providers
from one_mcp.providers.simulated.cabinet import Drawer
from one_mcp.services import rails
from one_mcp.services.findings import Finding, State
from one_mcp.services.rails import RailsMode
from one_mcp.settings import PACKAGED_MODEL, Settings

R = TypeVar("R")
Mode = Literal["live", "test", "simulated", "misconfigured", "off"]
_CONVEX = "CONVEX_"
_WORKS = {  # where a vendor says no, or nothing
    "payments": "ONE_MCP_STRIPE_SECRET_KEY (or STRIPE_SECRET_KEY) takes a key of the account's, "
    f"best a restricted one that may {RESTRICTED_TO}; it goes to Stripe, or to "
    "ONE_MCP_STRIPE_API_URL.",
    "chain": "ONE_MCP_BASE_RPC_URL (or BASE_RPC_URL) takes a node that can be reached from here, "
    "of the chain of ONE_MCP_CHAIN_ID.",
    "mailer": "ONE_MCP_RESEND_API_KEY takes a key of Resend's, or ONE_MCP_SMTP_URL a mail server "
    "that can be reached from here.",
    "chat": "ONE_MCP_CHAT_MODEL takes a model of the server of ONE_MCP_OPENAI_BASE_URL, or of "
    "OpenAI.",
    "embedder": "ONE_MCP_EMBEDDING_MODEL takes a model that is here, or one of the server of "
    "ONE_MCP_OPENAI_BASE_URL.",
}


class VendorFinding(Finding):
    """What became of asking one provider; `mode` says how real it is."""

    mode: Mode


class _EmptyDrawer:
    """What a simulated vendor remembers where nothing ever was: the doctor opens no file for it."""

    now_ms = 0

    def get(self, kind: str, id: str) -> JsonObject | None: ...

    def put(self, kind: str, id: str, body: JsonObject, mark: str = "") -> None: ...

    def find(self, kind: str, mark: str) -> list[JsonObject]:  # noqa: ARG002  # as the port has it
        return []


class _EmptyCabinet:
    async def open(self, run: Callable[[Drawer], R]) -> R:
        return run(_EmptyDrawer())


def ignored() -> Iterator[Finding]:
    """Say which variables of another storage are set in vain: a SQLite file holds everything."""
    names = sorted(name for name in os.environ if name.upper().startswith(_CONVEX))
    if names:
        yield Finding(
            check="environment",
            state="note",
            says=f"{', '.join(names)}: ignored, since no Convex is asked; everything is in the "
            "file that ONE_MCP_DATABASE names, and these variables may go",
        )


async def examine(vendors: Providers, settings: Settings) -> list[VendorFinding]:
    """Ask all providers at once; one that fails is a finding, too."""
    asked: dict[str, Callable[[Providers, Settings], Awaitable[VendorFinding]]] = {
        "payments": _payments,
        "chain": _chain,
        "mailer": _mailer,
        "chat": _chat,
        "embedder": _embedder,
        "spans": _spans,
    }
    found: dict[str, VendorFinding] = {}

    async def put(check: str) -> None:
        try:
            found[check] = await asked[check](vendors, settings)
        except SettingsError as error:  # which says itself what would work
            found[check] = _failed(check, str(error))
        except OneError as error:
            found[check] = _failed(check, f"{error} {_WORKS[check]}")

    async with anyio.create_task_group() as tasks:
        for check in asked:
            tasks.start_soon(put, check)
    return [found[check] for check in asked]


async def _payments(vendors: Providers, settings: Settings) -> VendorFinding:
    payments = vendors.payments(_EmptyCabinet())
    heard = await payments.check()
    access = settings.stripe_access()
    if access is None:
        return _simulated(
            "payments",
            "payments are kept in the database, and nobody is charged",
            "ONE_MCP_STRIPE_SECRET_KEY takes a restricted key of Stripe's test mode (rk_test_)",
        )
    mode = rails.mode_of_payments(payments)
    if access.restricted:
        return _found("payments", mode, f"{heard.says}; the key is a restricted one, as is best")
    return _found(
        "payments",
        mode,
        f"{heard.says}; the key may do everything in the account: better give "
        f"ONE_MCP_STRIPE_SECRET_KEY a restricted one (rk_{access.mode}_) that may "
        f"{RESTRICTED_TO}",
        state="warning" if mode is RailsMode.LIVE else "note",
    )


async def _chain(vendors: Providers, _settings: Settings) -> VendorFinding:
    chain = vendors.chain(_EmptyCabinet())
    heard = await chain.check()
    if chain.simulated:
        return _simulated(
            "chain",
            heard.says,
            "ONE_MCP_BASE_RPC_URL takes a node, and ONE_MCP_DEPLOYER_PRIVATE_KEY or "
            "ONE_MCP_DEPLOYER_KEYSTORE a key",
        )
    return _heard("chain", rails.mode_of_chain(chain), heard)


async def _mailer(vendors: Providers, _settings: Settings) -> VendorFinding:
    if vendors.mailing.is_wanted():
        mailer = await vendors.mailing.live()
        return _heard("mailer", RailsMode.LIVE, await mailer.check())
    heard = await vendors.mailing.simulated(_EmptyCabinet()).check()
    return _simulated(
        "mailer",
        heard.says,
        "ONE_MCP_RESEND_API_KEY or ONE_MCP_SMTP_URL, with ONE_MCP_MAIL_FROM, sends those of what "
        "is real",
    )


async def _chat(vendors: Providers, _settings: Settings) -> VendorFinding:
    chat = await vendors.chatting.ready()
    heard = await chat.check()
    if chat.simulated:
        return _simulated("chat", heard.says, "ONE_MCP_CHAT_MODEL takes openai: and a model's name")
    return _heard("chat", RailsMode.LIVE, heard)


async def _embedder(vendors: Providers, _settings: Settings) -> VendorFinding:
    loaded = await vendors.embedding.ready()
    if loaded is None:
        return _off(
            "embedder", "texts are found by words alone; ONE_MCP_EMBEDDING_MODEL names a model"
        )
    embedder = loaded.embedder
    await embedder.embed(["one"], "query")
    said = f"{embedder.name} made a vector of {embedder.dimension} numbers of one word"
    if embedder.name.startswith("simulated"):
        return _simulated("embedder", said, f"ONE_MCP_EMBEDDING_MODEL takes {PACKAGED_MODEL}")
    return _found("embedder", RailsMode.LIVE, said)


async def _spans(_vendors: Providers, settings: Settings) -> VendorFinding:
    """Say where spans go, without a call: a collector has nothing that only reads."""
    access = settings.telemetry_access()
    if access is None:
        return _off("spans", "no spans are sent; ONE_MCP_OTLP_ENDPOINT names who takes them")
    spans = await to_thread.run_sync(catalog.spans, access)
    await to_thread.run_sync(spans.close)
    where = urlsplit(access.url).netloc if access.url else "what OTEL_EXPORTER_OTLP_… names"
    return _found("spans", RailsMode.LIVE, f"spans go to {where}; nothing was sent to it now")


def _found(check: str, mode: RailsMode, says: str, *, state: State = "ok") -> VendorFinding:
    return VendorFinding(check=check, mode=mode.value, state=state, says=says)


def _heard(check: str, mode: RailsMode, heard: Checkup) -> VendorFinding:
    return _found(check, mode, heard.says, state="warning" if heard.doubtful else "ok")


def _failed(check: str, says: str) -> VendorFinding:
    return VendorFinding(check=check, mode="misconfigured", state="problem", says=says)


def _simulated(check: str, says: str, instead: str) -> VendorFinding:
    return VendorFinding(check=check, mode="simulated", state="ok", says=f"{says}; {instead}")


def _off(check: str, says: str) -> VendorFinding:
    return VendorFinding(check=check, mode="off", state="ok", says=says)
