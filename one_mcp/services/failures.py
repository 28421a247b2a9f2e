"""Failures of an operation's steps: what is known of each, and how the journal keeps it."""

import logging

from one_mcp.dimensions.operations.operation import Operation
from one_mcp.errors import OneError
from one_mcp.jsons import JsonObject
from one_mcp.money_errors import ProviderError

log = logging.getLogger(__name__)


def typed(error: Exception, at: Operation, step: str) -> ProviderError:
    """Take a refusal for one that did nothing, and what nobody foresaw for an unknown outcome."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, OneError):
        refused = ProviderError(str(error), retryable=error.retryable)
        refused.fields = {**error.fields, "code": error.code}
        return refused
    log.error("step failed", exc_info=error, extra={"operation": at.id, "step": step})
    return ProviderError(
        f"The step {step} failed in a way that nobody foresaw.", retryable=True, outcome="unknown"
    )


def code(error: Exception) -> str:
    """Name a failure, without what it says."""
    return error.code if isinstance(error, OneError) else type(error).__name__


def told(error: OneError, code: str | None = None) -> JsonObject:
    data = error.data()
    return {**data, "code": code or data["code"], "message": str(error)}
