"""Round numbers: whether multiples of 10, 100, ... are as frequent as they are in real rows.

People round, so multiples of a round step are often more frequent in a column than its neighbours
are (heaping, Heitjan and Rubin 1990). A generator that smooths a column loses this, and moves no
other figure much.
"""

from collections.abc import Iterator
from math import floor, inf, log10
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.rows import TableReference

# Multiples of a step that are seen to be frequent, and rows around each: one multiple may be
# frequent for another reason, such as 40 hours a week.
LEAST_MULTIPLES = 3
LEAST_AROUND = 20
# Multiples are clearly frequent at half as much again as a smooth density gives, and 5 % of rows
# more: a curved density moves them by a tenth or so.
FACTOR = 1.5
MORE = 0.05
# Standard deviations of the binomial count: some thousand steps are tried in a wide table.
DEVIATIONS = 5.0
# Distance from a multiple, in steps, that is the rounding of a double.
ROUNDING = 1e-6
# Steps down to a thousandth of the spread; finer ones are the grain of a measurement.
FINEST = 1e-3


class RoundColumn(NamedTuple):
    """A column with a round step, and the share of held-out rows at its multiples."""

    place: int
    step: float
    held_out: float


def round_step(x: Float[np.ndarray, " n"], step: float = 0.0) -> float | None:
    """Return the largest round step whose multiples are clearly too frequent; None without one.

    Round steps R are 1 and 5 times powers of ten, tried from small to large. Multiples of R are
    compared with those of the best step r so far, at first the column's own. In each window of R
    around a multiple, a smooth density puts a share r / R of these there. Zeros, and the most
    frequent multiple with its window, are left out. Of the other windows that hold 20 rows or more
    there must be three, and at least half of them must have the excess.

    Args:
        x: numbers; NaN: missing.
        step: the column's own step, of which all are multiples; 0: none.

    >>> x = np.random.default_rng(0).integers(1, 100, 2000)
    >>> round_step(np.where(np.arange(2000) % 2, x, np.rint(x / 10) * 10), 1.0)
    10.0
    >>> round_step(x.astype(float), 1.0) is None
    True
    """
    x = x[~np.isnan(x) & (x != 0)]
    if len(x) < LEAST_MULTIPLES * LEAST_AROUND:
        return None
    found, n = None, len(x)
    with np.errstate(over="ignore"):
        spread = float(np.ptp(x))
    for larger in _steps(spread, step):
        at = x[is_multiple(x, larger)]
        if len(at) >= MORE * n and _is_frequent(x, larger, (found or step) / larger):
            found, x = larger, at
    return found


def _steps(spread: float, step: float) -> Iterator[float]:
    """Yield round steps from the column's own step to a third of the spread.

    There are none where the spread is beyond the largest double.
    """
    if not 0 < spread < inf:
        return
    least = step or FINEST * spread
    for power in range(floor(log10(least)), floor(log10(spread)) + 1):
        for digit in (1, 5):
            larger = digit * 10.0**power
            ratio = larger / step if step else 2.0
            is_multiple = abs(ratio - round(ratio)) < ROUNDING and round(ratio) >= 2
            if least <= larger <= spread / LEAST_MULTIPLES and is_multiple:
                yield larger


def is_multiple(x: Float[np.ndarray, " n"], step: float) -> Bool[np.ndarray, " n"]:
    """Return which numbers are multiples of a step, zero excepted.

    Args:
        x: numbers; NaN: missing.
        step: the step.

    >>> is_multiple(np.array([0.0, 0.3, 0.35, np.nan]), 0.1)
    array([False,  True, False, False])
    """
    steps = x / step
    with np.errstate(invalid="ignore"):
        return (np.abs(steps - np.rint(steps)) < ROUNDING) & (x != 0)


def _is_frequent(x: Float[np.ndarray, " n"], step: float, smooth: float) -> bool:
    """Return whether multiples are clearly more frequent than a smooth density makes them."""
    windows, window = np.unique(np.floor(x / step + 0.5), return_inverse=True)
    around = np.bincount(window, minlength=len(windows))
    at = np.bincount(window[is_multiple(x, step)], minlength=len(windows))
    kept = (around >= LEAST_AROUND) & (np.arange(len(windows)) != at.argmax())
    if kept.sum() < LEAST_MULTIPLES:
        return False
    around, at = around[kept], at[kept]
    share = at.sum() / around.sum()
    least = max(FACTOR * smooth, smooth + MORE)
    noise = np.sqrt(max(smooth, 1 / around.sum()) / around.sum())
    enough = min(share, float(np.median(at / around))) > least
    return bool(enough and share - smooth > DEVIATIONS * noise)


def _share(x: Float[np.ndarray, " n"], step: float) -> float:
    """Return the share of numbers, zero and missing ones excepted, that are multiples."""
    known = ~np.isnan(x) & (x != 0)
    return float(is_multiple(x, step).sum() / max(known.sum(), 1))


def _round_columns(reference: TableReference) -> list[RoundColumn]:
    found = []
    for i, column in enumerate(reference.columns):
        step = round_step(reference.train[:, i], column.step) if column.kind == "numeric" else None
        if step is not None:
            share = _share(reference.held_out[:, i], step)
            found.append(RoundColumn(i, step, share))
    return [column for column in found if column.held_out > 0]


def round_shares(c: Comparison[TableReference]) -> Float[np.ndarray, " columns"]:
    """Return the share of a set at round numbers, of each column that has a round step."""
    columns = c.reference.once(_round_columns)
    return np.array([_share(c.raw[:, column.place], column.step) for column in columns])


def _error(c: Comparison[TableReference]) -> float | None:
    columns = c.reference.once(_round_columns)
    if not columns:
        return None
    held_out = np.array([column.held_out for column in columns])
    return float(np.mean(np.abs(c.once(round_shares) - held_out) / held_out))


def round_details(
    reference: TableReference, means: Float[np.ndarray, " columns"]
) -> dict[str, Any]:
    """Return step and shares of each column that has a round step.

    Args:
        reference: the real rows.
        means: shares of generated rows, as means over sets.
    """
    names = [column.name for column in reference.columns]
    return {
        names[column.place]: {
            "step": column.step,
            "generated": float(mean),
            "held_out": column.held_out,
        }
        for column, mean in zip(reference.once(_round_columns), means, strict=True)
    }


ROUND = Metric("round-error", "round numbers off", "%", LOW, _error)
