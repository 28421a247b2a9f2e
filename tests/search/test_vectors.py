"""The arithmetic of vectors."""

import numpy as np
import pytest

from one_mcp.search import vectors
from one_mcp.search.vectors import LEANING, PART


def stored(*rows: list[float]) -> list[bytes]:
    matrix = np.array(rows, np.float32)
    return vectors.quantised(matrix.tobytes(), matrix.shape[1])


def question(*values: float) -> bytes:
    return np.array(values, np.float32).tobytes()


def test_cosines_survive_storage() -> None:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(50, 384)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    kept = vectors.quantised(matrix.tobytes(), 384)

    found = vectors.cosines(matrix[0].tobytes(), kept)

    assert all(len(vector) == 384 for vector in kept)
    assert found == pytest.approx((matrix @ matrix[0]).tolist(), abs=0.01)


def test_no_vectors_are_no_trouble() -> None:
    assert vectors.quantised(b"", 4) == []
    assert vectors.cosines(question(1, 0), []) == []
    assert vectors.smoothed([], [], []) == []


def test_a_vector_of_zeros_is_near_nothing() -> None:
    assert vectors.cosines(question(1, 0), stored([0, 0])) == [0.0]


def test_a_passage_leans_on_its_neighbours_in_other_documents() -> None:
    rows = [[1.0, 0, 0], [1.0, 0, 0], *([[0, 1.0, 0]] * (PART - 2))]
    scores = [0.0, 1.0, *([0.5] * (PART - 2))]

    first, second, *others = vectors.smoothed(scores, stored(*rows), range(PART))

    assert first == pytest.approx(LEANING)
    assert second == pytest.approx(1 - LEANING)
    assert others == pytest.approx([0.5] * (PART - 2))


def test_passages_of_one_document_are_no_neighbours() -> None:
    rows = [[1.0, 0, 0], [1.0, 0, 0], *([[0, 1.0, 0]] * (PART - 2))]
    scores = [0.0, 1.0, *([0.5] * (PART - 2))]

    first, second, *_ = vectors.smoothed(scores, stored(*rows), [7, 7, *range(10, 8 + PART)])

    assert (first, second) == (0.0, 1.0)


@pytest.mark.parametrize("count", [1, 2, PART - 1])
def test_few_passages_keep_their_scores(count: int) -> None:
    scores = [0.25 * (number % 4) for number in range(count)]

    assert vectors.smoothed(scores, stored(*([[1.0, 0]] * count)), range(count)) == scores
