"""What a plan for a token will do, or what came of it, as a model reads it."""

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from one_mcp import clock, jsons, money
from one_mcp.answers import Written
from one_mcp.dimensions.commerce import issued
from one_mcp.dimensions.operations import showing
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.dimensions.operations.plans import Plan
from one_mcp.jsons import JsonObject
from one_mcp.providers.ports.chain import ChainFee
from one_mcp.services.commerce import telling

_COIN_DECIMALS = 18


class TokenActed(Written):
    """A plan has `plan` and `fee`, at most; an operation has `state`, and its hash once it is sent.

    Nothing is done before the plan is sent back, until `expires_at`.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    what: str | None = None
    token: str
    name: str
    blockchain: str
    amount: str | None = None
    holder: str | None = None
    wallet: str | None = None
    plan: str | None = None
    fee: str | None = None
    expires_at: str | None = None
    operation: str | None = None
    state: str | None = None
    sentence: str | None = None
    transaction_hash: str | None = None
    block_number: int | None = None
    contract: str | None = None
    contract_address: str | None = None
    problem: str | None = None
    simulated: bool | None = None
    mode: str


def planned(plan: Plan, fee: ChainFee) -> TokenActed:
    """Show a plan before anybody agrees to it."""
    return _about(plan.kind, plan.body).model_copy(
        update={
            "plan": plan.id,
            "fee": f"{money.decimal(fee.units, _COIN_DECIMALS)} {fee.coin}",
            "expires_at": clock.to_text(plan.expires_at),
        }
    )


def told(at: Operation) -> TokenActed:
    """Tell how far an operation has come."""
    answer = at.answer or {}
    return _about(at.kind, at.body).model_copy(
        update={
            "operation": at.id,
            "state": at.state.value,
            "sentence": telling.SENTENCES[at.state],
            "transaction_hash": jsons.text(at.result(issued.STEP).get("hash")),
            "block_number": answer.get("blockNumber"),
            "contract": jsons.text(answer.get("contract")),
            "contract_address": jsons.text(
                answer.get("contractAddress") or at.body.get("contract")
            ),
            "problem": jsons.text((at.failure or {}).get("message")),
        }
    )


def _about(kind: str, body: JsonObject) -> TokenActed:
    return TokenActed(
        what=showing.what(kind, body),
        token=str(body["token"]),
        name=str(body["name"]),
        blockchain=str(body["blockchain"]),
        amount=jsons.text(body.get("amount")),
        holder=jsons.text(body.get("holder")),
        wallet=jsons.text(body.get("wallet")),
        contract_address=jsons.text(body.get("contract")),
        simulated=True if body["simulated"] else None,
        mode=showing.mode(body, simulated=body["simulated"] is True),
    )
