"""Whose name is asked for comes first, and things come before records that carry their names."""

import pytest

from one_mcp.answers import Written
from one_mcp.dimensions.entities import entity, finding, tags
from one_mcp.dimensions.entities.selection import FEW
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

JANE = "Jane Maria Doe"


async def filled(one: Session, payments: int) -> None:
    """A person, another whose name has the words, and payments that carry the name."""

    def rule(work: Work) -> Written:
        long = {"bio": "Teaches yoga and writes about it. " * 20}
        named = entity.create(work, "audience_member", JANE, long).id
        tags.change(work, named, ["skill:yoga"])
        entity.create(work, "community", f"Friends of {JANE}", {})
        for number in range(payments):
            made = entity.create(work, "payment", f"Payment {number} of {JANE}", {}).id
            if number < 5:
                tags.change(work, made, ["skill:yoga"])
        entity.create(work, "payment", JANE, {})
        entity.create(work, "audience_member", "Doe", {"bio": "knows Jane and Maria"})
        return Written()

    await one.write(rule)


async def found(one: Session, text: str, **wanted: object) -> list[str]:
    page = await one.read(finding.find, text=text, **wanted)  # pyright: ignore[reportArgumentType]
    return [f"{item.type} {item.name}" for item in page.items]


@pytest.mark.parametrize("payments", [26, FEW + 10])
async def test_whose_name_it_is_comes_first(one: Session, payments: int) -> None:
    await filled(one, payments)

    names = await found(one, JANE.lower(), limit=5)

    assert names[:3] == [
        f"audience_member {JANE}",
        f"payment {JANE}",
        f"community Friends of {JANE}",
    ]
    assert all(name.startswith("payment Payment") for name in names[3:])
    few = set((await found(one, "jane maria"))[:2])
    assert (
        few
        == {
            f"audience_member {JANE}",
            f"community Friends of {JANE}",
        }
        or payments > FEW
    )


@pytest.mark.parametrize("payments", [8, FEW + 10])
async def test_a_small_set_has_the_same_order(one: Session, payments: int) -> None:
    await filled(one, payments)

    names = await found(one, JANE, tags=["skill:yoga"])

    assert names[0] == f"audience_member {JANE}"
    assert len(names) == 6


@pytest.mark.parametrize("payments", [26, FEW + 10])
async def test_pages_hold_each_entity_once(one: Session, payments: int) -> None:
    await filled(one, payments)
    seen: list[str] = []
    cursor = None
    while True:
        page = await one.read(finding.find, text=JANE, limit=200, cursor=cursor)
        seen += [item.id for item in page.items]
        if page.cursor is None:
            break
        cursor = page.cursor

    assert len(seen) == len(set(seen)) == payments + 4
