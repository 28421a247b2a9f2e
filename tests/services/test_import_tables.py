"""Importing CSV: columns become fields and properties, cells become values of their types."""

import pytest
from pydantic import ValidationError

from one_mcp import assets, jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.entities.entity import Saved
from one_mcp.dimensions.exchange.report import BadRow, Loaded
from one_mcp.errors import ImportFileError, ImportRowsError, InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.services.exchange import csvs, exports, imports, places
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Session

pytestmark = pytest.mark.anyio

COURSES = TableMapping(type="course")


async def table(one: Session, text: str, mapping: TableMapping = COURSES) -> Loaded:
    return await imports.run(one, data=text, format="csv", mapping=mapping)


async def codes(one: Session, text: str, mapping: TableMapping = COURSES) -> dict[int, str]:
    """Import a table with bad rows, and say what is wrong with which line."""
    with pytest.raises(ImportRowsError) as failure:
        await table(one, text, mapping)
    errors = failure.value.fields["errors"]
    assert isinstance(errors, list)
    return {row.line: row.code for row in map(BadRow.model_validate, errors)}


async def properties(one: Session, type: str, name: str) -> JsonObject:
    text = await one.read(
        lambda work: work.value(
            """
            SELECT properties
            FROM entities
            WHERE organization_id = :organization
              AND type = :type
              AND name = :name
            """,
            type=type,
            name=name,
        )
    )
    return jsons.load_object(text)


async def test_cells_become_values_of_their_types(one: Session) -> None:
    await table(
        one,
        "name,type,duration,publishedAt,views,note\n"
        "Flow,video,90.5,2026-01-12,1200,0012\n",
        TableMapping(columns={name: name for name in
                         ("name", "type", "duration", "publishedAt", "views", "note")}),
    )  # fmt: skip
    await table(
        one,
        'name,email,niche,expertise,brandColors\nJ,j@x.io,yoga; sleep,"[""a;b"",""c""]",'
        '"{""primary"":""#fff""}"\n',
        TableMapping(type="creator"),
    )

    flow = await properties(one, "video", "Flow")
    creator = await properties(one, "creator", "J")
    assert flow["duration"] == 90.5
    assert flow["publishedAt"] == 1_768_176_000_000
    assert flow["views"] == 1200
    assert flow["note"] == "0012"
    assert creator["niche"] == ["yoga", "sleep"]
    assert creator["expertise"] == ["a;b", "c"]
    assert creator["brandColors"] == {"primary": "#fff"}


async def test_an_empty_cell_says_nothing(one: Session) -> None:
    await table(one, "name,external_id,price,description\nYoga,k1,20,long\n")

    again = await table(one, "name,external_id,price,description\nYoga,k1,,\n")

    assert again.unchanged == {"entities": 1}


async def test_a_repeated_table_changes_nothing(one: Session) -> None:
    text = "name,external_id,tags,price\nYoga,k1,skill:yoga; topic:breath,20\nRun,k2,,30.5\n"
    first = await table(one, text)

    again = await table(one, text)

    assert first.created == {"entities": 2, "automatic_events": 2}
    assert again.change is None
    assert again.unchanged == {"entities": 2}


async def test_columns_beside_the_mapping_are_left_out_and_named(one: Session) -> None:
    loaded = await table(
        one, "Title,Secret\nYoga,x\n", TableMapping(type="course", columns={"Title": "name"})
    )

    assert any("Secret" in warning for warning in loaded.warnings or [])
    assert "Secret" not in await properties(one, "course", "Yoga")


async def test_connections_name_their_ends_in_three_ways(one: Session, jane: Saved) -> None:
    course = await one.write(entity.create, "course", "Yoga", external_id="k1")
    await one.write(entity.create, "course", "Run")

    loaded = await table(
        one,
        "who,what,by name,share\n"
        f"{jane.id},k1,,0.5\n"
        f"{jane.id},,run,\n",
        TableMapping(
            kind="connections",
            type="owns",
            to_type="course",
            columns={"who": "from", "what": "to.external_id", "by name": "to.name",
                     "share": "share"},
        ),
    )  # fmt: skip

    assert loaded.created == {"connections": 2}
    exported = (await exports.connections(one)).data or ""
    assert f"{jane.id},Jane,owns,{course.id},Yoga" in exported


@pytest.mark.usefixtures("jane")
async def test_exported_tables_come_back_as_they_are(one: Session) -> None:
    await one.write(
        entity.create,
        "course",
        'A "quoted", name',
        {"description": "two\nlines", "price": 20.5, "modules": 3, "note": "extra; kept"},
        with_tags=["skill:yoga"],
    )
    courses = (await exports.entities(one, "course")).data or ""
    creators = (await exports.entities(one, "creator")).data or ""

    assert (await table(one, courses, TableMapping())).unchanged == {"entities": 1}
    assert (await table(one, creators, TableMapping())).unchanged == {"entities": 1}


async def test_bad_rows_are_told_with_the_line_they_begin_in(one: Session) -> None:
    found = await codes(
        one,
        "name,price,tags,description\n"
        'good,1,,"a\nb\nc"\n'
        "few\n"
        "many,1,,,,\n"
        "cheap,cheap,,\n"
        ",1,,\n"
        "\n"
        "tag,1,notag,\n"
        'quote,1,,"a"b\n'
        "nul,1,,a\0b\n"
        "low,-1,,\n",
    )

    assert found == {
        5: "BROKEN_LINE",
        6: "BROKEN_LINE",
        7: "INVALID_PROPERTY",
        8: "BROKEN_LINE",
        10: "INVALID_ARGUMENT",
        11: "BROKEN_LINE",
        12: "INVALID_PROPERTY",
        13: "INVALID_PROPERTY",
    }


async def test_line_ends_and_marks_of_other_systems_are_read(one: Session) -> None:
    loaded = await table(one, "\ufeffname,external_id\r\nYoga,k1\r\nRun,k2")

    assert loaded.created == {"entities": 2, "automatic_events": 2}


async def test_another_delimiter_is_named_in_the_mapping(one: Session) -> None:
    text = "name;price\nYoga;20\n"

    with pytest.raises(ImportFileError):
        await table(one, text)
    loaded = await table(one, text, TableMapping(type="course", delimiter=";"))

    assert loaded.failed is None


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("", COURSES),
        ("name,prise\nYoga,1\n", COURSES),
        ("name,\nYoga,1\n", COURSES),
        ("name,name\nYoga,1\n", COURSES),
        ("price\n1\n", COURSES),
        ("name\nYoga\n", TableMapping()),
        ("name\nYoga\n", TableMapping(type="course", columns={"Name": "name"})),
        ("a,b\nYoga,1\n", TableMapping(type="course", columns={"a": "name", "b": "name"})),
        ("from\nx\n", TableMapping(kind="connections", type="owns")),
        ('name\n"never closed\n' + "x\n" * 10, COURSES),
    ],
)
async def test_a_table_that_cannot_be_read_is_refused_as_a_whole(
    one: Session, text: str, mapping: TableMapping
) -> None:
    with pytest.raises((ImportFileError, ImportRowsError)) as failure:
        await table(one, text, mapping)

    assert str(failure.value).endswith((".", "?", '"skip".'))


async def test_a_misspelt_column_is_refused_with_its_neighbour(one: Session) -> None:
    with pytest.raises(ImportFileError) as failure:
        await table(one, "name,prise\nYoga,1\n")

    assert "price" in str(failure.value)


async def test_a_quote_that_swallows_the_table_is_found(
    one: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvs, "LONGEST_ROW_CHARACTERS", 1_000)

    with pytest.raises(ImportFileError) as failure:
        await table(one, "name\nok\n" + '"never closed\n' + "x\n" * 2_000)

    assert failure.value.fields["line"] == 3


async def test_a_cell_of_half_a_megabyte_is_read(one: Session) -> None:
    loaded = await table(one, f"name,description\nYoga,{'x' * 500_000}\n")

    assert loaded.failed is None


async def test_an_unknown_type_in_a_column_is_a_bad_row(one: Session) -> None:
    found = await codes(one, "type,name\ncourse,a\ncuorse,b\n,c\n", TableMapping())

    assert found == {3: "UNKNOWN_TYPE", 4: "BROKEN_LINE"}


async def test_a_mapping_does_not_go_with_json_lines(one: Session) -> None:
    with pytest.raises(InvalidArgumentError):
        await imports.run(one, data="{}", format="jsonl", mapping=COURSES)


def test_a_mapping_takes_no_unknown_names() -> None:
    with pytest.raises(ValidationError):
        TableMapping.model_validate({"typ": "course"})


async def test_the_table_that_ships_with_the_project_is_sound(one: Session) -> None:
    folder = assets.resources("demo")
    reach = places.everywhere(one.settings)
    await one.write(entity.create, "creator", "Maya Lindholm", {"email": "maya@example.com"})
    content = TableMapping(
        columns={
            "Number": "external_id",
            "Kind": "type",
            "Title": "name",
            "Topics": "tags",
            "Seconds": "duration",
            "Minutes to read": "readingTime",
            "Views": "views",
            "Published": "publishedAt",
        }
    )
    links = TableMapping(
        kind="connections",
        type="authored",
        columns={"Creator": "from.name", "Content": "to.external_id", "Part": "role"},
    )

    first = await imports.run(one, path=str(folder / "content.csv"), mapping=content, reach=reach)
    second = await imports.run(
        one, path=str(folder / "connections.csv"), mapping=links, reach=reach
    )

    assert first.created == {"entities": 12, "automatic_events": 12}
    assert first.extra is None
    assert second.created == {"connections": 12}
    assert second.warnings is None


def entities(done: Loaded) -> tuple[int, int]:
    """How many were created and updated."""
    return (done.created or {}).get("entities", 0), (done.updated or {}).get("entities", 0)


async def test_a_row_updates_the_entity_that_has_its_key(one: Session) -> None:
    by_hand = await one.write(entity.create, "course", "Yoga", {"year": "2026", "seats": "10"})
    text = "Title,Year,Seats\nYoga,2026,12\nYoga,2027,8\n"
    mapping = TableMapping(
        type="course",
        columns={"Title": "name", "Year": "year", "Seats": "seats"},
        key=["Title", "Year"],
    )

    first = await table(one, text, mapping)
    again = await table(one, text.replace(",8", ",9"), mapping)
    third = await table(one, text.replace(",8", ",9"), mapping)

    assert [entities(each) for each in (first, again, third)] == [(1, 1), (0, 1), (0, 0)]
    kept = await one.read(lambda work: lookup.live(work, by_hand.id))
    assert jsons.load_object(kept["properties"])["seats"] == "12"


async def test_a_key_may_be_an_alias_a_number_or_a_property(one: Session) -> None:
    await one.write(entity.create, "course", "Flow", {"price": 49.5})
    mapping = TableMapping(type="course", key=["price"])

    done = await table(one, "name,price\nFlow for all,49.50\n", mapping)

    assert entities(done) == (0, 1)
    assert (await properties(one, "course", "Flow for all"))["price"] == 49.5


async def test_keys_that_name_no_entity_or_several_are_refused(one: Session) -> None:
    for _ in range(2):
        await one.write(entity.create, "course", "Twins")
    mapping = TableMapping(
        type="course", key=["name", "level"], columns={"name": "name", "level": "level"}
    )
    by_name = TableMapping(type="course", key=["name"])

    assert await codes(one, "name,level\nYoga,\n", mapping) == {2: "BROKEN_LINE"}
    assert await codes(one, "name\nTwins\nFlow\nFlow\n", by_name) == {
        2: "CONFLICT",
        4: "DUPLICATE",
    }
    with pytest.raises(ImportFileError, match="is no column that names an entity"):
        await table(one, "name\nYoga\n", TableMapping(type="course", key=["Number"]))


async def test_connections_without_a_time_of_their_own_are_told_of(one: Session) -> None:
    await one.write(entity.create, "audience_member", "Ada")
    await one.write(entity.create, "course", "Engines")
    text = "Who,What,Joined\nAda,Engines,2025-03-01\n"
    ends = {"Who": "from.name", "What": "to.name"}
    links = TableMapping(
        kind="connections",
        type="enrolled_in",
        from_type="audience_member",
        to_type="course",
        columns=ends,
    )
    dated = links.model_copy(update={"columns": {**ends, "Joined": "created_at"}})

    undated = await imports.run(one, data=text, format="csv", mapping=links, dry_run=True)
    loaded = await table(one, text, dated)

    assert undated.warnings is not None
    assert "columns left out: Joined; the connections count as of now" in undated.warnings[0]
    assert loaded.warnings is None
