"""The yardstick: a server of the same SDK with one trivial tool over its stock stdio transport."""

from mcp.server import MCPServer

server = MCPServer("yardstick", log_level="WARNING")


@server.tool()
async def echo(text: str) -> str:
    """Give the text back."""
    return text


if __name__ == "__main__":
    server.run("stdio")
