"""Numbers in whole steps, such as cents."""

import numpy as np
from jaxtyping import Bool, Float

MOST_DECIMALS = 12
"""Decimals to which multiples of a step are rounded, which removes rounding errors. A double has 15
significant digits, so numbers up to 1,000 keep all that they have.
"""
SAME = 1e-12
"""Relative distance below which numbers of one step are compared by their multiples of it: 10,000
times the rounding error of a double. Farther ones differ, though they may round to one multiple.
"""
ROUNDING = 1e-15
"""Relative distance below which two numbers without a step are one, such as 0.3 and 0.1 + 0.2: some
rounding errors of a double, which has 2.2e-16.
"""


def equal(
    x: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"] | float, step: float
) -> Bool[np.ndarray, " n"]:
    """Return where numbers are the same but for rounding errors, and so never a step apart.

    Args:
        x: `[n]` numbers; NaN equals none.
        other: `[n]` numbers, or one.
        step: numbers are multiples of it; 0: any number.

    >>> equal(np.array([0.1 + 0.2, 1.7e9 + 1e-6]), np.array([0.3, 1.7e9]), 1e-6)
    array([ True, False])
    """
    near: np.ndarray = np.abs(x - other) <= (SAME if step else ROUNDING) * np.abs(x)
    if step:
        near &= rounded(x, step) == rounded(
            np.atleast_1d(np.asarray(other, dtype=np.float64)), step
        )
    return near


def rounded(x: Float[np.ndarray, "*shape"], step: float) -> Float[np.ndarray, "*shape"]:
    """Return the nearest multiples of `step`.

    A step that is a power of ten rounds to decimals, so that 0.3 is the double that is written 0.3.

    Args:
        x: the numbers.
        step: the step; 0 returns the numbers as they are.
    """
    if not step:
        return x
    decimals = round(-np.log10(step))
    # 1e-9 tells 0.01 from every other step that data have, whatever rounding made of it.
    if decimals >= 0 and np.isclose(step, 10.0**-decimals, rtol=1e-9, atol=0):
        return np.round(x, decimals)
    nearest = np.rint(x / step) * step
    # Multiples of a whole step are whole already, and far dates have too many digits to be rounded.
    return nearest if step == np.rint(step) else np.round(nearest, MOST_DECIMALS)
