"""Vectors on their way out of an embedder: sound, of length 1, and packed into bytes."""

import numpy as np
from numpy.typing import NDArray

from one_mcp.errors import EmbedderError


def packed(matrix: NDArray[np.float32]) -> bytes:
    """Bring every row to length 1 and pack the rows as little-endian float32.

    Raises EmbedderError for a row that points nowhere: zeros, infinities, or no numbers at all.
    """
    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise EmbedderError("The embedding model answered with a vector that points nowhere.")
    return (matrix / lengths).astype("<f4").tobytes()
