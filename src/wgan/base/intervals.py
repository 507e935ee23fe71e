"""How sure is a mean? Student's 95 % interval, the one used wherever a mean is printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from scipy import stats

LARGE = 999.5


@dataclass(frozen=True)
class Mean:
    """A mean and the half-width of its interval, 95 % unless said otherwise; the half-width of a
    single value is not a number.
    """

    value: float
    half_width: float

    def __str__(self) -> str:
        if not self.half_width > 0:
            return short(self.value) + ("" if isnan(self.half_width) else " +- 0")
        d = decimals(self.half_width)
        return f"{self.value:.{d}f} +- {self.half_width:.{d}f}"


def mean_of(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Mean:
    """Return mean and t_{(1 + c) / 2, n-1} s / sqrt(n), for independent values of nearly normal
    mean (Student 1908), c the confidence.

    >>> print(mean_of([1.0, 2.0, 3.0]))
    2.0 +- 2.5
    """
    n = len(values)
    spread = (
        float("nan") if n < 2 else float(np.std(values, ddof=1)) if np.ptp(values) > 0 else 0.0
    )  # of equal values no rounding
    return Mean(
        float(np.mean(values)),
        float(stats.t.ppf((1 + confidence) / 2, max(n - 1, 1))) * spread / float(np.sqrt(n)),
    )


def short(value: float) -> str:
    """Return three significant digits, and large numbers whole.

    >>> short(0.012345), short(1234.5)
    ('0.0123', '1234')
    """
    return f"{value:.0f}" if abs(value) >= LARGE else f"{value:.3g}"


def decimals(half_width: float) -> int:
    """Return how many decimals show two significant digits of an interval: no more are known; 3
    where it has no width.

    >>> decimals(0.0012), decimals(15.0), decimals(0.0)
    (4, 0, 3)
    """
    return max(0, 1 - int(np.floor(np.log10(half_width)))) if half_width > 0 else 3
