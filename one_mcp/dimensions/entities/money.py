"""Money that entities are sorted by: amounts in several currencies are not compared."""

from one_mcp.dimensions.entities.orders import AnyOrder, ValueOrder
from one_mcp.dimensions.entities.selection import Selection
from one_mcp.dimensions.organizations import settings
from one_mcp.errors import shown
from one_mcp.ontology import currencies
from one_mcp.store import dialect, filters
from one_mcp.store.work import Work

LOOKED_AT = 1_000  # of what is sorted, for the currencies that are in it
MOST_TOLD = 5


def warnings(work: Work, selection: Selection, order: AnyOrder | None) -> list[str]:
    """Tell of currencies among which a sort by an amount goes by the bare numbers."""
    if not isinstance(order, ValueOrder) or not order.is_money or order.name is None:
        return []
    path = order.name
    several = _several(work, selection, path)
    if len(several) < 2:  # noqa: PLR2004  # one currency is compared with itself
        return []
    beside = currencies.beside(path)
    one = next(it for it in several if it != currencies.NONE)
    listed = ", ".join(map(shown, several[:MOST_TOLD]))
    return [
        (
            f"{path} is in several currencies ({listed}) and sorted by the bare number; "
            f'where={{"{beside}": "{shown(one)}"}} sorts one of them.'
        )
    ]


def _several(work: Work, selection: Selection, path: str) -> list[str]:
    """List the currencies of amounts, those of what names none among them."""
    small = selection.smallest(work)
    among = "" if small is None else f"AND entities.{small.key} IN ({small.ids})"
    tests = " AND ".join([*selection.scope, *selection.tests(small)])
    kind = dialect.json_kind(filters.COLUMN, ":unit_path")
    value = dialect.json_value(filters.COLUMN, ":unit_path")
    rows = work.all(
        f"""
        SELECT DISTINCT CASE WHEN unit_kind = 'text' THEN upper(unit) END AS unit
        FROM (
            SELECT {value} AS unit, {kind} AS unit_kind
            FROM entities
            WHERE entities.organization_id = :organization
              AND {tests}
              {among}
              AND {dialect.json_kind(filters.COLUMN, ":amount_path")} <> 'null'
            {dialect.most("looked_at")}
        ) AS looked
        ORDER BY 1
        """,
        **selection.parameters,
        unit_path=filters.json_path(currencies.beside(path)),
        amount_path=filters.json_path(path),
        looked_at=LOOKED_AT,
    )
    home = settings.currency(work) or currencies.NONE
    return sorted({row["unit"] or home for row in rows})
