"""Copying of training samples, by nearest neighbours and by equality of rows.

Where nothing is copied, training and held-out samples are equally likely to be nearest. Platzer and
Reutterer (2021), section 3.2.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float, Int64
from sklearn.metrics import pairwise_distances_argmin_min

from wgan.base.intervals import Mean
from wgan.evaluation.metric import Comparison, Metric, Neighbours, Reference
from wgan.evaluation.metrics.rows import TableReference

# The 0.975 quantile of the standard normal distribution: a 95 % interval.
NORMAL_975 = 1.96


def nearest_rows(
    x: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the place of the nearest row of `others` to each row of x, and its distance.

    Distances are Euclidean. Memory is bounded by blocks of rows.

    >>> nearest_rows(np.array([[0.9]]), np.array([[0.0], [1.0]]))[0]
    array([1])
    """
    places, distances = pairwise_distances_argmin_min(x, others)
    return places.astype(np.int64), distances.astype(np.float64)


@dataclass(frozen=True)
class Nearness:
    """The share of samples that lie nearer to training than to held-out rows, at equal numbers.

    Samples that share one neighbour are one observation. So `effective` is
    (sum n_c)^2 / sum n_c^2 over neighbours c with n_c samples each (Kish 1965). For noise far from
    all data, one real sample may be nearest to every sample, and its side is a matter of chance.

    Attributes:
        share: 0.5 copies nothing, 1 copies all.
        effective: independent observations behind `share`.
        chance: training rows as a part of all rows.
    """

    share: float
    effective: float
    chance: float

    @property
    def half_width(self) -> float:
        """Half-width of the 95 % interval of `share` where nothing is copied."""
        return NORMAL_975 * sqrt(self.chance / (1 - self.chance) / self.effective) / 2


def nearer_to(
    x: Float[np.ndarray, "n d"], train: Float[np.ndarray, "m d"], holdout: Float[np.ndarray, "k d"]
) -> Nearness:
    """Return how often the nearest row is a training row, as if both sides were equally many.

    Let c = m / (m + k), and let p be the part of x that is copied. Then the share of x whose
    nearest row is in `train` is s = p + (1 - p) c. So p = (s - c) / (1 - c), and the result is
    (1 + p) / 2, clipped to [0, 1]. A tie counts c.

    Args:
        x: rows that may be copies.
        train: rows that may have been copied.
        holdout: rows that were not.

    >>> nearer_to(np.array([[0.1], [0.9]]), np.array([[0.0]]), np.array([[1.0]])).share
    0.5
    """
    (places, a), (others, b) = (nearest_rows(x, rows) for rows in (train, holdout))
    chance = len(train) / (len(train) + len(holdout))
    nearest = float(((a < b) + chance * (a == b)).mean())
    _, counts = np.unique(np.where(a <= b, places, len(train) + others), return_counts=True)
    copied = (nearest - chance) / (1 - chance)
    return Nearness(
        share=float(np.clip((1 + copied) / 2, 0, 1)),
        effective=float(len(x) ** 2 / (counts**2).sum()),
        chance=chance,
    )


def copied_share(x: Float[np.ndarray, "n c"], train: Float[np.ndarray, "m c"]) -> float:
    """Return the share of rows of x that equal a row of `train` in every column.

    Missing values (NaN) equal each other, and so do 0.0 and -0.0.

    >>> copied_share(np.array([[1.0, np.nan], [2.0, 3.0]]), np.array([[1.0, np.nan]]))
    0.5
    """
    known = set(_as_bytes(train))
    return float(np.mean([row in known for row in _as_bytes(x)]))


def _as_bytes(rows: Float[np.ndarray, "n c"]) -> list[bytes]:
    # NaN has many bit patterns, infinity has one; adding 0.0 turns -0.0 into 0.0.
    plain = np.ascontiguousarray(np.where(np.isnan(rows), np.inf, rows) + 0.0)
    return [row.tobytes() for row in plain]


def nearness(reference: Reference, raw: np.ndarray, neighbours: Neighbours) -> Nearness:
    """Return how often raw samples lie nearer to training than to held-out ones.

    It takes as many samples as the metric `dcr-share` is limited to.
    """
    measure = reference.measure
    most = reference.limits.get("dcr-share", len(raw))
    return nearer_to(measure(raw[:most]), measure(neighbours.train), measure(neighbours.held_out))


def _nearer(c: Comparison[Reference]) -> Mean:
    near = nearness(c.reference, c.raw, c.reference.neighbours)
    return Mean(near.share, near.half_width)


def _nearer_of_real(reference: Reference) -> float:
    """Take the later half of the held-out samples, which cannot be copies, as generated ones."""
    known = reference.neighbours
    half = len(known.held_out) // 2
    rest = Neighbours(known.train, known.held_out[:half])
    return nearness(reference, known.held_out[half:], rest).share


def _copied(c: Comparison[TableReference]) -> float:
    return copied_share(c.raw, c.reference.train)


def _copied_of_real(reference: TableReference) -> float:
    return copied_share(reference.held_out, reference.train)


NEARER = Metric(
    "dcr-share", "nearer to training", "%", "50: no copying", _nearer, floor=_nearer_of_real
)
COPIED = Metric("copied-share", "equal to training", "%", "as real", _copied, floor=_copied_of_real)
