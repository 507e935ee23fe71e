"""Does a generator copy its training samples? Asked of nearest neighbours: among training samples,
or among held-out ones it never saw?

Where nothing was copied, training and held-out samples are equally likely to be nearest, each.
Platzer and Reutterer (2021), section 3.2.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float, Int64
from sklearn.metrics import pairwise_distances_argmin_min


def nearest_rows(
    x: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the place of the row of `others` nearest to each row of x, and its Euclidean distance;
    memory is of blocks alone.
    """
    places, distances = pairwise_distances_argmin_min(x, others)
    return places.astype(np.int64), distances.astype(np.float64)


@dataclass(frozen=True)
class Nearness:
    """The share of samples that would lie nearer to training than to held-out rows, were both
    equally many; `effective` samples tell it.

    `chance` is the training rows' part of all rows. Samples with one and the same neighbour tell
    the share once: `effective` is (sum n_c)^2 / sum n_c^2 over the neighbours c, n_c samples each
    (Kish 1965). Of noise far from all data one picture may be nearest to all samples, and whether
    that is a training picture is chance.
    """

    share: float
    effective: float
    chance: float

    @property
    def half_width(self) -> float:
        """Of the 95 % interval of `share`, were nothing copied."""
        return 1.96 * sqrt(self.chance / (1 - self.chance) / self.effective) / 2


def nearer_to(
    x: Float[np.ndarray, "n d"], train: Float[np.ndarray, "m d"], holdout: Float[np.ndarray, "k d"]
) -> Nearness:
    """Return how often the nearest row is one of `train`, were `train` and `holdout` equally many:
    0.5 copies nothing, 1 copies all.

    Where a part p of x is copied, and the rest as likely nearest to any row, the share s of x that
    is nearest to `train`, in Euclidean distance, is p + (1 - p) c, with c = m / (m + k); so p = (s
    - c) / (1 - c), and (1 + p) / 2 is returned, within [0, 1]. Of a tie c counts.

    >>> nearer_to(np.array([[0.1], [0.9]]), np.array([[0.0]]), np.array([[1.0]])).share
    0.5
    """
    (places, a), (others, b) = (nearest_rows(x, rows) for rows in (train, holdout))
    chance = len(train) / (len(train) + len(holdout))
    nearest = float(((a < b) + chance * (a == b)).mean())
    _, counts = np.unique(np.where(a <= b, places, len(train) + others), return_counts=True)
    copied = (nearest - chance) / (1 - chance)
    return Nearness(
        float(np.clip((1 + copied) / 2, 0, 1)), float(len(x) ** 2 / (counts**2).sum()), chance
    )
