"""Copying of training samples, by nearest neighbours and by equality of rows.

If nothing is copied, training and held-out samples are equally likely to be nearest; see Platzer
and Reutterer (2021), section 3.2. Here all training samples are searched, however many are held
out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Bool, Float, Int64

from wgan.base.intervals import Mean
from wgan.evaluation.metric import Comparison, Metric, Neighbours, Pool, Reference
from wgan.evaluation.metrics.distances import SAME, blocks, nearest, row_bytes
from wgan.evaluation.metrics.rows import TableReference

# The 0.975 quantile of the standard normal distribution: a 95 % interval.
NORMAL_975 = 1.96
# Rows of the other side at once, so that 1,024 samples against them fit into 32 MiB of distances.
PART = 4096
# 64 MiB of coordinates in float64.
PART_BYTES = 2**26
# Multiplications for a set, about ten seconds of one thread: where there is more data, fewer
# samples are taken, since a copy is found only if all training samples are searched.
MOST_PRODUCTS = 2e11
# Fewer samples would say nothing: +- 14 % where four fifths of the data are training samples.
LEAST_SAMPLES = 200
# Rows of a table that are compared at once for equality.
EQUAL_AT_ONCE = 50_000


@dataclass(frozen=True)
class Found:
    """The nearest rows of each sample.

    Attributes:
        place: the place of the first of them, counted over all sides.
        distance: how far they are.
        counts: how many of each side are as near as that.
    """

    place: Int64[np.ndarray, " n"]
    distance: Float[np.ndarray, " n"]
    counts: Int64[np.ndarray, "2 n"]


def nearest_rows(
    x: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the place of the nearest row of `others` to each row of x, and its distance.

    Distances are Euclidean. Memory is bounded by blocks of rows.

    >>> nearest_rows(np.array([[0.9]]), np.array([[0.0], [1.0]]))[0]
    array([1])
    """
    found = _search(x, ((0, others[i : i + PART]) for i in range(0, len(others), PART)))
    return found.place, found.distance


def _search(
    x: Float[np.ndarray, "n d"], parts: Iterable[tuple[int, Float[np.ndarray, "m d"]]]
) -> Found:
    """Return the nearest of all rows to each row of x; each part has the number of its side."""
    centre = np.median(x, axis=0)  # distances near the samples are exact to float64's precision
    x = x - centre
    found = Found(
        place=np.zeros(len(x), dtype=np.int64),
        distance=np.full(len(x), np.inf),
        counts=np.zeros((2, len(x)), dtype=np.int64),
    )
    start = 0
    for side, part in parts:
        rows = part - centre
        for block in blocks(len(x), len(rows)):
            _update(found, block, x[block], side, rows, start)
        start += len(rows)
    return found


def _update(
    found: Found,
    block: slice,
    x: Float[np.ndarray, "n d"],
    side: int,
    rows: Float[np.ndarray, "m d"],
    start: int,
) -> None:
    """Take some rows of one side into account, for a block of x."""
    near = nearest(x, rows)
    first = near.kth(1, len(x))
    place, distance, counts = found.place[block], found.distance[block], found.counts[:, block]
    closer = near.distance[first] < distance * (1 - SAME)
    counts[:, closer] = 0
    place[closer] = start + near.y[first[closer]]
    distance[closer] = near.distance[first[closer]]
    as_near = near.distance <= distance[near.x] * (1 + SAME)
    counts[side] += np.bincount(near.x[as_near], minlength=len(x))


@dataclass(frozen=True)
class Nearness:
    """The share of samples that lie nearer to training than to held-out rows, at equal numbers.

    Samples that share one neighbour are one observation. So `effective` is
    (sum n_c)^2 / sum (n_c^2 / g_c) over neighbours c with n_c samples each, of which g_c equal rows
    are known (after Kish 1965). For noise far from all data, one real sample may be nearest to
    every sample, and its side is a matter of chance.

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
    (1 + p) / 2, clipped to [0, 1]. If several rows are equally near, the share of training rows
    among them counts: its expectation is c whatever their number.

    Args:
        x: rows that may be copies.
        train: rows that may have been copied.
        holdout: rows that were not.

    >>> nearer_to(np.array([[0.1], [0.9]]), np.array([[0.0]]), np.array([[1.0]])).share
    0.5
    """
    sides = (train, holdout)
    parts = ((k, side[i : i + PART]) for k, side in enumerate(sides) for i in _starts(side))
    return _nearness(_search(x, parts), len(train), len(holdout))


def _starts(rows: np.ndarray) -> range:
    return range(0, len(rows), PART)


def _nearness(found: Found, n_train: int, n_held_out: int) -> Nearness:
    chance = n_train / (n_train + n_held_out)
    as_near = found.counts.sum(axis=0)
    share = float((found.counts[0] / as_near).mean())
    copied = (share - chance) / (1 - chance)
    _, first, counts = np.unique(found.place, return_index=True, return_counts=True)
    return Nearness(
        share=float(np.clip((1 + copied) / 2, 0, 1)),
        effective=float(len(found.place) ** 2 / (counts**2 / as_near[first]).sum()),
        chance=chance,
    )


def affordable(neighbours: Neighbours, width: int) -> int:
    """Return how many samples can be searched for among all training and held-out samples.

    Args:
        neighbours: these samples.
        width: coordinates of a sample.
    """
    known = neighbours.train.n + neighbours.held_out.n
    return max(LEAST_SAMPLES, int(MOST_PRODUCTS // (known * width)))


def copied_share(x: Float[np.ndarray, "n c"], train: Float[np.ndarray, "m c"]) -> float:
    """Return the share of rows of x that equal a row of `train` in every column.

    Missing values (NaN) equal each other, and so do 0.0 and -0.0.

    >>> copied_share(np.array([[1.0, np.nan], [2.0, 3.0]]), np.array([[1.0, np.nan]]))
    0.5
    """
    return float(_equal(x, train).mean())


def _equal(x: Float[np.ndarray, "n c"], train: Float[np.ndarray, "m c"]) -> Bool[np.ndarray, " n"]:
    """Return which rows of x equal a row of `train`."""
    # NaN has many bit patterns, infinity has one.
    a, b = (row_bytes(np.where(np.isnan(rows), np.inf, rows)) for rows in (x, train))
    return np.isin(a, b)


def nearness(reference: Reference, raw: np.ndarray, neighbours: Neighbours) -> Nearness:
    """Return how often raw samples lie nearer to training than to held-out ones.

    It takes as many samples as the metric `dcr-share` is limited to, and all neighbours.
    """
    most = reference.limits.get("dcr-share", len(raw))
    x = reference.measure(raw[:most])
    part = max(1, min(PART, PART_BYTES // (8 * x.shape[1])))
    pools = (neighbours.train, neighbours.held_out)
    parts = (
        (side, reference.measure(rows))
        for side, pool in enumerate(pools)
        for rows in pool.parts(part)
    )
    return _nearness(_search(x, parts), neighbours.train.n, neighbours.held_out.n)


def _nearer(c: Comparison[Reference]) -> Mean | None:
    """Return the share of samples that lie nearer to training samples; none of samples in groups.

    Held-out groups are others than the training ones, and so differ from them without any copying.
    """
    if c.reference.split.dataset.groups is not None:
        return None
    near = nearness(c.reference, c.raw, c.reference.neighbours)
    return Mean(near.share, near.half_width)


def _nearer_of_real(reference: Reference) -> float | None:
    """Take the later half of the held-out samples, which cannot be copies, as generated ones."""
    if reference.split.dataset.groups is not None:
        return None
    known = reference.neighbours
    half = known.held_out.n // 2
    later = known.held_out.read(half, known.held_out.n)
    return nearness(
        reference, later, Neighbours(known.train, Pool(known.held_out.read, half))
    ).share


def _copied(c: Comparison[TableReference]) -> float:
    return _copied_share(c.reference, c.raw)


def _copied_of_real(reference: TableReference) -> float:
    return _copied_share(reference, reference.held_out)


def _copied_share(reference: TableReference, raw: Float[np.ndarray, "n c"]) -> float:
    """Return the share of rows that equal any training row."""
    equal = np.zeros(len(raw), dtype=bool)
    for train in reference.neighbours.train.parts(EQUAL_AT_ONCE):
        equal |= _equal(raw, train)
    return float(equal.mean())


NEARER = Metric(
    "dcr-share", "nearer to training", "%", "50: no copying", _nearer, floor=_nearer_of_real
)
COPIED = Metric("copied-share", "equal to training", "%", "as real", _copied, floor=_copied_of_real)
