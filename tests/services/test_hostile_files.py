"""Small files that cost much, or break a reader: refused in our words, with line and limit."""

import pytest
from pydantic import ValidationError

from one_mcp.errors import ImportFileError, ImportRowsError, OneError
from one_mcp.services.exchange import exports, imports
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.services.knowledge import ingest
from one_mcp.services.knowledge.ingest import Filing
from one_mcp.session import Session
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio

VIDEOS = TableMapping(type="video")
DIGITS = "9" * 10_000
DEEP = "[" * 100_000
VIDEO = '{"entity": {"type": "video", "name": "a", "properties": {"views": %s}}}'
MANY = ", ".join(f'"k{key}": 1' for key in range(50_000))
FOREIGN = ("recursion", "set_int_max_str_digits", "exceeds the limit", "universal-newline")


def plain(error: OneError) -> str:
    """What was said, which never is Python's own complaint."""
    said = f"{error} {error.fields}"
    assert not [words for words in FOREIGN if words in said.lower()]
    return said


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (f"name,tags\na,{DEEP}\n", "Line 2: BROKEN_LINE: tags: expected words with ;"),
        (f"name,tags\na,{DEEP}{']' * 100_000}\n", "Line 2: BROKEN_LINE: tags: expected words"),
        (f"name,views\na,{DIGITS}\n", "Line 2: INVALID_PROPERTY: views: expected an integer"),
        ("name,views\na,1e400\n", "Line 2: INVALID_PROPERTY: properties.views is NaN or infinite"),
        ("name\na\rb\n", "Line 2: BROKEN_LINE: The row cannot be read: a carriage return"),
        (f"name\na{',' * 1_000_000}\n", "1000001 cells"),
    ],
)
async def test_a_table_is_refused_with_its_line(one: Session, cells: str, says: str) -> None:
    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=cells, format="csv", mapping=VIDEOS)

    assert says in plain(failure.value)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (f"name{',x' * 20_000}\n", "20,001 columns, and 16,384 is the most"),
        (f'name\n"{"x" * 9_000_000}\n', "line 2 is longer than 8,388,608 characters"),
        ("name\ra\rb\n", "a carriage return stands alone"),
    ],
)
async def test_a_table_that_is_none_is_refused_as_a_whole(
    one: Session, cells: str, says: str
) -> None:
    with pytest.raises(ImportFileError) as failure:
        await imports.run(one, data=cells, format="csv", mapping=VIDEOS)

    assert says in plain(failure.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (VIDEO % DIGITS, "a number of 10,000 digits; send it as a string"),
        (VIDEO % "1e400", "is NaN or infinite"),
        (VIDEO % (DEEP + "]" * 100_000), "nested deeper than 64 levels"),
        (DEEP, "nested deeper than 64 levels"),
        ('{"entity":' * 100_000, "nested deeper than 64 levels"),
        (f'{{"format": "one_mcp", "version": {DIGITS}}}', "10,000 digits"),
        (
            f'{{"type": "video", "name": "a", {MANY}}}',
            "50,000 names or values that do not fit",
        ),
    ],
)
async def test_a_line_is_refused_with_its_number(one: Session, line: str, says: str) -> None:
    good = '{"entity": {"type": "video", "name": "a"}}\n'

    with pytest.raises(ImportRowsError) as failure:
        await imports.run(one, data=good + line, format="jsonl")

    assert says in plain(failure.value)
    assert "Line 2: " in str(failure.value)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (f"+++\ntitle = {DIGITS}\n+++", "an integer beyond 2^53"),
        (f"+++\ntitle = 0x{'f' * 20_000}\n+++", "an integer beyond 2^53"),
        (f"+++\na = {'[' * 9_000}{']' * 9_000}\n+++", "more than 16 levels deep"),
        (f"+++\na = {'{a = ' * 5_000}1{'}' * 5_000}\n+++", "more than 16 levels deep"),
        (f"---\na: {'[' * 17}{']' * 17}\n---", "more than 16 levels deep"),
        (f"---\na: {'[' * 20_000}\n---", "in line 2"),
        ("---\na: &x [1]\nb: [*x, *x]\n---", "an alias"),
    ],
)
async def test_front_matter_is_refused_by_every_reader(
    one: Session, settings: Settings, head: str, says: str
) -> None:
    file = settings.folder / "note.md"
    file.write_text(f"{head}\nBody\n")

    with pytest.raises(OneError) as read:
        await ingest.add(one, Filing(), path=str(file))
    with pytest.raises(ImportRowsError) as imported:
        await imports.run(one, path=str(file))

    assert says in plain(read.value)
    assert says in plain(imported.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("note.md", f'---\ntitle: "a\\0b"\nlang: {"l" * 101}\n---\nBody\n'),
        ("note.md", '+++\ntitle = "a\\u0000b"\nlang = "x\\u0000"\n+++\nBody\n'),
        ("note.html", f'<html lang="{"l" * 20_000}"><title>ab</title><p>Body'),
    ],
)
async def test_what_a_file_says_of_itself_is_text_that_an_import_takes(
    one: Session, settings: Settings, name: str, text: str
) -> None:
    file = settings.folder / name
    file.write_text(text)

    added = await ingest.add(one, Filing(), path=str(file))
    exported = (await exports.everything(one)).data
    again = await imports.run(one, data=exported, format="jsonl")

    assert added.title == "ab"
    assert again.failed is None


@pytest.mark.parametrize("delimiter", ["\n", "\r", '"', "", ",,", "\0"])
def test_a_delimiter_is_one_character_that_can_be_one(delimiter: str) -> None:
    with pytest.raises(ValidationError):
        TableMapping(delimiter=delimiter)
