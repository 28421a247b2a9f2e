"""Issued: what an act of a token on its chain leaves in the ledger and in the graph.

What an act takes is reserved in the transaction that begins it, so that no two of them take the
same; it is spent, or given back, together with the end of its operation.
"""

from one_mcp.dimensions.commerce import holding, issuing, ledger
from one_mcp.dimensions.commerce.ledger import Account, Pocket, Posting
from one_mcp.dimensions.connections import connection
from one_mcp.dimensions.entities import entity
from one_mcp.dimensions.events import event
from one_mcp.dimensions.operations.operation import Operation
from one_mcp.jsons import JsonObject
from one_mcp.store.work import Work

STEP = "send"  # the one step that each act has


def reserve(work: Work, at: Operation) -> None:
    """Put aside what the act takes; raises InsufficientTokensError where it is not there."""
    source = _source(at)
    if source is not None:
        _post(work, at, ledger.RESERVE, source, ledger.reserved(source))


def deployed(work: Work, at: Operation) -> JsonObject:
    """Write down the contract, and where the token is from now on."""
    body, sent = at.body, at.result(STEP)
    where: JsonObject = {
        "contractAddress": sent["contract"],
        "blockchain": body["blockchain"],
        "standard": body["standard"],
    }
    token = str(body["token"])
    counted: JsonObject = {"decimals": body["decimals"]} if "decimals" in body else {}
    entity.update(work, token, {**where, **counted})
    contract = entity.create(
        work,
        "token_contract",
        f"{str(body['name'])[:400]} contract",
        {**where, "deployedAt": work.now, "deployTxHash": sent["hash"], **at.mark},
        external_id=at.id,
    )
    connection.connect(work, token, "part_of", contract.id)
    event.record(
        work,
        "token_deployed",
        token,
        metadata={
            "contractAddress": sent["contract"],
            "blockchain": body["blockchain"],
            "txHash": sent["hash"],
            **at.mark,
        },
    )
    return {**_sent(at), "contract": contract.id, "contractAddress": sent["contract"]}


def minted(work: Work, at: Operation) -> JsonObject:
    """Write down that the treasury has more."""
    _post(work, at, ledger.RECORD, ledger.SUPPLY, ledger.OUR_OWN)
    _tell(work, at, "content_changed", {"action": "updated", "fields": ["supply"]})
    return _sent(at)


def burned(work: Work, at: Operation) -> JsonObject:
    """Write down that there are fewer."""
    _post(work, at, ledger.RECORD, ledger.reserved(ledger.OUR_OWN), ledger.SUPPLY)
    _tell(work, at, "tokens_burned", {})
    return _sent(at)


def transferred(work: Work, at: Operation) -> JsonObject:
    """Write down that a holder has them in a wallet of their own."""
    body = at.body
    holder, token = str(body["holder"]), str(body["token"])
    source = issuing.source_of(body)
    _post(work, at, ledger.RECORD, ledger.reserved(source), (Account.WALLET, holder))
    holding.show(work, holder, token, wallet=str(body["wallet"]))
    if source == ledger.OUR_OWN:
        _tell(work, at, "tokens_earned", {"reason": "from the treasury"}, actor=holder)
    return {**_sent(at), "holder": holder, "wallet": body["wallet"]}


def given_back(work: Work, at: Operation) -> JsonObject:
    """Let go of what was put aside for an act that came to nothing."""
    source = _source(at)
    if source is not None:
        _post(work, at, ledger.RELEASE, ledger.reserved(source), source)
    return {"token": at.body["token"]}


def _source(at: Operation) -> Pocket | None:
    """Say what an act takes from; a deploy and a mint take from nobody."""
    if at.kind == issuing.BURN:
        return ledger.OUR_OWN
    return issuing.source_of(at.body) if at.kind == issuing.TRANSFER else None


def _post(work: Work, at: Operation, name: str, source: Pocket, target: Pocket) -> None:
    units = int(str(at.body["units"]))
    lines = ledger.transfer(str(at.body["token"]), units, source, target)
    ledger.post(work, Posting(at.id, name, at.simulated, lines))


def _tell(
    work: Work, at: Operation, type: str, metadata: JsonObject, *, actor: str | None = None
) -> None:
    about: JsonObject = {"amount": at.body["amount"], "txHash": at.result(STEP)["hash"]}
    event.record(
        work,
        type,
        str(at.body["token"]),
        actor=actor,
        metadata={**metadata, **about, **at.mark},
    )


def _sent(at: Operation) -> JsonObject:
    sent = at.result(STEP)
    return {
        "token": at.body["token"],
        "transactionHash": sent["hash"],
        "blockNumber": sent["block"],
    }
