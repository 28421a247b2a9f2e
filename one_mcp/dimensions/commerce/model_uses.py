"""The uses of models that are paid for: gathered by the hour, then told as one event each (D-82).

A use is added to its hour's row, and an hour that is over is deleted and told in one transaction,
so whatever several processes do, each token is told once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from one_mcp import clock
from one_mcp.answers import Written
from one_mcp.dimensions.events import event
from one_mcp.jsons import JsonObject
from one_mcp.model_settings import CURRENCY, ModelPrice
from one_mcp.store.ports import Raw
from one_mcp.store.work import Row, Work

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What was used of a model for a purpose."""

    model: str
    purpose: str
    requests: int
    tokens_in: int
    tokens_out: int


class ModelCosts(Written):
    """How many events tell of hours that are over."""

    told: int


def add(work: Work, use: ModelUse) -> None:
    """Add a use to those of this hour."""
    work.run(
        """
        INSERT INTO model_uses
            (organization_id, hour, model, purpose, requests, tokens_in, tokens_out)
        VALUES
            (:organization, :hour, :model, :purpose, :requests, :tokens_in, :tokens_out)
        ON CONFLICT (organization_id, hour, model, purpose) DO UPDATE
        SET requests = model_uses.requests + excluded.requests,
            tokens_in = model_uses.tokens_in + excluded.tokens_in,
            tokens_out = model_uses.tokens_out + excluded.tokens_out
        """,
        hour=_hour(work.clock),
        model=use.model,
        purpose=use.purpose,
        requests=use.requests,
        tokens_in=use.tokens_in,
        tokens_out=use.tokens_out,
    )


def waiting(raw: Raw, now: int) -> list[str]:
    """List the organizations that have hours to be told."""
    rows = raw.execute(
        "SELECT DISTINCT organization_id FROM model_uses WHERE hour < :hour", {"hour": _hour(now)}
    )
    return [row["organization_id"] for row in rows]


def settle(work: Work, prices: Mapping[str, ModelPrice]) -> ModelCosts:
    """Tell the hours that are over; money is told only where a price is known."""
    rows = work.all(
        """
        DELETE FROM model_uses
        WHERE organization_id = :organization
          AND hour < :hour
        RETURNING hour, model, purpose, requests, tokens_in, tokens_out
        """,
        hour=_hour(work.clock),
    )
    for row in sorted(rows, key=lambda it: (it["hour"], it["model"], it["purpose"])):
        told = _told(row, prices.get(row["model"]))
        event.record(work, "cost_incurred", metadata=told, at=min(row["hour"] + HOUR_MS, work.now))
    return ModelCosts(told=len(rows))


def _told(row: Row, price: ModelPrice | None) -> JsonObject:
    cost = price and price.of(row["tokens_in"], row["tokens_out"])
    money: JsonObject = {} if cost is None else {"amount": float(cost), "currency": CURRENCY}
    return {
        **money,
        "reason": f"{row['purpose']} by {row['model']}",
        "model": row["model"],
        "purpose": row["purpose"],
        "requests": row["requests"],
        "tokensIn": row["tokens_in"],
        "tokensOut": row["tokens_out"],
        "since": clock.to_text(row["hour"]),
    }


def _hour(at: int) -> int:
    return at // HOUR_MS * HOUR_MS
