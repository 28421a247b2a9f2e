"""Sums, means, the least and the most: exact, whatever numbers there are and however they come."""

import json
import random
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Context, Decimal

import pytest

from one_mcp.dimensions.events import event
from one_mcp.dimensions.graph.summary import summarizing
from one_mcp.dimensions.graph.summary.sources import Conditions
from one_mcp.dimensions.undo import undo
from one_mcp.jsons import JsonObject, JsonValue
from one_mcp.session import Session
from one_mcp.store.work import Work

pytestmark = pytest.mark.anyio

AMOUNTS: tuple[JsonValue, ...] = (
    *(0.1, 0.2, 0.3, 49.99, -49.99, 1e-4, 0.00001, 1 / 3, 12.5, 3.0, 0),
    *(7, -7, 99_999_999.99, 100_000_000.01, 123_456_789_012, 2**53 - 1, 1e15, 1e-9, 0.0001),
    *("12.50", "0.1", "+3", "-0.0001", "many", None, True, "", "1e3"),
)
YEAR = 1_767_225_600_000  # 2026-01-01
MONTH = 31 * 86_400_000


def written(work: Work) -> list[JsonObject]:
    rows = work.all(
        """
        SELECT at, actor_id, metadata
        FROM events
        WHERE organization_id = :organization AND type = 'payment_processed'
          AND NOT EXISTS (
              SELECT 1 FROM retractions
              WHERE retractions.organization_id = :organization AND retractions.event_id = events.id
          )
        """
    )
    return [{"at": row["at"], **json.loads(row["metadata"])} for row in rows]


def number(value: JsonValue) -> Decimal | None:
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, str):
        plain = value.lstrip("+-").replace(".", "", 1)
        return Decimal(value) if plain.isdecimal() else None
    return Decimal(str(value))


def added(numbers: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for each in numbers:
        total = Context(prec=400).add(total, each)
    return total


def same(shown: JsonValue, exact: Decimal) -> bool:
    return isinstance(shown, str | int | float) and Decimal(str(shown)) == exact


async def recorded(one: Session, pick: random.Random) -> None:
    for index in range(100):
        metadata: JsonObject = {"status": "completed"}
        metadata |= {"given": pick.choice(AMOUNTS)} if pick.random() < 0.95 else {}
        if pick.random() < 0.7:
            metadata["currency"] = pick.choice(("usd", "USD", "eur"))
        saved = await one.write(
            event.record, "payment_processed", metadata=metadata, at=YEAR + index * MONTH // 40
        )
        if pick.random() < 0.1:
            assert saved.change
            await one.write(undo.undo, saved.change)


@pytest.mark.parametrize("seed", range(2))
async def test_figures_are_those_of_decimal_arithmetic(one: Session, seed: int) -> None:
    await recorded(one, random.Random(seed))  # noqa: S311  # no secret
    rows = await one.read(written)
    groups: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    without = 0
    for row in rows:
        amount = number(row.get("given"))
        if amount is None:
            without += 1
            continue
        assert isinstance(row["at"], int)
        month = datetime.fromtimestamp(row["at"] / 1000, UTC).strftime("%Y-%m")
        groups[month, str(row.get("currency", "no currency"))].append(amount)

    said = await one.read(
        summarizing.summarize,
        "events",
        ("sum:given", "min:given", "max:given"),
        ("month",),
        asked=Conditions(types=("payment_processed",)),
        time_zone="UTC",
    )

    assert said.rows == len(rows)
    assert (said.without or {}).get("given", 0) == without
    assert said.groups is not None
    seen: set[tuple[str, str]] = set()
    for group in said.groups:
        for name, compute in (("sum", added), ("min", min), ("max", max)):
            shown = group[f"{name}:given"]
            if not isinstance(shown, dict):
                continue
            for currency, figure in shown.items():
                key = str(group["month"]), currency
                seen.add(key)
                assert same(figure, compute(groups[key])), (name, key)
    assert seen == set(groups)


async def test_a_mean_and_a_median_of_the_same_field(one: Session) -> None:
    for amount in (0.1, 0.2, 0.4):
        await one.write(
            event.record, "payment_processed", metadata={"status": "completed", "given": amount}
        )

    said = await one.read(
        summarizing.summarize,
        "events",
        ("avg:given", "median:given", "sum:given", "count:distinct given"),
        asked=Conditions(types=("payment_processed",)),
    )

    assert said.total == {
        "avg:given": 0.233333,
        "median:given": 0.2,
        "sum:given": 0.7,
        "count:distinct given": 3,
    }
