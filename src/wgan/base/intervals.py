"""Student's confidence interval of a mean, an exact rank test, and the rounding of means."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, isnan

import numpy as np

CONFIDENCE = 0.95
"""Probability of an interval unless stated otherwise."""
MOST_ORDERS = 200_000
"""Orders that are counted one by one, up to 10 values against 10, in a second; beyond, the normal
limit of the rank sum is near enough.
"""
LARGE = 999.5
"""Numbers from here on are printed as whole ones: three significant digits would give 1e+03."""


@dataclass(frozen=True)
class Mean:
    """A mean and the half-width of its confidence interval, in the unit of the values.

    The half-width is NaN for a single value. The confidence is 95 % unless stated otherwise.
    """

    value: float
    half_width: float

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.value + self.half_width

    def __str__(self) -> str:
        if isnan(self.half_width):
            return short(self.value)
        if self.half_width <= 0:
            return f"{short(self.value)} +- 0"
        places = decimals(self.half_width)
        return f"{self.value:.{places}f} +- {self.half_width:.{places}f}"


def mean_of(values: Sequence[float] | np.ndarray, confidence: float = CONFIDENCE) -> Mean:
    """Return the mean of independent values with Student's confidence interval.

    half-width = t_{(1 + c) / 2, n - 1} s / sqrt(n), with s the sample standard deviation.

    Args:
        values: `[n]`, at least one, in any unit; their mean should be nearly normal.
        confidence: c, between 0 and 1.

    Reference: Student, "The probable error of a mean" (1908).

    >>> print(mean_of([1.0, 2.0, 3.0]))
    2.0 +- 2.5
    """
    from scipy import stats  # takes a second to import, and few callers need an interval

    n = len(values)
    quantile = float(stats.t.ppf((1 + confidence) / 2, max(n - 1, 1)))
    return Mean(float(np.mean(values)), quantile * _deviation(values) / float(np.sqrt(n)))


def rank_test(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the probability that two equal distributions differ as much in their mean ranks.

    Wilcoxon's rank-sum test, two-sided, by counting all orders; equal values share their ranks. It
    holds for every distribution, also where some values lie far from the others.

    Args:
        x: independent values.
        y: independent values of the other side.

    Reference: Wilcoxon, "Individual comparisons by ranking methods" (1945).

    >>> round(rank_test([1, 2, 3, 4, 5], [6, 7, 8, 9, 99]), 4)  # 2 of 252 orders
    0.0079
    """
    from scipy import stats  # takes a second to import, and few callers need a test

    if comb(len(x) + len(y), len(x)) > MOST_ORDERS:
        return float(stats.mannwhitneyu(x, y, method="asymptotic").pvalue)
    ranks = stats.rankdata([*x, *y])
    sides = ranks[: len(x)], ranks[len(x) :]
    return float(stats.permutation_test(sides, _apart, vectorized=True, n_resamples=np.inf).pvalue)


def least_of_rank_test(n: int, m: int) -> float:
    """Return the least value that `rank_test` of n and m values can have: 2 orders of all.

    >>> round(least_of_rank_test(3, 3), 3), round(least_of_rank_test(5, 5), 4)
    (0.1, 0.0079)
    """
    return min(1.0, 2 / comb(n + m, n))


def _apart(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(a.mean(axis=axis) - b.mean(axis=axis))


def _deviation(values: Sequence[float] | np.ndarray) -> float:
    """Return the sample standard deviation; NaN for a single value."""
    if len(values) < 2:
        return float("nan")
    # Equal values have exactly 0; computed, rounding of their mean would leave about 1e-17.
    return float(np.std(values, ddof=1)) if np.ptp(values) > 0 else 0.0


def short(value: float) -> str:
    """Return a number in three significant digits, and a large one without decimals.

    >>> short(0.012345), short(1234.5)
    ('0.0123', '1234')
    """
    return f"{value:.0f}" if abs(value) >= LARGE else f"{value:.3g}"


def decimals(half_width: float) -> int:
    """Return how many decimals show two significant digits of a half-width, as no more are known.

    Without a positive half-width, 3.

    >>> decimals(0.0012), decimals(15.0), decimals(0.0)
    (4, 0, 3)
    """
    return max(0, 1 - int(np.floor(np.log10(half_width)))) if half_width > 0 else 3
