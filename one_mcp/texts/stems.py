"""Stems: what English words have in common with their other forms, by Porter's algorithm.

M. F. Porter, An algorithm for suffix stripping, 1980: https://tartarus.org/martin/PorterStemmer/.
Each step below is a step of the paper; the endings of a step are tried longest first.
"""

from collections.abc import Callable
from itertools import pairwise

VOWELS = frozenset("aeiou")
DOUBLED = frozenset("lsz")  # stay doubled
ROUNDED = frozenset("wxy")  # end no short syllable
SHORTEST, LONGEST = 3, 64

Endings = tuple[tuple[str, str], ...]
STEP_2: Endings = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("logi", "log"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"),
    ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"),
    ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"),
    ("biliti", "ble"),
)  # fmt: skip
STEP_3: Endings = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
)  # fmt: skip
STEP_4: Endings = tuple(
    (ending, "")
    for ending in (
        "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion", "ism", "ate", "iti",
        "ous", "ive", "ize", "al", "er", "ic", "ou",
    )
)  # fmt: skip


def stem(word: str) -> str:
    """Return the stem of a word of small letters; very short and very long words are their own."""
    if not SHORTEST <= len(word) <= LONGEST:
        return word
    word = _past(_plural(word))
    if word[-1] == "y" and _has_vowel(word[:-1]):
        word = f"{word[:-1]}i"
    word = _replaced(word, STEP_2, lambda rest, _: _measure(rest) > 0)
    word = _replaced(word, STEP_3, lambda rest, _: _measure(rest) > 0)
    word = _replaced(word, STEP_4, _removable)
    return _shortened(word)


def _plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word[-1] == "s" and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        rest = word.removesuffix(ending)
        if rest != word:
            return _mended(rest) if _has_vowel(rest) else word
    return word


def _mended(rest: str) -> str:
    """Give back the end that a word had before -ed or -ing."""
    if rest.endswith(("at", "bl", "iz")):
        return f"{rest}e"
    last = rest[-1]
    if rest[-2:] == last * 2 and last not in VOWELS and last not in DOUBLED:
        return rest[:-1]
    return f"{rest}e" if _measure(rest) == 1 and _is_short(rest) else rest


def _replaced(word: str, endings: Endings, may: Callable[[str, str], bool]) -> str:
    for ending, other in endings:
        if word.endswith(ending):
            rest = word[: -len(ending)]
            return rest + other if may(rest, ending) else word
    return word


def _removable(rest: str, ending: str) -> bool:
    return _measure(rest) > 1 and (ending != "ion" or rest[-1] in "st")


def _shortened(word: str) -> str:
    if word[-1] == "e":
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _is_short(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _vowels(word: str) -> list[bool]:
    """Say of each letter whether it is a vowel; y is one after a consonant."""
    found: list[bool] = []
    for letter in word:
        found.append(letter in VOWELS or (letter == "y" and bool(found) and not found[-1]))
    return found


def _has_vowel(word: str) -> bool:
    return any(_vowels(word))


def _measure(word: str) -> int:
    """Count the times that a consonant follows a vowel."""
    vowels = _vowels(word)
    return sum(before and not here for before, here in pairwise(vowels))


def _is_short(word: str) -> bool:
    """Whether a word ends in a consonant, a vowel and a consonant that is not w, x or y."""
    return _vowels(word)[-3:] == [False, True, False] and word[-1] not in ROUNDED
