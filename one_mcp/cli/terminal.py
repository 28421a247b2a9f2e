"""The terminal itself: a passphrase is read from it, and from nothing that a program can feed.

Neither standard input nor an argument nor a variable is asked: whoever starts this command could
have put a passphrase there, and others could read it.
"""

import os
import sys
from getpass import getpass

from one_mcp.errors import OneError


class NoTerminalError(OneError):
    """There is no terminal at which a person could be asked."""

    code = "NO_TERMINAL"


def secret(question: str) -> str:
    """Ask for what nobody shall see; nothing where nothing was typed."""
    _require()
    return getpass(f"{question}: ")


def _require() -> None:
    if sys.platform == "win32":  # getpass asks the console there
        return
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise NoTerminalError(
            "A person has to type a passphrase here, and there is no terminal: run this in one."
        ) from None
