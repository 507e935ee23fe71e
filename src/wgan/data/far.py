"""Far values of a column of numbers: codes such as -999, and slips, apart from all other values."""

import numpy as np
from jaxtyping import Bool, Float, Int64

EMPTY = 2.0
"""A value that repeats is far beyond an empty stretch of twice the middle half of the values: as
much as all of them span, where they are evenly spread.
"""
NEARER = 0.5
OFTEN = 3.0
"""So is a value beyond half the middle half, if it has three times the rows of ordinary values:
-1 among ages of 20 to 80. By rows alone, price points such as 99.99 would be codes too.
"""
FAR = 10.0
"""A value that does not repeat is far beyond a stretch of ten times the spread of the others. In
200 samples of 1,000 numbers each, 3 samples of a log-normal with sigma 2 have such a value, and 30
of a Cauchy distribution. So heavy tails stay tails.
"""
MOST_CODES = 20
"""Most far values that are codes: more are a second group of ordinary values. Surveys have about
five (refused, unknown, does not apply, ...). Nor are there any among so few values, whose middle
says nothing.
"""


def far_values(
    values: Float[np.ndarray, " k"], counts: Int64[np.ndarray, " k"]
) -> Bool[np.ndarray, " k"]:
    """Return which values lie apart from all the others, on either side.

    The middle half is that of the different values, so that a frequent code does not count as the
    middle.

    Args:
        values: the different values, rising.
        counts: how often each occurs.

    >>> x = np.array([-999.0, *range(20, 80), 1e30])
    >>> x[far_values(x, np.array([9, *[2] * 60, 1]))].tolist()
    [-999.0, 1e+30]
    """
    if len(values) <= MOST_CODES:
        return np.zeros(len(values), dtype=bool)
    low, high = np.quantile(values, (0.25, 0.75), method="nearest").tolist()
    near = _outside(values, NEARER * (high - low))
    ordinary = values[~near]
    often = near & (counts >= OFTEN * counts[~near].mean())
    repeated = _outside(values, EMPTY * (high - low)) & (counts > 1)
    single = _beyond(values, ordinary[0]) | _beyond(-values[::-1], -ordinary[-1])[::-1]
    far = often | repeated | single
    return far if far.sum() <= MOST_CODES else np.zeros(len(values), dtype=bool)


def _outside(values: Float[np.ndarray, " k"], width: float) -> Bool[np.ndarray, " k"]:
    """Return which values lie past an empty stretch wider than `width`, seen from the median."""
    middle = len(values) // 2
    wide = (np.diff(values) > width) & (width > 0)
    upper = np.logical_or.accumulate(wide[middle:])
    lower = np.logical_or.accumulate(wide[:middle][::-1])[::-1]
    return np.concatenate([lower, [False], upper])


def _beyond(values: Float[np.ndarray, " k"], low: float) -> Bool[np.ndarray, " k"]:
    """Return which values lie above an empty stretch of `FAR` times the spread from `low` to it."""
    upper = values[len(values) // 2 :]
    spread = upper[:-1] - low
    cut = (spread > 0) & (np.diff(upper) > FAR * spread)
    below = np.zeros(len(values) - len(cut), dtype=bool)
    return np.concatenate([below, np.logical_or.accumulate(cut)])
