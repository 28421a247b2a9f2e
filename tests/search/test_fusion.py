"""One score out of two, and which words are chosen to be scored."""

import pytest

from one_mcp.search import fusion
from one_mcp.search.cache import GROWTH, Frequencies, Lists, rarest
from one_mcp.search.fusion import MEANING


def test_meaning_and_words_both_count() -> None:
    scores = fusion.fuse({1: 0.5, 2: 0.5, 3: 0.1}, {1: 8.0, 3: 4.0}, 8.0)

    assert scores[1] == pytest.approx(MEANING * 0.5 + (1 - MEANING))
    assert scores[2] == pytest.approx(MEANING * 0.5)
    assert scores[3] == pytest.approx(MEANING * 0.1 + (1 - MEANING) / 2)


def test_a_passage_without_a_vector_counts_as_near_as_those_with_the_same_words() -> None:
    scores = fusion.fuse({1: 0.4, 2: 0.6, 3: 0.0}, {1: 2.0, 2: 2.0, 9: 2.0}, 2.0)

    assert scores[9] == pytest.approx(MEANING * 0.5 + (1 - MEANING))


def test_words_around_a_passage_count_beside_its_own() -> None:
    words = fusion.with_surroundings({1: 4.0}, {7: 6.0}, {1: 7, 2: 7, 3: 8})

    assert words == {1: 5.0, 2: 3.0, 3: 0.0}


def test_words_alone_are_ranked_by_words() -> None:
    scores = fusion.fuse({}, {1: 1.0, 2: 4.0}, 4.0)

    assert fusion.best(scores, 5) == [2, 1]


def test_of_equal_passages_the_older_is_first() -> None:
    assert fusion.best({3: 0.5, 1: 0.5, 2: 0.9}, 2) == [2, 1]


def test_rare_words_are_chosen_until_the_effort_is_used_up() -> None:
    counts = {"the": 900, "yoga": 40, "otter": 3, "nothing": 0}

    assert rarest(counts, 50) == ["otter", "yoga"]
    assert rarest(counts, 2) == []


def test_a_count_is_remembered_until_there_are_far_more_rows() -> None:
    frequencies = Frequencies()
    frequencies.refresh(100)
    asked: list[str] = []

    def count(word: str) -> int:
        asked.append(word)
        return 3

    for rows in (100, int(100 * GROWTH), 1_000):
        frequencies.refresh(rows)
        assert frequencies.of("otter", count) == 3

    assert len(asked) == 2


def test_that_there_are_none_is_not_remembered() -> None:
    frequencies = Frequencies()
    frequencies.refresh(100)
    frequencies.of("otter", lambda _: 0)

    assert frequencies.of("otter", lambda _: 1) == 1


def test_a_list_is_made_anew_when_its_stamp_changes() -> None:
    lists = Lists()

    assert lists.of("a", (1,), lambda: [1]) == [1]
    assert lists.of("a", (1,), lambda: [2]) == [1]
    assert lists.of("a", (2,), lambda: [2]) == [2]
