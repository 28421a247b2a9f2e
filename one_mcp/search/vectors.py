"""Vectors: stored as int8 values, compared by their directions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5  # whose scores a passage leans on, at most
PART = 20  # one in so many: of few passages, the nearest are not near
LEANING = 0.2  # its neighbours' part of its score
TINY = 1e-12
BLOCK = 512  # rows compared at once

Matrix = NDArray[np.float32]


def quantised(vectors: bytes, dimension: int) -> list[bytes]:
    """Write float32 vectors as int8 values; their lengths are not kept."""
    values = np.frombuffer(vectors, np.float32).reshape(-1, dimension)
    largest = np.abs(values).max(axis=1, keepdims=True)
    scaled = np.rint(values * (127 / np.maximum(largest, TINY))).astype(np.int8)
    return [row.tobytes() for row in scaled]


def cosines(question: bytes, vectors: Sequence[bytes]) -> list[float]:
    """Return the cosine of the angle between a question (float32) and each vector (int8)."""
    if not vectors:
        return []
    wanted = np.frombuffer(question, np.float32)
    length = max(float(np.linalg.norm(wanted)), TINY)
    return (_directions(vectors) @ wanted / length).tolist()


def smoothed(
    scores: Sequence[float], vectors: Sequence[bytes], documents: Sequence[int]
) -> list[float]:
    """Let each passage's score lean on those of the passages nearest to it in other documents.

    What answers a question tends to stand near other answers. One without neighbours keeps its
    score. The three sequences are parallel.
    """
    own = np.array(scores, np.float32)
    count = min(NEIGHBOURS, len(own) // PART)
    if count < 1:
        return own.tolist()
    directions, group = _directions(vectors), np.array(documents)
    near = np.maximum(directions @ directions.T, 0.0)
    near[group[:, None] == group[None, :]] = 0.0
    picked = np.argpartition(-near, count - 1, axis=1)[:, :count]
    weights = np.take_along_axis(near, picked, axis=1)
    total = weights.sum(axis=1)
    around = np.divide((weights * own[picked]).sum(axis=1), total, out=own.copy(), where=total > 0)
    return ((1 - LEANING) * own + LEANING * around).tolist()


def alike(vectors: Sequence[bytes], nearness: float) -> list[tuple[int, int, float]]:
    """Find the pairs whose cosine is at least `nearness`: two places and the cosine."""
    found: list[tuple[int, int, float]] = []
    if not vectors:
        return found
    directions = _directions(vectors)
    for start in range(0, len(directions), BLOCK):
        near = directions[start : start + BLOCK] @ directions[start:].T
        for row, column in np.argwhere(near >= nearness).tolist():
            if column > row:
                found.append((start + row, start + column, float(near[row, column])))
    return found


def _directions(vectors: Sequence[bytes]) -> Matrix:
    values = np.frombuffer(b"".join(vectors), np.int8).reshape(len(vectors), -1)
    floats = values.astype(np.float32)
    return floats / np.maximum(np.linalg.norm(floats, axis=1, keepdims=True), TINY)
