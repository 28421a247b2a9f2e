"""The embedding model that comes along: all-MiniLM-L6-v2, quantised to int8, run by onnxruntime.

One text a run: on a CPU batches are no faster (measured: 43 ms for a text of 256 tokens alone, 55
in a batch of 8, which takes 180 MB more), and short runs let a query in between.
"""

import os
import tomllib
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Final, Protocol

import anyio
import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]  # it has none
from anyio.to_thread import run_sync
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from one_mcp.errors import EmbedderError
from one_mcp.providers import vectors, wordpiece
from one_mcp.providers.ports.embedding import Purpose, Span
from one_mcp.providers.ports.metering import TokenMeter, unmetered

MOST_AT_ONCE = 4
AGAIN = "install one-mcp anew, or set ONE_MCP_EMBEDDING_MODEL to another model."


class InferenceSession(Protocol):
    """What is used of onnxruntime's session, which has no types."""

    def run(
        self, names: None, feed: dict[str, NDArray[np.int64]], /
    ) -> list[NDArray[np.float32]]: ...


class Card(BaseModel):
    """What `model.toml` says about the files beside it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    dimension: int
    window: int
    sha256: dict[str, str]


class MiniLM:
    """One session for the whole process; a query never waits for passages.

    Queries and passages have a thread each. Cancelling leaves at most one run behind, of 50 ms.
    """

    def __init__(self, card: Card, folder: Path, threads: int) -> None:
        self.name: Final = f"{card.name}-int8"
        self.dimension: Final = card.dimension
        self._tokenizer = wordpiece.read(folder / "tokenizer.json")
        self.window: Final = card.window - wordpiece.MARKS
        self._limit = card.window
        self._session = _session(folder / "model.onnx", threads)
        self._turns: dict[Purpose, anyio.CapacityLimiter] = {
            "passage": anyio.CapacityLimiter(1),
            "query": anyio.CapacityLimiter(1),
        }

    def spans(self, text: str) -> list[Span]:
        """Cut into word pieces."""
        return self._tokenizer.spans(text)

    async def embed(
        self,
        texts: Sequence[str],
        purpose: Purpose,
        meter: TokenMeter = unmetered,  # noqa: ARG002  # it costs nothing
    ) -> bytes:
        """Run the model once for each text."""
        return b"".join(
            [
                await run_sync(
                    self._row, text, limiter=self._turns[purpose], abandon_on_cancel=True
                )
                for text in texts
            ]
        )

    async def close(self) -> None:
        """Nothing is open."""

    def _row(self, text: str) -> bytes:
        row = np.array([self._tokenizer.ids(text, self._limit)], np.int64)
        feed = {"input_ids": row, "attention_mask": np.ones_like(row)}
        (rows,) = self._session.run(None, feed)
        return vectors.packed(rows)


def load(folder: Path, threads: int | None = None) -> MiniLM:
    """Load the model from a folder with `model.toml`, `model.onnx` and `tokenizer.json`.

    `threads` work on one text together: half of the machine's, at most 4, unless told.
    Raises EmbedderError when a file is missing or not what `model.toml` says.
    """
    card = _card(folder / "model.toml")
    for name, expected in card.sha256.items():
        _verify(folder / name, expected)
    return MiniLM(card, folder, threads or max(1, min(MOST_AT_ONCE, (os.cpu_count() or 2) // 2)))


def _card(path: Path) -> Card:
    try:
        return Card.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise _lacking(path) from error
    except ValueError as error:
        raise _damaged(path) from error


def _verify(path: Path, expected: str) -> None:
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _lacking(path) from error
    if found != expected:
        raise _damaged(path)


def _lacking(path: Path) -> EmbedderError:
    return EmbedderError(f"The embedding model's file {path} cannot be read; {AGAIN}")


def _damaged(path: Path) -> EmbedderError:
    return EmbedderError(f"The embedding model's file {path} is damaged; {AGAIN}")


def _session(path: Path, threads: int) -> InferenceSession:
    onnxruntime.disable_telemetry_events()  # pyright: ignore[reportUnknownMemberType]  # no types
    options = onnxruntime.SessionOptions()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types
    options.enable_cpu_mem_arena = False  # the arena never gives memory back
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # pyright: ignore[reportUnknownMemberType]  # no types
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])  # pyright: ignore[reportUnknownArgumentType, reportReturnType]  # no types
