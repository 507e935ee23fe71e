"""Trend errors: the difference between two tables in how pairs of columns go together.

There are two, which differ in how numbers are cut into bins beside categories, and are not to be
compared with each other:

- `trend-error`: ten bins of equal width over the range of the real column, for both tables.
- `trend-error-own-bins`: ten bins of equal width over each table's own range, and the largest value
  in an eleventh. This is the figure of published tables (Zhang et al. 2024, TabSyn, section 4.1, by
  sdmetrics 0.11). One missing extreme value moves all bins, so it reads high between two halves of
  one table too.
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
Codes = tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"]]


def trend_errors(
    columns: Sequence[Column], x: Table, y: Float[np.ndarray, "m c"], own_bins: bool = False
) -> Float[np.ndarray, " pairs"]:
    """Return how differently each pair of columns goes together in x and in y, from 0 to 1.

    Two numbers: half the difference of their Pearson correlations, over rows that have both values.
    The correlation with a constant column is 0. Other pairs: the total variation distance of joint
    frequencies, with numbers in 10 bins of equal width. A missing category is a level. A missing
    number is a bin of its own.

    Args:
        columns: what the columns hold.
        x: rows `[n, c]`.
        y: rows `[m, c]`.
        own_bins: cut the numbers of x over the range of x and those of y over that of y, with the
            largest value and missing ones in an eleventh bin, as published figures do; otherwise
            both over the range of y.

    Returns:
        Errors of the pairs (0, 1), (0, 2), ..., (1, 2), ...

    >>> pair = [Column("a", "numeric", "float64"), Column("b", "numeric", "float64")]
    >>> x = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> trend_errors(pair, x, x * [1, -1]).round(6)
    array([1.])
    """
    code = _in_own_bins if own_bins else _in_bins_of_y
    coded = [
        (code if column.is_number else _levels)(x[:, i], y[:, i])
        for i, column in enumerate(columns)
    ]
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


def _levels(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> Codes:
    """Return levels, counted from 1; 0 stands for a missing value."""
    x, y = (np.where(np.isnan(values), MISSING, values) + 1 for values in (x, y))
    return x.astype(np.int64), y.astype(np.int64)


def _in_bins_of_y(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> Codes:
    """Return bins over the range of y, counted from 1; 0 stands for a missing value."""
    present = y[~np.isnan(y)]
    edges = np.zeros(1)
    if len(present):
        edges = np.linspace(present.min(), present.max(), BINS + 1)[1:-1]
    x_bins, y_bins = (
        np.where(np.isnan(values), 0, np.searchsorted(edges, np.nan_to_num(values), "right") + 1)
        for values in (x, y)
    )
    return x_bins.astype(np.int64), y_bins.astype(np.int64)


def _in_own_bins(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> Codes:
    """Return bins over each side's own range, from 1 to 10; 11: the largest, or missing."""
    x_bins, y_bins = (
        np.digitize(values, np.histogram_bin_edges(values[~np.isnan(values)], BINS))
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


def _mean_in_own_bins(c: Comparison[TableReference]) -> float | None:
    errors = trend_errors(c.reference.columns, c.raw, c.reference.held_out, own_bins=True)
    return float(errors.mean()) if len(errors) else None


TREND = Metric("trend-error", "trend error", "%", LOW, _mean)
TREND_OWN_BINS = Metric(
    "trend-error-own-bins", "trend error, own bins", "%", LOW, _mean_in_own_bins
)
