"""Receipts: the mail by which a buyer is told what was paid, or what came back.

What people wrote stands in it as text: on one line, and as no markup.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from one_mcp import clock, jsons
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonValue
from one_mcp.mail_settings import is_address
from one_mcp.store.work import Work

LONGEST_NAME = 200
TRIED = "This was tried out with simulated vendors: nothing was paid, and nothing is owed."


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one entity."""

    entity: str
    recipient: str
    subject: str
    text: str
    html: str


def of_purchase(work: Work, at: Operation) -> Letter | None:
    """Write the receipt of a purchase; None where the buyer has no address."""
    body = at.body
    what = f"{body['amount']} × {_line(body['name'])}"  # noqa: RUF001  # times
    facts = [
        ("Bought", what),
        ("Total", _money(body["total"], body["currency"])),
        ("Transaction", at.result("transfer").get("hash") or at.result("mint").get("hash")),
    ]
    return _letter(work, at, f"Receipt: {what}", "Thank you for your purchase.", facts)


def of_refund(work: Work, at: Operation) -> Letter | None:
    """Write the receipt of a refund, likewise."""
    bought = operation.read(work, str(at.body["purchase"])).body
    amount = _money(at.body["amount"], at.body["currency"])
    facts = [
        ("Bought", f"{bought['amount']} × {_line(bought['name'])}"),  # noqa: RUF001  # times
        ("Refunded", amount),
        ("Tokens taken back", at.body.get("tokens")),
        ("Purchase", at.body["purchase"]),
    ]
    return _letter(work, at, f"Refund: {amount}", "Money was given back to you.", facts)


def _letter(
    work: Work, at: Operation, subject: str, says: str, facts: Iterable[tuple[str, JsonValue]]
) -> Letter | None:
    row = work.one(
        """
        SELECT id, name, properties
        FROM entities
        WHERE organization_id = :organization
          AND id = :buyer
        """,
        buyer=at.body["buyer"],
    )
    if row is None:  # purged since: what is refunded is refunded all the same
        return None
    recipient = jsons.load_object(row["properties"]).get("email")
    if not isinstance(recipient, str) or not is_address(recipient.strip()):
        return None
    shop = _line(work.value("SELECT name FROM organizations WHERE organization_id = :organization"))
    told = [(label, _line(value)) for label, value in facts if value is not None]
    told += [("Operation", at.id), ("Date", clock.to_text(work.now))]
    lines = [f"Hello {_line(row['name'])},", says, *([TRIED] if at.simulated else [])]
    return Letter(
        row["id"],
        recipient.strip(),
        f"[Simulated] {subject}" if at.simulated else subject,
        "\n\n".join([*lines, "\n".join(f"{label}: {value}" for label, value in told), shop]),
        _html([*lines], told, shop),
    )


def _html(lines: list[str], told: list[tuple[str, str]], shop: str) -> str:
    rows = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(value)}</td></tr>" for label, value in told
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"{said}<table>{rows}</table><p>{escape(shop)}</p>"


def _money(amount: JsonValue, currency: JsonValue) -> str:
    return f"{amount} {str(currency).upper()}"


def _line(value: JsonValue) -> str:
    """Write a value on one line, without what cannot be seen."""
    seen = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(seen.split())[:LONGEST_NAME]
