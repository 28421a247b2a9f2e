"""Findings: what a check says about a file, and how that is put."""

from typing import Literal

from one_mcp.answers import Answer

State = Literal["ok", "note", "warning", "problem"]
REPAIR = "one-mcp doctor --repair"


class Finding(Answer):
    """What one check found. `repairable` says that a repair takes it away."""

    check: str
    state: State
    says: str
    repairable: bool | None = None


def agreement(check: str, faults: int, *, good: str, bad: str) -> Finding:
    """Say that all is well, or how many faults there are and that a repair mends them."""
    if not faults:
        return Finding(check=check, state="ok", says=good)
    return Finding(
        check=check, state="problem", says=f"{bad}; `{REPAIR}` mends this.", repairable=True
    )


def size(number: float) -> str:
    """Write a number of bytes as people read it."""
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:  # noqa: PLR2004  # of the next unit
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
