"""What is the exact transport distance between two sets of samples? The linear programme, solved to its optimum by POT.

Follows Peyre and Cuturi, "Computational Optimal Transport" (2019), section 2.3 (primal) and 2.5 (dual).
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from wgan.distances.samples import weighted_samples
from wgan.errors import WganError

MAX_PIVOTS = 1_000_000_000
"""POT's own limit (100,000) stops early from about n = 2000 on, with nothing but a warning."""

GAP_TOLERANCE = 1e-7
"""Largest relative difference between the primal and the dual value that we accept as the optimum."""

ROUNDING = 1e-13
"""What float64 leaves of a gap of zero, as a share of the largest cost."""


def wasserstein(x: ArrayLike, y: ArrayLike, p: int = 1, x_weights: ArrayLike | None = None, y_weights: ArrayLike | None = None) -> float:
    """Return the exact Wasserstein distance W_p between two weighted samples.

    W_p(x, y) = min over plans T of (sum_ij T_ij |x_i - y_j|^p)^(1/p), T >= 0 with the weights as row and column sums;
    |.| is the Euclidean norm, all in float64. Memory grows as n m, time about as n^2 m.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        x_weights: weights `[n]`, at least 0, divided by their sum; none: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: no samples, different dimensions, a NaN or infinity, wrong weights, an unknown order, or a solver that
            did not reach the optimum (the relative duality gap exceeds 1e-7).

    Source: Bonneel et al., "Displacement interpolation using Lagrangian mass transport" (2011), through POT's `ot.emd2`.

    >>> wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]])
    3.0
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    (a, wa), (b, wb) = (weighted_samples(s, w, name) for s, w, name in ((x, x_weights, "x"), (y, y_weights, "y")))
    if a.shape[1] != b.shape[1]:
        raise WganError(f"x has {a.shape[1]} dimensions and y has {b.shape[1]}: both need the same")
    middle = a.mean(axis=0)  # a distance does not depend on the origin, but float64 does
    return _optimum(cdist(a - middle, b - middle, "euclidean" if p == 1 else "sqeuclidean"), wa, wb) ** (1 / p)


def _optimum(cost: Float[np.ndarray, "n m"], wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"]) -> float:
    import ot  # POT takes half a second to import

    scale = cost.max()
    if scale == 0:
        return 0.0
    value, log = ot.emd2(wa, wb, cost / scale, numItermax=MAX_PIVOTS, log=True, check_marginals=False)
    gap = abs(value - (wa @ log["u"] + wb @ log["v"]))
    if log["warning"] is not None or gap > GAP_TOLERANCE * abs(value) + ROUNDING:
        n, m = cost.shape
        raise WganError(f"the exact solver stopped before the optimum at n={n}, m={m} (relative duality gap {gap:.3g}): use fewer samples")
    return float(max(value, 0.0) * scale)
