"""Stripe as another process: the simulation, behind HTTP on this machine, with a file of its own.

python -m benchmarks.bank FILE
"""

import socket
import sys
from pathlib import Path

import anyio
import uvicorn

from one_mcp.app import LOCAL, open_app
from one_mcp.providers.simulated.stripe.server import StripeApp
from one_mcp.services.rails import SimulatedCabinet
from one_mcp.session import Call
from one_mcp.settings import Settings

KEY = "rk_live_" + "benchmark" * 3  # so that what runs is what runs with real money


async def serve(file: Path) -> None:
    """Say the URL on stdout, and answer until the process is killed."""
    async with open_app(Settings(database=file, embedding_model="none")) as app:
        cabinet = SimulatedCabinet(app.session(Call("bank"), LOCAL))
        await cabinet.open(lambda drawer: drawer.now_ms)  # its file is there before it is asked for
        listener = socket.create_server(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(StripeApp(cabinet, KEY), log_level="critical", lifespan="off")
        await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1]))
