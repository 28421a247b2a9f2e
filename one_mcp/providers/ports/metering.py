"""Metering: what was used of a model, as its vendor counts it."""

from typing import Protocol


class TokenMeter(Protocol):
    def __call__(self, tokens_in: int, tokens_out: int = 0) -> None:
        """Count one request that a vendor answered, and its tokens."""
        ...


def unmetered(tokens_in: int, tokens_out: int = 0) -> None:
    """Count nothing."""
