"""Embeddings over OpenAI's protocol: OpenAI itself, or vLLM, Ollama, llama.cpp and others.

The SDK repeats what may work a second time, and waits as long as the server asks for. The answer
is parsed here, since the SDK hands on whatever came.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final

import anyio
import numpy as np
from numpy.typing import NDArray
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    NotFoundError,
    OpenAI,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
)
from pydantic import BaseModel, ConfigDict, NonNegativeInt, SecretStr

from one_mcp.errors import EmbedderError
from one_mcp.providers import vectors
from one_mcp.providers.ports.embedding import Purpose, Span
from one_mcp.providers.ports.metering import TokenMeter, unmetered
from one_mcp.settings import OPENAI_URL

DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
WINDOW = 4096  # half of what OpenAI takes: tokens are estimated here, and may be twice as many
OTHER_WINDOW = 512  # what most open models take at least
MOST_TEXTS = 128  # in a request; OpenAI takes 2,048, a server on a laptop does not in a minute
MOST_TOKENS = 100_000  # in a request, as estimated; OpenAI takes 300,000
AT_ONCE = 4  # requests of each purpose
PASSAGE_S, QUERY_S = 60.0, 10.0
REPEATS = 4  # of a request that may work the next time
_TOKEN = re.compile(r"[A-Za-z]{1,4}|\d{1,3}|[^\w\s]|\w")  # four letters, three digits, or one sign


class Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    embedding: list[float] | str  # base64 of little-endian float32, unless the server knows none
    index: int = 0


class Usage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    prompt_tokens: NonNegativeInt = 0


class Spent(BaseModel):
    """What a server says that an answer took."""

    model_config = ConfigDict(frozen=True, extra="allow")

    usage: Usage = Usage()


class Reply(BaseModel):
    """What a server answers."""

    model_config = ConfigDict(frozen=True, extra="allow")

    data: list[Row]

    def matrix(self, texts: int, dimension: int | None) -> NDArray[np.float32]:
        """Put the rows in order; ValueError when it is not one of `dimension` for each text."""
        rows = [_numbers(row) for row in sorted(self.data, key=lambda row: row.index)]
        lengths = {len(row) for row in rows}
        if (
            len(rows) != texts
            or len(lengths) != 1
            or 0 in lengths
            or dimension not in (None, *lengths)
        ):
            raise ValueError("not a vector of the right length for each text")
        return np.stack(rows)


class OpenAIEmbedder:
    """A model behind `/embeddings`."""

    def __init__(
        self, client: AsyncOpenAI, model: str, dimension: int, *, query_s: float = QUERY_S
    ) -> None:
        self.name: Final = f"openai:{model}"
        self.dimension: Final = dimension
        self.window: Final = WINDOW if model in DIMENSIONS else OTHER_WINDOW
        self._client = client
        self._query_s = query_s
        self._model = model
        self._turns: dict[Purpose, anyio.CapacityLimiter] = {
            "passage": anyio.CapacityLimiter(AT_ONCE),
            "query": anyio.CapacityLimiter(AT_ONCE),
        }

    def spans(self, text: str) -> list[Span]:
        """Estimate the tokens, since OpenAI's tokenizer is not here; English has fewer."""
        return [found.span() for found in _TOKEN.finditer(text)]

    async def embed(
        self, texts: Sequence[str], purpose: Purpose, meter: TokenMeter = unmetered
    ) -> bytes:
        """Ask for a batch at a time. A query is given up early, for somebody waits for it."""
        rows: list[bytes] = []
        for batch in self._batches(texts):
            async with self._turns[purpose]:
                if purpose == "passage":
                    rows.append(await self._ask(batch, meter))
                else:
                    rows.append(await self._ask_quickly(batch, meter))
        return b"".join(rows)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask_quickly(self, texts: list[str], meter: TokenMeter) -> bytes:
        try:
            with anyio.fail_after(self._query_s):
                return await self._ask(texts, meter)
        except TimeoutError as error:
            raise _late(self._model) from error

    async def _ask(self, texts: list[str], meter: TokenMeter) -> bytes:
        try:
            answer = await self._client.post(
                "/embeddings", cast_to=object, body=_question(self._model, texts)
            )
        except (OpenAIError, ValueError) as error:
            raise _failure(self._model, error) from error
        meter(_tokens(answer))
        return vectors.packed(_matrix(self._model, answer, len(texts), self.dimension))

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        tokens = 0
        for text in texts:
            spans = self.spans(text)[: self.window]
            if len(batch) == MOST_TEXTS or (batch and tokens + len(spans) > MOST_TOKENS):
                yield batch
                batch, tokens = [], 0
            tokens += len(spans)
            batch.append(text[: spans[-1][1]] if len(spans) == self.window else text)
        if batch:
            yield batch


def connect(model: str, key: SecretStr | None, base_url: str) -> OpenAIEmbedder:
    """Stand ready to ask a server; a model that is not OpenAI's is asked for its dimension first.

    Raises EmbedderError when there is no key for OpenAI, or the first question fails.
    """
    if key is None and base_url == OPENAI_URL:
        raise EmbedderError(
            f"The embedding model openai:{model} needs a key; set ONE_MCP_OPENAI_API_KEY, or "
            "ONE_MCP_OPENAI_BASE_URL for a server that asks for none.",
        )
    secret = key.get_secret_value() if key else "none"
    dimension = DIMENSIONS.get(model) or _dimension(model, secret, base_url)
    client = AsyncOpenAI(api_key=secret, base_url=base_url, timeout=PASSAGE_S, max_retries=REPEATS)
    return OpenAIEmbedder(client, model, dimension)


def _dimension(model: str, secret: str, base_url: str) -> int:
    with OpenAI(api_key=secret, base_url=base_url, timeout=PASSAGE_S, max_retries=0) as client:
        try:
            answer = client.post("/embeddings", cast_to=object, body=_question(model, ["one"]))
        except (OpenAIError, ValueError) as error:
            raise _failure(model, error) from error
    return _matrix(model, answer, 1, None).shape[1]


def _question(model: str, texts: list[str]) -> dict[str, object]:
    filled = [text if text.strip() else "." for text in texts]  # an empty one would be refused
    return {"model": model, "input": filled, "encoding_format": "base64"}


def _matrix(model: str, answer: object, texts: int, dimension: int | None) -> NDArray[np.float32]:
    try:
        return Reply.model_validate(answer).matrix(texts, dimension)
    except ValueError as error:
        raise EmbedderError(
            f"The server's answer for openai:{model} is not one vector for each text; "
            "is ONE_MCP_OPENAI_BASE_URL right, and does this model make embeddings?",
        ) from error


def _tokens(answer: object) -> int:
    """Read what a server says it has used, whatever else is wrong; some say nothing."""
    try:
        return Spent.model_validate(answer).usage.prompt_tokens
    except ValueError:
        return 0


def _numbers(row: Row) -> NDArray[np.float32]:
    if isinstance(row.embedding, str):
        return np.frombuffer(b64decode(row.embedding, validate=True), "<f4")
    return np.array(row.embedding, np.float32)


def _late(model: str) -> EmbedderError:
    return EmbedderError(f"The server of openai:{model} did not answer in time.", retryable=True)


def _failure(model: str, error: OpenAIError | ValueError) -> EmbedderError:
    """Say what went wrong; in words of our own, since a server may repeat the key in its."""
    named = f"openai:{model}"
    match error:
        case APITimeoutError():
            return _late(model)
        case APIConnectionError():
            sentence, retryable = f"The server of {named} cannot be reached.", True
        case AuthenticationError() | PermissionDeniedError():
            sentence = f"The server of {named} refuses the key; check ONE_MCP_OPENAI_API_KEY."
            retryable = False
        case NotFoundError():
            sentence = (
                f"The server has no embedding model {model}; check ONE_MCP_EMBEDDING_MODEL and "
                "ONE_MCP_OPENAI_BASE_URL."
            )
            retryable = False
        case RateLimitError():
            paid = error.code == "insufficient_quota"
            why = "the account has no credit" if paid else "there were too many requests"
            sentence, retryable = f"The server of {named} takes no more: {why}.", not paid
        case APIStatusError():
            sentence = f"The server of {named} answered with status {error.status_code}."
            retryable = error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        case _:  # no JSON, although the server says that it is
            sentence, retryable = f"The server of {named} gave no answer that can be read.", False
    status = error.status_code if isinstance(error, APIStatusError) else None
    return EmbedderError(sentence, retryable=retryable, status=status)
