"""A fuse in a server: it is killed or stopped right before or after its nth commit.

SIGUSR1 lights it. The file that FUSE names says what is to happen then: `7 KILL` right after the
seventh commit from there on, `6.5 STOP` right before it.
"""

import os
import signal
from pathlib import Path

from one_mcp.store.sqlite import database
from one_mcp.store.sqlite.connection import Raw, commit

FUSE = "FUSE"


class Fuse:
    """Counts commits, and sends the process its signal once."""

    def __init__(self) -> None:
        self.left = 0.0
        self.signal = signal.SIGKILL

    def connect(self) -> None:
        """Lay it into the server of this process."""
        signal.signal(signal.SIGUSR1, self.light)
        database.commit = self.commit

    def light(self, *_: object) -> None:
        left, name = Path(os.environ[FUSE]).read_text().split()
        self.signal = signal.Signals[f"SIG{name}"]
        self.left = float(left)

    def commit(self, raw: Raw) -> None:
        self._burn()
        commit(raw)
        self._burn()

    def _burn(self) -> None:
        if self.left > 0:
            self.left -= 0.5
            if self.left == 0:
                os.kill(os.getpid(), self.signal)
