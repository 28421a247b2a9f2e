"""Opening: balances that were kept by hand before a token is first in the ledger.

They are no tokens of the ledger: nobody can spend them, and no sum has them. They are taken over as
they are, as entries of the account `manual`, and stand on the connection as `manualBalance`.
"""

from decimal import ROUND_FLOOR, Context, Decimal, InvalidOperation

from one_mcp import jsons, money
from one_mcp.dimensions.connections import rows
from one_mcp.dimensions.connections.rows import ConnectionRow
from one_mcp.dimensions.connections.validity import Span
from one_mcp.jsons import JsonValue
from one_mcp.ontology import check
from one_mcp.store.work import Work

_WIDE = Context(prec=200, rounding=ROUND_FLOOR)


def take_over(work: Work, token: str, decimals: int) -> list[tuple[str, int]]:
    """Turn the balances of a token into ones kept by hand; return each holder's, in units."""
    kind = check.relationship_type(work.ontology, "holds_tokens")
    found = work.all(
        """
        SELECT id, from_id, to_id, metadata, valid_from, valid_until, deleted_at
        FROM connections
        WHERE organization_id = :organization
          AND to_id = :token
          AND type = 'holds_tokens'
        ORDER BY id
        """,
        token=token,
    )
    held = [(row, jsons.load_object(row["metadata"])) for row in found]
    opened = [(row, it, _units(it.get("balance"), decimals)) for row, it in held]
    rows.update(
        work,
        [
            ConnectionRow(
                kind,
                row["id"],
                row["from_id"],
                row["to_id"],
                {**it, "balance": "0", "manualBalance": money.decimal(units, decimals)},
                Span.of(row),
                hidden_at=row["deleted_at"],
            )
            for row, it, units in opened
            if units
        ],
    )
    return [(row["from_id"], units) for row, _, units in opened if units]


def _units(balance: JsonValue, decimals: int) -> int:
    """Read a balance as somebody wrote it; what a token cannot count is cut off."""
    try:
        number = Decimal(str(balance or 0))
    except InvalidOperation:
        return 0
    if not number.is_finite() or number <= 0 or number.adjusted() + decimals > money.MOST_DIGITS:
        return 0
    return int(number.scaleb(decimals, _WIDE).to_integral_value(ROUND_FLOOR, _WIDE))
