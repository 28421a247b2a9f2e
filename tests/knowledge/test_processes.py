"""Several processes on one file: killed while indexing, adding and searching at once."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.services.knowledge import passages, recall, upkeep
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from tests.knowledge.conftest import add, rows

pytestmark = pytest.mark.anyio

DOCUMENTS = 30
ADD = """
import anyio, sys
from pathlib import Path
from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.knowledge.search.hybrid import Wish
from one_mcp.services.knowledge import indexing, ingest, recall
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Call
from one_mcp.settings import Settings

async def main():
    settings = Settings(database=Path(sys.argv[1]), embedding_model="simulated")
    async with open_app(settings) as app:
        one = app.session(Call("test"), LOCAL)
        for number in range(int(sys.argv[2]), int(sys.argv[3])):
            parts = [f"Otters {number} swim in river {part}. " * 40 for part in range(4)]
            text = "\\n\\n".join(parts)
            title = f"Text {number}"
            added = await ingest.add(one, Filing(title=title, source=title), text=text)
            print(added.id, flush=True)
            if number % 5 == 0:
                await indexing.finish(one)
                await recall.find(one, Wish(f"otters {number}"))
        await indexing.finish(one)
        print("done", flush=True)

anyio.run(main)
"""


def start(database: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ADD, str(database), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def assert_whole(one: Session, documents: int) -> None:
    """Every document has the passages of a fresh cut, each once, each with one vector."""
    loaded = await one.providers.embedding.ready()
    assert loaded is not None
    found = await rows(
        one,
        """
        SELECT title, text, knowledge.seq,
            (
                SELECT json_group_array(json_array(start, stop) ORDER BY ordinal)
                FROM chunks
                WHERE organization_id = :organization AND document = knowledge.seq
            ) AS places,
            (
                SELECT count(*)
                FROM chunks
                JOIN embeddings ON embeddings.chunk = chunks.seq
                WHERE chunks.organization_id = :organization
                  AND embeddings.organization_id = :organization
                  AND document = knowledge.seq
            ) AS vectors
        FROM knowledge
        WHERE organization_id = :organization
        """,
    )
    assert len(found) == documents
    for row in found:
        cut = passages.cut(row["text"], row["title"], loaded.embedder, markdown=True)
        assert json.loads(row["places"]) == [[each.start, each.stop] for each in cut]
        assert row["vectors"] == len(cut)
    for table in ("chunk_queue", "embedding_queue"):
        left = await rows(one, f"SELECT 1 FROM {table} WHERE organization_id = :organization")
        assert left == [], table


async def freed(one: Session) -> None:
    """Let the leases of killed processes run out."""
    await one.derive(
        lambda work: (
            work.run(
                "UPDATE chunk_queue SET leased_until = 0 WHERE organization_id = :organization"
            ),
            work.run(
                "UPDATE embedding_queue SET leased_until = 0 WHERE organization_id = :organization"
            ),
        )
    )


async def test_a_killed_indexer_leaves_no_gap_and_no_double(
    one: Session, settings: Settings
) -> None:
    rng = random.Random(7)  # noqa: S311  # where to kill
    await add(one, "The first text makes the file.", title="Text zero")

    for _ in range(4):
        process = start(settings.database, 0, DOCUMENTS)
        assert process.stdout is not None
        for _ in range(rng.randrange(1, DOCUMENTS // 2)):
            process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
    acknowledged = len(
        await rows(one, "SELECT 1 FROM knowledge WHERE organization_id = :organization")
    )
    await freed(one)
    await upkeep.reindex(one)

    await assert_whole(one, acknowledged)


async def test_eight_processes_add_and_search_at_once(one: Session, settings: Settings) -> None:
    """Each two of them add the same documents."""
    await add(one, "The first text makes the file.", title="Text zero")
    processes = [start(settings.database, 10 * (n // 2), 10 * (n // 2) + 10) for n in range(8)]

    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.splitlines()[-1] == "done"
    await upkeep.reindex(one)

    await assert_whole(one, 41)
    assert len((await recall.find(one, Wish("otters 17"))).hits) > 0


async def test_another_process_sees_a_text_by_its_words_and_then_by_meaning(
    one: Session, settings: Settings
) -> None:
    async with open_app(settings) as app:
        other = app.session(Call("test"), LOCAL)
        id = await add(other, "Capybaras bathe.", title="Rodents")

        by_words = await recall.find(one, Wish("capybara"))
        assert [hit.id for hit in by_words.hits] == [id]

        await upkeep.reindex(other)

    by_meaning = await recall.find(one, Wish("capybaras bathing", explained=True))
    assert by_meaning.mode == "hybrid"
    assert by_meaning.hits[0].scores is not None
    assert by_meaning.hits[0].scores.similarity is not None
