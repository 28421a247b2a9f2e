"""Importing a folder of Markdown: what files and links become, and what is told of the others."""

import os
from pathlib import Path

import pytest

from one_mcp.app import LOCAL, open_app
from one_mcp.dimensions.entities import archive
from one_mcp.dimensions.exchange import importing
from one_mcp.dimensions.exchange.report import BadRow, Loaded
from one_mcp.dimensions.undo import undo
from one_mcp.errors import (
    ForbiddenError,
    ImportFileError,
    ImportRowsError,
    InvalidArgumentError,
    StoppedError,
)
from one_mcp.jsons import JsonObject, load_object
from one_mcp.services.exchange import folders, imports, places
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.services.exchange.markdown import Pages
from one_mcp.services.exchange.places import Spot
from one_mcp.session import Call, Session
from one_mcp.settings import Settings
from one_mcp.texts import files

pytestmark = pytest.mark.anyio


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """An empty folder of notes."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def write(folder: Path, **texts: str | bytes) -> None:
    """Write files whose names have no suffix yet, and __ for each slash."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def spot(one: Session, folder: Path) -> Spot:
    return places.of_agents(one.settings).find(str(folder))


OWN = ("4711", "d")  # that files give themselves; others are called by their paths


async def take(one: Session, folder: Path, *, skip: bool = False) -> Loaded:
    return await imports.run(one, path=str(folder), on_error="skip" if skip else "abort")


async def entity(one: Session, external_id: str) -> JsonObject:
    """Read what an import made of a file."""
    row = await one.read(
        lambda work: work.one(
            """
            SELECT type, name, status, properties,
                (SELECT group_concat(key || ':' || value, ' ') FROM tags
                 WHERE organization_id = :organization AND entity_id = entities.id) AS tags
            FROM entities
            WHERE organization_id = :organization
              AND external_id = :external
            """,
            external=external_id if external_id in OWN else f"notes/{external_id}",
        )
    )
    assert row is not None, external_id
    return {**dict(row), "properties": load_object(row["properties"])}


async def links(one: Session) -> list[str]:
    """Read the connections between files, by their external ids."""
    rows = await one.read(
        lambda work: work.all(
            """
            SELECT a.external_id AS source, c.type, b.external_id AS target
            FROM connections AS c
            JOIN entities AS a ON a.organization_id = c.organization_id AND a.id = c.from_id
            JOIN entities AS b ON b.organization_id = c.organization_id AND b.id = c.to_id
            WHERE c.organization_id = :organization
            ORDER BY 1, 3
            """
        )
    )
    assert {row["type"] for row in rows} <= {"references"}
    ends = [(row["source"], row["target"]) for row in rows]
    return sorted(" > ".join(end.removeprefix("notes/") for end in pair) for pair in ends)


async def faults(one: Session, folder: Path) -> dict[int, BadRow]:
    """Import a folder with bad files, and say what is wrong with which."""
    with pytest.raises(ImportRowsError) as failure:
        await take(one, folder)
    errors = failure.value.fields["errors"]
    assert isinstance(errors, list)
    return {row.line: row for row in map(BadRow.model_validate, errors)}


async def test_each_file_becomes_an_entity(one: Session, notes: Path) -> None:
    write(notes, plain="# The *plain* one\n\nText.\n", sub__deep__bare="Only text.\n")
    (notes / "LONG.MARKDOWN").write_text("Setext\n======\n\nx\n")
    (notes / "other.txt").write_text("no")
    write(notes, **{".hidden__x": "no", "sub__.draft": "no"})

    loaded = await take(one, notes)

    assert loaded.created == {"entities": 3, "automatic_events": 3}
    plain, bare = await entity(one, "plain.md"), await entity(one, "sub/deep/bare.md")
    assert (plain["type"], plain["name"]) == ("knowledge_item", "The *plain* one")
    assert plain["properties"] == {"content": "# The *plain* one\n\nText."}
    assert bare["name"] == "bare"
    assert (await entity(one, "LONG.MARKDOWN"))["name"] == "Setext"


async def test_front_matter_in_yaml_says_what_an_entity_is(one: Session, notes: Path) -> None:
    write(
        notes,
        post="""---
type: blog_post
title: "Yoga: for runners"
status: draft
external_id: 4711
lang: no
tags: [yoga, skill:run, 2026]
date: 2026-01-02
publishedAt: 2026-01-02T10:00:00Z
rating: 4.5
zip: 01234
empty:
author: {name: Jane, links: [a, b]}
...
# Heading

Text.
""",
    )

    await take(one, notes)

    post = await entity(one, "4711")
    properties = post["properties"]
    assert isinstance(properties, dict)
    assert (post["type"], post["name"], post["status"]) == (
        "blog_post", "Yoga: for runners", "draft"
    )  # fmt: skip
    assert str(post["tags"]).split() == ["skill:run", "topic:2026", "topic:yoga"]
    assert properties["language"] == "no"
    assert properties["date"] == "2026-01-02"
    assert properties["publishedAt"] == 1_767_348_000_000
    assert properties["rating"] == 4.5
    assert properties["zip"] == "01234"
    assert properties["author"] == {"name": "Jane", "links": ["a", "b"]}
    assert properties["content"] == "# Heading\n\nText."
    assert "empty" not in properties


async def test_front_matter_in_toml_says_the_same(one: Session, notes: Path) -> None:
    write(
        notes,
        post='+++\nname = "Flow"\ntype = "social_post"\ntags = "yoga, skill:run"\n'
        "when = 2026-01-02T10:00:00Z\nday = 2026-01-02\nhour = 10:00:00\n"
        "[extra]\nn = 1\n+++\nGo!\n",
    )

    await take(one, notes)

    post = await entity(one, "post.md")
    properties = post["properties"]
    assert isinstance(properties, dict)
    assert (post["type"], post["name"]) == ("social_post", "Flow")
    assert properties["text"] == "Go!"
    assert properties["when"] == "2026-01-02T10:00:00+00:00"
    assert (properties["day"], properties["hour"]) == ("2026-01-02", "10:00:00")
    assert properties["extra"] == {"n": 1}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("---\n\nA line across the page.\n\n---\nmore", "x"),
        ("---\n---\n# Title\n", "Title"),
        ("```\n# code\n```\n# Real #\n", "Real"),
        ("<!-- # no\n# no -->\n# [Linked](x.html) `code` #\n", "Linked code"),
        ("\ufeff---\ntitle: Marked\n---\n", "Marked"),
        ("---\r\ntitle: Windows\r\n---\r\ntext\r\n", "Windows"),
        ("---\ntitle: 2026\n---\n", "2026"),
        ("## Second\n\n#tag\n", "x"),
        ("# " + "long " * 200, "x"),
    ],
)
async def test_a_name_is_found(one: Session, notes: Path, text: str, name: str) -> None:
    write(notes, x=text)

    loaded = await take(one, notes, skip=True)

    if loaded.errors:  # lines across the page look like front matter, and that is said
        assert "across the page" in loaded.errors[0].problem
    else:
        assert (await entity(one, "x.md"))["name"] == name


async def test_links_become_references(one: Session, notes: Path) -> None:
    write(
        notes,
        a="""[one](sub/b.md#part "Title") and ![[c]], [[C|shown]], [[sub/d\\|in a table]]
[again](./sub/b.md) [self](a.md) [[a]] [[#part]] [part](#part) [web](https://x.io/b.md)
[mail](mailto:b@x.md) [picture](p.png) [[p.png]] [spaced](<e f.md>) [coded](e%20f.md)
""",
        sub__b="[up](../a.md) [root](/c.md) [[The fourth]]\n\n[ref]: d.md 'D'\n[^1]: e.md\n",
        c="text\n\n```\n[no](a.md)\n[[a]]\n```\n~~~~\n[no](a.md)\n~~~\n[no](a.md)\n~~~~\n"
        "`[no](a.md)` <!-- [no](a.md)\n[no](a.md) --> [yes](sub/d(1).md)\n",
        sub__d="---\ntitle: The Fourth\nexternal_id: d\n---\n",
    )
    (notes / "e f.md").write_text("x")
    (notes / "sub" / "d(1).md").write_text("x")

    loaded = await take(one, notes)

    assert loaded.warnings is None
    assert await links(one) == [
        "a.md > c.md",
        "a.md > d",
        "a.md > e f.md",
        "a.md > sub/b.md",
        "c.md > sub/d(1).md",
        "sub/b.md > a.md",
        "sub/b.md > c.md",
        "sub/b.md > d",
    ]


async def test_links_that_lead_nowhere_are_remarks(one: Session, notes: Path) -> None:
    write(
        notes,
        a="[x](gone.md) [y](gone.md) [z](../../out.md) [[Nobody]] [[same]] [e](empty.md)",
        b__same="x [[same]]",
        c__same="x",
        empty=" \n",
    )

    loaded = await take(one, notes)

    assert loaded.created == {"entities": 3, "automatic_events": 3}
    assert loaded.warnings is not None
    said = "\n".join(loaded.warnings)
    assert "gone.md and 3 more" in said
    assert "b/same.md or c/same.md" in said
    assert "empty.md is empty" in said
    assert await links(one) == []


async def test_many_remarks_are_told_in_few_words(one: Session, notes: Path) -> None:
    write(notes, **{f"n{number}": "[x](gone.md)" for number in range(300)})

    loaded = await take(one, notes)

    assert loaded.warnings is not None
    assert len("".join(loaded.warnings)) < 2_000
    assert loaded.warnings[-1].endswith("more")


async def test_a_repeat_changes_nothing_and_a_change_updates(one: Session, notes: Path) -> None:
    write(notes, a="---\ntags: x\nlevel: 1\n---\n[b](b.md)", b="text")
    first = await take(one, notes)
    again = await take(one, notes)

    write(notes, a="---\ntags: [x, y]\nlevel:\n---\n", c="[a](a.md)")
    changed = await take(one, notes)
    assert first.change is not None
    assert again.change is None
    assert again.unchanged == {"entities": 2, "connections": 1}
    assert changed.updated == {"entities": 1}
    assert changed.created == {"entities": 1, "connections": 1, "automatic_events": 1}
    a = await entity(one, "a.md")
    assert a["properties"] == {}
    assert a["tags"] == "topic:x topic:y"
    assert await links(one) == ["a.md > b.md", "c.md > a.md"]


async def test_an_import_is_one_change_that_is_taken_back(one: Session, notes: Path) -> None:
    write(notes, a="[b](b.md)", b="[a](a.md)")
    loaded = await take(one, notes)
    assert loaded.change is not None

    await one.write(undo.undo, loaded.change)

    assert await links(one) == []


async def test_a_dry_run_writes_nothing_and_tells_bad_files(one: Session, notes: Path) -> None:
    write(notes, a="[b](b.md)", b="---\ntype: nothing\n---\n")

    rehearsed = await imports.run(one, path=str(notes), dry_run=True)

    assert rehearsed.created == {"entities": 1, "automatic_events": 1}
    assert [(row.line, row.code) for row in rehearsed.errors or []] == [(2, "UNKNOWN_TYPE")]
    assert rehearsed.warnings == ["a.md links to b.md, which the import does not have"]
    assert await links(one) == []


@pytest.mark.parametrize(
    ("front", "word"),
    [
        ("a: [1", "not YAML"),
        ("a: 'b", "not YAML"),
        ("a: b: c", "not YAML"),
        ("a: \x01", "not YAML"),
        ("- a\n- b", "fields"),
        ("just words", "fields"),
        ("a: &x 1\nb: *x", "alias"),
        ("a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]", "alias"),
        ("<<: *x", "alias"),
        ("a: !!python/object/apply:os.system [ls]", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("a: !own x", "tag"),
        ("1: x", "quotes"),
        ("[a]: x", "quotes"),
        ("true: x", "quotes"),
        ("a: 1\na: 2", "twice"),
        ("a: " + "[" * 40 + "]" * 40, "deep"),
        ("a: " + "{a: " * 5_000 + "1" + "}" * 5_000, "deep"),
        ("a: 1\n%YAML", "not YAML"),
        ("title: [a]", "title"),
        ("type: [a]", "type"),
        ("type: blogpostt", "blogpostt"),
        ("status: archived", "archive_entity"),
        ("status: [a]", "status"),
        ("tags: {a: b}", "tags"),
        ("tags: [[a]]", "tags"),
        ("tags: ['x:']", "tag"),
        ("external_id: [a]", "external_id"),
        ("content: again", "content"),
        ("importance: much", "importance"),
        ("title: " + "x" * 600, "500"),
        ("a: x\n" + "# " + "x" * 70_000, "no end"),
    ],
)
async def test_front_matter_that_does_not_work_is_told_with_its_file(
    one: Session, notes: Path, front: str, word: str
) -> None:
    write(notes, sub__bad=f"---\n{front}\n---\nText.\n", good="text")

    found = await faults(one, notes)
    skipped = await take(one, notes, skip=True)

    assert list(found) == [2]
    assert found[2].problem.startswith("sub/bad.md: ")
    assert word in found[2].problem
    assert skipped.created == {"entities": 1, "automatic_events": 1}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"+++\na = \n+++\n", "TOML"),
        (b"+++\na = 1\n", "no end"),
        (b"+++\na = " + b"[" * 5_000 + b"\n+++\n", "nested"),
        (b"---\ntitle: x\n", "no end"),
        (b"a\0b", "binary"),
        (b"%PDF-1.7 \x00", "binary"),
        (b"ok\n\xff\xfe", "0xFF"),
        ("Café".encode("latin-1"), "0xE9"),
        ("Café".encode("utf-16"), "UTF-16"),
        ("Café".encode("utf-32"), "UTF-16"),
        (b"x" * (files.LARGEST_BYTES + 1), "8,388,609"),
        (b"x" * 1_000_001, "1,000,000"),
    ],
)
async def test_files_that_are_no_markdown_are_told(
    one: Session, notes: Path, text: bytes, word: str
) -> None:
    write(notes, bad=text, good="[x](bad.md)")

    found = await faults(one, notes)

    assert found[1].problem.startswith("bad.md: ")
    assert word in found[1].problem


async def test_a_link_to_a_file_that_was_refused_is_told_with_its_own_file(
    one: Session, notes: Path
) -> None:
    """The loader refuses what the source cannot know; the lines it then reads again are right."""
    write(
        notes,
        a="[b](b.md) [c](c.md)",
        b="---\nimportance: much\n---\n",
        c="[b](b.md) [a](a.md)",
    )

    loaded = await take(one, notes, skip=True)

    assert [(row.line, row.code, row.problem.split(":")[0]) for row in loaded.errors or []] == [
        (1, "NOT_FOUND", "a.md"),
        (2, "INVALID_PROPERTY", "b.md"),
        (3, "NOT_FOUND", "c.md"),
    ]
    assert await links(one) == ["a.md > c.md", "c.md > a.md"]


async def test_two_files_with_one_external_id_are_told(one: Session, notes: Path) -> None:
    write(notes, a="---\nexternal_id: x\n---\n[b](b.md)", b="---\nexternal_id: x\n---\n")

    found = await faults(one, notes)

    assert found[2].code == "DUPLICATE"


async def test_a_file_of_an_archived_entity_is_told(one: Session, notes: Path) -> None:
    write(notes, a="text")
    await take(one, notes)
    id = await one.read(
        lambda work: work.value("SELECT id FROM entities WHERE organization_id = :organization")
    )
    await one.write(archive.archive, id)

    assert (await faults(one, notes))[1].code == "ARCHIVED"


async def test_links_of_the_file_system_are_never_followed_outside(
    one: Session, notes: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write(outside, diary="mine")
    write(notes, sub__a="text")
    (notes / "out").symlink_to(outside)
    (notes / "diary.md").symlink_to(outside / "diary.md")
    (notes / "gone.md").symlink_to(notes / "nothing.md")
    (notes / "circle.md").symlink_to(notes / "circle.md")
    (notes / "sub" / "loop").symlink_to(notes)
    (notes / "twin.md").symlink_to(notes / "sub" / "a.md")
    (notes / "picture.png").symlink_to(outside / "diary.md")

    loaded = await take(one, notes, skip=True)

    assert loaded.created == {"entities": 1, "automatic_events": 1}
    assert [(row.problem.split(":")[0], row.code) for row in loaded.errors or []] == [
        ("circle.md", "TEXT_FILE"),
        ("diary.md", "TEXT_FILE"),
        ("gone.md", "TEXT_FILE"),
        ("out", "TEXT_FILE"),
    ]


async def test_what_is_swapped_after_the_listing_is_told(
    one: Session, notes: Path, tmp_path: Path
) -> None:
    """A file that has vanished, or has become something else, is that file's error."""
    (tmp_path / "secret").write_text("secret")
    write(notes, gone="x", link="x", pipe="x", room="x", good="x")
    listing = folders.of_folder(spot(one, notes))
    for name in ("gone", "link", "pipe", "room"):
        (notes / f"{name}.md").unlink()
    (notes / "link.md").symlink_to(tmp_path / "secret")
    os.mkfifo(notes / "pipe.md")
    (notes / "room.md").mkdir()
    pages = Pages(listing, one.ontology)

    loaded = await one.write(importing.load, pages, on_error="skip", place=pages.place)

    assert [row.problem.split(":")[0] for row in loaded.errors or []] == [
        "gone.md", "link.md", "pipe.md", "room.md"
    ]  # fmt: skip
    assert loaded.created == {"entities": 1, "automatic_events": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
async def test_what_may_not_be_read_is_told(one: Session, notes: Path) -> None:
    write(notes, closed="x", sub__a="x", good="x")
    (notes / "closed.md").chmod(0)
    (notes / "sub").chmod(0)

    found = await faults(one, notes)
    (notes / "sub").chmod(0o700)

    assert [row.problem.split(":")[0] for row in found.values()] == ["closed.md", "sub"]


async def test_names_that_are_no_text_are_told(one: Session, notes: Path) -> None:
    write(notes, good="x")
    Path(os.fsdecode(os.fsencode(notes) + b"/caf\xe9.md")).write_text("x")
    (notes / "new\nline.md").write_text("x")

    found = await faults(one, notes)

    assert [row.problem.split(":")[0] for row in found.values()] == ["caf?.md", "new?line.md"]


async def test_long_and_composed_names_are_found_again(one: Session, notes: Path) -> None:
    deep = notes.joinpath(*["d" * 50] * 5)
    write(deep, leaf="[x](u\u0308ber.md) [y](\u00fcber.md)")
    (deep / "u\u0308ber.md").write_text("[[LEAF]]")

    first, again = await take(one, notes), await take(one, notes)

    assert first.created == {"entities": 2, "connections": 2, "automatic_events": 2}
    assert again.change is None


async def test_one_file_is_imported_by_itself(one: Session, notes: Path) -> None:
    write(notes, a="# A\n[b](b.md)", b="x")
    (notes / "c.txt").write_text("# C\n")

    first = await take(one, notes / "a.md")
    await imports.run(one, path=str(notes / "c.txt"), format="markdown")

    assert first.created == {"entities": 1, "automatic_events": 1}
    assert first.warnings is not None
    assert (await entity(one, "a.md"))["name"] == "A"
    assert (await entity(one, "c.txt"))["name"] == "C"


async def test_a_mapping_says_the_type_of_files_that_name_none(one: Session, notes: Path) -> None:
    write(notes, a="x", b="---\ntype: lesson\n---\nx")

    await imports.run(one, path=str(notes), mapping=TableMapping(type="blog_post"))
    with pytest.raises(InvalidArgumentError):
        await imports.run(
            one, path=str(notes), mapping=TableMapping(type="course", columns={"a": "b"})
        )

    assert (await entity(one, "a.md"))["type"] == "blog_post"
    assert (await entity(one, "b.md"))["type"] == "lesson"


async def test_folders_without_markdown_or_with_too_much_are_refused(
    one: Session, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImportFileError) as empty:
        await take(one, notes)
    write(notes, a="x", b="x", c="x")
    monkeypatch.setattr(folders, "MOST_FILES", 2)
    with pytest.raises(ImportFileError) as many:
        await take(one, notes)
    monkeypatch.setattr(folders, "MOST_ENTRIES", 2)
    with pytest.raises(ImportFileError):
        await take(one, notes)
    with pytest.raises(ImportFileError):
        await take(one, notes / "none.md")
    with pytest.raises(ImportFileError):
        await take(one, notes / "none")
    with pytest.raises(ImportFileError):
        await imports.run(one, path=str(notes), format="csv")
    with pytest.raises(InvalidArgumentError):
        await imports.run(one, data="# x", format="markdown")

    assert "no Markdown" in str(empty.value)
    assert "2" in str(many.value)


async def test_the_folder_in_the_settings_is_a_wall(settings: Settings, tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    write(inside, docs__a="x")
    write(outside, a="x")
    (inside / "link").symlink_to(outside)

    async with open_app(settings.model_copy(update={"folder": inside})) as app:
        one = app.session(Call("test"), LOCAL)
        for path in (str(outside), "../out", "link", str(outside / "a.md")):
            with pytest.raises(ForbiddenError):
                await imports.run(one, path=path)
        loaded = await imports.run(one, path="docs")

    assert loaded.created == {"entities": 1, "automatic_events": 1}


async def test_long_texts_are_loaded_in_small_batches(
    one: Session, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_CHARACTERS", 100)
    write(
        notes, **{f"n{number}": "x" * 60 + f"[n](n{number + 1}.md)" for number in range(9)}, n9="x"
    )

    loaded = await take(one, notes)

    assert loaded.created == {"entities": 10, "connections": 9, "automatic_events": 10}


async def test_a_cancelled_import_stops_between_files(one: Session, notes: Path) -> None:
    write(notes, a="x", b="x")
    pages = Pages(folders.of_folder(spot(one, notes)), one.ontology)
    pages.meter.stopped = True

    with pytest.raises(StoppedError):
        await one.write(importing.load, pages)
