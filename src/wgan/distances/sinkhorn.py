"""Sinkhorn divergence between two samples: transport with entropy, smooth in the samples.

It is zero only between equal samples. Reference: Feydy et al., "Interpolating between optimal
transport and MMD using Sinkhorn divergences" (2019).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, check_number
from wgan.distances.costs import all_costs
from wgan.distances.samples import (
    Samples,
    centred_pair,
    check_dimensions,
    in_power,
    weighted_samples,
)
from wgan.distances.sizes import check_memory

TOLERANCE = 1e-6
"""Largest error of the plan's sums that is accepted, as a share of the mass.

It was chosen on 500 normal samples a side in 2 and 16 dimensions. 1e-9 instead changes the value by
less than 1e-10 of itself, and takes about twice the iterations. 1e-4 changes it by up to 1e-7.
"""

SLACK = 10.0
"""Tolerances, as shares of the largest cost, by which rounding may take the divergence below zero:
its three solves use up at most one each.
"""

CHECK_EVERY = 10
"""Iterations between checks: a check costs little, and up to nine iterations may be superfluous."""

EPSILON_SHARE = 20
"""Mean cost over default epsilon: a smaller epsilon is nearer to W_p, and slower."""

UNDERFLOW = 600.0
"""Largest ratio of cost to epsilon.

exp(-600) = 3e-261 is far above float64's smallest normal number, 2e-308, so that its products with
weights do not vanish. Beyond that, pairs would be lost.
"""


@dataclass(frozen=True)
class Sinkhorn:
    """A Sinkhorn divergence to the power 1/p, in the unit of the samples.

    `epsilon` is the weight of the entropy, in that unit to the power p. `iterations` counts those
    of all three solves.
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

    S(x, y) = OT(x, y) - (OT(x, x) + OT(y, y)) / 2, with OT(x, y) = min over plans T of sum_ij T_ij
    |x_i - y_j|^p + epsilon KL(T

    a b^T).

    Here a and b are the weights of x and y.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        epsilon: the weight of the entropy, in the unit to the power p. None: a twentieth of the
            mean of |x_i - y_j|^p, or more if float64 needs it for the pair farthest apart.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.
        max_iterations: limit of each of the three solves.

    Returns:
        S^(1/p) in the unit of the samples. At every epsilon above 0 it differs from W_p: quote the
        epsilon with it.

    Raises:
        WganError: as `wasserstein`; epsilon not above 0; or an epsilon so small that the solve does
            not converge (the plan's sums are off by more than 1e-6) or leaves float64.

    See also:
        wasserstein: the exact distance, without entropy.

    Reference: Feydy et al. (2019), equations 1, 3 and 25.

    >>> round(sinkhorn_divergence([[0.0], [1.0]], [[5.0], [6.0]], p=2).value, 2)
    5.0
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    a, wa = weighted_samples(x, x_weights, "x")
    b, wb = weighted_samples(matched(x, y), y_weights, "y")
    check_dimensions(a, b)
    check_memory(max(len(a), len(b)), max(len(a), len(b)))
    a, wa = _weighty(a, wa)
    b, wb = _weighty(b, wb)
    a, b, unit = centred_pair(a, b)
    scaled = [all_costs(*pair, p) for pair in ((a, b), (a, a), (b, b))]
    across, *within = (in_power(cost, unit, p) for cost in scaled)
    widest = max(float(cost.max()) for cost in (across, *within))
    if widest < np.finfo(np.float64).tiny and max(float(cost.max()) for cost in scaled) > 0:
        raise WganError(
            "the samples lie so near each other that float64 underflows: multiply both by a common"
            " number"
        )
    if epsilon is None:
        epsilon = max(float(wa @ across @ wb) / EPSILON_SHARE, widest / UNDERFLOW)
        epsilon = epsilon or 1.0  # where all samples coincide, any epsilon gives 0
    check_number(epsilon, "epsilon")
    if not (epsilon > 0 and np.isfinite(epsilon)):
        raise WganError(f"epsilon = {epsilon!r}: give a number above 0")
    value, iterations = _between(across, wa, wb, epsilon, max_iterations)
    for cost, weights in zip(within, (wa, wb), strict=True):
        self_term, count = _within(cost, weights, epsilon, max_iterations)
        value -= self_term / 2
        iterations += count
    # It is never negative. The plans' sums are known to the tolerance, and with them the value.
    if not value >= -SLACK * TOLERANCE * widest:
        raise _unconverged(epsilon, max_iterations)
    return Sinkhorn(max(value, 0.0) ** (1 / p), epsilon, iterations)


def _weighty(a: np.ndarray, weights: np.ndarray) -> Samples:
    """Return the samples of positive weight: the others would count in the widest cost."""
    return a[weights > 0], weights[weights > 0]


def _between(
    cost: Float[np.ndarray, "n m"],
    wa: Float[np.ndarray, " n"],
    wb: Float[np.ndarray, " m"],
    epsilon: float,
    max_iterations: int,
) -> tuple[float, int]:
    """Return OT(x, y) by Sinkhorn's alternation, and the iterations.

    The plan is T_ij = a_i u_i K_ij v_j b_j with K = exp(-cost / epsilon).
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
    """Return OT(x, x), whose two potentials are one, and the iterations.

    The averaged iteration u <- sqrt(u / (K (w u))) (Feydy et al. 2019, equation 25) converges in
    tens of steps, where the alternation takes thousands.
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
        " give a larger epsilon, or use `wasserstein`"
    )
