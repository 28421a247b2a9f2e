"""Entities whose own texts say nearly the same are shown as what may be one."""

from pathlib import Path

import pytest

from one_mcp.app import LOCAL, App
from one_mcp.dimensions.entities import archive, entity
from one_mcp.services.knowledge import duplicates, indexing
from one_mcp.session import Call, Session
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio

BREATH = "An eight week course for beginners with breathing, standing poses and relaxation."
AGAIN = "A course for beginners with breathing, standing poses and relaxation: eight week."
OTHER = "Arm balances and inversions, for those who have practised for some years."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=tmp_path / "one.db", toolsets="all", embedding_model="simulated", folder=tmp_path
    )


async def course(one: Session, name: str, description: str) -> str:
    made = await one.write(entity.create, "course", name, {"description": description})
    return made.id


async def test_texts_that_say_the_same_are_a_group(one: Session) -> None:
    two = {await course(one, "Beginners", BREATH), await course(one, "Start here", AGAIN)}
    await course(one, "Masters", OTHER)
    gone = await course(one, "Gone", BREATH)
    await one.write(archive.archive, gone)
    await indexing.finish(one)

    found = await duplicates.find(one, None, 20)

    assert [{it.id for it in group.entities} for group in found.groups] == [two]
    assert found.groups[0].reasons[0].startswith("similar in meaning: 0.9")
    assert found.by_meaning == "3 texts were compared"


async def test_what_is_not_compared_says_why(one: Session) -> None:
    await course(one, "Beginners", BREATH)

    found = await duplicates.find(one, None, 20)

    assert found.by_meaning is not None
    assert found.by_meaning.startswith("not compared: ")


async def test_texts_of_other_types_and_tenants_are_not_compared(app: App, one: Session) -> None:
    await course(one, "Beginners", BREATH)
    await one.write(entity.create, "digital_product", "Book", {"description": AGAIN})
    await indexing.finish(one)

    found = await duplicates.find(app.session(Call("test"), LOCAL), None, 20)

    assert found.groups == []
