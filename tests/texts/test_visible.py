"""What is shown of characters that cannot be seen, and what is left alone."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from one_mcp.texts import visible

FLAG_OF_WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
JSON = st.recursive(
    st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "text",
    [
        "Plain, with\ttabs\nand lines\r\nof two systems",
        "Zoë, Łukasz, 日本語, தமிழ்",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",
        FLAG_OF_WALES,
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\u05e9\u05dc\u05d5\u05dd\u200f!",
        "\u1780\u200b\u1781",
        "\u845b\U000e0100\u98fe",
        "\u9089\U000e011f",
        "\U00013000\U00013430\U00013001",
        "\u2801\u2800\u2802",
        "\u070f\u0712",
        "\u0600\u0661 \u06dd\u0662",
    ],
)
def test_what_belongs_to_a_script_stays(text: str) -> None:
    assert visible.text(text) == text
    assert visible.escaped(text) == text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("pay\u202e001", "pay\ufffd001"),
        ("\u2066x\u2069", "\ufffdx\ufffd"),
        ("zero\u200bwidth\u200cand\u200djoined", "zero\ufffdwidth\ufffdand\ufffdjoined"),
        ("latin\u200fmark", "latin\ufffdmark"),
        ("\u05d0\u200f\u200e\u200fx", "\u05d0\ufffd\ufffd\ufffdx"),
        ("a\U000e0068\U000e0069", "a\ufffd\ufffd"),
        (FLAG_OF_WALES + "\U000e0068", FLAG_OF_WALES + "\ufffd"),
        ("\u2764\ufe0f\ufe0f\ufe01", "\u2764\ufe0f\ufffd\ufffd"),
        ("a\ufe0f", "a\ufffd"),
        ("\x1b]8;;http://x\x07link", "\u241b]8;;http://x\u2407link"),
        ("\x9b31mred\x7f", "\ufffd31mred\u2421"),
        ("over\rwritten", "over\u240dwritten"),
        ("\ufeff\u2060\u3164\u115f", "\ufffd" * 4),
        ("soft\xadhyphen", "soft\u2027hyphen"),
        ("one\u2028two\x85three", "one\ntwo\nthree"),
        ("f\u2061(x)\u2062y\u2063z\u2064", "f\ufffd(x)\ufffdy\ufffdz\ufffd"),
        ("\u180ex\ufff9y\ufffaz\ufffb", "\ufffdx\ufffdy\ufffdz\ufffd"),
        ("\U0001d173x\U0001d17a\U0001d159", "\ufffdx\ufffd\ufffd"),
        ("a\u034fb\uffa0\u1160", "a\ufffdb\ufffd\ufffd"),
        ("x\u2800\u2800y", "x\ufffd\ufffdy"),
        ("x\U00013430y\U0001107f\U00016fe4\u2d7f\u070f", "x\ufffdy" + "\ufffd" * 4),
        ("\U0001f600\U000e0158\U000e0159", "\U0001f600\ufffd\ufffd"),
        ("\u845b\U000e0158", "\u845b\ufffd"),
    ],
)
def test_what_hides_is_shown_in_its_place(hidden: str, shown: str) -> None:
    assert visible.text(hidden) == shown


def test_no_character_that_hides_is_overlooked_in_json() -> None:
    most = [*map(chr, range(0x30000)), *map(chr, range(0xE0000, 0xE1000))]
    hiding = [character for character in most if visible.text(character) != character]

    assert len(hiding) > 6_000  # surrogates among them
    for character in hiding:
        shown = visible.text(character)
        assert visible.json({"a": [f"x{character}y"]}) == {"a": [f"x{shown}y"]}
        assert visible.json({f"x{character}y": 1}) == {f"x{shown}y": 1}


@given(JSON)
@settings(max_examples=50)
def test_json_is_shown_as_its_texts_are(value: object) -> None:
    def shown(value: object) -> object:
        match value:
            case str():
                return visible.text(value)
            case dict():
                return {visible.text(name): shown(item) for name, item in value.items()}
            case list():
                return [shown(item) for item in value]
            case _:
                raise AssertionError

    assert visible.json(value) == shown(value)


@given(st.text())
def test_positions_stay_true_and_nothing_is_left_to_show(text: str) -> None:
    shown = visible.text(text)

    assert len(shown) == len(text)
    assert visible.text(shown) == shown


@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"]), min_size=1))
def test_nothing_of_unicodes_format_characters_passes_alone(text: str) -> None:
    left = set(visible.text(text)) - set("\t\n\r")

    assert all(unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} for c in left)
    assert not left & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff")


SEEN = {  # signs that enclose or precede numbers
    *"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u0890\u0891\u08e2\U000110bd\U000110cd"
}


def test_every_format_character_is_shown_but_those_that_are_seen() -> None:
    formats = {c for c in map(chr, range(0x110000)) if unicodedata.category(c) == "Cf"}

    assert {c for c in formats if visible.text(f"a{c}b") == f"a{c}b"} == SEEN


def test_forms_of_characters_carry_no_long_code() -> None:
    code = "".join(f"\u845b{chr(0xE0100 + each)}" for each in b"\x01\x02\x03\x04\x05\x06\x07")

    assert visible.text(code).count("\ufffd") == 3


@given(st.text())
def test_escapes_lose_nothing(text: str) -> None:
    escaped = visible.escaped(json.dumps(text, ensure_ascii=False))

    assert json.loads(escaped) == text


def test_a_line_stays_one() -> None:
    assert visible.line("Jane\n  0  problems\x1b[2K") == "Jane\u240a  0  problems\u241b[2K"
