"""The contract of chat: what every adapter does in the same way; against a partner of others."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from one_mcp.errors import SettingsError
from one_mcp.model_settings import ModelSettings
from one_mcp.money_errors import ProviderError
from one_mcp.providers import openai_chat
from one_mcp.providers.chatting import Chatting
from one_mcp.providers.ports.chat import Chat, ChatMessage
from one_mcp.settings import EmbeddingSettings
from tests.chat import aimock
from tests.chat.aimock import Aimock, needs_modules
from tests.providers.stripes import served

pytestmark = pytest.mark.anyio
KEY = "sk-test-0123456789abcdef"
PASSAGES = ("Our studio opens at nine.", "Refunds take three days. They go back the way they came.")
ASKED = (
    ChatMessage("system", "Answer from the passages."),
    ChatMessage("user", "How do refunds work?", PASSAGES),
)


@dataclass
class Counter:
    """What an adapter has counted."""

    seen: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def __call__(self, tokens_in: int, tokens_out: int = 0) -> None:
        self.seen.append((tokens_in, tokens_out))


def chatting(url: str | None, model: str | None = "openai:gpt-test") -> Chatting:
    access = {"openai_api_key": KEY, "openai_base_url": url}
    return Chatting(
        ModelSettings(chat_model=model), EmbeddingSettings.model_validate(access if url else {})
    )


@pytest.fixture
async def partner() -> AsyncIterator[Aimock]:
    async with aimock.running() as started:
        yield started


@pytest.fixture(params=["simulated", pytest.param("openai", marks=needs_modules)])
async def chat(request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    """Each adapter in turn."""
    if request.param == "simulated":
        yield await chatting(None, model=None).ready()
        return
    async with aimock.running() as started:
        chosen = chatting(started.url)
        yield await chosen.ready()
        await chosen.close()


async def streamed(chat: Chat, counter: Counter) -> list[str]:
    return [part async for part in chat.stream(ASKED, counter)]


async def test_an_answer_comes_whole_or_in_parts_and_cites_the_passages(chat: Chat) -> None:
    whole = await chat.answer(ASKED, Counter())
    parts = await streamed(chat, Counter())

    assert "three days" in whole
    assert "[" in whole
    assert len(parts) > 1
    assert "".join(parts) == whole


async def test_a_check_asks_for_no_answer(chat: Chat) -> None:
    heard = await chat.check()

    assert ("quoted" if chat.simulated else "gpt-test is not among them") in heard.says
    assert heard.doubtful is not chat.simulated  # aimock answers for models that it does not list


async def test_an_answer_counts_its_tokens_unless_it_costs_nothing(chat: Chat) -> None:
    whole, parts = Counter(), Counter()

    await chat.answer(ASKED, whole)
    await streamed(chat, parts)

    expected = [] if chat.simulated else [(21, 13)]
    assert (whole.seen, parts.seen) == (expected, expected)


async def test_the_simulation_quotes_the_passage_that_answers_and_is_always_the_same() -> None:
    chat = await chatting(None, model=None).ready()
    unknown = (ChatMessage("user", "What is the wifi password?", PASSAGES),)

    first = await chat.answer(ASKED, Counter())

    assert chat.simulated
    assert first.startswith("Refunds take three days. [2]")
    assert await chat.answer(ASKED, Counter()) == first
    assert "[" not in await chat.answer(unknown, Counter())


@needs_modules
@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize(
    ("accident", "outcome"),
    [
        ("rateLimitRate", "failed"),
        ("malformedRate", "unknown"),
        ("disconnectRate", "unknown"),
        ("dropRate", "unknown"),
    ],
)
async def test_an_accident_says_whether_tokens_may_have_been_used(
    partner: Aimock,
    accident: str,
    outcome: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_parts: bool,
) -> None:
    monkeypatch.setattr(openai_chat, "REPEATS", 0)
    chat = await chatting(partner.url).ready()
    await partner.meets(accident)

    with pytest.raises(ProviderError) as failed:
        await (streamed(chat, Counter()) if in_parts else chat.answer(ASKED, Counter()))

    await chat.close()
    assert (failed.value.outcome, failed.value.retryable) == (outcome, True)


@needs_modules
@pytest.mark.parametrize(
    ("question", "sentence"), [("no account", "no credit"), ("unheard of", "no model")]
)
async def test_what_does_not_work_the_next_time_says_so(
    partner: Aimock, question: str, sentence: str
) -> None:
    chat = await chatting(partner.url).ready()

    with pytest.raises(ProviderError, match=sentence) as failed:
        await chat.answer((ChatMessage("user", question),), Counter())

    await chat.close()
    assert (failed.value.outcome, failed.value.retryable) == ("failed", False)
    assert KEY not in str(failed.value.data())


async def test_a_server_that_is_not_there_has_used_nothing() -> None:
    chat = await chatting("http://127.0.0.1:9/v1").ready()

    with pytest.raises(ProviderError) as failed:
        await chat.answer(ASKED, Counter())

    await chat.close()
    assert (failed.value.outcome, failed.value.retryable) == ("failed", True)


async def test_a_stream_that_breaks_off_is_no_answer() -> None:
    async def half(_: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield (
                'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m",'
                '"choices":[{"index":0,"delta":{"content":"Refunds"},"finish_reason":null}]}\n\n'
            )

        return StreamingResponse(parts(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/v1/chat/completions", half, methods=["POST"])])
    got: list[str] = []
    async with served(app) as url:
        chat = await chatting(f"{url}/v1").ready()
        with pytest.raises(ProviderError) as failed:
            await _read(chat, got)
        await chat.close()

    assert got == ["Refunds"]
    assert failed.value.outcome == "unknown"


async def _read(chat: Chat, got: list[str]) -> None:
    async for part in chat.stream(ASKED, Counter()):
        got.append(part)  # noqa: PERF401  # what came before it broke off counts


async def test_silence_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_chat, "TRY_S", 0.2)
    monkeypatch.setattr(openai_chat, "REPEATS", 0)
    over = anyio.Event()

    async def never(_: Request) -> StreamingResponse:
        await over.wait()
        raise AssertionError

    app = Starlette(routes=[Route("/v1/chat/completions", never, methods=["POST"])])
    async with served(app) as url:
        chat = await chatting(f"{url}/v1").ready()
        with pytest.raises(ProviderError, match="in time") as failed:
            await chat.answer(ASKED, Counter())
        await chat.close()
        over.set()

    assert (failed.value.outcome, failed.value.retryable) == ("unknown", True)


async def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SettingsError, match="ONE_MCP_OPENAI_API_KEY"):
        await chatting(None).ready()
