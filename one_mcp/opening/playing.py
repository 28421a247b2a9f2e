"""Answer a client's first requests from a file, while the server is still being imported.

The SDK takes most of a second to import, yet what clients ask first (who are you, what are your
tools) never changes between two releases. This module imports next to nothing, plays the server for
those requests, and hands the wire to the real one: when that is there, or with the first message
that is out of the ordinary. What it answered needs no memory (protocol 2026-07-28), or is replayed
to the real server, whose second answer is dropped (the generations with a handshake).

The file holds what `one_mcp.server.offer` hears from a server with the default settings.
"""

import os
import select
import threading
from collections.abc import Callable, Mapping, Sequence
from json import JSONDecoder

from one_mcp.opening.answers import LONGEST_LINE_BYTES, Id, RecordedAnswers, Recording

FILE = __file__.removesuffix("playing.py") + "_answers.json"

_HARMLESS = frozenset(  # settings that change no answer
    {
        "ONE_MCP_APPROVALS",
        "ONE_MCP_APPROVER_KEY",
        "ONE_MCP_BASE_RPC_URL",
        "ONE_MCP_CHAIN_CONFIRMATIONS",
        "ONE_MCP_CHAIN_ID",
        "ONE_MCP_DATABASE",
        "ONE_MCP_DEPLOYER_KEYSTORE",
        "ONE_MCP_DEPLOYER_KEYSTORE_PASSWORD",
        "ONE_MCP_DEPLOYER_PRIVATE_KEY",
        "ONE_MCP_EMBEDDING_MODEL",
        "ONE_MCP_FORM_LIMIT",
        "ONE_MCP_LIVE_MONEY",
        "ONE_MCP_LOG_LEVEL",
        "ONE_MCP_MAIL_FROM",
        "ONE_MCP_OPENAI_API_KEY",
        "ONE_MCP_OPENAI_BASE_URL",
        "ONE_MCP_OTLP_ENDPOINT",
        "ONE_MCP_RESEND_API_KEY",
        "ONE_MCP_RESEND_API_URL",
        "ONE_MCP_SMTP_URL",
        "ONE_MCP_STRIPE_API_URL",
        "ONE_MCP_STRIPE_PUBLISHABLE_KEY",
        "ONE_MCP_STRIPE_RETURN_URL",
        "ONE_MCP_STRIPE_SECRET_KEY",
        "ONE_MCP_STRIPE_WEBHOOK_SECRET",
    }
)
_ON = frozenset({"1", "true", "yes", "on"})
_IDLE_MS = 3  # when nothing has come for so long, the import begins
_CHUNK_BYTES = 64 * 1024


class Opening:
    """What was exchanged before the real server takes over."""

    __slots__ = ("acknowledged", "answered", "received")

    def __init__(
        self,
        received: bytes = b"",
        answered: frozenset[Id] = frozenset(),
        acknowledged: frozenset[Id] = frozenset(),
    ) -> None:
        self.received = received
        self.answered = answered  # requests in `received` that have their answer already
        self.acknowledged = acknowledged  # and streams that have their acknowledgement


def fits(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Say whether the answers in the file are those of a server started like this."""
    for name, value in environment.items():
        known = name in _HARMLESS or (name == "ONE_MCP_PRELUDE" and value.lower() in _ON)
        known = known or not value  # which counts as not set
        if name.upper().startswith("ONE_MCP_") and not known:
            return False
    return list(arguments) in ([], ["serve"]) and hasattr(select, "poll") and not os.isatty(0)


def play(load: Callable[[], object]) -> Opening:
    """Answer over stdin and stdout, and run `load` in a thread meanwhile, until it is done."""
    try:
        recorded = RecordedAnswers(recording())
    except (OSError, ValueError):
        return Opening()
    wire, loading = _Stdin(recorded), _Preload(load)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(loading.done, select.POLLIN)
    ordinary = True
    while ordinary:
        ready = {descriptor for descriptor, _ in poll.poll(None if loading.begun else _IDLE_MS)}
        if loading.done in ready:
            break
        if 0 in ready:
            ordinary = wire.serve()
        else:
            loading.begin()
    loading.finish()
    received = recorded.replay + wire.unanswered
    return Opening(received, frozenset(recorded.answered), frozenset(recorded.acknowledged))


def recording() -> Recording:
    """Read the answers."""
    with open(FILE, encoding="utf-8") as file:  # noqa: PTH123  # pathlib takes 10 ms
        return JSONDecoder().decode(file.read())


class _Preload:
    """Something that is done in a thread; `done` can be read once it is."""

    def __init__(self, load: Callable[[], object]) -> None:
        self._load = load
        self._thread = threading.Thread(target=self._run)
        self.done, self._tell = os.pipe()
        self.begun = False

    def begin(self) -> None:
        self.begun = True
        self._thread.start()

    def finish(self) -> None:
        if self.begun:
            self._thread.join()
        os.close(self.done)
        os.close(self._tell)

    def _run(self) -> None:
        try:
            self._load()
        finally:
            os.write(self._tell, b".")


class _Stdin:
    """The client's messages, as they come over stdin."""

    def __init__(self, recorded: RecordedAnswers) -> None:
        self._recorded = recorded
        self.unanswered = b""

    def serve(self) -> bool:
        """Answer what has come; return False with the first thing that is not ordinary."""
        chunk = os.read(0, _CHUNK_BYTES)
        if not chunk and not self.unanswered:
            os._exit(0)  # the client has left, and nothing is owed to it
        self.unanswered += chunk
        while b"\n" in self.unanswered:
            line, _, rest = self.unanswered.partition(b"\n")
            answer = self._recorded.answer(line)
            if answer is None:
                return False
            _write(answer)
            self.unanswered = rest
        return bool(chunk) and len(self.unanswered) < LONGEST_LINE_BYTES


def _write(answer: bytes) -> None:
    while answer:
        try:
            answer = answer[os.write(1, answer) :]
        except BlockingIOError:
            select.select([], [1], [])
        except OSError:
            os._exit(0)  # nobody reads
