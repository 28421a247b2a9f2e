"""Statistics: what happened to an entity in the last 30 days, in numbers.

Each event type is counted, and read for sums and shares, up to a bound: an entity with a million
events costs no more than one with ten thousand, and its numbers say that they are cut ("10000+").
"""

from decimal import Decimal, InvalidOperation

from one_mcp import clock, jsons
from one_mcp.answers import Answer
from one_mcp.dimensions.events import retracted
from one_mcp.jsons import JsonValue
from one_mcp.store import dialect
from one_mcp.store.work import Row, Work

DAYS = 30
MOST_EVENTS = 10_000
CLONE = "ai_clone"
INTERACTION, REWARD = "clone_interaction", "tokens_earned"

Count = int | str


class Stats(Answer):
    """Events that had the entity as target, by type, in the last `days`.

    A clone also has shares and sums of its newest interactions: `positive_share` among those with
    a sentiment, `satisfaction` as rated, or else the clone's own score.
    """

    days: int
    events: dict[str, Count]
    interactions: Count | None = None
    positive_share: float | None = None
    tokens_earned: str | None = None
    satisfaction: float | None = None


def stats(work: Work, entity: Row) -> Stats:
    """Count an entity's events by type; work out the metrics of a clone."""
    counted = _counts(work, entity["id"])
    if entity["type"] != CLONE:
        return Stats(days=DAYS, events=counted)
    felt = _interactions(work, entity["id"])
    positive, told, rating = felt["positive"], felt["told"], felt["rating"]
    return Stats(
        days=DAYS,
        events=counted,
        interactions=counted.get(INTERACTION, 0),
        positive_share=round(positive / told, 3) if told else None,
        tokens_earned=f"{_earned(work, entity['id']):f}",
        satisfaction=_own_score(entity) if rating is None else round(rating, 1),
    )


def _counts(work: Work, id: str) -> dict[str, Count]:
    """Count by type; types are found by one seek each, not by reading the events."""
    rows = work.all(
        f"""
        WITH RECURSIVE kinds (type) AS (
            -- from each type to the next one in the index, past all events of that type
            SELECT min(type)
            FROM events
            WHERE organization_id = :organization
              AND target_id = :id
            UNION ALL
            SELECT (
                SELECT min(type)
                FROM events
                WHERE organization_id = :organization
                  AND target_id = :id
                  AND type > kinds.type
            )
            FROM kinds
            WHERE kinds.type IS NOT NULL
        )
        SELECT
            type,
            (
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM events
                    WHERE organization_id = :organization
                      AND target_id = :id
                      AND type = kinds.type
                      AND at BETWEEN :since AND :now
                      AND {retracted.LIVE}
                    {dialect.most("bound")}
                ) AS counted
            ) AS happened
        FROM kinds
        WHERE type IS NOT NULL
        """,
        **_window(work, id),
        bound=MOST_EVENTS + 1,
    )
    return {row["type"]: _capped(row["happened"]) for row in rows if row["happened"]}


def _interactions(work: Work, id: str) -> Row:
    row = work.one(
        f"""
        SELECT
            count(metadata ->> 'sentiment') AS told,
            count(*) FILTER (WHERE metadata ->> 'sentiment' = 'positive') AS positive,
            avg({dialect.json_number("metadata", "satisfaction")}) AS rating
        FROM (
            SELECT metadata
            FROM events
            WHERE organization_id = :organization
              AND target_id = :id
              AND type = :type
              AND at BETWEEN :since AND :now
              AND {retracted.LIVE}
            ORDER BY at DESC
            {dialect.most("bound")}
        ) AS latest
        """,
        **_window(work, id),
        type=INTERACTION,
        bound=MOST_EVENTS,
    )
    return row or {}


def _earned(work: Work, id: str) -> Decimal:
    """Add amounts up exactly; one that is no number counts nothing."""
    rows = work.all(
        f"""
        SELECT metadata ->> 'amount' AS amount
        FROM events
        WHERE organization_id = :organization
          AND target_id = :id
          AND type = :type
          AND at BETWEEN :since AND :now
          AND {retracted.LIVE}
        ORDER BY at DESC
        {dialect.most("bound")}
        """,
        **_window(work, id),
        type=REWARD,
        bound=MOST_EVENTS,
    )
    return sum((_decimal(row["amount"]) for row in rows), start=Decimal())


def _window(work: Work, id: str) -> dict[str, object]:
    return {"id": id, "now": work.now, "since": work.now - DAYS * clock.DAY_MS}


def _capped(count: int) -> Count:
    return count if count <= MOST_EVENTS else f"{MOST_EVENTS}+"


def _decimal(amount: JsonValue) -> Decimal:
    try:
        found = Decimal(str(amount))
    except InvalidOperation:
        return Decimal()
    return found if found.is_finite() else Decimal()


def _own_score(entity: Row) -> float | None:
    score = jsons.load_object(entity["properties"]).get("satisfactionScore")
    return score if isinstance(score, int | float) else None
