"""How well search finds: a collection with judgements, added and searched through the MCP tools.

    python -m benchmarks.quality FOLDER [FOLDER ...]

A collection is a folder with `corpus.jsonl` (_id, title, text), `queries.jsonl` (_id, text) and
`qrels.tsv` (query, document, grade, with a line of titles). Prints nDCG@10 (gain 2^grade - 1),
recall and MRR, by words alone and by words and meaning.
"""

import csv
import json
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from one_mcp.app import open_app
from one_mcp.server import build
from one_mcp.settings import PACKAGED_MODEL, Settings

DEPTH = 100
Judgements = dict[str, dict[str, int]]
Run = dict[str, list[str]]


def lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def judgements(path: Path) -> Judgements:
    found: Judgements = defaultdict(dict)
    with path.open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t")
        next(rows)
        for query, document, grade in rows:
            found[query][document] = int(grade)
    return found


def gain(grades: list[int]) -> float:
    return sum((2**grade - 1) / math.log2(rank + 2) for rank, grade in enumerate(grades))


def scored(run: Run, judged: Judgements) -> list[float]:
    """Average nDCG@10, recall@10, recall@100 and MRR@10 over the queries that are judged."""
    totals = [0.0] * 4
    for query, grades in judged.items():
        found = run.get(query, [])
        ideal = gain(sorted(grades.values(), reverse=True)[:10])
        totals[0] += gain([grades.get(id, 0) for id in found[:10]]) / ideal
        totals[1] += len({*found[:10]} & grades.keys()) / len(grades)
        totals[2] += len({*found[:DEPTH]} & grades.keys()) / len(grades)
        first = next((rank for rank, id in enumerate(found[:10], 1) if id in grades), 0)
        totals[3] += 1 / first if first else 0
    return [total / len(judged) for total in totals]


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert answer.structured_content is not None
    return answer.structured_content


async def filled(database: Path, folder: Path) -> None:
    """Add every document that has a text, and wait until all are indexed."""
    async with (
        open_app(Settings(database=database, embedding_model=PACKAGED_MODEL)) as app,
        Client(build.server(app), read_timeout_seconds=3_600) as client,
    ):
        for each in lines(folder / "corpus.jsonl"):
            if each["text"].strip():
                title = {"title": each["title"]} if each["title"].strip() else {}
                await called(
                    client, "add_knowledge", text=each["text"], source=each["_id"], **title
                )
        indexed = await called(client, "reindex_knowledge")
        while indexed.get("waiting"):  # a call waits for a while only
            indexed = await called(client, "reindex_knowledge")
        print(indexed, file=sys.stderr)


async def searched(database: Path, folder: Path, model: str) -> Run:
    """Ask all questions; a document is as good as its best passage."""
    run: Run = {}
    async with open_app(Settings(database=database, embedding_model=model, read_only=True)) as app:
        await app.providers.embedding.ready()
        async with Client(build.server(app)) as client:
            for each in lines(folder / "queries.jsonl"):
                found = await called(client, "search_knowledge", query=each["text"], limit=DEPTH)
                run[each["_id"]] = list(dict.fromkeys(hit["source"] for hit in found["hits"]))
    return run


def main() -> None:
    print("| collection | search | nDCG@10 | recall@10 | recall@100 | MRR@10 |")
    print("|---|---|---:|---:|---:|---:|")
    for folder in map(Path, sys.argv[1:]):
        judged = judgements(folder / "qrels.tsv")
        with tempfile.TemporaryDirectory(prefix="one_mcp-bench-") as name:
            database = Path(name) / "one.db"
            anyio.run(filled, database, folder)
            for what, model in (("words", "none"), ("words and meaning", PACKAGED_MODEL)):
                run = anyio.run(searched, database, folder, model)
                figures = " | ".join(f"{figure:.4f}" for figure in scored(run, judged))
                print(f"| {folder.name} | {what} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
