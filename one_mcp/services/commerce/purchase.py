"""The purchase: held, made, taken, delivered, recorded; or nothing of it (D-25)."""

from collections.abc import Sequence

from one_mcp.dimensions.commerce import receipts, recording
from one_mcp.jsons import JsonObject
from one_mcp.services.commerce import onchain
from one_mcp.services.commerce.charging import AUTHORIZES, CAPTURES
from one_mcp.services.workflow import Run, Step, Workflow

MINT, TRANSFER = "mint", "transfer"


async def _mint(run: Run) -> JsonObject:
    """Make the tokens for the treasury, which can burn its own again (D-23)."""
    call = onchain.call("mint", run.body, run.rails.chain.sender)
    return await onchain.send(run, MINT, call)


async def _minted(run: Run) -> JsonObject | None:
    return await onchain.resolve(run, MINT)


async def _burn(run: Run) -> JsonObject:
    return await onchain.send(run, "burn", onchain.call("burn", run.body))


async def _transfer(run: Run) -> JsonObject:
    wallet = run.rails.chain.address(str(run.body["wallet"]))
    return await onchain.send(run, TRANSFER, onchain.call("transfer", run.body, wallet))


MINTS = Step(MINT, _mint, undo=_burn, resolve=_minted)
TRANSFERS = Step(TRANSFER, _transfer)


def _steps(body: JsonObject) -> Sequence[Step]:
    """Choose the steps: a gift costs nothing, and not all that is sold is on a chain."""
    is_token = "contract" in body
    return [
        *([AUTHORIZES] if body["minor"] else []),
        *([MINTS] if is_token else []),
        *([CAPTURES] if body["minor"] else []),
        *([TRANSFERS] if is_token and body["wallet"] else []),
    ]


PURCHASE = Workflow("purchase", 1, _steps, recording.sold, recording.unsold, receipts.of_purchase)
