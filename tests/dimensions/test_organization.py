"""The organization's name, its owner's, its currency and its time zone."""

import pytest

from one_mcp.dimensions.batch import batch, operations
from one_mcp.dimensions.organizations import settings
from one_mcp.dimensions.undo import undo
from one_mcp.errors import InvalidArgumentError
from one_mcp.session import Session

pytestmark = pytest.mark.anyio

GIVEN = {"name": "Bakery", "owner": "Ada", "currency": "EUR", "time_zone": "Europe/Berlin"}


async def test_settings_are_set_in_one_change_and_taken_back(one: Session) -> None:
    steps = operations.parse([{"op": "update_organization", **GIVEN}])

    applied = await one.write(batch.apply, steps)

    now = await one.read(settings.show)
    assert (now.name, now.owner, now.currency) == ("Bakery", "Ada", "EUR")
    assert await one.read(settings.time_zone) == "Europe/Berlin"
    assert applied.done[0].did == "updated Bakery: name, owner, currency, time_zone"
    await one.write(undo.undo, applied.change or "")
    assert (await one.read(settings.show)).owner == "Owner"
    assert await one.read(settings.currency) is None
    assert await one.read(settings.time_zone) == "UTC"


async def test_the_same_again_changes_nothing(one: Session) -> None:
    await one.write(settings.update, **GIVEN)

    again = await one.write(settings.update, **GIVEN)

    assert again.change is None
    assert again.changed is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("currency", "euro"), ("time_zone", "Berlin"), ("time_zone", "../x"), ("time_zone", "Europe")],
)
async def test_what_is_no_currency_or_zone_is_refused(one: Session, field: str, value: str) -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        await one.write(settings.update, **{field: value})

    assert failure.value.fields["argument"] == field
