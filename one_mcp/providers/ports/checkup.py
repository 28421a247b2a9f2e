"""Checkups: what a vendor answers that is asked for nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was heard; `doubtful` where it may work, and there is something to look after."""

    says: str
    doubtful: bool = False
