"""Operands: what a condition can be compared with, and that an empty list means there is none."""

import pytest

from one_mcp.dimensions.entities import entity, finding
from one_mcp.errors import InvalidArgumentError
from one_mcp.jsons import JsonObject
from one_mcp.session import Session
from tests.conftest import HandClock

pytestmark = pytest.mark.anyio
DAY_MS = 24 * 3_600_000


async def found(one: Session, type: str | None, where: JsonObject) -> list[str]:
    page = await one.read(finding.find, type, where=where, sort="name")
    return [item.name for item in page.items]


@pytest.mark.parametrize(
    ("type", "where", "fits"),
    [
        ("course", {"price": {"lt": "cheap"}}, "a number"),
        ("course", {"price": True}, "a number"),
        ("course", {"price": {"in": [10, "dear"]}}, "a number"),
        ("course", {"price": {"contains": "1"}}, "gte"),
        ("subscription", {"status": "past due"}, "past_due"),
        ("subscription", {"status": {"ne": "gone"}}, "cancelled"),
        ("subscription", {"currentPeriodEnd": {"lt": "soon"}}, "-7d"),
        ("subscription", {"currentPeriodEnd": {"gte": 2026}}, "2026-01-31"),
        ("message", {"attachments": {"contains": 5}}, "a text"),
        (None, {"price": {"gt": "cheap"}}, "a number"),
    ],
)
async def test_operand_that_fits_no_value_is_refused_and_told_what_fits(
    one: Session, type: str | None, where: JsonObject, fits: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=fits) as refused:
        await found(one, type, where)

    assert refused.value.fields["argument"] == "where"


async def test_option_that_was_meant_is_named(one: Session) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await found(one, "subscription", {"status": "past due"})

    assert refused.value.fields["did_you_mean"] == "past_due"


@pytest.mark.parametrize("path", ["name", "createdAt", "updated_at", "tags"])
async def test_what_is_no_property_is_refused_with_what_to_use(one: Session, path: str) -> None:
    with pytest.raises(InvalidArgumentError, match="use "):
        await found(one, "creator", {path: {"gte": "2026-01-31"}})


async def test_another_types_alias_does_not_make_the_name_a_property(one: Session) -> None:
    """A metric's key may be called name, and nothing but a metric has it."""
    await one.write(entity.create, "metric", "Revenue", {"key": "revenue"})

    with pytest.raises(InvalidArgumentError, match="use name"):
        await found(one, None, {"name": "Revenue"})

    assert await found(one, "metric", {"name": "revenue"}) == ["Revenue"]


@pytest.mark.parametrize("wanted", ["20261130", "2026-11-30", "Mon, 30 Nov 2026 00:00:00 +0000"])
async def test_times_are_read_in_every_form(one: Session, wanted: str) -> None:
    await one.write(entity.create, "livestream", "Soon", {"scheduledAt": "2026-11-30T00:00:00Z"})

    assert await found(one, "livestream", {"scheduledAt": wanted}) == ["Soon"]


async def test_relative_times_and_days_are_read(one: Session, clock: HandClock) -> None:
    now = clock()
    for name, at in (("Past", now - 8 * DAY_MS), ("Near", now - 6 * DAY_MS), ("Ahead", now + 1000)):
        await one.write(entity.create, "livestream", name, {"scheduledAt": at})

    assert await found(one, "livestream", {"scheduledAt": {"gte": "-7d"}}) == ["Ahead", "Near"]
    assert await found(one, "livestream", {"scheduledAt": {"lt": "now"}}) == ["Near", "Past"]


async def test_day_as_an_end_includes_itself(one: Session) -> None:
    await one.write(entity.create, "livestream", "Noon", {"scheduledAt": "2026-01-31T12:00:00Z"})

    assert await found(one, "livestream", {"scheduledAt": {"lte": "2026-01-31"}}) == ["Noon"]
    assert await found(one, "livestream", {"scheduledAt": {"gt": "2026-01-31"}}) == []
    assert await found(one, "livestream", {"scheduledAt": {"lt": "2026-01-31"}}) == []


async def test_conditions_on_what_no_type_declares_are_as_before(one: Session) -> None:
    await one.write(entity.create, "course", "Own", {"shelf": "A 7"})

    assert await found(one, "course", {"shelf": {"gte": "A"}}) == ["Own"]


async def test_other_name_of_a_property_finds_it(one: Session) -> None:
    await one.write(entity.create, "token", "Coin", {"symbol": "COIN", "priceUsd": 2})

    assert await found(one, "token", {"priceUsd": 2}) == ["Coin"]
