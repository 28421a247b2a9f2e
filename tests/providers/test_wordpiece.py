"""The packaged model's tokenizer beside the library that trained models use."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from one_mcp import assets
from one_mcp.errors import EmbedderError
from one_mcp.providers import wordpiece

FILE = assets.resources("models", "all-MiniLM-L6-v2", "tokenizer.json")
OURS = wordpiece.read(FILE)
THEIRS = Tokenizer.from_file(str(FILE))
TEXTS = (
    "Nasal breathing lowers the heart-rate, doesn't it? (See fig. 3: 72 bpm!)",
    "snake_case, CamelCase & e-mail@example.com; https://example.com/a?b=c#d",
    "[CLS] is a mark, [SEP] too, [sep] is none, [UNK][MASK]",
    "Le garçon mange une crêpe. Straße, İstanbul, ẞ, ΌΣΟΣ, naïve",
    "e\u0301 a\u030a \ufb01ne \u2460 \u00bd \uff21\uff22",
    "今天天空是蓝色的。 今日は空が青いです！ 오늘은 하늘이 파랗다",
    "السماء زرقاء اليوم، השמיים כחולים היום. आज आसमान नीला है। วันนี้ท้องฟ้าสีฟ้า",
    "Party \U0001f389 at the \U0001f469\u200d\U0001f467 house \u2764\ufe0f",
    "a\u00a0b\u3000c\u2028d\te\x0bf\x0cg\x85h\x1ci\x00j\ufffdk\u200bl\u00adm",
    "x" * 99 + " " + "x" * 100 + " " + "x" * 101,
    "\U00012345\U0001f99a ∮ qwrtzpsdf ﷽",
    "",
    " \n ",
)
# characters that the library's tables of Unicode know; it takes newer ones for letters
KNOWN = st.characters(exclude_categories=["Cs", "Cn", "Co"], max_codepoint=0xFFFF).filter(
    lambda character: unicodedata.category(character)[0] not in "PM" or ord(character) < 0x0300
)


def compare(text: str) -> None:
    whole = THEIRS.encode(text)
    bare = THEIRS.encode(text, add_special_tokens=False)

    assert OURS.ids(text, 10**9) == whole.ids
    assert OURS.spans(text) == bare.offsets


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_cut_as_the_library_does(text: str) -> None:
    compare(text)


@given(st.lists(st.text(KNOWN, max_size=12) | st.sampled_from(TEXTS), max_size=6).map(" ".join))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_is_cut_as_the_library_does(text: str) -> None:
    compare(text)


def test_a_long_text_keeps_its_beginning_and_both_marks() -> None:
    ids = OURS.ids("breathe " * 1_000, 256)

    assert len(ids) == 256
    assert (ids[0], ids[-1]) == (101, 102)


def test_a_very_long_word_is_one_unknown_piece() -> None:
    assert OURS.spans("é" * 100_000) == [(0, 100_000)]


@pytest.mark.parametrize(
    "change",
    [{"model": {"type": "BPE"}}, {"normalizer": {"type": "Lowercase"}}, {"model": None}],
)
def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps({**json.loads(FILE.read_text("utf-8")), **change}))

    with pytest.raises(EmbedderError):
        wordpiece.read(file)
