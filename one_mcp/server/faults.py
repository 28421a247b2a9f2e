"""Failures of what is no tool call, as JSON-RPC errors: a sentence, and the same as data."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from secrets import token_hex

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

from one_mcp.errors import ArchivedError, DatabaseError, NotFoundError, OneError, UnknownTypeError
from one_mcp.refusals import Form, refusal
from one_mcp.server.caller import Context

RESOURCE_NOT_FOUND = -32002  # of the handshake generations; since 2026-07-28 it is INVALID_PARAMS
LONGEST_SENTENCE = 2_000

log = logging.getLogger(__name__)


@contextmanager
def told(method: str, version: str) -> Generator[None]:
    """Turn whatever goes wrong into an error that a client of this version understands.

    What nobody foresaw is logged under a reference, and only the reference leaves.
    """
    try:
        yield
    except MCPError:
        raise
    except OneError as error:
        raise _shown(error, _code(error, method, version)) from error
    except Exception as error:
        reference = f"r_{token_hex(4)}"
        log.exception("request failed", extra={"method": method, "reference": reference})
        sentence = f"INTERNAL: The server failed; its log says why under the reference {reference}."
        data = {"code": "INTERNAL", "reference": reference}
        raise MCPError(INTERNAL_ERROR, sentence, data) from error


async def explained(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Say which parameter of a request has the wrong shape; the SDK only says that one has."""
    try:
        return await call_next(ctx)
    except ValidationError as error:
        if ctx.request_id is None:  # a notification is not answered
            raise
        refused = refusal(error, {"params": ctx.params}, Form())
        raise _shown(refused, INVALID_PARAMS) from None


def _shown(error: OneError, number: int) -> MCPError:
    sentence = f"{error.code}: {error}"[:LONGEST_SENTENCE]
    return MCPError(number, sentence, error.data())


def _code(error: OneError, method: str, version: str) -> int:
    if isinstance(error, DatabaseError):
        return INTERNAL_ERROR
    absent = isinstance(error, NotFoundError | UnknownTypeError | ArchivedError)
    old = version in HANDSHAKE_PROTOCOL_VERSIONS
    return RESOURCE_NOT_FOUND if absent and old and method == "resources/read" else INVALID_PARAMS
