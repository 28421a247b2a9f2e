"""The table of workflows: how an operation of each kind goes on, whoever began it."""

from one_mcp.services.commerce import refund, spend, subscribe, tokens
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.services.workflow import Workflow

WORKFLOWS: dict[str, Workflow] = {
    **{
        each.kind: each
        for each in (PURCHASE, refund.WORKFLOW, subscribe.WORKFLOW, spend.SPENDS, spend.GRANTS)
    },
    **tokens.WORKFLOWS,
}
