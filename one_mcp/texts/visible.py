"""Show what cannot be seen: text leaves with nothing in it that hides, reorders or steers.

Bidirectional overrides, zero-width characters, tags and terminal sequences can hide words from a
person that a model reads, or the other way round. Each becomes one visible character, so that
positions in a text stay true. What belongs to a script stays: joiners inside words of Persian or
Hindi and inside emoji, a variation selector after its character, the three flags made of tags.

Stored text keeps its characters; this is about what is read. See D-51.
"""

import re
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

_INVISIBLE = (  # C0 and C1, surrogates, what Unicode calls format or default ignorable, blank signs
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u2d7f\u3164\ud800-\udfff\ufdd0-\ufdef"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001107f\U00013430-\U00013440"
    r"\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)  # not the signs that enclose or precede Arabic and Kaithi numbers, which are seen
_EMOJI = (
    r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf"
    r"\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINING = (  # scripts in which a joiner changes the letters beside it
    r"\u0620-\u065f\u066e-\u06ff\u0710-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3"
    r"\u1820-\u18aa\u1b00-\u1bff\ua8e0-\ua8ff\uaa60-\uaa7f\ufb50-\ufdff\ufe70-\ufefc"
    r"\U00011000-\U00011fff"
)
_UNSPACED = r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff\u1950-\u1aaf\ua980-\ua9df"
_RIGHT_TO_LEFT = (
    r"\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
    r"\U00010800-\U00010fff\U0001e800-\U0001eeff"
)
_HIEROGLYPHS = r"\U00013000-\U0001342f\U00013441-\U000143ff"
_FORM = r"\ufe00-\ufe02\U000e0100-\U000e011f"  # no character has more forms than these
_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_FLAG = re.compile(
    "\U0001f3f4(?:{})\U000e007f".format(
        "|".join(
            "".join(chr(0xE0000 + ord(c)) for c in flag) for flag in ("gbeng", "gbsct", "gbwls")
        )
    )
)
_LONGEST_FLAG = 7
_BELONGING = re.compile(  # a hidden character among its neighbours, where it is part of the writing
    rf"""(?x)
      (?<=[{_EMOJI}\ufe0f]) \u200d (?=[{_EMOJI}])
    | (?<=[{_EMOJI}]) [\ufe0e\ufe0f]
    | (?<=[\#*0-9]) \ufe0f (?=\u20e3)
    | (?<=[{_JOINING}]) (?: \u200d | \u200c (?=[{_JOINING}]) )
    | (?<=[{_UNSPACED}]) \u200b (?=[{_UNSPACED}])
    | (?<=[{_RIGHT_TO_LEFT}]) [\u200e\u200f\u061c] (?![\u200e\u200f\u061c])
    | (?<![\u200e\u200f\u061c]) [\u200e\u200f\u061c] (?=[{_RIGHT_TO_LEFT}])
    | (?<=[{_HAN}]) (?<! (?:[{_HAN}][{_FORM}]){{4}} [{_HAN}] ) [{_FORM}]  # more would be a code
    | (?<=[{_HIEROGLYPHS}]) [\U00013430-\U00013440] | [\U00013437\U0001343c] (?=[{_HIEROGLYPHS}])
    | \u2800 (?=[\u2801-\u28ff]) | (?<=[\u2801-\u28ff]) \u2800
    | \u070f (?=[\u0710-\u074f])
    | (?<=[\U00011052-\U00011065]) \U0001107f | (?<=[\u2d30-\u2d6f]) \u2d7f
    | (?<=[\U00018b00-\U00018cff]) \U00016fe4
    | (?<=[\u2200-\u22ff\u2a00-\u2aff]) \ufe00
    | (?<=[\u1820-\u18aa]) [\u180b-\u180f]
    | \r (?=\n)
    """
)
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_ESCAPED = re.compile(rb"\\(?:u00|[bfr])")  # control characters in JSON's own escapes
_FIRST_BYTES = b"\x7f\xc2\xcd\xd8\xdc\xe1\xe2\xe3\xef\xf0\xf3"
_OTHER_BYTES = bytes(byte for byte in range(256) if byte not in _FIRST_BYTES)
_HIDDEN_BYTES = re.compile(  # what _HIDDEN matches, in UTF-8, and a few neighbours
    rb"""(?x)
      \x7f | \xc2[\x80-\x9f\xad] | \xcd\x8f | \xd8\x9c | \xdc\x8f
    | \xe1 (?: \x85[\x9f\xa0] | \x9e[\xb4\xb5] | \xa0[\x8b-\x8f] )
    | \xe2 (?: \x80[\x8b-\x8f\xa8-\xae] | \x81[\xa0-\xaf] | \xa0\x80 | \xb5\xbf )
    | \xe3\x85\xa4
    | \xef (?: \xb7[\x90-\xaf] | \xb8 | \xbb\xbf | \xbe\xa0 | \xbf[^\xbd] )
    | \xf0 (?: \x91\x81\xbf | \x93[\x90\x91] | \x96\xbf\xa4 | \x9b\xb2 | \x9d\x85 ) | \xf3\xa0
    """
)
_LINE_ENDS = "\x85\u2028\u2029"
_SOFT_HYPHEN, _HYPHENATION_POINT = "\xad", "\u2027"
_REPLACEMENT = "\ufffd"


def text(given: str) -> str:
    """Show each hidden character of a text; what it looks like otherwise stays."""
    if given.isascii() and (given.isprintable() or given.replace("\n", " ").isprintable()):
        return given
    return _HIDDEN.sub(_shown, given)


def line(given: str) -> str:
    """Show a text on one line of a terminal: its own line ends and tabs become visible, too."""
    return "".join(_picture(c) if c in "\t\n\r" else c for c in text(given))


def escaped(json: str) -> str:
    r"""Write hidden characters of a JSON text as \u escapes, which lose nothing."""
    if json.isascii() and "\x7f" not in json:
        return json
    return _HIDDEN.sub(_escape, json)


def json(given: Any) -> Any:  # noqa: ANN401  # JSON in, JSON out
    """Show the hidden characters of all texts and names in JSON.

    Written as a whole and searched, JSON in which nothing hides is returned as it is: nearly all
    is, and to walk through its values would cost four times as much.
    """
    return _walked(given) if _may_hide(given) else given


def _may_hide(given: object) -> bool:
    try:
        written = to_json(given)
    except (PydanticSerializationError, ValueError, RecursionError):
        return True  # half a surrogate pair
    if _ESCAPED.search(written):
        return True
    if not written.translate(None, _OTHER_BYTES):
        return False
    return _HIDDEN_BYTES.search(written) is not None


def _walked(given: Any) -> Any:  # noqa: ANN401  # JSON in, JSON out
    match given:
        case str():
            return text(given)
        case dict():
            return {text(name): _walked(value) for name, value in given.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return [_walked(value) for value in given]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return given


def _belongs(found: re.Match[str]) -> bool:
    if _BELONGING.match(found.string, found.start()):
        return True
    if found[0] < "\U000e0000":
        return False
    flag = found.string.rfind("\U0001f3f4", max(0, found.start() - _LONGEST_FLAG), found.start())
    if flag < 0:
        return False
    whole = _FLAG.match(found.string, flag)
    return whole is not None and found.end() <= whole.end()


def _shown(found: re.Match[str]) -> str:
    return found[0] if _belongs(found) else _picture(found[0])


def _picture(character: str) -> str:
    if character < " ":
        return chr(0x2400 + ord(character))
    if character in _LINE_ENDS:
        return "\n"
    return {"\x7f": "\u2421", _SOFT_HYPHEN: _HYPHENATION_POINT}.get(character, _REPLACEMENT)


def _escape(found: re.Match[str]) -> str:
    if found[0] < " " or _belongs(found):  # JSON has escaped control characters already
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
