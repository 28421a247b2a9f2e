"""Who is let in without signing in is said where the house is opened, and nowhere below."""

import pytest
from mcp import Client

from one_mcp.access import Principal, Role
from one_mcp.app import open_app
from one_mcp.dimensions.organizations import founding
from one_mcp.server import build
from one_mcp.services import doctor
from one_mcp.session import Call
from one_mcp.settings import Settings

pytestmark = pytest.mark.anyio

ELSE = Principal("org_else", "per_else", "Somebody else", Role.ORG_OWNER)


async def test_a_server_writes_for_the_owner_it_was_opened_for(settings: Settings) -> None:
    async with open_app(settings, owner=ELSE) as app:
        async with Client(build.server(app)) as client:
            made = await client.call_tool("create_entity", {"type": "course", "name": "Yoga"})
            told = await client.call_tool("get_history", {})
        known = await app.database.read(founding.known)

    assert not made.is_error
    assert known == ["org_else"]
    assert told.structured_content
    assert {change["by"] for change in told.structured_content["changes"]} == {"Owner"}


async def test_the_doctor_repairs_under_a_name_of_its_own(settings: Settings) -> None:
    """Also in organizations that have no local owner."""
    async with open_app(settings, owner=ELSE) as app:
        caretaker = doctor.caretaker(ELSE.organization)
        await doctor.repair(app.session(Call("doctor"), caretaker))

    assert caretaker.person == "doctor"
    assert founding.LOCAL_OWNER not in {caretaker.person, caretaker.name}
