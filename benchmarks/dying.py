"""The real server, which is killed or stopped right before or after its nth commit.

    ENDS_AT=7.5 ENDS_BY=KILL python -m benchmarks.dying

A half, such as 6.5, is right before the seventh commit, 7 right after it.
"""

import os
import signal

from one_mcp import __main__
from one_mcp.store.sqlite import database
from one_mcp.store.sqlite.connection import Raw, commit

AT, BY = "ENDS_AT", "ENDS_BY"


class Fuse:
    """Counts commits, and sends the process its signal once."""

    def __init__(self) -> None:
        self.left = float(os.environ[AT])
        self.signal = signal.Signals[f"SIG{os.environ[BY]}"]

    def commit(self, raw: Raw) -> None:
        self.left -= 0.5
        self._burn()
        commit(raw)
        self.left -= 0.5
        self._burn()

    def _burn(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), self.signal)


if __name__ == "__main__":
    database.commit = Fuse().commit
    __main__.main()
