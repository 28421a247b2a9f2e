"""Sentences: where one ends, in any script and without a dictionary."""

import re
from collections.abc import Iterator

from one_mcp.texts.token_index import Span

MARKS = ".!?…؟۔।॥።။។"  # noqa: RUF001  # end a sentence before white space
WIDE = "。！？｡"  # noqa: RUF001  # end it anywhere
CLOSERS = "\"'”’»)]}*_`」』】》〉）"  # noqa: RUF001  # these are meant
LONGEST_ABBREVIATION = 24
LONGEST_NUMBER = 2  # digits before a full stop that make an ordinal or a list's number

_GAP = re.compile(
    rf"(?<=[{re.escape(MARKS + CLOSERS)}])\s+|(?P<wide>[{WIDE}]+[{re.escape(CLOSERS)}]*)\s*"
)
_ABBREVIATIONS = (
    " mr mrs ms dr prof rev st sr jr col capt lt sgt inc ltd corp dept univ vs etc al cf ca approx"
    " fig figs nos vol vols eds pp sec chap op resp incl excl jan feb apr jun jul aug sep sept oct"
    " nov dec bzw usw ggf evtl bspw inkl exkl zzgl abs nr str tel dipl ing mio mrd geb gest vgl"
    " bd mme mlle mgr sig dott ecc pag sra srta dra núm pág aprox av tzn itd "
)  # none that is a word, too: those end sentences


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut a range into sentences, without the white space between them."""
    for found in _GAP.finditer(text, start, end):
        wide = found["wide"] is not None
        stop = found.end("wide") if wide else found.start()
        if stop > start and (wide or _ends(text[max(start, stop - LONGEST_ABBREVIATION) : stop])):
            yield start, stop
            start = found.end()
    if start < end:
        yield start, end


def _ends(words: str) -> bool:
    """Tell whether a sentence ends with these words: not with an abbreviation, nor "J." or "3."."""
    bare = words.rstrip(CLOSERS)
    if not bare or bare[-1] not in MARKS:
        return False
    if bare[-1] != ".":
        return True
    last = bare[:-1].split()[-1:]
    word = re.split(r"[\W_]", last[0])[-1].lower() if last else ""
    initial = len(word) == 1 and word != word.upper()
    ordinal = len(word) <= LONGEST_NUMBER and word.isdecimal()
    return not (initial or ordinal or f" {word} " in _ABBREVIATIONS)
