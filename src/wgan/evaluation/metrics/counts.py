"""Exact test of whether two counts of rows are of one frequency.

If the counts g of N rows and t of M rows have one frequency, g is binomial given t + g. Its
probability is N / (N + M) (Przyborowski and Wilenski 1940).
"""

import numpy as np
from jaxtyping import Float, Shaped

# Evaluations of a perfect generator in which any count of a kind is flagged.
ERROR = 0.05


def p_values(
    generated: Shaped[np.ndarray, " k"], n: int, train: Shaped[np.ndarray, " k"], m: int
) -> Float[np.ndarray, " k"]:
    """Return the two-sided p value of each pair of counts.

    Args:
        generated: counts g; a mean over sets is rounded, which has less noise than one set.
        n: rows that g is counted in.
        train: counts t.
        m: rows that t is counted in.

    >>> p_values(np.array([0, 3]), 100, np.array([3, 3]), 100).tolist()
    [0.25, 1.0]
    """
    from scipy import stats  # takes a second to import

    g = np.rint(generated)
    part = n / (n + m)
    low = stats.binom.cdf(g, train + g, part)
    high = stats.binom.sf(g - 1, train + g, part)
    return np.asarray(np.minimum(2 * np.minimum(low, high), 1.0))
