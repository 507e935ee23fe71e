"""The distribution of a column of numbers: its step, its spikes, and the cells of other numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.data.far import far_values
from wgan.data.tables.cells import LEAST_HOLDERS, fit_cells
from wgan.data.tables.column_kinds import FEW_VALUES
from wgan.data.tables.schema import Column, is_single
from wgan.data.tables.series import MICROSECOND
from wgan.data.tables.steps import MOST_DECIMALS, ROUNDING, SAME, rounded

SPIKE_SHARE = 0.05
"""A number that more than this share of the rows has is a state of its own. A generator that gives
continuous scores meets a single number almost never; rarer repeats pass for ordinary numbers.
"""
STEPS_IN_TIME = (86400.0, 3600.0, 60.0, 1.0, 1e-3)
"""Seconds: a day, an hour, a minute, a second, a millisecond."""
SINGLE_TOLERANCE = 1e-6
"""Relative error of numbers of single precision, which have 7 significant digits."""

Numbers = Float[np.ndarray, " n"]


def with_corrections(column: Column, x: Numbers, corrections: Mapping[str, Any]) -> Column:
    """Return a column of numbers or times with its step, and bounds where they are wider than x.

    Bounds are those of ordinary numbers: a code such as -999 may lie outside.

    Args:
        column: the column without them.
        x: `[n]` its values, none missing.
        corrections: `step`, `low` and `high`, where a schema gives them.

    Raises:
        WganError: values beyond `low` and `high`, or that are not multiples of `step`.
    """
    column = replace(column, step=float(corrections.get("step", infer_step(column, x))))
    snapped = rounded(x, column.step)
    if is_single(column.dtype):
        tolerance = SINGLE_TOLERANCE * np.abs(x)
    else:
        # A quarter of a step: rounding errors of far numbers are larger, and those of no others.
        tolerance = np.minimum(SAME * np.abs(x), column.step / 4)
        tolerance = np.maximum(tolerance, ROUNDING * np.abs(x))
    if not (np.abs(snapped - x) <= tolerance).all():
        worst = x[np.abs(snapped - x).argmax()]
        raise WganError(
            f"schema, column '{column.name}': {worst:g} is not a multiple of step = {column.step:g}"
        )
    values, counts = np.unique(snapped, return_counts=True)
    ordinary = values[~far_values(values, counts)]
    low = float(corrections.get("low", ordinary[0]))
    high = float(corrections.get("high", ordinary[-1]))
    if not low <= ordinary[0] or not ordinary[-1] <= high:
        raise WganError(
            f"schema, column '{column.name}': values run from {ordinary[0]:g} to {ordinary[-1]:g},"
            f" beyond low = {low:g} and high = {high:g}"
        )
    # A bound that equals the least or largest value, a code too, widens nothing.
    return replace(
        column,
        low=low if low < ordinary[0] and low != values[0] else None,
        high=high if high > ordinary[-1] and high != values[-1] else None,
    )


def with_distribution(column: Column, x: Numbers) -> Column:
    """Return a column of numbers or times with its spikes and cells.

    A far value of fewer than `LEAST_HOLDERS` rows is neither: these rows count as the nearest end.

    Args:
        column: the column with its step and bounds, and none of what is fitted.
        x: `[n]` its values, none missing; perhaps a part of those that the step was taken from.
    """
    wider = column.low is not None or column.high is not None
    values, counts = np.unique(rounded(x, column.step), return_counts=True)
    if len(values) <= FEW_VALUES and not wider:
        return replace(column, spikes=tuple(values.tolist()))
    far = far_values(values, counts)
    held = counts >= LEAST_HOLDERS
    single = held & (far | (counts > SPIKE_SHARE * len(x)))
    column = replace(
        column,
        spikes=tuple(values[single].tolist()),
        codes=tuple(values[far & held].tolist()),
        far_rows=int(counts[far & ~held].sum()),
    )
    ordinary = ~far & ~single
    values = values[ordinary]
    counts = counts[ordinary]
    if not len(values):
        return column
    cells = fit_cells(values, counts, column.step, column.low, column.high)
    return replace(column, cells=cells)


def infer_step(column: Column, x: Numbers) -> float:
    """Return the largest step that all values are multiples of.

    Steps of numbers are powers of ten up to 1; steps of times a day, an hour, and so on.

    Args:
        column: the column.
        x: `[n]` its values, none missing.

    Returns:
        The step; 0 where there is none.
    """
    if column.kind == "datetime":
        for step in STEPS_IN_TIME:
            if np.array_equal(np.rint(x / step) * step, x):
                return step
        return MICROSECOND
    if "int" in column.dtype.lower():
        return 1.0
    precision = np.float32 if is_single(column.dtype) else np.float64
    for decimals in range(MOST_DECIMALS):
        step = 10.0**-decimals
        if np.array_equal(rounded(x, step).astype(precision), x.astype(precision)):
            return step
    return 0.0
