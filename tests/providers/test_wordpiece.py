"""The packaged model's tokenizer beside the library that trained models use."""

import json
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from one_mcp import assets
from one_mcp.errors import EmbedderError
from one_mcp.jsons import JsonObject
from one_mcp.providers import wordpiece
from one_mcp.providers.unicode8 import NONSPACING

FILE = assets.resources("models", "all-MiniLM-L6-v2", "tokenizer.json")
OURS = wordpiece.read(FILE)
THEIRS = Tokenizer.from_file(str(FILE))
SHORT = Tokenizer.from_file(str(FILE))
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
SCRIPTS = """
The sky is blue today. Небо сегодня голубое. Ο ουρανός είναι γαλάζιος σήμερα, ΌΣΟΣ.
Երկինքն այսօր կապույտ է։ ცა დღეს ლურჯია. Bầu trời hôm nay màu xanh.
السماء زرقاء اليوم، أليس كذلك؟ הַשָּׁמַיִם כְּחוּלִים הַיּוֹם. ܫܡܝܐ ܙܪܩܐ ܝܘܡܢܐ܀
आज आसमान नीला है। আজ আকাশ নীল। ਅੱਜ ਅਸਮਾਨ ਨੀਲਾ ਹੈ। આજે આકાશ વાદળી છે. ଆଜି ଆକାଶ ନୀଳ।
இன்று வானம் நீலமாக உள்ளது. నేడు ఆకాశం నీలంగా ఉంది. ಇಂದು ಆಕಾಶ ನೀಲಿಯಾಗಿದೆ. ഇന്ന് ആകാശം നീലയാണ്.
අද අහස නිල්. วันนี้ท้องฟ้าสีฟ้า ມື້ນີ້ທ້ອງຟ້າສີຟ້າ ဒီနေ့ ကောင်းကင်က အပြာရောင်။ ថ្ងៃនេះមេឃពណ៌ខៀវ។
དེ་རིང་གནམ་སྔོན་པོ་རེད། ዛሬ ሰማዩ ሰማያዊ ነው። ᏙᎯᏱ ᎠᎩᏍᏗ ᠲᠡᠩᠭᠡᠷᠢ
今天天空是蓝色的。今日は空が青いです！ガギグ ｶﾞｷﾞ 오늘은 하늘이 파랗다, 한글.
"""
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CURIOUS = st.text(
    "aAeİẞßΣσςﬁ각가ᄒ\u1161\u11abﾊ½．，。 .,-_#\t\n\r\x0b\x0c\x85\x1c\0\xa0\u3000\u2028"
    "\u180e\u200b\u200d\xad\ufeff\ufe0f\ufffd\u0301\u0316\u0344\u1fef\u037e\u212b\u2260\u0898\u0cf3\u166d\u1734\U000111c9"
    "\U0001f469\U0001f1e9中\uf900\U0002b81f\U0002b820\U0002b920",
    max_size=20,
)
MARKED = st.sampled_from(["[SEP]", "[UNK]", "[CLS]", "[sep]", "[SEP", "[[MASK]]", "##a", "x" * 99])


STRIPPED = re.compile(f"[{NONSPACING}]")


def is_put_in_order(text: str) -> bool:
    """Say whether Unicode's order of marks may move one that stays.

    The library then counts the ends of a word in the new order, which only unknown words show:
    no piece of the vocabulary has such a mark.
    """
    return any(
        unicodedata.combining(mark) and not STRIPPED.match(mark)
        for mark in unicodedata.normalize("NFD", text)
    )


def compare(text: str) -> None:
    whole = THEIRS.encode(text)
    bare = THEIRS.encode(text, add_special_tokens=False)

    assert OURS.ids(text, 10**9) == whole.ids
    if not is_put_in_order(text):
        assert OURS.spans(text) == bare.offsets


@pytest.mark.parametrize("text", [*TEXTS, SCRIPTS])
def test_texts_are_cut_as_the_library_does(text: str) -> None:
    compare(text)


@pytest.mark.parametrize("plane", range(17))
def test_each_character_in_a_word_is_cut_as_the_library_does(plane: int) -> None:
    for first in range(plane << 16, (plane + 1) << 16, 0x1000):
        numbers = range(first, first + 0x1000)
        compare(" ".join(f"a{chr(n)}b" for n in numbers if not 0xD800 <= n <= 0xDFFF))


@given(st.lists(ANY | CURIOUS | MARKED | st.sampled_from(TEXTS), max_size=8).map("".join))
@settings(max_examples=1_000, deadline=None, derandomize=True)
def test_any_text_is_cut_as_the_library_does(text: str) -> None:
    compare(text)


@given(CURIOUS | MARKED, st.integers(2, 40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_limit_keeps_what_the_library_keeps(text: str, limit: int) -> None:
    SHORT.enable_truncation(limit)

    assert OURS.ids(text, limit) == SHORT.encode(text).ids


def test_a_text_longer_than_any_block_is_cut_as_the_library_does() -> None:
    compare((SCRIPTS + "\n".join(TEXTS)) * 200)


@pytest.mark.parametrize("part", ["a", "é", ".", "—", "中", "[", "[SEP]", "\u0301", "\u200b", " "])
def test_one_thing_over_and_over_is_cut_as_the_library_does(part: str) -> None:
    compare(part * 100_000)


@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_word_of_a_million_letters_is_one_unknown_piece(letter: str) -> None:
    assert OURS.spans(letter * 1_000_000) == [(0, 1_000_000)]


def test_no_piece_of_the_vocabulary_has_a_mark_that_may_be_moved() -> None:
    assert not any(map(is_put_in_order, THEIRS.get_vocab()))


def test_more_words_than_are_remembered_are_cut_as_the_library_does() -> None:
    compare(" ".join(f"w{number}" for number in range(2 * wordpiece.MOST_REMEMBERED)))


def test_threads_share_one_tokenizer() -> None:
    fresh = wordpiece.read(FILE)
    texts = [SCRIPTS * 20, " ".join(f"w{number}" for number in range(30_000))] * 2
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(fresh.spans, texts))

    assert found == [OURS.spans(text) for text in texts]


def test_a_long_text_keeps_its_beginning_and_both_marks() -> None:
    ids = OURS.ids("breathe " * 1_000, 256)

    assert len(ids) == 256
    assert (ids[0], ids[-1]) == (101, 102)


@pytest.mark.parametrize(
    "change",
    [
        {"model": None},
        {"model": {"type": "BPE"}},
        {"model": {"unk_token": "[NONE]"}},
        {"model": {"vocab": []}},
        {"model": {"max_input_chars_per_word": "100"}},
        {"model": {"continuing_subword_prefix": "@@"}},
        {"normalizer": None},
        {"normalizer": {"type": "Lowercase"}},
        {"normalizer": {"lowercase": False}},
        {"normalizer": {"clean_text": False}},
        {"normalizer": {"handle_chinese_chars": False}},
        {"normalizer": {"strip_accents": False}},
        {"pre_tokenizer": {"type": "Whitespace"}},
        {"added_tokens": None},
        {"added_tokens": []},
    ],
)
def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path, change: JsonObject) -> None:
    content = json.loads(FILE.read_text("utf-8"))
    for key, value in change.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps(content))

    with pytest.raises(EmbedderError):
        wordpiece.read(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(content)

    with pytest.raises(EmbedderError):
        wordpiece.read(file)
