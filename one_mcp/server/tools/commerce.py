"""Tools that sell: a quote, its purchase, and how an operation went."""

from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from one_mcp.access import Permission
from one_mcp.dimensions.operations import operation
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services.commerce import selling, telling
from one_mcp.services.commerce.selling import Purchased, Quote
from one_mcp.services.commerce.telling import ToldOperation
from one_mcp.session import Session

Amount = Annotated[StrictStr, Field(description='"12.5"', min_length=1, max_length=160)]
QuoteId = Annotated[StrictStr, Field(description="quo_…", min_length=1, max_length=64)]
OperationId = Annotated[str, Field(description="op_…", min_length=1, max_length=64)]


async def quote_tokens(
    one: Session,
    item: fields.EntityId,
    buyer: fields.EntityId,
    amount: Amount = "1",
    payment_method: Annotated[str, Field(description="pm_…", max_length=200)] | None = None,
) -> Quote:
    """Say what a sale will be: tokens, a course, a membership or another product.

    Nothing is charged. The price is the item's own.
    """
    return await selling.quote(one, item, buyer, amount, payment_method)


async def purchase_tokens(one: Session, quote: QuoteId, again: StrictBool = False) -> Purchased:
    """Buy what a quote says: charged, delivered and recorded once, or nothing of it.

    The same quote never buys twice: call again with it to learn the end.
    """
    return await selling.buy(one, quote, again=again)


async def get_operation(one: Session, id: OperationId) -> ToldOperation:
    """Tell how an operation goes or went, step by step."""
    return telling.told(await one.read(operation.read, id))


TOOLS = toolset(
    "commerce",
    ToolSpec(quote_tokens, "Quote a sale", Permission.WRITE),
    ToolSpec(purchase_tokens, "Buy", Permission.WRITE, repeatable=True),
    ToolSpec(get_operation, "Get an operation"),
)
