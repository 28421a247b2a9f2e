"""Import and export as a model calls them."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio

TABLE = "Number,Title,Price (EUR)\n17,Yoga for runners,49.5\n18,Breathing,20\n"
MAPPING = {
    "type": "course",
    "columns": {"Number": "external_id", "Title": "name", "Price (EUR)": "price"},
}


async def call(client: Client, tool: str, /, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None
    return result.structured_content


async def test_a_table_is_rehearsed_imported_repeated_and_undone(client: Client) -> None:
    rehearsed = await call(client, "import_data", data=TABLE, mapping=MAPPING, dry_run=True)
    loaded = await call(client, "import_data", data=TABLE, mapping=json.dumps(MAPPING))
    repeated = await call(client, "import_data", data=TABLE, mapping=MAPPING)
    found = await call(client, "find_entities", type="course", where={"price": {"gte": 40}})
    await call(client, "undo_change", change=loaded["change"])
    left = await call(client, "find_entities", type="course")

    assert rehearsed["created"] == loaded["created"] == {"entities": 2, "automatic_events": 2}
    assert "change" not in repeated
    assert len(found["items"]) == 1
    assert left["items"] == []


@pytest.mark.parametrize("name", ["one.db", "one.db-wal", "one.db-lock", "link", "twin"])
async def test_an_export_never_replaces_the_database(
    client: Client, settings: Settings, tmp_path: Path, name: str
) -> None:
    await call(client, "create_entity", type="video", name="Before")
    (tmp_path / "link").symlink_to(settings.database)
    (tmp_path / "twin").hardlink_to(settings.database)

    refused = await client.call_tool(
        "export_data", {"path": str(tmp_path / name), "overwrite": True}
    )

    assert refused.structured_content is not None
    assert refused.structured_content["error"]["code"] == "EXPORT_FILE"
    assert (await call(client, "create_entity", type="video", name="After"))["change"]


async def test_bad_rows_are_an_error_with_all_of_them(client: Client) -> None:
    table = "name,price\nYoga,cheap\nRun,20\n,1\n"

    result = await client.call_tool("import_data", {"data": table, "mapping": {"type": "course"}})

    assert result.is_error
    assert result.structured_content is not None
    error = result.structured_content["error"]
    assert error["code"] == "IMPORT_ROWS"
    assert [row["line"] for row in error["errors"]] == [2, 4]


async def test_progress_is_told_to_the_end(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "courses.csv"
    path.write_text(TABLE)
    told: list[tuple[float, float | None, str | None]] = []
    heard = anyio.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        if progress == total:
            heard.set()

    await client.call_tool(
        "import_data", {"path": str(path), "mapping": MAPPING}, progress_callback=hear
    )
    with anyio.fail_after(5):
        await heard.wait()  # the client may hear of the last step after it has the answer

    assert told[-1] == (len(TABLE), len(TABLE), "bytes")


async def test_an_export_goes_to_a_file_or_into_the_answer(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    await call(client, "import_data", data=TABLE, mapping=MAPPING)

    filed = await call(client, "export_data", path=str(path))
    shown = await call(client, "export_data", what="entities", type="course")
    again = await call(client, "import_data", path=str(path))

    assert filed["path"] == str(path)
    assert filed["bytes"] == path.stat().st_size
    assert str(shown["data"]).count("\n") == 3
    assert "change" not in again


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"data": "name\nx\n", "mapping": {"type": "course", "colums": {}}},
        {"data": "name\nx\n", "mapping": {"type": "course", "delimiter": ";;"}},
        {"data": "name\nx\n", "on_error": "ignore"},
        {"data": "name\nx\n", "format": "xml"},
        {"path": "no/such/file.csv"},
    ],
)
async def test_what_cannot_work_is_refused(client: Client, arguments: dict[str, object]) -> None:
    result = await client.call_tool("import_data", arguments)

    assert result.is_error
    assert result.structured_content is not None
    assert result.structured_content["error"]["code"] in ("INVALID_ARGUMENT", "IMPORT_FILE")
