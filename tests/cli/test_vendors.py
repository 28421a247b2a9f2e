"""`one-mcp doctor --providers` asks each provider once, and says what is real and what is wrong."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from anyio import to_thread
from click.testing import Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Session
from tests.chain import anvil, modules
from tests.cli.conftest import Run, answer
from tests.providers import mails
from tests.providers.mails import ResendServer, SmtpHandler, smtp_server
from tests.providers.stripes import KEY, Fault, Faulty, served

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("business")]
FULL_KEY = "sk_test_0123456789abcdefghij"
MODEL_KEY = "sk-test-0123456789abcdef"
PASSWORD = "correct-horse-battery"  # noqa: S105  # of a server of this test
NOWHERE = "http://127.0.0.1:1"


class Partners:
    """Servers on this machine, and the doctor that asks them."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch, stack: AsyncExitStack) -> None:
        self._run, self._monkeypatch, self._stack = run, monkeypatch, stack

    async def serve(self, app: object) -> str:
        return await self._stack.enter_async_context(served(app))

    async def doctor(self, *words: str, **given: str) -> Result:
        """Run the doctor with settings, in a thread: it has a loop of its own."""
        for name, value in {"embedding_model": "none", **given}.items():
            plain = name.isupper()
            self._monkeypatch.setenv(name if plain else f"ONE_MCP_{name.upper()}", value)
        return await to_thread.run_sync(partial(self._run, "doctor", *words))

    async def asked(self, **given: str) -> dict[str, str]:
        """Return each provider's line, without the columns before it."""
        result = await self.doctor("--providers", **given)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
        return {check: f"{state} {says}" for state, check, says in lines}


@pytest.fixture
async def partners(run: Run, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Partners]:
    async with AsyncExitStack() as stack:
        yield Partners(run, monkeypatch, stack)


async def test_what_is_not_set_is_simulated_and_says_what_would_be_real(partners: Partners) -> None:
    result = await partners.doctor("--providers", embedding_model="simulated")
    found = answer(await partners.doctor("--providers", "--json", embedding_model="simulated"))

    modes = {it["check"]: it["mode"] for it in found["findings"] if "mode" in it}
    assert modes == {
        **dict.fromkeys(("payments", "chain", "mailer", "chat", "embedder"), "simulated"),
        "spans": "off",
    }
    assert re.search(
        r"^ok +payments +simulated: .*ONE_MCP_STRIPE_SECRET_KEY", result.stdout, re.MULTILINE
    )
    assert re.search(r"^ok +chain +simulated: .*ONE_MCP_BASE_RPC_URL", result.stdout, re.MULTILINE)
    assert re.search(r"^ok +mailer +simulated: .*ONE_MCP_SMTP_URL", result.stdout, re.MULTILINE)
    assert re.search(r"^ok +chat +simulated: .*ONE_MCP_CHAT_MODEL", result.stdout, re.MULTILINE)
    assert result.exit_code == 0


async def test_the_model_that_comes_along_is_live(partners: Partners) -> None:
    found = await partners.asked(embedding_model="all-MiniLM-L6-v2")

    assert found["embedder"].startswith("ok live: all-MiniLM-L6-v2-int8")
    assert "384" in found["embedder"]


async def test_without_the_word_nobody_is_asked(partners: Partners, one: Session) -> None:
    stripe = Faulty(StripeApp(SimulatedCabinet(one), KEY))
    url = await partners.serve(stripe)

    plain = await partners.doctor(stripe_secret_key=KEY, stripe_api_url=url)
    before = len(stripe.asked)
    await partners.doctor("--providers")

    assert plain.exit_code == 0
    assert (before, len(stripe.asked)) == (0, 1)


async def test_a_stripe_key_says_its_mode_and_whether_it_is_restricted(
    partners: Partners, one: Session
) -> None:
    cabinet = SimulatedCabinet(one)
    restricted = await partners.serve(StripeApp(cabinet, KEY))
    full = await partners.serve(StripeApp(cabinet, FULL_KEY))

    best = await partners.asked(stripe_secret_key=KEY, stripe_api_url=restricted)
    other = await partners.asked(stripe_secret_key=FULL_KEY, stripe_api_url=full)

    assert best["payments"].startswith("ok test: stripe (test mode) answers")
    assert "restricted one, as is best" in best["payments"]
    assert other["payments"].startswith("note test: ")
    assert "(rk_test_) that may write payment intents" in other["payments"]


async def test_a_live_key_that_may_do_everything_is_a_warning(
    partners: Partners, one: Session
) -> None:
    key = FULL_KEY.replace("test", "live")
    url = await partners.serve(StripeApp(SimulatedCabinet(one), key))

    found = await partners.asked(stripe_secret_key=key, stripe_api_url=url, live_money="true")

    assert found["payments"].startswith("warning live: stripe answers")
    assert "rk_live_" in found["payments"]


async def test_what_stripe_refuses_is_misconfigured_and_no_secret_is_told(
    partners: Partners, one: Session
) -> None:
    stripe = Faulty(StripeApp(SimulatedCabinet(one), KEY))
    stripe.next = [Fault(403, b'{"error": {"message": "The key ' + KEY.encode() + b' may not."}}')]
    url = await partners.serve(stripe)

    denied = await partners.doctor("--providers", stripe_secret_key=KEY, stripe_api_url=url)
    strange = await partners.doctor(
        "--providers", stripe_secret_key=KEY.replace("a", "b"), stripe_api_url=url
    )

    for result in (denied, strange):
        assert result.exit_code == 1
        assert re.search(
            r"^problem +payments +misconfigured: .*ONE_MCP_STRIPE_SECRET_KEY",
            result.stdout,
            re.MULTILINE,
        )
        assert "0123456789" not in result.output


async def test_a_live_key_without_leave_is_misconfigured(partners: Partners) -> None:
    found = await partners.asked(stripe_secret_key=KEY.replace("test", "live"))

    assert found["payments"].startswith("problem misconfigured: ")
    assert "ONE_MCP_LIVE_MONEY" in found["payments"]


@modules.needs_modules
async def test_a_chain_says_its_block_and_who_signs(partners: Partners) -> None:
    with anvil.running() as node:
        node.ask("anvil_mine", "0x5")
        given = {"base_rpc_url": node.url, "deployer_private_key": anvil.KEY}

        right = await partners.asked(**given, chain_id=str(anvil.CHAIN_ID))
        wrong = await partners.asked(**given, chain_id="84532")

    assert right["chain"].startswith(f"ok test: the node is of the chain {anvil.CHAIN_ID}, at bl")
    assert f"block 5; {anvil.SENDER} signs" in right["chain"]
    assert wrong["chain"].startswith("problem misconfigured: The node is of the chain 31337")
    assert anvil.KEY not in str((right, wrong))


async def test_a_node_that_is_not_there_is_misconfigured(partners: Partners) -> None:
    found = await partners.asked(
        base_rpc_url=f"{NOWHERE}/{MODEL_KEY}", deployer_private_key=anvil.KEY, chain_id="84532"
    )

    assert found["chain"].startswith("problem misconfigured: The chain's node did not answer")
    assert "ONE_MCP_BASE_RPC_URL" in found["chain"]
    assert MODEL_KEY not in str(found)
    assert anvil.KEY not in str(found)


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        ({"example.com": "verified"}, "ok live: Resend knows the key, and has example.com as"),
        ({"example.com": "partially_failed"}, "warning live: "),
        (None, "ok live: Resend knows the key, which may send"),
        ({"example.com": "pending"}, "problem misconfigured: Resend has not verified"),
        ({"other.example": "verified"}, "problem misconfigured: Resend has not verified"),
    ],
)
async def test_resend_says_whether_it_knows_the_sender(
    partners: Partners, domains: dict[str, str] | None, said: str
) -> None:
    server = ResendServer(domains=domains)
    url = await partners.serve(server.app())

    found = await partners.asked(
        resend_api_key=mails.KEY, resend_api_url=url, mail_from="Shop <shop@example.com>"
    )

    assert found["mailer"].startswith(said)
    assert server.arrived == []
    assert mails.KEY not in str(found)


async def test_a_key_that_resend_does_not_know_is_misconfigured(partners: Partners) -> None:
    url = await partners.serve(ResendServer().app())
    key = mails.KEY.replace("0", "9")

    found = await partners.asked(
        resend_api_key=key, resend_api_url=url, mail_from="Shop <shop@example.com>"
    )

    assert found["mailer"].startswith("problem misconfigured: Resend refuses: ")
    assert key not in str(found)


async def test_a_mail_server_is_asked_for_no_mail(partners: Partners) -> None:
    handler = SmtpHandler()

    def check(*given: Any) -> AuthResult:
        return AuthResult(success=given[-1].password == PASSWORD.encode(), handled=False)

    options = {"authenticator": check, "auth_require_tls": False}
    async with smtp_server(handler, **options) as port:
        mine = {"mail_from": "Shop <shop@example.com>"}
        right = await partners.asked(smtp_url=f"smtp://jane:{PASSWORD}@127.0.0.1:{port}", **mine)
        wrong = await partners.asked(smtp_url=f"smtp://jane:{PASSWORD}x@127.0.0.1:{port}", **mine)

    assert right["mailer"].startswith("ok live: the mail server 127.0.0.1 answers, and takes user")
    assert wrong["mailer"].startswith("problem misconfigured: The mail server refuses user or pas")
    assert handler.arrived == []
    assert PASSWORD not in str((right, wrong))


async def listed(request: Request) -> Response:
    if request.headers["authorization"] != f"Bearer {MODEL_KEY}":
        message = f"no such key: {request.headers['authorization']}"
        return JSONResponse({"error": {"message": message}}, 401)
    models = [{"id": name, "object": "model"} for name in ("llama3:latest", "gpt-test")]
    return JSONResponse({"object": "list", "data": models})


@pytest.mark.parametrize(
    ("model", "key", "said"),
    [
        ("gpt-test", MODEL_KEY, "ok live: the server has gpt-test among 2 models"),
        ("llama3", MODEL_KEY, "ok live: the server has llama3"),
        ("other", MODEL_KEY, "warning live: the server lists 2 models, and other is not"),
        ("gpt-test", "sk-other-0123456789abcdef", "problem misconfigured: The server of"),
    ],
)
async def test_a_chat_model_is_looked_up_and_not_asked(
    partners: Partners, model: str, key: str, said: str
) -> None:
    url = await partners.serve(Starlette(routes=[Route("/v1/models", listed)]))

    found = await partners.asked(
        chat_model=f"openai:{model}", openai_api_key=key, openai_base_url=f"{url}/v1"
    )

    assert found["chat"].startswith(said)
    assert key not in str(found)


async def test_an_embedding_model_that_is_not_there_is_misconfigured(partners: Partners) -> None:
    found = await partners.asked(
        embedding_model="openai:small", openai_api_key=MODEL_KEY, openai_base_url=f"{NOWHERE}/v1"
    )

    assert found["embedder"].startswith("problem misconfigured: ")
    assert "ONE_MCP_OPENAI_BASE_URL" in found["embedder"]


async def test_where_spans_go_is_told_and_nothing_is_sent(partners: Partners) -> None:
    found = await partners.asked(otlp_endpoint=NOWHERE)

    assert found["spans"].startswith("ok live: spans go to 127.0.0.1:1")


async def test_variables_of_convex_are_told_to_be_ignored(partners: Partners) -> None:
    result = await partners.doctor(CONVEX_URL="https://jane.example", CONVEX_DEPLOY_KEY=MODEL_KEY)

    assert re.search(
        r"^note +environment CONVEX_DEPLOY_KEY, CONVEX_URL: ignored.*ONE_MCP_DATABASE",
        result.stdout,
        re.MULTILINE,
    )
    assert result.exit_code == 0
    assert MODEL_KEY not in result.output
    assert "jane.example" not in result.output
