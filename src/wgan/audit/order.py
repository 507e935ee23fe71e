"""Tests of the order of a file: whether rows resemble those near them, as in a series.

Independent rows in another order are as probable, so that random orders give exact p-values.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

PERMUTATIONS = 999
"""Random orders that the order of a file is compared with: the smallest p-value is 1 / 1000, well
below the 0.0045 that each of eleven tests has.
"""

COLUMN_PERMUTATIONS = 399
"""Random orders of whole rows: fewer, as each takes all columns. The smallest p-value is 1 / 400,
below 0.0045.
"""

NUMBERS_IN_ORDER = 2**18
"""Most numbers of a side whose order is tested column by column, beginning with the columns of
largest variance. The tests take 3 s of process time for 4,000 rows in 64-D, and 10 s for 4 columns
of 60,000 rows.
"""

NUMBERS_AT_ONCE = 2**20
"""Scores permuted at once: 8 MB in float64."""

LEAST_ROWS = 10
"""Fewest rows whose order is tested; a bracket holds out as many or more."""


Classes = Int64[np.ndarray, " n"]
"""Rows of one class are exchangeable; those of different classes need not be."""


def order_test(
    scores: Float[np.ndarray, " n"],
    generator: np.random.Generator,
    classes: Classes | None = None,
) -> tuple[float, int, float]:
    """Return the mean correlation of neighbours, up to which lag, and its p-value.

    With u the standardised ranks and r_k = sum_i u_i u_{i+k} / n, the statistic is the largest
    |Z_w| of Z_w = sqrt(n / w) sum_{k <= w} r_k over w = 1, 2, 4, ... up to n / 4: short lags see a
    series, long ones drift and sorted blocks. It is compared with random orders of the same scores,
    so that the p-value is exact for independent rows of any law.

    Args:
        scores: `[n]` in the order of the file, of a function made without these rows.
        generator: draws the permutations.
        classes: `[n]`, within which alone rows are permuted; None: all are of one class.

    Returns:
        The mean of r_k up to the lag w of the largest |Z_w|, this w, and the p-value.

    >>> order_test(np.arange(100.0), np.random.default_rng(0))[2]
    0.001
    """
    n = len(scores)
    u = _standard_ranks(scores[:, None])
    if n < LEAST_ROWS or not len(u):
        return 0.0, 1, 1.0
    lags = _lags(n)
    scale = np.sqrt(np.array(lags) * n)
    sums = _lag_sums(u, lags)[0]
    z = np.abs(sums) / scale
    best = int(z.argmax())
    beaten = 0
    at_once = max(1, NUMBERS_AT_ONCE // n)
    for done in range(0, PERMUTATIONS, at_once):
        orders = _orders(min(at_once, PERMUTATIONS - done), n, generator, classes)
        largest = (np.abs(_lag_sums(u[0][orders], lags)) / scale).max(axis=1)
        # Orders that equal scores make alike differ by rounding alone.
        beaten += int((largest >= z[best] * (1 - 1e-9)).sum())
    return float(sums[best] / lags[best] / n), lags[best], (1 + beaten) / (1 + PERMUTATIONS)


def columns_order_test(
    values: Float[np.ndarray, "n d"],
    generator: np.random.Generator,
    classes: Classes | None = None,
) -> tuple[float, int, int, float]:
    """Return the mean correlation of neighbours in one column, which, up to which lag, and p.

    The statistic is that of `order_test`, the largest over columns, and random orders are those of
    whole rows. A critic may not read the column by which a file is sorted.

    Args:
        values: `[n, d]` in the order of the file.
        generator: draws the permutations.
        classes: `[n]`, within which alone rows are permuted; None: all are of one class.

    Returns:
        The mean correlation, the column (from 0), the lag and the p-value.
    """
    n, d = values.shape
    by_variance = np.argsort(-values.var(axis=0), kind="stable")
    columns = np.sort(by_variance[: max(1, min(d, NUMBERS_IN_ORDER // n))])
    columns = columns[np.ptp(values[:, columns], axis=0) > 0]
    if n < LEAST_ROWS or not len(columns):
        return 0.0, 0, 1, 1.0
    u = _standard_ranks(values[:, columns])
    lags = _lags(n)
    scale = np.sqrt(np.array(lags) * n)
    sums = _lag_sums(u, lags)
    z = np.abs(sums) / scale
    column, lag = np.unravel_index(z.argmax(), z.shape)
    beaten = 0
    for _ in range(COLUMN_PERMUTATIONS):
        (order,) = _orders(1, n, generator, classes)
        drawn = np.abs(_lag_sums(u[:, order], lags)) / scale
        beaten += bool(drawn.max() >= z[column, lag] * (1 - 1e-9))
    correlation = float(sums[column, lag] / lags[lag] / n)
    p = (1 + beaten) / (1 + COLUMN_PERMUTATIONS)
    return correlation, int(columns[column]), lags[lag], p


def _orders(
    count: int, n: int, generator: np.random.Generator, classes: Classes | None
) -> Int64[np.ndarray, "count n"]:
    """Return random orders of n rows, in each of which rows stay at places of their class."""
    if classes is None:
        return generator.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
    by_class = np.argsort(classes, kind="stable")
    orders = np.empty((count, n), dtype=np.int64)
    # Whole parts are the classes, and the rest is a random order within each.
    orders[:, by_class] = np.argsort(classes + generator.random((count, n)), axis=1)
    return orders


def _standard_ranks(values: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "c n"]:
    """Return the ranks of each column that varies, with mean 0 and standard deviation 1."""
    from scipy import stats  # takes a second to import, and only tests need it

    ranks = stats.rankdata(values, axis=0).T - (len(values) + 1) / 2
    ranks = ranks[ranks.any(axis=1)]
    return np.asarray(ranks / ranks.std(axis=1, keepdims=True))


def _lags(n: int) -> list[int]:
    """Return 1, 2, 4, ... up to n / 4."""
    return [2**k for k in range(max(1, int(np.log2(n / 4)) + 1))]


def _lag_sums(u: Float[np.ndarray, "b n"], lags: Sequence[int]) -> Float[np.ndarray, "b w"]:
    """Return sum_{k <= w} sum_i u_i u_{i+k} of each row for each lag w; rows have the mean 0."""
    total = np.cumsum(u, axis=1)
    n = u.shape[1]
    # Beyond the end the sum stays 0, that of all.
    return np.stack([(u[:, : n - w] * total[:, w:]).sum(1) - (u * total).sum(1) for w in lags], 1)
