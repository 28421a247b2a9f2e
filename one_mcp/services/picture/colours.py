"""Colours: one for each group of types, readable on a light and on a dark ground."""

import zlib
from dataclasses import dataclass

HUES = (  # light ground, dark ground
    ("#2563c9", "#7fb2ff"),  # blue
    ("#b4480f", "#f5a26b"),  # orange
    ("#1d7a46", "#6fd39b"),  # green
    ("#9a2f8d", "#e58fda"),  # magenta
    ("#8a6500", "#e6c24f"),  # amber
    ("#5b46c0", "#b3a4ff"),  # violet
    ("#0c7580", "#5fd0d8"),  # teal
    ("#b22a3f", "#ff8f9c"),  # red
    ("#5c6b12", "#bccf56"),  # olive
    ("#5a6472", "#aab6c6"),  # grey
)
USUAL = (
    "Core",
    "Products",
    "Content",
    "Business Agents",
    "Token",
    "Community",
    "Knowledge",
    "Marketing",
    "Business",
    "Platform",
)
LIGHT = {"ground": "#ffffff", "ink": "#1b2430", "quiet": "#5b6674", "line": "#8b96a3"}
DARK = {"ground": "#12161c", "ink": "#e8edf3", "quiet": "#9aa6b5", "line": "#6c7887"}
TINT_LIGHT, TINT_DARK = 0.10, 0.22


@dataclass(frozen=True, slots=True)
class Colour:
    """A group's border and fill."""

    border: str
    fill: str


def of(group: str, *, dark: bool) -> Colour:
    """Choose a group's colour; groups of packs get one that depends on the name alone."""
    number = USUAL.index(group) if group in USUAL else zlib.crc32(group.encode()) % len(HUES)
    border = HUES[number][dark]
    ground = (DARK if dark else LIGHT)["ground"]
    return Colour(border, _mixed(border, ground, TINT_DARK if dark else TINT_LIGHT))


def stroke(number: int) -> str:
    """Choose a colour for lines that can be told apart on either ground."""
    return HUES[number % len(HUES)][0]


def _mixed(colour: str, ground: str, share: float) -> str:
    parts = (
        round(int(colour[at : at + 2], 16) * share + int(ground[at : at + 2], 16) * (1 - share))
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)
