"""Outcomes: what the tool that began an operation answers, told from the journal at any time."""

from collections.abc import Callable

from one_mcp.answers import Written
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.services.commerce import refund, selling, spend, subscribe, tokens
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.store.work import Work

TOLD: dict[str, Callable[[Work, Operation], Written]] = {
    PURCHASE.kind: selling.told,
    refund.WORKFLOW.kind: refund.told,
    subscribe.WORKFLOW.kind: subscribe.told,
    **{each.kind: lambda _, at: spend.told(at) for each in (spend.SPENDS, spend.GRANTS)},
    **{kind: lambda _, at: tokens.told(at) for kind in tokens.WORKFLOWS},
}


def told(work: Work, at: Operation) -> Written:
    """Tell what came of an operation, as its tool does; raises what it failed of."""
    return TOLD[at.kind](work, at)
