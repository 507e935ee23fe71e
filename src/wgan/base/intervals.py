"""Student's confidence interval of a mean, and the rounding of every printed mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

LARGE = 999.5
"""From here on, three significant digits are printed as 1e+03, so whole numbers are printed."""


@dataclass(frozen=True)
class Mean:
    """A mean and the half-width of its confidence interval, in the unit of the values.

    The half-width is NaN for a single value. The confidence is 95 % unless stated otherwise.
    """

    value: float
    half_width: float

    def __str__(self) -> str:
        if isnan(self.half_width):
            return short(self.value)
        if self.half_width <= 0:
            return f"{short(self.value)} +- 0"
        places = decimals(self.half_width)
        return f"{self.value:.{places}f} +- {self.half_width:.{places}f}"


def mean_of(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Mean:
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
