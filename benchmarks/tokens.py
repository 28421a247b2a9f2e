"""What the tools cost a model to read: characters / 4, per tool.

python -m benchmarks.tokens
"""

import json
import tempfile
from pathlib import Path

import anyio
from mcp import Client

from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import Settings

MODEL_GOAL, LIST_GOAL = 4_800, 9_700  # of all but the tools that sell, which came later


def tokens(value: object) -> float:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) / 4


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database=Path(folder) / "one.db")
        async with open_app(settings) as app, Client(build.server(app)) as client:
            listed = await client.list_tools()
    print("| tool | as a model sees it | whole entry |")
    print("|---|---:|---:|")
    seen = whole = 0.0
    for tool in listed.tools:
        entry = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        shown = [entry["name"], entry.get("description", ""), entry["inputSchema"]]
        mine, all_of_it = tokens(shown), tokens(entry)
        seen, whole = seen + mine, whole + all_of_it
        print(f"| {tool.name} | {mine:.0f} | {all_of_it:.0f} |")
    goals = f"goals {MODEL_GOAL:,} and {LIST_GOAL:,}"
    print(f"| **{len(listed.tools)} tools** ({goals}) | {seen:.0f} | {whole:.0f} |")


if __name__ == "__main__":
    anyio.run(main)
