"""Tools that sell: a quote, its purchase, and how an operation went."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictStr

from one_mcp.access import Permission
from one_mcp.dimensions.commerce.refunding import RefundOrder
from one_mcp.dimensions.commerce.spending import GrantOrder, SpendOrder
from one_mcp.dimensions.commerce.subscribing import SubscriptionOrder
from one_mcp.dimensions.operations import listing
from one_mcp.dimensions.operations.listing import Operations
from one_mcp.dimensions.operations.operation import State
from one_mcp.server.arguments import fields
from one_mcp.server.toolbox import ToolSpec, toolset
from one_mcp.services import allowing, authorizing
from one_mcp.services.allowing import AllowanceList
from one_mcp.services.commerce import holdings, planned, refund, selling, spend, subscribe, telling
from one_mcp.services.commerce.holdings import TokenHoldings
from one_mcp.services.commerce.refund import RefundAnswer
from one_mcp.services.commerce.selling import Purchased, Quote
from one_mcp.services.commerce.spend import TokensMoved
from one_mcp.services.commerce.subscribe import SubscriptionAnswer
from one_mcp.services.commerce.telling import ToldOperation
from one_mcp.session import Session

Amount = Annotated[StrictStr, Field(description='"12.5"', min_length=1, max_length=160)]
QuoteId = Annotated[StrictStr, Field(description="quo_…", min_length=1, max_length=64)]
PlanId = Annotated[StrictStr, Field(description="pln_…", min_length=1, max_length=64)]
OperationId = Annotated[str, Field(description="op_…", min_length=1, max_length=64)]


async def quote_tokens(
    one: Session,
    item: fields.EntityId,
    buyer: fields.EntityId | None = None,
    amount: Amount = "1",
    payment_method: Annotated[str, Field(description="pm_…", max_length=200)] | None = None,
) -> Quote:
    """Say what a sale will be: tokens, a course, a membership or another product.

    Nothing is charged. The price is the item's own. Without buyer it is for you.
    """
    return await selling.quote(one, item, buyer, amount, payment_method)


async def purchase_tokens(one: Session, quote: QuoteId, again: StrictBool = False) -> Purchased:
    """Buy what a quote says: charged, delivered and recorded once, or nothing of it.

    The same quote never buys twice: call again with it to learn the end.
    """
    return await selling.buy(one, quote, again=again)


async def refund_purchase(
    one: Session,
    payment: Annotated[StrictStr, Field(description="ent_… or op_…", max_length=64)] | None = None,
    amount: Amount | None = None,
    keep_tokens: StrictBool = False,
    plan: PlanId | None = None,
    *,
    dry_run: StrictBool = False,
    again: StrictBool = False,
) -> RefundAnswer:
    """Give money back, all that is left or an amount of it, and take back tokens kept here.

    First dry_run, which answers a plan; then send the plan alone. A plan refunds once.
    """
    said = payment is not None if plan is None else any((payment, amount, keep_tokens))
    planned.require_either(plan, given=said, dry_run=dry_run)
    if plan is not None:
        return await refund.do(one, plan, again=again)
    return await refund.plan(one, RefundOrder(payment or "", amount or "", keep_tokens))


async def spend_tokens(
    one: Session,
    token: fields.EntityId | None = None,
    holder: fields.EntityId | None = None,
    item: fields.EntityId | None = None,
    amount: Amount | None = None,
    *,
    plan: PlanId | None = None,
    reason: fields.Reason | None = None,
    dry_run: StrictBool = False,
    again: StrictBool = False,
) -> TokensMoved:
    """Let a holder pay with tokens that are kept here: an item's tokenPrice, or an amount.

    First dry_run, which answers a plan; then send the plan alone. A plan spends once.
    """
    said = token is not None if plan is None else any((token, holder, item, amount))
    planned.require_either(plan, given=said, dry_run=dry_run)
    if plan is not None:
        return await spend.do(one, spend.SPEND, plan, again=again)
    order = SpendOrder(token or "", holder or "", item or "", amount or "", reason or "")
    return await spend.plan_spending(one, order)


async def grant_tokens(
    one: Session,
    item: fields.EntityId | None = None,
    holder: fields.EntityId | None = None,
    amount: Amount | None = None,
    *,
    source: Annotated[fields.EntityId, Field(description="what it was earned from")] | None = None,
    reason: fields.Reason | None = None,
    plan: PlanId | None = None,
    dry_run: StrictBool = False,
    again: StrictBool = False,
) -> TokensMoved:
    """Give somebody tokens of the treasury's own, as a reward, or a course or product for nothing.

    First dry_run, which answers a plan; then send the plan alone. A plan gives once.
    """
    said = item is not None if plan is None else any((item, holder, amount, source))
    planned.require_either(plan, given=said, dry_run=dry_run)
    if plan is not None:
        return await spend.do(one, spend.GRANT, plan, again=again)
    order = GrantOrder(item or "", holder or "", amount or "", source or "", reason or "")
    return await spend.plan_grant(one, order)


async def manage_subscription(
    one: Session,
    action: Literal["start", "change", "cancel", "resume"] | None = None,
    item: fields.EntityId | None = None,
    buyer: fields.EntityId | None = None,
    subscription: fields.EntityId | None = None,
    *,
    amount: Amount | None = None,
    now: StrictBool = False,
    payment_method: Annotated[str, Field(description="pm_…", max_length=200)] | None = None,
    plan: PlanId | None = None,
    dry_run: StrictBool = False,
    again: StrictBool = False,
) -> SubscriptionAnswer:
    """Have a membership billed every month or year, at its price and interval; or alter that.

    start takes item and buyer; change takes subscription and another item or amount; cancel lets
    it run out, with now at once; resume undoes a cancel. The payments vendor renews it by itself.
    First dry_run, which answers a plan; then send the plan alone. A plan is carried out once.
    """
    beside = (action, item, buyer, subscription, amount, now, payment_method)
    said = action is not None if plan is None else any(beside)
    planned.require_either(plan, given=said, dry_run=dry_run)
    if plan is not None:
        return await subscribe.do(one, plan, again=again)
    order = SubscriptionOrder(
        *(action or "start", item or "", buyer or "", amount or "", payment_method or ""),
        subscription=subscription or "",
        now=now,
    )
    return await subscribe.plan(one, order)


async def get_holdings(
    one: Session, id: fields.EntityId, *, reconcile: bool = False
) -> TokenHoldings:
    """Tell which tokens a holder has, or who has a token: live, simulated and noted by hand apart.

    reconcile also asks the chain what is in the holders' wallets.
    """
    return await holdings.of(one, id, reconcile=reconcile)


async def get_operation(one: Session, id: OperationId) -> ToldOperation:
    """Tell how an operation goes or went, step by step."""
    return await telling.tell(one, id)


async def list_allowances(one: Session) -> AllowanceList:
    """List what may be spent without asking a person, with what is left of it today."""
    return await one.read(allowing.listed, authorizing.asking(one).notary)


async def list_operations(
    one: Session,
    states: list[State] | None = None,
    limit: fields.Limit = 20,
    cursor: fields.CursorText | None = None,
) -> Operations:
    """List operations, newest first: purchases, refunds and acts on a chain.

    needs_review waits for a person, held for the release of a copied database. allowed_by tells
    whose yes each had.
    """
    return await one.read(listing.find, states or (), limit=limit, cursor=cursor)


TOOLS = toolset(
    "commerce",
    ToolSpec(quote_tokens, "Quote a sale", Permission.WRITE),
    ToolSpec(purchase_tokens, "Buy", Permission.WRITE, repeatable=True),
    ToolSpec(refund_purchase, "Refund a purchase", Permission.WRITE, repeatable=True),
    ToolSpec(spend_tokens, "Spend tokens", Permission.WRITE, repeatable=True, by_default=False),
    ToolSpec(grant_tokens, "Give tokens", Permission.WRITE, repeatable=True, by_default=False),
    ToolSpec(
        manage_subscription,
        "Manage a subscription",
        Permission.WRITE,
        repeatable=True,
        by_default=False,
    ),
    ToolSpec(get_holdings, "Get holdings", by_default=False),
    ToolSpec(get_operation, "Get an operation"),
    ToolSpec(list_allowances, "List allowances", by_default=False),
    ToolSpec(list_operations, "List operations", by_default=False),
)
