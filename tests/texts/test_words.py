"""The words that a text is found by, and those that a question asks for."""

import sqlite3
from collections.abc import Generator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as some

from one_mcp.texts import indexed
from one_mcp.texts.stems import stem
from one_mcp.texts.words import asked, unfolded, words


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Straße", "STRASSE"),
        ("Ærø smørrebrød", "aero SMORREBROD"),
        ("İstanbul \u0131s\u0131", "istanbul ISI"),
        ("Łódź, Đà Nẵng", "lodz, da nang"),
        ("Français début", "francais DEBUT"),
        ("Cafe\u0301", "café"),
        ("ﬁne \uff21\uff22\uff23 \U0001d41b", "fine abc b"),
        ("Ελλάδος ΠΌΛΗΣ", "ελλαδοσ πόλης"),
        ("ёлка", "елка"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد أحمد", "محمد احمد"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("Yoga™ note¹", "yoga note"),
        ("runners running", "run runner"),
        ("瑜伽课程", "课程"),
        ("手机壳", "机"),
        ("학교에서", "학교"),
        ("ヨガ教室", "ガ教"),
        ("ที่นี่มีอาหาร", "อาหาร"),
        ("iPhone手机", "手机 iphone"),
    ],
)
def test_a_question_in_another_spelling_asks_for_the_words_of_the_text(
    text: str, question: str
) -> None:
    assert asked(question)
    assert set(asked(question)) <= set(words(text))


@pytest.mark.parametrize(
    ("text", "question"), [("नल दाल", "हिन्दी"), ("课本 程度", "课程"), ("ガス", "カス")]
)
def test_other_words_of_the_same_letters_are_others(text: str, question: str) -> None:
    assert not set(asked(question)) & set(words(text))


def test_what_is_no_letter_or_digit_is_no_word() -> None:
    assert words("\u0301 \ufe0f 🎉 ❤️ — _ \0 \ud800 « » ™ ि") == []


@given(some.text())
def test_a_text_has_the_words_that_it_asks_for(text: str) -> None:
    assert set(asked(text)) <= set(words(text))


@given(some.text())
def test_a_folded_text_has_the_same_words(text: str) -> None:
    assert words(" ".join(unfolded(text))) == words(text)


@given(some.text())
def test_the_engine_cuts_only_where_we_do(text: str) -> None:
    with closing(_engine("ascii")) as raw:
        raw.execute("INSERT INTO texts (word) VALUES (?)", (indexed.passage(1, "", text),))
        found = raw.execute("SELECT term FROM terms ORDER BY offset").fetchall()

    assert [term for (term,) in found] == [f"1x{word}" for word in words(text)]


@pytest.fixture(scope="module")
def porter() -> Generator[sqlite3.Connection]:
    with closing(_engine("porter ascii")) as raw:
        yield raw


ENDINGS = (
    "s es ies sses ed eed ing ational tional enci izer bli alli entli eli ousli ization ation "
    "ator alism iveness fulness ousness aliti iviti biliti logi icate ative alize iciti ical ful "
    "ness al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize e ll y"
)


@given(
    some.text("abceilnorstuyz", min_size=1, max_size=6),
    some.lists(some.sampled_from(ENDINGS.split()), max_size=2),
)
def test_stems_are_those_of_the_algorithm(
    porter: sqlite3.Connection, start: str, endings: list[str]
) -> None:
    word = start + "".join(endings)
    porter.execute("DELETE FROM texts")
    porter.execute("INSERT INTO texts (word) VALUES (?)", (word,))

    assert porter.execute("SELECT term FROM terms").fetchone()[0] == stem(word)


def test_no_word_of_one_tenant_is_one_of_another() -> None:
    """The first letter after the digits parts the number from the word."""
    assert indexed.term(1, "7yoga") != indexed.term(17, "yoga")
    assert indexed.term(1, "x2") != indexed.term(1, "x2", indexed.NAME)


def _engine(tokenizer: str) -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:")
    raw.execute(f"CREATE VIRTUAL TABLE texts USING fts5 (word, tokenize = '{tokenizer}')")
    raw.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (texts, instance)")
    return raw
