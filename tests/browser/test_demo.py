"""A new user runs the demo at a terminal, and approves the sale that it asks about."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from anyio import to_thread

from tests.browser.browsers import Browser

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals"),
]
LINK = re.compile(r"(http://127\.0\.0\.1:\d+/approve/\S+)\s+The passphrase is: +([^\r\n]+)")


class Terminal:
    """A terminal in which a command runs, and what it has said so far."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = os.openpty()
        self.child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.said = ""

    def read(self, until: re.Pattern[str] | None = None) -> None:
        """Read until something is said, or the command ends."""
        while until is None or not until.search(self.said):
            try:
                self.said += os.read(self._ours, 4096).decode()
            except OSError:  # the other end is closed
                return

    def close(self) -> None:
        os.close(self._ours)
        self.child.kill()
        self.child.wait()


async def test_who_sits_at_the_terminal_approves_the_sale(tmp_path: Path, browser: Browser) -> None:
    terminal = Terminal(sys.executable, "-m", "one_mcp", "demo", str(tmp_path))
    try:
        await to_thread.run_sync(terminal.read, LINK)
        asked = LINK.search(terminal.said)
        assert asked is not None, terminal.said
        await browser.open(asked[1])
        await browser.fill("Your passphrase", asked[2])
        await browser.press("Approve")
        await browser.sees("It is done.")
        receipt = await browser.text()
        await to_thread.run_sync(terminal.read)
        code = terminal.child.wait(10)
    finally:
        terminal.close()

    assert code == 0, terminal.said
    assert "payment id" in receipt
    told = " ".join(terminal.said.split())
    assert "you have the receipt" in told
    assert "Ana has bought it" in told
    assert "the same quote sent again sells nothing" in told
