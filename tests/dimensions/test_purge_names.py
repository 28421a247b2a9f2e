"""Whose name a purge takes out of the reasons of other changes."""

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.changes import history
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.purge import purge
from one_mcp.session import Call

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("named", "reason", "stays"),
    [
        ({"type": "creator", "name": "Jane Doe"}, "JANE DOE asked for it", False),
        ({"type": "creator", "name": "Jane Doe"}, "asked by jane doe, twice", False),
        ({"type": "creator", "name": "Jane Doe"}, "mail of SHE@example.com", False),
        (
            {"type": "creator", "name": "Jane Doe", "username": "the_jane"},
            "as the_jane wrote",
            False,
        ),
        ({"type": "creator", "name": "Jane"}, "Jane's wish", False),
        ({"type": "creator", "name": "Will"}, "it will be so", True),
        ({"type": "creator", "name": "Jane"}, "in Janesville", True),
        ({"type": "creator", "name": "Zoe\u0308"}, "Zo\u00eb asked", False),
        ({"type": "creator", "name": "王小明"}, "因为王小明要求", False),
        ({"type": "course", "name": "Yoga"}, "more about Yoga", True),
        ({"type": "course", "name": "Yoga for all"}, "yoga for all is dear", False),
    ],
)
async def test_a_reason_that_names_it_goes(
    app: App, named: dict[str, str], reason: str, stays: bool
) -> None:
    one = app.session(Call("test"), LOCAL)
    email = {"email": "she@example.com"} if named["type"] == "creator" else {}
    username = {"username": named["username"]} if "username" in named else {}
    purged = await one.write(entity.create, named["type"], named["name"], {**email, **username})
    other = await app.session(Call("test", reason), LOCAL).write(entity.create, "website", "Home")

    await one.write(purge.purge, purged.id, purged.id)

    told = await one.read(history.history, other.id)
    assert [change.reason for change in told.changes] == [reason if stays else None]


async def test_a_name_of_before_counts_too(app: App) -> None:
    one = app.session(Call("test"), LOCAL)
    person = await one.write(entity.create, "creator", "Jane Doe", {"email": "she@example.com"})
    await one.write(entity.update, person.id, {"email": "new@example.com"}, name="Janet Roe")
    for reason in ("Jane Doe called", "she@example.com", "new@example.com", "Janet Roe called"):
        door = app.session(Call("test", reason), LOCAL)
        await door.write(entity.create, "website", "Home")

    await one.write(purge.purge, person.id, "Janet Roe")

    told = await one.read(history.history)
    assert [change.reason for change in told.changes if change.reason] == ["first start"]


async def test_where_its_address_still_stands_is_said(app: App) -> None:
    one = app.session(Call("test"), LOCAL)
    person = await one.write(entity.create, "creator", "Jane Doe", {"email": "she@example.com"})
    other = await one.write(entity.create, "lead", "J.", {"email": "She@Example.com"})
    noted = await one.write(entity.create, "task", "Call", {"note": "ask she@example.com twice"})
    far = await one.write(entity.create, "lead", "K.", {"email": "he@example.com"})

    purged = await one.write(purge.purge, person.id, person.id)

    said = " ".join(purged.warnings or [])
    assert other.id in said
    assert noted.id in said
    assert far.id not in said
    assert "example.com" not in said.casefold()
