"""Chat over OpenAI's protocol: OpenAI itself, or vLLM, Ollama, llama.cpp and others.

The SDK repeats what may work a second time. A stream that has begun is not repeated.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
)
from openai.types import CompletionUsage
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionMessageParam,
    ChatCompletionSystemMessageParam,
    ChatCompletionUserMessageParam,
)
from pydantic import SecretStr

from one_mcp.errors import SettingsError
from one_mcp.money_errors import ProviderError
from one_mcp.providers.ports.chat import ChatMessage
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.metering import TokenMeter
from one_mcp.settings import OPENAI_URL

TRY_S = 60.0
REPEATS = 2
_OPENAI_HOST = urlsplit(OPENAI_URL).hostname
_UNREAD = "The server of {} gave no answer that can be read."


class OpenAIChat:
    """A model behind `/chat/completions`."""

    simulated = False

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self.name = f"openai:{model}"
        self._client = client
        self._model = model

    async def answer(self, messages: tuple[ChatMessage, ...], meter: TokenMeter) -> str:
        with self._failures():
            said = await self._client.chat.completions.create(
                model=self._model, messages=[_turn(it) for it in messages]
            )
            # the SDK hands on whatever came
            choices = said.choices if hasattr(said, "choices") else None
            text = choices[0].message.content if choices else None
            usage = said.usage if choices else None
        if text is None:
            raise self._unread()
        _count(usage, meter)
        return text

    async def stream(
        self, messages: tuple[ChatMessage, ...], meter: TokenMeter
    ) -> AsyncGenerator[str]:
        is_whole = False
        with self._failures():
            parts = await self._client.chat.completions.create(
                model=self._model,
                messages=[_turn(it) for it in messages],
                stream=True,
                stream_options={"include_usage": True},
            )
            async with parts:
                async for part in parts:
                    if part.usage is not None:
                        _count(part.usage, meter)
                    for choice in part.choices:
                        is_whole = is_whole or choice.finish_reason is not None
                        if choice.delta.content:
                            yield choice.delta.content
        if not is_whole:
            raise self._unread()

    async def check(self) -> Checkup:
        """List the models; a tag after the name, as Ollama has it, may be left out."""
        with self._failures():
            names = [it.id for it in (await self._client.models.list()).data]
        if any(name in {self._model, f"{self._model}:latest"} for name in names):
            return Checkup(f"the server has {self._model} among {len(names)} models")
        if self._client.base_url.host == _OPENAI_HOST:  # a gateway may well know more than it lists
            raise self._absent()
        return Checkup(
            f"the server lists {len(names)} models, and {self._model} is not among them: it may "
            "know it all the same; else correct ONE_MCP_CHAT_MODEL",
            doubtful=True,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _unread(self) -> ProviderError:
        return ProviderError(_UNREAD.format(self.name), retryable=True, outcome="unknown")

    @contextmanager
    def _failures(self) -> Generator[None]:
        """Type what goes wrong; in words of our own, since a server may repeat the key in its."""
        try:
            yield
        except (OpenAIError, httpx2.HTTPError) as error:
            raise self._failure(error) from error
        except (ValueError, TypeError, AttributeError, IndexError) as error:  # no such answer
            raise self._unread() from error

    def _failure(self, error: Exception) -> ProviderError:
        match error:
            case APITimeoutError():
                return self._open("did not answer in time")
            case APIConnectionError() if isinstance(error.__cause__, httpx2.ConnectError):
                return ProviderError(
                    f"The server of {self.name} cannot be reached.", retryable=True
                )
            case APIStatusError():
                return self._refused(error)
            case _:
                return self._open("broke off")

    def _refused(self, error: APIStatusError) -> ProviderError:
        match error:
            case AuthenticationError() | PermissionDeniedError():
                return ProviderError(
                    f"The server of {self.name} refuses the key; check ONE_MCP_OPENAI_API_KEY.",
                    retryable=False,
                )
            case NotFoundError():
                return self._absent()
            case RateLimitError():
                paid = error.code == "insufficient_quota"
                why = "the account has no credit" if paid else "there were too many requests"
                return ProviderError(
                    f"The server of {self.name} takes no more: {why}.",
                    retryable=not paid,
                    status=error.status_code,
                )
            case _:
                return self._answered(error.status_code)

    def _absent(self) -> ProviderError:
        return ProviderError(
            f"The server has no model {self._model}; check ONE_MCP_CHAT_MODEL and "
            "ONE_MCP_OPENAI_BASE_URL.",
            retryable=False,
        )

    def _answered(self, status: int) -> ProviderError:
        is_broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return ProviderError(
            f"The server of {self.name} answered with status {status}.",
            retryable=is_broken,
            outcome="unknown" if is_broken else "failed",
            status=status,
        )

    def _open(self, what: str) -> ProviderError:
        return ProviderError(
            f"The server of {self.name} {what}.", retryable=True, outcome="unknown"
        )


def connect(model: str, key: SecretStr | None, base_url: str) -> OpenAIChat:
    """Stand ready to ask a server; nothing is sent yet."""
    if key is None and base_url == OPENAI_URL:
        raise SettingsError(
            f"The model openai:{model} needs a key; set ONE_MCP_OPENAI_API_KEY, or "
            "ONE_MCP_OPENAI_BASE_URL for a server that asks for none.",
            setting="ONE_MCP_OPENAI_API_KEY",
        )
    secret = key.get_secret_value() if key else "none"
    client = AsyncOpenAI(api_key=secret, base_url=base_url, timeout=TRY_S, max_retries=REPEATS)
    return OpenAIChat(client, model)


def _count(usage: CompletionUsage | None, meter: TokenMeter) -> None:
    """Count what the server tells; some tell nothing."""
    if usage is None:
        meter(0)
    else:
        meter(usage.prompt_tokens, usage.completion_tokens)


def _turn(message: ChatMessage) -> ChatCompletionMessageParam:
    numbered = [f"[{place}] {text}" for place, text in enumerate(message.passages, 1)]
    content = "\n\n".join([*numbered, message.text])
    match message.role:
        case "system":
            return ChatCompletionSystemMessageParam(role="system", content=content)
        case "assistant":
            return ChatCompletionAssistantMessageParam(role="assistant", content=content)
        case _:
            return ChatCompletionUserMessageParam(role="user", content=content)
