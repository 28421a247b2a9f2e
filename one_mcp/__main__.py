"""Start: `one-mcp`, and `python -m one_mcp`."""

import os
import sys
from importlib import import_module

from one_mcp.opening import playing


def main() -> None:
    """Run a command; a server answers its client's first requests while the rest is imported.

    Nothing else is imported by name up here, since whatever is would keep those answers waiting.
    """
    opening = None
    if playing.fits(sys.argv[1:], os.environ):
        opening = playing.play(lambda: import_module("one_mcp.cli.serve_command"))
    import_module("one_mcp.cli").cli(obj=opening)


if __name__ == "__main__":
    main()
