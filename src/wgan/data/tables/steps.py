"""Numbers in whole steps, such as cents."""

import numpy as np
from jaxtyping import Float

MOST_DECIMALS = 12
"""Multiples of a step are rounded to so many decimals, which takes rounding errors away. A double
has 15 significant digits, so numbers up to 1,000 keep all that they have.
"""


def rounded(x: Float[np.ndarray, " n"], step: float) -> Float[np.ndarray, " n"]:
    """Return the nearest multiples of `step`.

    A step that is a power of ten rounds to decimals, so that 0.3 is the double that is written 0.3.

    Args:
        x: `[n]` numbers.
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
