"""What is the exact transport distance between two sets of samples? The linear programme, solved to its optimum by POT.

Follows Peyre and Cuturi, "Computational Optimal Transport" (2019), section 2.3 (primal) and 2.5 (dual).
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from wgan.errors import WganError

MAX_PIVOTS = 1_000_000_000
"""POT's own limit (100,000) stops early from about n = 2000 on, with nothing but a warning."""

GAP_TOLERANCE = 1e-7
"""Largest relative difference between the primal and the dual value that we accept as the optimum."""

ROUNDING = 1e-13
"""What float64 leaves of a gap of zero, as a share of the largest cost."""


def wasserstein(x: ArrayLike, y: ArrayLike, p: int = 1) -> float:
    """Return the exact Wasserstein distance W_p between two samples with equal weights inside each.

    W_p(x, y) = min over plans T of (sum_ij T_ij |x_i - y_j|^p)^(1/p), T >= 0 with row sums 1/n and column sums 1/m;
    |.| is the Euclidean norm, all in float64. Memory grows as n m, time about as n^2 m.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: no samples, different dimensions, a NaN or infinity, an unknown order, or a solver that did not
            reach the optimum (the relative duality gap exceeds 1e-7).

    Source: Bonneel et al., "Displacement interpolation using Lagrangian mass transport" (2011), through POT's `ot.emd2`.

    >>> wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]])
    3.0
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    a, b = _samples(x, "x"), _samples(y, "y")
    if a.shape[1] != b.shape[1]:
        raise WganError(f"x has {a.shape[1]} dimensions and y has {b.shape[1]}: both need the same")
    cost = cdist(a, b, "euclidean" if p == 1 else "sqeuclidean")
    return _optimum(cost) ** (1 / p)


def _samples(x: ArrayLike, name: str) -> Float[np.ndarray, "n d"]:
    a = np.asarray(x, dtype=np.float64)
    a = a[:, None] if a.ndim == 1 else a
    if a.ndim != 2 or a.size == 0:
        raise WganError(f"{name} has shape {a.shape}: give at least one sample, as [n, d]")
    if not np.isfinite(a).all():
        raise WganError(f"{name} holds NaN or infinite values in row {int(np.argwhere(~np.isfinite(a))[0, 0])}")
    return a


def _optimum(cost: Float[np.ndarray, "n m"]) -> float:
    import ot  # POT takes half a second to import

    scale = cost.max()
    if scale == 0:
        return 0.0
    n, m = cost.shape
    wa, wb = np.full(n, 1 / n), np.full(m, 1 / m)
    value, log = ot.emd2(wa, wb, cost / scale, numItermax=MAX_PIVOTS, log=True, check_marginals=False)
    gap = abs(value - (wa @ log["u"] + wb @ log["v"]))
    if log["warning"] is not None or gap > GAP_TOLERANCE * abs(value) + ROUNDING:
        raise WganError(f"the exact solver stopped before the optimum at n={n}, m={m} (relative duality gap {gap:.3g}): use fewer samples")
    return float(max(value, 0.0) * scale)
