"""A token's contract on the simulated chain."""

from one_mcp.providers.ports.chain import ContractCall
from one_mcp.services import rails
from one_mcp.session import Session


async def deployed(one: Session, decimals: int = 18) -> str:
    """Deploy a contract, and return its address."""
    chain = rails.of(one).chain
    sign = await chain.prepare(
        ContractCall("deploy", name="Jane", symbol="JANE", decimals=decimals)
    )
    signed = sign(await chain.mined())
    await chain.broadcast(signed.raw)
    receipt = await chain.receipt(signed.hash)
    assert receipt is not None
    assert receipt.contract is not None
    return receipt.contract
