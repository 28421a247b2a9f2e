"""A small business, written by a client in one change, and how tests ask about it."""

from typing import Any

from mcp import Client

MOST_CHARACTERS = 8_000  # 2,000 tokens


async def call(client: Client, tool: str, /, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    said = result.structured_content
    assert said is not None
    return said


async def ask(client: Client, of: str, /, **arguments: Any) -> Any:
    result = await client.call_tool("summarize", {"of": of, **arguments})
    assert not result.is_error, result.content
    assert len(str(result.content)) <= MOST_CHARACTERS
    return result.structured_content


def paid(
    who: str, what: str, amount: float, currency: str, *, at: str, status: str = "completed"
) -> dict[str, Any]:
    return {
        "op": "record_event",
        "type": "payment_processed",
        "actor": f"${who}",
        "target": f"${what}",
        "metadata": {"status": status, "amount": amount, "currency": currency},
        "at": at,
    }


def made(name: str, type: str, tags: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "op": "create_entity",
        "as": f"${name}",
        "type": type,
        "name": name.capitalize(),
        "properties": properties,
        "tags": list(tags),
    }


def linked(start: str, type: str, end: str, **metadata: Any) -> dict[str, Any]:
    return {
        "op": "connect_entities",
        "from": f"${start}",
        "type": type,
        "to": f"${end}",
        "metadata": metadata,
    }


BUSINESS = [
    {"op": "update_organization", "currency": "eur", "time_zone": "Europe/Berlin"},
    made("ada", "audience_member", ("topic:yoga", "topic:food")),
    made("ben", "audience_member", ("topic:yoga",)),
    made("cleo", "audience_member"),
    made("dan", "audience_member"),
    made("yoga", "course", price=100.1, currency="eur"),
    made("guide", "digital_product", price=19.9, currency="eur"),
    made("coin", "token"),
    made("one", "invoice", status="open", amount=10.1, currency="eur", dueAt="2026-11-01"),
    made("two", "invoice", status="open", amount=20.2, currency="eur", dueAt="2026-11-20"),
    made("three", "invoice", status="open", amount=40.4, currency="eur", dueAt="2026-12-20"),
    made("four", "invoice", status="paid", amount=80.8, currency="eur", dueAt="2026-10-01"),
    made("eve", "lead", source="webinar", stage="new", score=10),
    made("finn", "lead", source="webinar", stage="won", score=20),
    made("gus", "lead", source="referral", stage="new", score=60),
    made("hal", "lead", stage="new"),
    made("sub", "subscription", tier="pro", status="active", price=30, currency="eur"),
    made("sue", "subscription", tier="pro", status="cancelled", price=30, currency="eur"),
    made("sam", "subscription", tier="starter", status="active", price=12, currency="usd"),
    paid("ada", "yoga", 100.1, "eur", at="2026-09-10T10:00:00Z"),
    paid("ben", "yoga", 100.2, "eur", at="2026-10-05T10:00:00Z"),
    paid("ada", "guide", 19.9, "eur", at="2026-10-31T23:30:00Z"),  # in Berlin it is November
    paid("cleo", "guide", 19.9, "eur", at="2026-11-02T10:00:00Z"),
    paid("ben", "guide", 19.9, "EUR", at="2026-11-20T10:00:00Z"),
    paid("ada", "yoga", 50, "usd", at="2026-11-21T10:00:00Z"),
    paid("ben", "yoga", 100.2, "eur", at="2026-11-21T10:00:00Z", status="failed"),
    linked("ada", "enrolled_in", "yoga"),
    linked("ben", "enrolled_in", "yoga"),
    linked("ada", "completed", "yoga"),
    linked("ada", "holds_tokens", "coin", balance="0.1"),
    linked("ben", "holds_tokens", "coin", balance="12.25"),
]


async def write(client: Client) -> dict[str, str]:
    """Write the business, and return the ids by name."""
    said = await call(client, "apply_changes", operations=BUSINESS)
    return {name.removeprefix("$"): id for name, id in said["ids"].items()}
