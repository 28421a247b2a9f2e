"""Currencies that ISO 4217 has not: a token's symbol is one, anything else is worth telling."""

from one_mcp.errors import shown
from one_mcp.ontology import currencies as codes
from one_mcp.ontology import names
from one_mcp.ontology.check import CheckedProperties
from one_mcp.store.work import Work


def warn(work: Work, checked: CheckedProperties) -> None:
    """Tell of a currency that nobody knows; it is kept as it was given."""
    work.warnings.extend(odd(work, checked))


def odd(work: Work, checked: CheckedProperties) -> tuple[str, ...]:
    """Say that what was given as a currency is no code, unless a token has it as its symbol."""
    code = checked.currency
    if code is None or _is_symbol(work, code):
        return ()
    near = names.near(code.upper(), tuple(sorted(codes.CODES)))
    hint = f"did you mean {near[0]}?" if near else "such as EUR"
    return (
        (
            f"currency '{shown(code)}' is no code of ISO 4217 and no symbol of a token here; it is "
            f"kept, and summed by itself: {hint}"
        ),
    )


def _is_symbol(work: Work, code: str) -> bool:
    found = work.value(
        """
        SELECT 1
        FROM entities
        WHERE organization_id = :organization
          AND type = 'token'
          AND deleted_at IS NULL
          AND upper(properties ->> 'symbol') = upper(:code)
        LIMIT 1
        """,
        code=code,
    )
    return found is not None
