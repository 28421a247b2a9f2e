"""What of SQLite alone stands in the rules, and why: a list that only gets shorter.

What both engines have words for, but different ones, is no such thing: that is a piece of
`store/dialect.py`.
"""

from pathlib import Path

from tests.store.statements import PACKAGE

MOST = 3
WORDS = "each engine has a full-text index of its own, asked in its own words"
OLD = "older than the standard form; rewritten, it leaves this list"
LISTED: dict[str, dict[str, str]] = {  # by how their files' names begin
    "store/fulltext.py": {"MATCH": WORDS, "_terms": WORDS},
    "store/unindexed.py": {"one_": WORDS},
}


def excuse(place: str, statement: str) -> str | None:
    """Return why a statement of a file may be SQLite's alone; None where it may not."""
    for where, pieces in LISTED.items():
        if place.startswith(where):
            for piece, reason in pieces.items():
                if piece in statement:
                    return reason
    return None


def stale() -> list[tuple[str, str]]:
    """Return what the list names and its files no longer have."""
    return [
        (where, piece)
        for where, pieces in LISTED.items()
        for piece in pieces
        if not any(piece in file.read_text("utf-8") for file in _files(where))
    ]


def _files(start: str) -> list[Path]:
    return [
        file
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).as_posix().startswith(start)
    ]
