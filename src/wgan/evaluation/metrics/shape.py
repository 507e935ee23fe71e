"""Shape error: the distance between each column's distribution in two tables.

The errors are those of Zhang et al. (2024, TabSyn), section 4.1. Here a missing value also counts
as a value of its own.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from wgan.data.tables.schema import Column
from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.rows import TableReference

Table = Float[np.ndarray, "n c"]
# Levels are counted from 0, so this number is free for a missing value.
MISSING = -1


def shape_errors(
    columns: Sequence[Column], x: Table, y: Float[np.ndarray, "m c"]
) -> Float[np.ndarray, " c"]:
    """Return the distance between each column's distribution in x and in y, from 0 to 1.

    Numbers: the Kolmogorov-Smirnov distance sup_t |F(t) - G(t)|, where a missing value is larger
    than all others. Categories: the total variation distance 1/2 sum |p - q|, where a missing value
    is a level.

    Args:
        columns: what the columns hold.
        x: rows `[n, c]`.
        y: rows `[m, c]`.

    >>> number = Column("x", "numeric", "float64")
    >>> shape_errors([number], np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]))
    array([0.5])
    """
    distances = []
    for i, column in enumerate(columns):
        distance = kolmogorov_smirnov if column.is_number else total_variation
        distances.append(distance(x[:, i], y[:, i]))
    return np.array(distances)


def kolmogorov_smirnov(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> float:
    """Return sup_t |F(t) - G(t)|; a missing value is larger than all others.

    >>> kolmogorov_smirnov(np.array([0.0, np.nan]), np.array([0.0]))
    0.5
    """
    x, y = (np.sort(np.where(np.isnan(values), np.inf, values)) for values in (x, y))
    at = np.concatenate([x, y])
    f = np.searchsorted(x, at, "right") / len(x)
    g = np.searchsorted(y, at, "right") / len(y)
    return float(np.abs(f - g).max())


def total_variation(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> float:
    """Return 1/2 sum |p - q| of the frequencies of levels; a missing value is a level.

    >>> total_variation(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    0.5
    """
    both = np.concatenate([x, y])
    codes = np.unique(np.where(np.isnan(both), MISSING, both), return_inverse=True)[1]
    sides = (codes[: len(x)], codes[len(x) :])
    p, q = (np.bincount(side, minlength=codes.max() + 1) / len(side) for side in sides)
    return float(0.5 * np.abs(p - q).sum())


def shape_of(c: Comparison[TableReference]) -> Float[np.ndarray, " c"]:
    """Return the shape error of each column."""
    return shape_errors(c.reference.columns, c.raw, c.reference.held_out)


def _mean(c: Comparison[TableReference]) -> float:
    return float(c.once(shape_of).mean())


SHAPE = Metric("shape-error", "shape error", "%", LOW, _mean)
