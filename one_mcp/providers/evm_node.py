"""The node of an EVM chain: asked by JSON-RPC over the wire of all vendors, and what it refuses."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from pydantic import SecretStr
from web3.exceptions import ContractLogicError, Web3Exception, Web3RPCError
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from one_mcp import logs, vendor_urls
from one_mcp.money_errors import ChainError, ProviderError
from one_mcp.providers import evm_contracts
from one_mcp.providers.wire import VendorWire

_UNREAD = "The chain's node answers what cannot be read."


class EvmNode(AsyncJSONBaseProvider):
    """Asks a node by JSON-RPC over the wire that all vendors are asked by.

    Its answers may repeat the address that it was asked at, and so a key.
    """

    def __init__(self, url: SecretStr, wire: VendorWire) -> None:
        super().__init__()
        self._url = url
        self._keys = vendor_urls.keys_in(url.get_secret_value())
        self._wire = wire

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401  # web3's own
        """Send one request; each of them may be sent twice, since signed bytes count once."""
        body = self.encode_rpc_request(method, params)
        headers = {"content-type": "application/json"}
        try:
            reply = await self._wire.ask(
                "POST", self._url.get_secret_value(), headers, body, repeatable=True
            )
        except ProviderError as error:
            raise ChainError(
                str(error), retryable=True, outcome=_outcome(method, error.outcome)
            ) from error
        if reply.status != HTTPStatus.OK and b'"error"' not in reply.body:
            raise ChainError(
                f"The chain's node answers with the status {reply.status}.",
                retryable=reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                or reply.status == HTTPStatus.TOO_MANY_REQUESTS,
                outcome=_outcome(method, "unknown"),
            )
        said = logs.hide(reply.body.decode(errors="replace"), self._keys)
        try:
            return self.decode_rpc_response(said.encode())
        except ValueError:
            raise ChainError(_UNREAD, retryable=True, outcome=_outcome(method, "unknown")) from None


def _outcome(method: str, outcome: str) -> str:
    return outcome if method == "eth_sendRawTransaction" else "failed"


@contextmanager
def told() -> Generator[None]:
    """Tell what a node refuses as a ChainError with its reason."""
    try:
        yield
    except ContractLogicError as error:
        reason = reason_of(error)
        raise ChainError(f"The contract refuses: {reason}.", reason=reason) from error
    except Web3RPCError as error:
        reason = _said(error)
        raise ChainError(f"The chain's node refuses: {reason}", reason=reason) from error
    except Web3Exception as error:
        raise ChainError(_UNREAD, retryable=True) from error


def reason_of(error: ContractLogicError) -> str:
    found = evm_contracts.reason(error.data) if isinstance(error.data, str) else None
    return found or (error.message or "no reason given").removeprefix("execution reverted: ")


def _said(error: Web3RPCError) -> str:
    refusal: Any = (error.rpc_response or {}).get("error", {})
    return str(refusal.get("message", refusal))[:300]
