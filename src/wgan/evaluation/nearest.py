"""Does a generator copy its training samples? Asked of nearest neighbours: among training samples, or among held-out ones it never saw?

Where nothing was copied, training and held-out samples are equally likely to be nearest, each. Platzer and Reutterer (2021), section 3.2.
"""

import numpy as np
from jaxtyping import Float, Int64
from sklearn.metrics import pairwise_distances_argmin_min


def nearest_rows(x: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"]) -> tuple[Int64[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the place of the row of `others` nearest to each row of x, and its Euclidean distance; memory is of blocks alone."""
    places, distances = pairwise_distances_argmin_min(x, others)
    return places.astype(np.int64), distances.astype(np.float64)


def nearer_to(x: Float[np.ndarray, "n d"], train: Float[np.ndarray, "m d"], holdout: Float[np.ndarray, "k d"]) -> float:
    """Return how often the nearest row is one of `train`, were `train` and `holdout` equally many: 0.5 copies nothing, 1 copies all.

    Of the share s of rows of x whose nearest row, in Euclidean distance, is in `train` (a tie counts half), the odds are divided by those
    of a row that copies nothing: o = s / (1 - s) k / m, and o / (1 + o) is returned. Of `holdout` itself it is 0.

    >>> nearer_to(np.array([[0.1], [0.9]]), np.array([[0.0]]), np.array([[1.0]]))
    0.5
    """
    a, b = (nearest_rows(x, rows)[1] for rows in (train, holdout))
    share = float(((a < b) + 0.5 * (a == b)).mean())
    known, free = share * len(holdout), (1 - share) * len(train)
    return known / (known + free)
