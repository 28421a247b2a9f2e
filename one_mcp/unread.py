"""What a shell would have read and a client passes on as it stands: placeholders and quotes.

Taken by its letters, such a text makes a folder that is called ${HOME}.
"""

import re

from one_mcp.errors import shown

_UNFILLED = re.compile(
    r"""(?x)
      \$ \{ [^}]* \}?  |  \$ \( [^)]* \)?        # ${HOME}, $(pwd)
    | % [A-Za-z_] \w{2,} %  |  \{\{ .*? \}\}      # %APPDATA%, {{folder}}
    | ^ \$ (?:env:)? [A-Za-z_] \w* (?= [/\\] | $)  # $HOME/one.db
    """
)
_QUOTES = frozenset("\"'`")


def flaw(text: str, *, secret: bool = False) -> str | None:
    """Say what was left unread in a text, as a predicate that tells what to write instead."""
    bare = text.strip()
    if found := _UNFILLED.search(bare):
        what = "a placeholder" if secret else shown(found[0])
        return f"has {what} in it, which nothing filled in; write the value itself"
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTES:
        return "has quotes around it, which nothing took away; write it without them"
    return None
