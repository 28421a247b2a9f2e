"""Stock: pieces that are there to be sold, put aside by the transaction that begins a sale.

What is put aside is what open operations have in their bodies, so that one that comes to nothing
gives it back by ending (D-92). The end of a sale takes it off the item's `stock`. A trial does so
where nothing live was done yet, as sums count trials then (D-68).
"""

from decimal import Decimal

from one_mcp import jsons
from one_mcp.dimensions import lookup
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations import operation
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import SoldOutError
from one_mcp.ontology import decimals
from one_mcp.store.work import Row, Work

PRODUCT = "product"  # of a pack
STOCK, PIECES = "stock", "pieces"  # of an item, and of a body


def pieces(work: Work, item: Row, amount: str, *, simulated: bool) -> JsonObject:
    """Say what a body has of an item's stock; raises SoldOutError where that is not there."""
    there = _stock(item)
    if there is None:
        return {}
    left = max(int(there) - _put_aside(work, item["id"]), 0)
    if int(amount) > left:
        raise SoldOutError(
            f"{left} of {item['id']} ({item['name'][:80]}) can be had: its stock is {there}, less "
            "what is about to be sold. Where there are more, update_entity writes the stock.",
            item=item["id"],
            most=left,
        )
    is_trial = simulated and operation.was_any(work, simulated=False)
    return {} if is_trial else {PIECES: amount}


def take(work: Work, at: Operation) -> None:
    """Take off an item's stock what an operation had put aside; a count may have come between."""
    if PIECES not in at.body:
        return
    item = lookup.live(work, str(at.body["item"]))
    there = _stock(item)
    if there is not None:
        left = max(there - int(str(at.body[PIECES])), Decimal(0))
        entity.update(work, item["id"], {STOCK: decimals.kept(left)})
        event.expect_no_more(work, item["id"])  # the sale is told


def _stock(item: Row) -> Decimal | None:
    """Return how many there are; nothing where nobody counts them."""
    if item["type"] != PRODUCT:
        return None
    there = jsons.load_object(item["properties"]).get(STOCK)
    is_number = isinstance(there, int | float) and not isinstance(there, bool)
    return Decimal(str(there)) if is_number else None


def _put_aside(work: Work, item: str) -> int:
    rows = work.all(
        """
        SELECT operations.body ->> 'pieces' AS pieces
        FROM operation_subjects
        JOIN operations
          ON operations.organization_id = :organization
         AND operations.id = operation_subjects.operation_id
        WHERE operation_subjects.organization_id = :organization
          AND operation_subjects.entity_id = :item
          AND operations.body ->> 'item' = :item
          AND operations.body ->> 'pieces' IS NOT NULL
        """,
        item=item,
    )
    return sum(int(row["pieces"]) for row in rows)
