"""A server of a few odd tools behind our stdio transport; `test_stdio` starts it as a process."""

from typing import Any

import anyio
import mcp_types as types
from mcp.server import Server
from mcp.server.context import ServerRequestContext

from one_mcp.server.stdio import serving

Context = ServerRequestContext[Any]


async def call(_context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    given = params.arguments or {}
    text = str(given.get("text", ""))
    match params.name:
        case "wait":
            await anyio.sleep(60)
        case "late":
            await anyio.sleep(0.3)
        case "commit":
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.1)
                await anyio.Path(text).write_text("committed")
        case "print":
            print("stray")
            await anyio.run_process(["echo", "from a child"], stdout=None)
        case "surrogate":
            text = "\ud800"
        case "long":
            text = "x" * int(given["length"])
        case _:
            pass
    return types.CallToolResult(content=[types.TextContent(text=text)])


async def main() -> None:
    server: Server[Any] = Server("echo", version="1", on_call_tool=call)
    await serving.serve(server, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
    serving.leave()
