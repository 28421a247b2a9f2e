"""Passages: a text cut along its structure, to the window of a model."""

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from one_mcp.texts.cutting import Piece, cut
from one_mcp.texts.token_index import Span

WINDOW = 32
TOKEN = re.compile(r"\w+|[^\w\s]")

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"
LETTER = "e\u0301"

BITS = [
    *("# ", "## ", "### ", "===\n", "---\n", "```\n", "~~~", "- ", "1. ", "> ", "    ", "\t"),
    *("| a | b |\n", "|---|---|\n", "\n", "\n\n", "\r\n", "\r", "\f", "\0", "\ufeff", " "),
    *("\u2028", "\u3000", ". ", "! ", "。", "؟ ", "… ", "word ", "e.g. ", "Title", "日本語"),
    *("مرحبا ", "हिन्दी ", FAMILY, FLAG, LETTER, "x" * 70),
]
texts = st.lists(st.sampled_from(BITS) | st.text(max_size=9), max_size=120).map("".join)


def words(text: str) -> list[Span]:
    return [found.span() for found in TOKEN.finditer(text)]


def one_span(text: str) -> list[Span]:
    """Take each run without white space for one unknown word, as WordPiece does a long one."""
    return [found.span() for found in re.finditer(r"\S+", text)]


def syllables(text: str) -> list[Span]:
    """Give some code points several tokens, and the white space before a word to the word."""
    return [
        found.span()
        for found in re.finditer(r"\s?\w{1,3}|\s?\S", text)
        for _ in range(len(text) % 3)
    ]


def nothing(_text: str) -> list[Span]:
    return []


def markdown(text: str, window: int = WINDOW) -> list[tuple[str, str]]:
    """Return the heading and the text of each passage."""
    pieces = cut(text, words, window=window, markdown=True)
    return [(piece.heading, text[piece.start : piece.end]) for piece in pieces]


def plain(text: str, window: int = WINDOW) -> list[str]:
    pieces = cut(text, words, window=window, markdown=False)
    return [text[piece.start : piece.end] for piece in pieces]


def counted(count: int, end: str = ".") -> str:
    """Write a sentence of so many words, all different."""
    return " ".join(f"w{number}" for number in range(count - 1)) + f" last{end}"


def sentence(name: str, tokens: int = 8) -> str:
    return " ".join([name, *["word"] * (tokens - 3), "end."])


def uncovered(text: str, pieces: Sequence[Piece]) -> str:
    """Return what no passage holds."""
    reached, left = 0, ""
    for piece in pieces:
        left += text[reached : piece.start] if piece.start > reached else ""
        reached = max(reached, piece.end)
    return left + text[reached:]


@given(
    texts, st.integers(1, 40), st.sampled_from([words, one_span, syllables, nothing]), st.booleans()
)
@example("\ufeff# Title\n\ntext", 8, words, True)
@settings(max_examples=400, deadline=None)
def test_passages_are_exact_ordered_and_complete(text, window, spans, is_markdown) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  # hypothesis knows
    pieces = cut(text, spans, window=window, markdown=is_markdown)

    assert all(text[piece.start : piece.end].strip() for piece in pieces)
    assert all(
        text[piece.start : piece.end] == text[piece.start : piece.end].strip() for piece in pieces
    )
    assert all(one.start < other.start and one.end < other.end for one, other in pairwise(pieces))
    assert not uncovered(text, pieces).removeprefix("\ufeff").strip()
    assert pieces == cut(text, spans, window=window, markdown=is_markdown)


@given(texts, st.integers(1, 40), st.booleans())
@settings(max_examples=400, deadline=None)
def test_no_passage_is_larger_than_the_window(text: str, window: int, is_markdown: bool) -> None:
    pieces = cut(text, words, window=window, markdown=is_markdown)

    assert all(len(words(text[piece.start : piece.end])) <= window for piece in pieces)


@given(texts, st.integers(16, 40), st.booleans())
@settings(max_examples=200, deadline=None)
def test_neighbours_share_no_more_than_a_quarter_of_the_window(
    text: str, window: int, is_markdown: bool
) -> None:
    pieces = cut(text, words, window=window, markdown=is_markdown)

    assert all(
        len(words(text[other.start : one.end])) <= window // 4 for one, other in pairwise(pieces)
    )


@pytest.mark.parametrize("text", ["", " ", "\n\n\n", "\ufeff", "\t\f\r\n\u2028\u3000"])
def test_text_without_words_has_no_passages(text: str) -> None:
    assert markdown(text) == []
    assert plain(text) == []


def test_short_text_is_one_passage() -> None:
    assert plain("  One line.\r\n\r\nAnother.\n") == ["One line.\r\n\r\nAnother."]


def test_each_section_is_a_passage_under_its_path() -> None:
    install = f"## Install\n\n{counted(20)}"
    linux = f"### Linux\n\n{counted(21)}"
    use = f"## Use\n\n{counted(22)}"

    assert markdown(f"# Guide\n\n{counted(19)}\n\n{install}\n\n{linux}\n\n{use}\n") == [
        ("Guide", f"# Guide\n\n{counted(19)}"),
        ("Guide > Install", install),
        ("Guide > Install > Linux", linux),
        ("Guide > Use", use),
    ]


def test_underlined_lines_are_headings() -> None:
    text = f"Guide\n=====\n{counted(20)}\n\nInstall\n---\n{counted(20)}"

    assert [heading for heading, _ in markdown(text)] == ["Guide", "Guide > Install"]


def test_closing_marks_and_spaces_are_no_part_of_a_title() -> None:
    assert markdown("#  The   C#  guide ##\n\nText.")[0][0] == "The C# guide"


@pytest.mark.parametrize(
    "line", ["#tag", "####### seven", "    # code", "> # quoted", "- # item", "text\n\n---"]
)
def test_what_only_looks_like_a_heading_is_none(line: str) -> None:
    assert markdown(f"{line}\n\ntext") == [("", f"{line}\n\ntext".strip())]


def test_headings_in_a_fence_are_code() -> None:
    text = "# Shell\n\n```sh\n# a comment\n\n~~~\n## another\n````\n\nAfter."

    assert markdown(text) == [("Shell", text)]


def test_a_fence_that_is_never_closed_ends_with_the_text() -> None:
    assert {heading for heading, _ in markdown("# A\n\n```\n" + "# b\n" * 40)} == {"A"}


def test_a_plain_text_has_no_headings() -> None:
    assert cut("# A\n\ntext", words, window=WINDOW, markdown=False) == [Piece(0, 9, "")]


def test_heading_without_words_of_its_own_joins_the_section_below() -> None:
    text = f"# Guide\n\n## Install\n\n{counted(20)}"

    assert markdown(text) == [("Guide > Install", text)]


def test_small_sections_of_one_parent_are_read_together() -> None:
    text = "# Guide\n\nHello.\n\n## One\n\nFirst.\n\n## Two\n\nSecond.\n\n## Three\n\nThird."

    assert markdown(text) == [("Guide", text)]


def test_small_siblings_stand_under_their_parent() -> None:
    small = "## One\n\nFirst.\n\n## Two\n\nSecond."

    assert markdown(f"# Guide\n\n{counted(20)}\n\n{small}")[1] == ("Guide", small)


def test_small_sections_of_different_chapters_stay_apart() -> None:
    text = f"# A\n\n{counted(20)}\n\n## B\n\nb\n\n# C\n\n{counted(20)}"

    assert [heading for heading, _ in markdown(text)] == ["A", "A > B", "C"]


def test_paragraphs_of_a_section_are_packed_up_to_the_window() -> None:
    paragraphs = [sentence(f"p{number}") for number in range(8)]

    assert plain("\n\n".join(paragraphs)) == [
        "\n\n".join(paragraphs[:4]),
        "\n\n".join(paragraphs[4:]),
    ]


def test_no_small_rest_is_left_behind() -> None:
    sizes = [len(words(piece)) for piece in plain("\n\n".join(["one two."] * 11))]

    assert sizes == [18, 15]


def test_a_heading_is_not_parted_from_what_follows() -> None:
    pieces = markdown(f"# A heading of some length\n\n{sentence('one', 16)} {sentence('two', 15)}")

    assert [len(words(text)) for _, text in pieces] == [22, 15 + WINDOW // 8]


def test_large_paragraph_is_cut_at_sentences_that_both_sides_share() -> None:
    one, two, three, four = (sentence(name) for name in ("one", "two", "three", "four"))
    short = sentence("short", 4)

    pieces = plain(f"{one} {two} {short} {three} {four}", window=22)

    assert pieces == [f"{one} {two} {short}", f"{short} {three} {four}"]


def test_paragraphs_share_nothing() -> None:
    pieces = plain("\n\n".join(sentence(f"p{number}", 20) for number in range(5)))

    assert pieces == [sentence(f"p{number}", 20) for number in range(5)]


@pytest.mark.parametrize(
    "inside",
    [
        "Mr. Fox",
        "e.g. foxes",
        "J. Fox",
        "3.14 foxes",
        "am 3. Mai",
        "z. B. Rot",
        "(cf. Fox)",
        "U.S. fox",
    ],
)
def test_a_full_stop_inside_a_sentence_is_no_cut(inside: str) -> None:
    text = f"{sentence('one', 5)} {inside} {sentence('two', 5)}"

    pieces = plain(text, window=len(words(text)) - 1)

    assert all(inside in piece or not set(inside.split()) & set(piece.split()) for piece in pieces)


@pytest.mark.parametrize(
    "mark",
    [".", "!", "?", "…", "؟", "\u06d4", "।", '."', ".)", "?!", "...", ".**"],
)
def test_sentences_end_in_any_script(mark: str) -> None:
    one = counted(20, mark)

    assert plain(f"{one} {counted(20)}")[0] == one


@pytest.mark.parametrize("mark", ["。", "！", "？", "。」"])  # noqa: RUF001  # these are meant
def test_sentences_end_without_a_space_where_none_is_written(mark: str) -> None:
    one = f"日本語{mark}"
    text = f"{'日本語 ' * 18}{one}{'日本語 ' * 18}"

    assert plain(text)[0].endswith(one)


def test_sentence_without_end_is_cut_at_words_that_both_sides_share() -> None:
    text = " ".join(f"w{number}" for number in range(100))

    pieces = plain(text)

    for one, other in pairwise(pieces):
        shared = WINDOW // 8
        assert one.split()[-shared:] == other.split()[:shared]


def test_lines_without_sentences_are_cut_at_their_ends() -> None:
    lines = [f"2026-11-25 level={number} ready" for number in range(30)]

    assert {line for piece in plain("\n".join(lines)) for line in piece.splitlines()} >= set(lines)


@pytest.mark.parametrize(
    ("head", "rows", "foot"),
    [
        ("```py\n", ["x = 1. + 2."] * 4, "\n```"),
        ("    a = 0\n", ["    b = [1. , 2.]", "", "    c = 3. "], "\n    d"),
        ("| a | b |\n|---|---|\n", ["| 1. | 2. |"] * 3, ""),
    ],
)
def test_code_and_tables_stay_whole(head: str, rows: list[str], foot: str) -> None:
    whole = head + "\n".join(rows) + foot
    text = f"{counted(20)}\n\n{whole}\n\n{counted(20)}"

    assert whole.strip() in plain_or_markdown(text, whole)


def plain_or_markdown(text: str, whole: str) -> list[str]:
    return [piece for _, piece in markdown(text, window=len(words(whole)))]


def test_table_under_a_heading_is_not_cut_for_the_heading() -> None:
    table = "| a | b |\n|---|---|" + "\n| 1 | 2 |" * 3
    text = f"# Numbers\n\n{table}"

    assert [piece for _, piece in markdown(text, window=len(words(table)))] == ["# Numbers", table]


@pytest.mark.parametrize("fence", ["```\n", ""])
def test_large_code_and_tables_are_cut_between_lines(fence: str) -> None:
    rows = [f"| row {number}. It | is so. |" for number in range(30)]
    text = f"| a | b |\n|---|---|\n{fence}" + "\n".join(rows)

    pieces = [piece for _, piece in markdown(text)]

    assert [line for piece in pieces for line in piece.splitlines()] == text.splitlines()


def test_table_ends_the_paragraph_above_it() -> None:
    table = "| a | b |\n|---|---|" + "\n| 1 | 2 |" * 2

    pieces = [piece for _, piece in markdown(f"{counted(20)}\n{table}", window=30)]

    assert pieces == [counted(20), table]


def test_list_items_are_cut_from_each_other() -> None:
    items = [f"{mark} {sentence('item', 12)}\n  {sentence('more', 6)}" for mark in ("-", "*", "1.")]

    pieces = [piece for _, piece in markdown("\n".join(items), window=21)]

    assert pieces == items


def test_what_is_indented_under_an_item_is_no_code() -> None:
    text = f"- item\n\n    {counted(20)} {counted(20)}"

    assert markdown(text)[0][1] == f"- item\n\n    {counted(20)}"


@pytest.mark.parametrize("spans", [words, one_span, nothing])
def test_word_of_100_000_characters_is_cut(spans) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  # three functions
    text = "x" * 100_000 if spans is not words else "+" * 100_000

    pieces = cut(text, spans, window=200, markdown=True)

    assert 100 < len(pieces) < 1_000
    assert max(piece.end - piece.start for piece in pieces) <= 800


@pytest.mark.parametrize("character", [FAMILY, FLAG, LETTER, "\u1112\u1161\u11ab", "👍🏽", "हि"])
def test_characters_of_several_code_points_are_not_cut(character: str) -> None:
    text = character * 200

    def each(text: str) -> list[Span]:
        return [(place, place + 1) for place in range(len(text))]

    pieces = cut(text, each, window=50, markdown=False)

    assert all(piece.start % len(character) == piece.end % len(character) == 0 for piece in pieces)


def test_accents_without_end_are_cut_all_the_same() -> None:
    pieces = cut("e" + "\u0301" * 5_000, nothing, window=WINDOW, markdown=False)

    assert max(piece.end - piece.start for piece in pieces) <= 4 * WINDOW


def test_long_title_is_shortened() -> None:
    pieces = markdown("# " + "title " * 5_000 + "\n\n" + counted(100))

    assert {len(heading) for heading, _ in pieces} == {119}


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 500_000 + "a" + "\n" * 500_000,
        "".join(f"{'#' * (number % 6 + 1)} h{number}\n" for number in range(10_000)),
        "lorem ipsum " * 80_000,
        "." * 200_000 + "a",
        "." + ")" * 200_000 + "a",
        "`" * 200_000 + "a`",
        "```a`\n" * 50_000,
        "a|b\n-|-\n" * 30_000,
        "|" * 200_000 + "\n" + "|-" * 200_000,
        "a" + " " * 500_000 + "b",
        (" " * 1_000 + "\n") * 500 + "b",
        "".join(" " * (number % 300) + "- x\n" for number in range(5_000)),
        "\0" * 200_000,
        "\U0001f468\u200d" * 100_000,
        "\U0001f1e6" * 200_000,
        "。" * 200_000,
        "> " * 200_000,
    ],
    ids=lambda text: repr(text[:9]),
)
def test_odd_text_of_any_size_is_cut(text: str) -> None:
    """Each took minutes, or did not end, if any step looked twice at what it had seen."""
    pieces = cut(text, words, window=214, markdown=True)

    assert not uncovered(text, pieces).strip()
