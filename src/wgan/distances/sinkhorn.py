"""What is the distance with a little entropy? The Sinkhorn divergence: smooth in the samples, zero
only between equal ones.

Feydy et al., "Interpolating between optimal transport and MMD using Sinkhorn divergences" (2019).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances.exact import check_memory
from wgan.distances.samples import check_dimensions, weighted_samples

TOLERANCE = 1e-6
"""Largest error of the plan's sums that we accept, as a share of the mass."""

CHECK_EVERY = 10
UNDERFLOW = 600.0
"""exp(-600) is still a normal float64; a larger ratio of cost to epsilon would lose pairs."""


@dataclass(frozen=True)
class Sinkhorn:
    """A Sinkhorn divergence to the power 1/p, the `epsilon` it belongs to (unit^p), and the
    iterations of the three solves.
    """

    value: float
    epsilon: float
    iterations: int


def sinkhorn_divergence(
    x: ArrayLike,
    y: ArrayLike,
    p: int = 1,
    epsilon: float | None = None,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    max_iterations: int = 20_000,
) -> Sinkhorn:
    """Return the Sinkhorn divergence to the power 1/p, which tends to W_p as epsilon goes to 0.

    S(x, y) = OT(x, y) - (OT(x, x) + OT(y, y)) / 2, OT(x, y) = min over plans T of sum_ij T_ij |x_i
    - y_j|^p + epsilon KL(T || x's weights (x) y's weights).

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        epsilon: the weight of the entropy, in the unit to the power p; none: a twentieth of the
            mean of |x_i - y_j|^p, or what float64 needs for the pair farthest apart.
        x_weights: weights `[n]`; none: equal.
        y_weights: weights `[m]`; none: equal.
        max_iterations: how many are tried in each of the three solves.

    Returns:
        S^(1/p) in the unit of the samples. S is W_p^p at no epsilon above 0: quote the epsilon with
        it.

    Raises:
        WganError: as `wasserstein`; epsilon not above 0, or so small that the solve does not
            converge (the plan's sums are off by more than 1e-6) or leaves float64.

    Source: Feydy et al. (2019), equations 1, 3 and 25.

    >>> round(sinkhorn_divergence([[0.0], [1.0]], [[5.0], [6.0]], p=2).value, 2)
    5.0
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    (a, wa), (b, wb) = (
        weighted_samples(s, w, name) for s, w, name in ((x, x_weights, "x"), (y, y_weights, "y"))
    )
    check_dimensions(a, b)
    check_memory(max(len(a), len(b)), max(len(a), len(b)))
    a, wa, b, wb = a[wa > 0], wa[wa > 0], b[wb > 0], wb[wb > 0]
    middle = a.mean(axis=0)
    metric = "euclidean" if p == 1 else "sqeuclidean"
    a, b = a - middle, b - middle
    across, own = cdist(a, b, metric), [cdist(s, s, metric) for s in (a, b)]
    if epsilon is None:
        widest = max(float(cost.max()) for cost in (across, *own))
        epsilon = (
            max(float(wa @ across @ wb) / 20, widest / UNDERFLOW) or 1.0
        )  # any epsilon serves where all samples coincide
    if not (epsilon > 0 and np.isfinite(epsilon)):
        raise WganError(f"epsilon = {epsilon!r}: give a number above 0")
    value, iterations = _between(across, wa, wb, epsilon, max_iterations)
    for cost, weights in zip(own, (wa, wb), strict=True):
        half, count = _within(cost, weights, epsilon, max_iterations)
        value, iterations = value - half / 2, iterations + count
    return Sinkhorn(max(value, 0.0) ** (1 / p), epsilon, iterations)


def _between(
    cost: Float[np.ndarray, "n m"],
    wa: Float[np.ndarray, " n"],
    wb: Float[np.ndarray, " m"],
    epsilon: float,
    max_iterations: int,
) -> tuple[float, int]:
    """OT(x, y) by Sinkhorn's alternation, and the iterations; T = u K v with K = exp(-cost /
    epsilon) times the weights.
    """
    kernel = _kernel(cost, epsilon)
    v = np.ones(len(wb))
    for i in range(1, max_iterations + 1):
        u = 1 / (kernel @ (wb * v))
        v_next = 1 / ((wa * u) @ kernel)
        if i % CHECK_EVERY == 0 and wb @ np.abs(v / v_next - 1) < TOLERANCE:
            return epsilon * float(wa @ np.log(u) + wb @ np.log(v_next)), i
        v = v_next
    raise _unconverged(epsilon, max_iterations)


def _within(
    cost: Float[np.ndarray, "n n"], w: Float[np.ndarray, " n"], epsilon: float, max_iterations: int
) -> tuple[float, int]:
    """OT(x, x), whose two potentials are one: the averaged iteration converges in tens of steps
    (ibid., equation 25).
    """
    kernel = _kernel(cost, epsilon)
    u = np.ones(len(w))
    for i in range(1, max_iterations + 1):
        sums = u * (kernel @ (w * u))
        if i % CHECK_EVERY == 0 and w @ np.abs(sums - 1) < TOLERANCE:
            return 2 * epsilon * float(w @ np.log(u)), i
        u = u / np.sqrt(sums)
    raise _unconverged(epsilon, max_iterations)


def _kernel(cost: Float[np.ndarray, "n m"], epsilon: float) -> Float[np.ndarray, "n m"]:
    if cost.max() > UNDERFLOW * epsilon:
        raise WganError(
            f"epsilon = {epsilon:g} is too small for samples so far apart: give"
            f" {cost.max() / UNDERFLOW:.3g} or more, or use `wasserstein`"
        )
    return np.exp(-cost / epsilon)


def _unconverged(epsilon: float, iterations: int) -> WganError:
    return WganError(
        f"Sinkhorn's iteration did not converge in {iterations} steps at epsilon = {epsilon:g}:"
        " give a larger one, or take exact transport"
    )
