"""Metrics of columns that describe a whole series: their own values, and what goes with them."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from wgan.data.tables.schema import Column
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference
from wgan.evaluation.metrics.shape import shape_errors
from wgan.evaluation.metrics.temporal import Series, mean_there, sides

PARTS = 4
"""Parts of the numbers of a column, of equally many held-out series each: quarters tell a rise from
a hump, and leave enough series in each.
"""
NO_LEVEL = -1


def levels_of(
    column: Column, values: Float[np.ndarray, " n"], of: Float[np.ndarray, " m"]
) -> Int64[np.ndarray, " n"]:
    """Return the level of each value: that of a category, or the quarter of a number.

    Args:
        column: what the values are of.
        values: of a static column; NaN is a level of its own, -1.
        of: values whose quartiles cut numbers.

    >>> number = Column("x", "numeric", "float64")
    >>> levels_of(number, np.array([0.0, 9.0, np.nan]), np.arange(8.0)).tolist()
    [0, 3, -1]
    """
    known = np.nan_to_num(values)
    if column.is_number:
        present = of[~np.isnan(of)]
        cuts = np.quantile(present, np.arange(1, PARTS) / PARTS) if len(present) else np.zeros(0)
        known = np.searchsorted(cuts, known, side="right")
    return np.where(np.isnan(values), NO_LEVEL, known).astype(np.int64)


def level_means_difference(
    x: Series, y: Series, x_levels: Int64[np.ndarray, " n"], y_levels: Int64[np.ndarray, " m"]
) -> float | None:
    """Return how far the means of the channels are apart at each level of a column.

    It is the sum over levels l of p(l) mean over channels of |m_x(l) - m_y(l)|. Here p is the share
    of a level in y, and m the mean of all values of a channel in series of the level. Levels
    that x does not have are left out: the error of the column's shape counts them.

    Args:
        x: series `[n, T, channels]` in standard deviations, with NaN for what is not there.
        y: series of the same shape.
        x_levels: the level of each series of x.
        y_levels: the level of each series of y.

    Returns:
        The difference; None where no level is on both sides.
    """
    weights = []
    differences = []
    for level in np.intersect1d(x_levels, y_levels):
        means = [_means(x[x_levels == level]), _means(y[y_levels == level])]
        difference = mean_there(np.abs(means[0] - means[1]))
        if difference is not None:
            weights.append(float((y_levels == level).mean()))
            differences.append(difference)
    return float(np.average(differences, weights=weights)) if differences else None


def _means(x: Series) -> Float[np.ndarray, " c"]:
    """Return the mean of the existing values of each channel; NaN if there are none."""
    count = (~np.isnan(x)).sum(axis=(0, 1))
    return np.where(count > 0, np.nansum(x, axis=(0, 1)) / np.maximum(count, 1), np.nan)


def _statics(c: Comparison[Reference]) -> tuple[Any, Any, Any]:
    """Return the static columns, and their values on both sides; None three times without."""
    codec: Any = c.reference.split.dataset.codec
    if codec.statics is None:
        return None, None, None
    rows = (codec.static_rows(raw) for raw in (c.raw, c.reference.held_out))
    return (codec.statics.learned, *rows)


def _shape(c: Comparison[Reference]) -> float | None:
    columns, x, y = c.once(_statics)
    return None if columns is None else float(shape_errors(columns, x, y).mean())


def _means_by_level(c: Comparison[Reference]) -> float | None:
    columns, x, y = c.once(_statics)
    if columns is None:
        return None
    series = c.once(sides)
    found = [
        level_means_difference(
            *series, levels_of(column, x[:, i], y[:, i]), levels_of(column, y[:, i], y[:, i])
        )
        for i, column in enumerate(columns)
    ]
    known = [each for each in found if each is not None]
    return float(np.mean(known)) if known else None


STATIC_SHAPE = Metric("static-shape-error", "shape error of static columns", "%", LOW, _shape)
STATIC_MEANS = Metric(
    "static-means", "means by static columns, mean difference", "sd", LOW, _means_by_level
)
