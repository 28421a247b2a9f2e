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

SELLING = frozenset({"quote_tokens", "purchase_tokens", "refund_purchase", "get_operation"})
MODEL_GOAL, LIST_GOAL = 4_800, 9_700  # of all but the tools that sell
ALL_MODEL_GOAL = 5_500


def tokens(value: object) -> float:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) / 4


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database=Path(folder) / "one.db")
        async with open_app(settings) as app, Client(build.server(app)) as client:
            listed = await client.list_tools()
    print("| tool | as a model sees it | whole entry |")
    print("|---|---:|---:|")
    costs: dict[str, tuple[float, float]] = {}
    for tool in listed.tools:
        entry = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        shown = [entry["name"], entry.get("description", ""), entry["inputSchema"]]
        costs[tool.name] = tokens(shown), tokens(entry)
        print(f"| {tool.name} | {costs[tool.name][0]:.0f} | {costs[tool.name][1]:.0f} |")
    unsold = [cost for name, cost in costs.items() if name not in SELLING]
    seen, whole = (sum(column) for column in zip(*unsold, strict=True))
    goals = f"goals {judged(seen, MODEL_GOAL)}, and {judged(whole, LIST_GOAL)}"
    print(f"| **{len(unsold)} tools that do not sell** ({goals}) | {seen:.0f} | {whole:.0f} |")
    seen, whole = (sum(column) for column in zip(*costs.values(), strict=True))
    goal = f"goal {judged(seen, ALL_MODEL_GOAL)}"
    print(f"| **all {len(costs)}** ({goal}) | {seen:.0f} | {whole:.0f} |")


def judged(cost: float, goal: int) -> str:
    over = cost / goal - 1
    return f"{goal:,}: met" if over <= 0 else f"{goal:,}: missed by {over:.1%}"


if __name__ == "__main__":
    anyio.run(main)
