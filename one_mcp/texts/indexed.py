"""What an index is told of a row: its words, each with the number of its tenant before it.

So no word is of two tenants, and whatever is asked of the index is asked for one of them. The
functions never change for a file that there is: D-52 says why.
"""

from one_mcp.texts.words import words

ANYWHERE, NAME = "x", "n"  # letters that part a tenant's number from a word
HEADING_COUNTS = 2  # times as much as the text of a passage


def entity(tenant: int, name: str, text: str | None) -> str:
    """Write what an entity is found by: the words of its name once more as such."""
    named = words(name)
    everywhere = named + words(text or "")
    return " ".join([*_of(tenant, NAME, named), *_of(tenant, ANYWHERE, everywhere)])


def passage(tenant: int, heading: str, text: str | None) -> str:
    """Write what a passage is found by."""
    return " ".join(_of(tenant, ANYWHERE, words(heading) * HEADING_COUNTS + words(text or "")))


def term(tenant: int, word: str, where: str = ANYWHERE) -> str:
    """Write a word of a question as it stands in the index."""
    return f"{tenant}{where}{word}"


def _of(tenant: int, where: str, found: list[str]) -> list[str]:
    start = term(tenant, "", where)
    return [start + word for word in found]
