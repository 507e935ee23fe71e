"""Trend error: the difference between two tables in how pairs of columns go together.

The errors are those of Zhang et al. (2024, TabSyn), section 4.1. Here a missing value also counts
as a value of its own, except in correlations.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int64

from wgan.data.tables.schema import Column
from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.rows import TableReference
from wgan.evaluation.metrics.shape import MISSING, total_variation

# Bins of a number: few enough that, with some levels, each pair has many rows. Chosen here.
BINS = 10
Table = Float[np.ndarray, "n c"]


def trend_errors(
    columns: Sequence[Column], x: Table, y: Float[np.ndarray, "m c"]
) -> Float[np.ndarray, " pairs"]:
    """Return how differently each pair of columns goes together in x and in y, from 0 to 1.

    Two numbers: half the difference of their Pearson correlations, over rows that have both values.
    The correlation with a constant column is 0. Other pairs: the total variation distance of joint
    frequencies, with numbers in 10 bins of equal width over their range in y.

    Args:
        columns: what the columns hold.
        x: rows `[n, c]`.
        y: rows `[m, c]`.

    Returns:
        Errors of the pairs (0, 1), (0, 2), ..., (1, 2), ...

    >>> pair = [Column("a", "numeric", "float64"), Column("b", "numeric", "float64")]
    >>> x = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> trend_errors(pair, x, x * [1, -1]).round(6)
    array([1.])
    """
    coded = [_binned(column, x[:, i], y[:, i]) for i, column in enumerate(columns)]
    errors = []
    for i, j in _pairs(len(columns)):
        if columns[i].is_number and columns[j].is_number:
            r_x = _correlation(x[:, i], x[:, j])
            r_y = _correlation(y[:, i], y[:, j])
            errors.append(abs(r_x - r_y) / 2)
        else:
            (a, b), (c, d) = coded[i], coded[j]
            size = max(c.max(), d.max()) + 1
            joint_x = (a * size + c).astype(np.float64)
            joint_y = (b * size + d).astype(np.float64)
            errors.append(total_variation(joint_x, joint_y))
    return np.array(errors)


def _pairs(n: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(n) for j in range(i + 1, n))


def _binned(
    column: Column, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"]]:
    """Return bins or levels, counted from 1; 0 stands for a missing value."""
    if not column.is_number:
        x, y = (np.where(np.isnan(values), MISSING, values) + 1 for values in (x, y))
        return x.astype(np.int64), y.astype(np.int64)
    present = y[~np.isnan(y)]
    edges = np.zeros(1)
    if len(present):
        edges = np.linspace(present.min(), present.max(), BINS + 1)[1:-1]
    x_bins, y_bins = (
        np.where(np.isnan(values), 0, np.searchsorted(edges, np.nan_to_num(values), "right") + 1)
        for values in (x, y)
    )
    return x_bins.astype(np.int64), y_bins.astype(np.int64)


def _correlation(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def trend_of(c: Comparison[TableReference]) -> Float[np.ndarray, " pairs"]:
    """Return the trend error of each pair of columns."""
    return trend_errors(c.reference.columns, c.raw, c.reference.held_out)


def _mean(c: Comparison[TableReference]) -> float | None:
    errors = c.once(trend_of)
    return float(errors.mean()) if len(errors) else None


TREND = Metric("trend-error", "trend error", "%", LOW, _mean)
