"""E-mail addresses: kept as they came, and the same whatever their case."""

import pytest

from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.connections import finding as connections
from one_mcp.dimensions.entities import duplicates, entity, finding
from one_mcp.errors import DuplicateError
from one_mcp.jsons import JsonObject
from one_mcp.services.exchange import imports
from one_mcp.services.exchange.mapping import TableMapping
from one_mcp.session import Session

pytestmark = pytest.mark.anyio

KEPT = "Anna@X.ch"


@pytest.mark.parametrize(
    "wanted",
    [
        "anna@x.ch",
        "ANNA@x.CH",
        {"in": ["bo@x.ch", "anna@x.ch"]},
        {"starts_with": "anna@X"},
    ],
)
@pytest.mark.parametrize("field", ["email", "billing"], ids=["indexed", "of one's own"])
async def test_a_condition_finds_an_address_in_any_case(
    one: Session, field: str, wanted: str | JsonObject
) -> None:
    anna = await one.write(entity.create, "audience_member", "Anna", {field: KEPT})
    await one.write(entity.create, "audience_member", "Hanna", {field: "hanna@x.ch"})

    found = (await one.read(finding.find, where={field: wanted})).items
    others = (await one.read(finding.find, where={field: {"ne": "anna@x.ch"}})).items

    assert [it.id for it in found] == [anna.id]
    assert [it.name for it in others] == ["Hanna"]


async def test_a_list_of_addresses_is_searched_in_any_case(one: Session) -> None:
    await one.write(entity.create, "company", "Ltd", {"contacts": [KEPT, "bo@x.ch"]})

    found = (await one.read(finding.find, where={"contacts": "anna@x.ch"})).items

    assert [it.name for it in found] == ["Ltd"]


async def test_what_is_no_address_keeps_its_case(one: Session) -> None:
    await one.write(entity.create, "company", "Ltd", {"handle": "@Anna", "code": "Ab"})

    found = [
        (await one.read(finding.find, where={field: value})).items
        for field, value in (("handle", "@anna"), ("code", "ab"))
    ]

    assert found == [[], []]


async def test_an_address_in_another_case_is_the_same_identity_and_a_duplicate(
    one: Session,
) -> None:
    await one.write(entity.create, "creator", "Anna", {"email": KEPT})
    with pytest.raises(DuplicateError):
        await one.write(entity.create, "creator", "Anne", {"email": "anna@x.ch"})

    other = await one.write(entity.create, "lead", "A. Muster", {"email": "ANNA@x.ch"})
    groups = (await one.read(duplicates.find)).groups

    assert other.warnings
    assert len(groups) == 1


@pytest.mark.parametrize("field", ["email", "billing"], ids=["indexed", "of one's own"])
async def test_a_key_of_an_import_is_known_in_any_case(one: Session, field: str) -> None:
    anna = await one.write(entity.create, "lead", "Anna", {field: KEPT})
    mapping = TableMapping(
        type="lead", columns={"Mail": f"properties.{field}", "Name": "name"}, key=["Mail"]
    )

    again = await imports.run(
        one, data="Mail,Name\nanna@x.ch,Anna M\n", format="csv", mapping=mapping
    )
    twice = await imports.run(
        one,
        data="Mail,Name\nANNA@x.ch,Anna M\nanna@X.CH,Anna\n",
        format="csv",
        mapping=mapping,
        on_error="skip",
    )

    assert (again.created, again.updated) == (None, {"entities": 1})
    assert twice.failed == 1
    assert [it.id for it in (await one.read(finding.find, "lead")).items] == [anna.id]


async def test_neighbours_are_found_by_their_address_in_any_case(one: Session) -> None:
    anna = await one.write(entity.create, "audience_member", "Anna", {"email": KEPT})
    course = await one.write(entity.create, "course", "Yoga")
    tie = await one.write(
        connection.connect, anna.id, "enrolled_in", course.id, {"invoiceTo": KEPT}
    )

    found = await one.read(connections.find, where={"invoiceTo": "anna@x.ch"})

    assert [it.id for it in found.items] == [tie.id]
