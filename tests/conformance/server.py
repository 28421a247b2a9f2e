"""The product over streamable HTTP on a loopback port, with the suite's fixtures laid over it.

    python -m tests.conformance.server new.db

It prints its address and serves until it is stopped.
"""

import socket
import sys
from pathlib import Path

import anyio
import uvicorn

from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings
from tests.conformance import fixtures


async def main(database: Path) -> None:
    async with open_app(Settings(database=database)) as app:
        server = build.server(app)
        fixtures.install(server)
        config = uvicorn.Config(server.streamable_http_app(), log_level="warning")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            print(f"http://localhost:{listening.getsockname()[1]}/mcp", flush=True)
            await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
