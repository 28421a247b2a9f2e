"""Any model of sentence-transformers, by its name or from a folder.

A folder never asks the network. A name is looked up among the models that were fetched before, and
is fetched only when it is not there.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol

import anyio
import numpy as np
from anyio.to_thread import run_sync
from numpy.typing import NDArray
from tokenizers import Tokenizer

from one_mcp.errors import EmbedderError
from one_mcp.providers import hub_tokens, vectors
from one_mcp.providers.ports.embedding import Purpose, Span
from one_mcp.providers.ports.metering import TokenMeter, unmetered

RUN = 4  # texts that are embedded at once; a query waits for one run at most
WINDOW = 512  # where a model names no limit
log = logging.getLogger(__name__)


class FastTokenizer(Protocol):
    @property
    def backend_tokenizer(self) -> Tokenizer: ...


class SentenceEncoder(Protocol):
    """What is used of a SentenceTransformer."""

    max_seq_length: int | None
    prompts: Mapping[str, str]

    @property
    def tokenizer(self) -> FastTokenizer: ...

    def get_embedding_dimension(self) -> int | None: ...

    def encode_query(
        self, inputs: list[str], *, batch_size: int, show_progress_bar: bool
    ) -> NDArray[np.float32]: ...

    def encode_document(
        self, inputs: list[str], *, batch_size: int, show_progress_bar: bool
    ) -> NDArray[np.float32]: ...


# by name, since the type checker runs without extras
SentenceTransformer: Callable[..., SentenceEncoder] = import_module(
    "sentence_transformers"
).SentenceTransformer
SafetensorError: type[Exception] = import_module("safetensors").SafetensorError
BROKEN = (OSError, ValueError, LookupError, RuntimeError, SafetensorError)


class SentenceTransformersEmbedder:
    """A loaded model; one run at a time, since its tokenizer cannot be used by two threads."""

    def __init__(self, model: SentenceEncoder, name: str, dimension: int) -> None:
        self.name: Final = f"sentence-transformers:{name}"
        self.dimension: Final = dimension
        self._tokenizer = hub_tokens.endless(deepcopy(model.tokenizer.backend_tokenizer))
        prompts = [hub_tokens.spans(self._tokenizer, prompt) for prompt in model.prompts.values()]
        limit = hub_tokens.room(self._tokenizer, model.max_seq_length or WINDOW)
        self.window: Final = limit - max(map(len, prompts), default=0)
        self._model = model
        self._turn = anyio.CapacityLimiter(1)
        self._lock = threading.Lock()  # against a run that its caller has abandoned

    def spans(self, text: str) -> list[Span]:
        """Cut into the tokens of the model's own tokenizer."""
        return hub_tokens.spans(self._tokenizer, text)

    async def embed(
        self,
        texts: Sequence[str],
        purpose: Purpose,
        meter: TokenMeter = unmetered,  # noqa: ARG002  # it costs nothing
    ) -> bytes:
        """Run the model for a few texts at a time, with its prompt for the purpose."""
        rows: list[bytes] = []
        for start in range(0, len(texts), RUN):
            some = list(texts[start : start + RUN])
            rows.append(
                await run_sync(
                    self._rows, some, purpose, limiter=self._turn, abandon_on_cancel=True
                )
            )
        return b"".join(rows)

    async def close(self) -> None:
        """Nothing is open."""

    def _rows(self, texts: list[str], purpose: Purpose) -> bytes:
        model = self._model
        encode = model.encode_query if purpose == "query" else model.encode_document
        with self._lock:
            return vectors.packed(encode(texts, batch_size=RUN, show_progress_bar=False))


def load(name: str) -> SentenceTransformersEmbedder:
    """Load a model by its name, or from a folder, which is an absolute path.

    Raises EmbedderError when there is none, it needs code of its own, or it is no text model.
    """
    model = _from_folder(Path(name)) if Path(name).is_absolute() else _by_name(name)
    dimension = model.get_embedding_dimension()
    if dimension is None or not hasattr(model.tokenizer, "backend_tokenizer"):
        raise EmbedderError(f"The model {name} embeds no texts.")
    return SentenceTransformersEmbedder(model, name, dimension)


def _from_folder(folder: Path) -> SentenceEncoder:
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise EmbedderError(
            f"{folder} holds no model of sentence-transformers; there is neither modules.json nor "
            "config.json.",
        )
    try:
        return _model(str(folder), local=True)
    except BROKEN as error:
        raise EmbedderError(
            f"The model in {folder} cannot be loaded: {_first_line(error)}"
        ) from error


def _by_name(name: str) -> SentenceEncoder:
    try:
        return _model(name, local=True)
    except BROKEN:
        log.info("fetching an embedding model", extra={"model": name})
    try:
        return _model(name, local=False)
    except BROKEN as error:
        raise EmbedderError(
            f"The model {name} is neither on this machine nor can it be fetched: "
            f"{_first_line(error)} A folder is named by a path that begins with /, ./ or ~.",
            retryable=isinstance(error, OSError),
        ) from error


def _model(name: str, *, local: bool) -> SentenceEncoder:
    import_module("transformers.utils.logging").disable_progress_bar()  # stderr is for log lines
    return SentenceTransformer(name, local_files_only=local)


def _first_line(error: Exception) -> str:
    line = str(error).strip().partition("\n")[0]
    return line if line.endswith(".") else f"{line}."
