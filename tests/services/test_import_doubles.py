"""Imports tell which of their new rows seem to be there already, by whatever door they come."""

import json

import pytest

from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.exchange import importing
from one_mcp.errors import DuplicateError
from one_mcp.services.exchange import imports
from one_mcp.session import Session

pytestmark = pytest.mark.anyio


def row(name: str, type: str = "lead", **fields: object) -> str:
    return json.dumps({"entity": {"type": type, "name": name, **fields}})


async def warned(one: Session, *rows: str, dry_run: bool = False) -> str:
    loaded = await imports.run(one, data="\n".join(rows), format="jsonl", dry_run=dry_run)
    return " ".join(loaded.warnings or [])


@pytest.mark.parametrize("dry_run", [True, False])
async def test_an_import_tells_of_a_name_an_address_and_an_id_that_are_there(
    one: Session, dry_run: bool
) -> None:
    named = await one.write(entity.create, "lead", "Ann")
    mailed = await one.write(entity.create, "company", "Ltd", {"email": "Bo@X.ch"})
    called = await one.write(entity.create, "course", "Yoga", external_id="7")

    said = await warned(
        one,
        row("Cy"),
        row("ANN", properties={"phone": "1"}),
        row("Bo", properties={"email": "bo@x.ch"}),
        row("Di", external_id="7"),
        dry_run=dry_run,
    )

    assert "3 new entities" in said
    assert f"line 2: name of {named.id}" in said
    assert f"line 3: e-mail of {mailed.id}" in said
    assert f"line 4: external_id of {called.id}" in said


async def test_rows_of_one_import_are_no_doubles_of_each_other(one: Session) -> None:
    many = [row("Ann", properties={"email": "a@x.ch", "n": n}) for n in range(importing.BATCH * 3)]

    assert await warned(one, *many) == ""


async def test_doubles_are_counted_and_the_first_are_named(one: Session) -> None:
    first = await one.write(entity.create, "lead", "Ann")

    said = await warned(one, *(row("Ann", external_id=str(n)) for n in range(importing.BATCH * 3)))

    assert "300 new entities" in said
    assert said.count(first.id) == 20
    assert "and 280 more" in said


async def test_an_external_id_that_is_taken_says_by_whom(one: Session) -> None:
    first = await one.write(entity.create, "course", "Yoga", external_id="7")

    other = await one.write(entity.create, "lead", "Ann", external_id="7")
    with pytest.raises(DuplicateError) as refused:
        await one.write(entity.create, "course", "Run", external_id="7")

    assert first.id in " ".join(other.warnings or [])
    assert refused.value.fields["id"] == first.id
