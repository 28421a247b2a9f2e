"""Ask a server what any client asks first.

`one_mcp.opening.playing` gives these answers from a file while the server is still being imported;
a test compares the file with the server.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.server.models import InitializationOptions
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from one_mcp.app import open_app
from one_mcp.opening.answers import MODERN
from one_mcp.server import build
from one_mcp.settings import DEFAULT, Settings

HANDSHAKES = ("2025-11-25", "2025-06-18")
LISTS = ("tools/list", "resources/list", "resources/templates/list", "prompts/list")
_NOBODY = {"name": "recording", "version": "1"}

Answers = dict[str, dict[str, str]]


async def answers(server: Server[Any], options: InitializationOptions) -> Answers:
    """Ask a server the first questions; return its answers by version, then by method."""
    given = {MODERN: await _ask(server, options, _modern_questions())}
    for version in HANDSHAKES:
        given[version] = await _ask(server, options, _handshake_questions(version))
    return given


def _modern_questions() -> list[JSONRPCRequest]:
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    methods = ("server/discover", *LISTS)
    return [_question(id, method, {"_meta": meta}) for id, method in enumerate(methods)]


def _handshake_questions(version: str) -> list[JSONRPCRequest]:
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": _NOBODY}
    later = [_question(id, method, {}) for id, method in enumerate(("ping", *LISTS), start=1)]
    return [_question(0, "initialize", hello), *later]


def _question(id: int, method: str, params: dict[str, Any]) -> JSONRPCRequest:
    return JSONRPCRequest(jsonrpc="2.0", id=id, method=method, params=params)


async def _ask(
    server: Server[Any], options: InitializationOptions, questions: list[JSONRPCRequest]
) -> dict[str, str]:
    ask, asked = anyio.create_memory_object_stream[SessionMessage | Exception](len(questions))
    tell, told = anyio.create_memory_object_stream[SessionMessage]()
    answers: dict[str, str] = {}
    async with anyio.create_task_group() as tasks, ask, told:
        tasks.start_soon(server.run, asked, tell, options)
        for question in questions:
            answers[question.method] = await _answered(question, ask, told)
    return answers


async def _answered(
    question: JSONRPCRequest,
    ask: MemoryObjectSendStream[SessionMessage | Exception],
    told: MemoryObjectReceiveStream[SessionMessage],
) -> str:
    await ask.send(SessionMessage(question))
    answer = (await told.receive()).message
    if not isinstance(answer, JSONRPCResponse):
        raise TypeError(f"{question.method} is not answered")
    if question.method == "initialize":
        started = JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized")
        await ask.send(SessionMessage(started))
    return json.dumps(answer.result, ensure_ascii=False, separators=(",", ":"))


async def live() -> Answers:
    """Return the answers of a server with the default settings, on a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database=Path(folder) / "one.db",
            toolsets=(DEFAULT,),
            packs=(),
            folder=None,
            read_only=False,
            log_level="warning",
        )
        async with open_app(settings) as app:
            server = build.server(app)
            return await answers(server, build.options(server))
