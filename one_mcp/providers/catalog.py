"""Choose the embedder and the vendors that the settings name.

The one place that imports inside functions: numpy, onnxruntime and the vendors' SDKs cost memory
and most of a second, so they are imported by whoever first needs one of them, on a worker thread.
"""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from one_mcp import assets
from one_mcp.chain_settings import ChainAccess
from one_mcp.errors import EmbedderError, SettingsError
from one_mcp.mail_settings import MailAccess
from one_mcp.money_settings import StripeAccess
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.chat import Chat
from one_mcp.providers.ports.embedding import Embedder
from one_mcp.providers.ports.mail import Mailer
from one_mcp.providers.ports.signatures import Signer
from one_mcp.providers.ports.spans import Spans
from one_mcp.providers.stripe_payments import StripeApi
from one_mcp.search.ports import Arithmetic
from one_mcp.settings import PACKAGED_MODEL, EmbeddingSettings
from one_mcp.telemetry_settings import TelemetryAccess


def _nothing(_name: str, _settings: EmbeddingSettings) -> None:
    """Search by words alone."""


def _minilm(_name: str, _settings: EmbeddingSettings) -> Embedder:
    try:
        from one_mcp.providers import minilm
    except ImportError as error:
        raise EmbedderError(
            "onnxruntime, which runs the model that comes along, is not made for this machine and "
            "Python, so texts are found by their words alone; set ONE_MCP_EMBEDDING_MODEL to "
            "another model, or to none."
        ) from error
    return minilm.load(assets.resources("models", PACKAGED_MODEL))


def _openai(name: str, settings: EmbeddingSettings) -> Embedder:
    with _extra("openai"):
        from one_mcp.providers import openai

    return openai.connect(name, *settings.openai_access())


def _sentence_transformers(name: str, _settings: EmbeddingSettings) -> Embedder:
    with _extra("sentence-transformers"):
        from one_mcp.providers import sentence_transformers

    return sentence_transformers.load(name)


def _simulated(_name: str, _settings: EmbeddingSettings) -> Embedder:
    from one_mcp.providers.simulated import embedder as simulated

    return simulated.Simulated()


EMBEDDERS: dict[str, Callable[[str, EmbeddingSettings], Embedder | None]] = {
    PACKAGED_MODEL: _minilm,
    "none": _nothing,
    "openai": _openai,
    "sentence-transformers": _sentence_transformers,
    "simulated": _simulated,
}


def embedder(settings: EmbeddingSettings) -> Embedder | None:
    """Load the embedder; None where the settings choose search by words alone.

    Blocks, for seconds where a large model is loaded: call it on a worker thread, once.
    Raises EmbedderError when an extra is not installed, or the model cannot be loaded.
    """
    # before numpy is there: its matrices are small here, and threads would only wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    kind, _, name = settings.embedding_model.partition(":")
    return EMBEDDERS[kind](name, settings)


def name(settings: EmbeddingSettings) -> str | None:
    """Name the embedder without loading it, as it names itself; None for search by words alone."""
    model = settings.embedding_model
    return {"none": None, PACKAGED_MODEL: f"{PACKAGED_MODEL}-int8"}.get(model, model)


def chat(model: str, access: EmbeddingSettings) -> Chat:
    """Load the library of a chat model; blocks for a moment, so call it on a worker thread."""
    try:
        from one_mcp.providers import openai_chat
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed, and models of openai need it; "
            "pip install 'one-mcp[openai]' brings it.",
            extra="openai",
        ) from error
    return openai_chat.connect(model.partition(":")[2], *access.openai_access())


def arithmetic() -> Arithmetic:
    """Load the arithmetic of vectors, which is numpy's."""
    from one_mcp.search import scan, vectors

    return Arithmetic(
        scan.Scan, vectors.quantised, vectors.cosines, vectors.smoothed, vectors.alike
    )


def stripe(access: StripeAccess) -> StripeApi:
    """Load Stripe's SDK; blocks for a moment, so call it on a worker thread, once."""
    try:
        from one_mcp.providers import stripe
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed, and a key for Stripe needs it; "
            "pip install 'one-mcp[stripe]' brings it.",
            extra="stripe",
        ) from error
    return stripe.connect(access)


def mailer(access: MailAccess) -> Mailer:
    """Load what speaks to whoever sends mails; nothing is sent yet."""
    if access.kind == "resend":
        from one_mcp.providers import resend

        return resend.Resend(access)
    try:
        from one_mcp.providers import smtp
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed, and a mail server needs it; "
            "pip install 'one-mcp[smtp]' brings it.",
            extra="smtp",
        ) from error
    return smtp.connect(access)


def spans(access: TelemetryAccess) -> Spans:
    """Load OpenTelemetry's SDK; blocks for half a second, so call it on a worker thread, once."""
    try:
        from one_mcp.providers import otlp
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed, and spans need it; "
            "pip install 'one-mcp[telemetry]' brings it.",
            extra="telemetry",
        ) from error
    return otlp.Otlp(access)


def signer(passphrase: str, salt: bytes) -> Signer:
    """Make the person who signs with a passphrase; blocks for a tenth of a second."""
    from one_mcp.providers import signatures

    return signatures.Ed25519Signer(passphrase, salt)


def verify(public_key: str, signature: str, said: bytes) -> bool:
    """Tell whether a public key's person has signed something."""
    from one_mcp.providers import signatures

    return signatures.verify(public_key, signature, said)


def evm(access: ChainAccess) -> Chain:
    """Load web3 and open the key; blocks for a second or two, so call it on a worker thread."""
    deepest = sys.getrecursionlimit()
    try:
        from one_mcp.providers import evm
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is not installed, and a chain needs it; "
            "pip install 'one-mcp[chain]' brings it.",
            extra="chain",
        ) from error
    finally:
        # a library of web3's raises it so far that deep JSON of a client would overflow the stack
        sys.setrecursionlimit(deepest)
    return evm.connect(access)


@contextmanager
def _extra(name: str) -> Generator[None]:
    """Say which extra brings a library that is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise EmbedderError(
            f"{error.name} is not installed, and models of {name} need it; "
            f"pip install 'one-mcp[{name}]' brings it.",
            extra=name,
        ) from error
