"""A scan of bits finds what an exact search would, in little memory."""

import numpy as np
import pytest
from numpy.typing import NDArray

from one_mcp.search import vectors
from one_mcp.search.scan import SEGMENT, Scan

Matrix = NDArray[np.float32]
BEST = 10


def clustered(count: int, dimension: int, seed: int = 1) -> Matrix:
    """Vectors of length 1 around a few hundred middles, as those of texts are."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(max(count // 50, 1), dimension))
    near = middles[random.integers(len(middles), size=count)]
    found = near + 0.7 * random.normal(size=(count, dimension))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def filled(matrix: Matrix) -> Scan:
    """A scan whose chunks are 1, 2, …, and the rows of their vectors 1,001, 1,002, …"""
    scan = Scan(matrix.shape[1])
    stored = vectors.quantised(matrix.tobytes(), matrix.shape[1])
    scan.add([(1_001 + n, 1 + n, vector) for n, vector in enumerate(stored)])
    return scan


@pytest.mark.parametrize("dimension", [100, 256, 384, 1536])
def test_nearly_all_that_is_nearest_is_among_the_candidates(dimension: int) -> None:
    matrix = clustered(4_000, dimension)
    scan = filled(matrix)
    shares: list[float] = []

    for query in clustered(20, dimension, seed=2) + matrix[:20]:
        nearest = set((np.argsort(-(matrix @ query))[:BEST] + 1).tolist())
        found = scan.nearest(query.tobytes(), 200)
        shares.append(len(nearest & found.keys()) / BEST)

    assert np.mean(shares) > 0.95
    assert len(scan) == 4_000


def test_every_candidate_comes_with_the_row_of_its_vector() -> None:
    matrix = clustered(500, 64)

    found = filled(matrix).nearest(matrix[7].tobytes(), 20)

    assert found[8] == 1_008
    assert all(row == chunk + 1_000 for chunk, row in found.items())


def test_only_chunks_that_count_are_found() -> None:
    matrix = clustered(500, 64)
    scan = filled(matrix)
    query = matrix[0].tobytes()

    assert scan.nearest(query, 10, [3, 5, 7, 9_999]).keys() == {3, 5, 7}
    assert scan.nearest(query, 10, []) == {}
    assert scan.nearest(query, 10, [0]) == {}


def test_what_is_gone_is_forgotten() -> None:
    matrix = clustered(500, 64)
    scan = filled(matrix)
    query = matrix[0].tobytes()
    near = scan.nearest(query, 10)

    scan.forget(near)

    assert not near.keys() & scan.nearest(query, 10).keys()
    assert scan.nearest(query, 10, list(near)) == {}


def test_it_grows_over_segments_and_finds_in_each() -> None:
    matrix = clustered(2 * SEGMENT + 10, 64)
    scan = Scan(64)
    stored = vectors.quantised(matrix.tobytes(), 64)
    half = SEGMENT + 5
    scan.add([(n, n, vector) for n, vector in enumerate(stored[:half], 1)])
    scan.add([(n, n, vector) for n, vector in enumerate(stored[half:], half + 1)])

    for place in (0, SEGMENT - 1, SEGMENT, half - 1, half, 2 * SEGMENT, len(matrix) - 1):
        assert place + 1 in scan.nearest(matrix[place].tobytes(), 5)
    assert len(scan) == scan.seen == len(matrix)


def test_a_vector_costs_64_bytes_at_most() -> None:
    scan = filled(np.ones((SEGMENT, 384), np.float32))

    assert scan.size_bytes <= 64 * len(scan)


def test_a_vector_of_another_length_is_left_out_and_passed() -> None:
    scan = Scan(8)
    sound = b"\x01" * 8

    scan.add([(1, 1, sound), (2, 2, b"\x01" * 7), (3, 3, sound), (4, 4, b"")])

    assert scan.nearest(np.ones(8, np.float32).tobytes(), 10).keys() == {1, 3}
    assert scan.seen == 4


def test_an_empty_scan_finds_nothing() -> None:
    scan = Scan(8)
    scan.add([])

    assert scan.nearest(np.ones(8, np.float32).tobytes(), 10) == {}
    assert scan.nearest(np.ones(8, np.float32).tobytes(), 10, [1]) == {}
    assert (len(scan), scan.seen) == (0, 0)


def test_equal_vectors_at_the_edge_are_all_kept() -> None:
    scan = filled(np.ones((50, 8), np.float32))

    assert len(scan.nearest(np.ones(8, np.float32).tobytes(), 10)) == 50
