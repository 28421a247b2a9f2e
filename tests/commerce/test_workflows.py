"""Whatever can begin an operation is in the table by which others go on with it."""

from importlib import import_module
from pkgutil import iter_modules

from one_mcp.dimensions.operations import worth
from one_mcp.services import carrying, commerce
from one_mcp.services.commerce import outcomes
from one_mcp.services.commerce.purchase import PURCHASE
from one_mcp.services.workflow import Workflow
from one_mcp.services.workflows import WORKFLOWS


def test_every_workflow_can_be_resumed() -> None:
    modules = [
        import_module(f"{commerce.__name__}.{it.name}") for it in iter_modules(commerce.__path__)
    ]
    made = [value for module in modules for value in vars(module).values()]
    found = {it.kind: it for it in made if isinstance(it, Workflow)}

    assert found
    assert found.items() <= WORKFLOWS.items()


def test_every_operation_is_told_weighed_and_carried_out() -> None:
    """A kind that one of these tables forgets would be approved, and never happen."""
    plans = {"sale" if kind == PURCHASE.kind else kind for kind in WORKFLOWS}

    assert outcomes.TOLD.keys() == WORKFLOWS.keys()
    assert carrying.ACTS.keys() == plans
    assert worth.KINDS.keys() == plans
