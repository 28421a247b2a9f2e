"""Spelling: what names and addresses are once case, accents and punctuation do not count."""

import re

from one_mcp.texts import words


def plain(name: str) -> str:
    """Return a name's words as searches know them, in an order of their own: `ana muller`."""
    return " ".join(sorted(words.unfolded(name)))


def address(text: str) -> str:
    """Return an e-mail address without case and without what stands after a plus."""
    local, at, domain = text.strip().casefold().partition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def digits(text: str) -> str:
    """Return the last nine digits of a telephone number: country codes are often left out."""
    return re.sub(r"\D", "", text)[-9:]
