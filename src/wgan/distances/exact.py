"""Exact Wasserstein distances W1 and W2 between samples, with the solver's optimum checked.

The linear programme is solved by POT: on all pairs, or for large samples on few pairs that grow
until all others are priced out. Reference: Peyre and Cuturi, "Computational Optimal Transport"
(2019), sections 2.3 (primal) and 2.5 (dual).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.progress import Progress, silent
from wgan.distances.columns import small_of
from wgan.distances.generated import generated
from wgan.distances.samples import (
    centred_pair,
    check_dimensions,
    in_power,
    in_unit,
    weighted_samples,
)

MAX_PIVOTS = 1_000_000_000
"""Limit of the solver's pivots, never reached. POT's own limit (100,000) stops early from about
n = 2000 on, with nothing but a warning: 0.06 % off at n = 2,000 in 16-D, 3.5 % at n = 5,000.
"""

GAP_TOLERANCE = 1e-7
"""Largest relative difference between the plan's cost and a feasible dual's value.

Proved optima between 100 to 1,500 normal samples have gaps of 1e-14 to 5e-12. A solve that stopped
early, or one that a far sample misled, was off by 1e-4 and more.
"""

ROUNDING = 1e-10
"""Where the distance is nearly 0: the largest gap, as a share of a small cost.

Equal samples have no relative gap. As a share of the largest cost, one far sample would hide any
error; as a share of the median, samples of which most are equal were refused.
"""

SMALL_SIDE = 1000
"""Samples of each side from which the small cost is taken: a quantile of 10^6 costs takes
milliseconds, one of all costs about as much memory as the matrix.
"""

ROWS_AT_ONCE = 1024
"""Rows of the cost matrix in one step, so that no second matrix of n x m is made."""

BYTES_A_PAIR = 44
"""Peak memory of a solve on all pairs, measured: 4.3 GB at n = m = 10,000."""

BYTES_A_SAMPLE = 15_000
"""Peak memory of generated pairs for each sample of both sides, without its coordinates: 60 pairs
of 150 bytes at most, and two thirds as much again for what else there is.
"""

BYTES_A_COORDINATE = 40
"""The same for each coordinate: 25 was measured at n = m = 4,000 in 784-D."""

PAIRS_IN_PLANE = 10_000 * 10_000
PAIRS_IN_SPACE = 2_500 * 2_500
"""Pairs from which on they are generated, up to 3 dimensions and beyond, measured by
`benchmarks/distances.py --columns`. At 2,500 x 2,500 they take 0.3 to 0.7 of the time of all pairs
in 16-D. In the plane they take half, but points on a line do not end: such samples are left to the
solver of all pairs as long as it can hold them.
"""


@dataclass(frozen=True)
class Transport:
    """The optimum of the linear programme: the distance, and the dual that proves it.

    `distance` is in the unit of the samples. `u` `[n]` and `v` `[m]` are Kantorovich potentials, in
    that unit to the power p: u_i + v_j <= |x_i - y_j|^p for all i, j. Their weighted sum is
    distance^p up to the relative duality `gap`, which bounds the relative error of distance^p.
    `solver` says in words what solved it.
    """

    distance: float
    gap: float
    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    solver: str = "network simplex"


def wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    p: int = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """Return the exact Wasserstein distance W_p between two weighted samples.

    W_p(x, y) = min over plans T of (sum_ij T_ij |x_i - y_j|^p)^(1/p), where T >= 0 has the weights
    as row and column sums. |.| is the Euclidean norm, all in float64. Memory grows as n m and time
    about as n^2 m. From some thousand samples on, pairs are generated, and memory grows as n + m
    (see `transport`).

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: no samples, different dimensions, a NaN or infinity, wrong weights, an unknown
            order, or more samples than memory holds. Also if the solver did not prove its optimum:
            the duality gap exceeds both 1e-7 of the distance (to the power p) and 1e-10 of a small
            cost (the 10 % quantile of those above 0).

    Reference: Bonneel et al., "Displacement interpolation using Lagrangian mass transport" (2011),
    through POT's `ot.emd2`.

    >>> wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]])
    3.0
    """
    return transport(x, y, p, x_weights, y_weights).distance


def transport(
    x: ArrayLike,
    y: ArrayLike,
    p: int = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    progress: Progress = silent,
    device: str | None = None,
) -> Transport:
    """Return the exact distance as `wasserstein` does, with the potentials of the dual.

    max over u, v of sum_i a_i u_i + sum_j b_j v_j, with u_i + v_j <= |x_i - y_j|^p, equals W_p^p.
    Small samples are solved on all pairs. From 10,000 x 10,000 pairs on (2,500 x 2,500 beyond three
    dimensions) the solver starts from few pairs, and adds others until none of the n m pairs
    violates the dual, which proves the value all the same.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.
        progress: told of blocks of pairs priced, with the round and its gap.
        device: a device of torch, such as `cuda`, that prices the pairs of large samples; None:
            this machine's processors. The proof is the same.

    Returns:
        The distance in the unit of the samples; potentials in that unit to the power p.

    Raises:
        WganError: as `wasserstein`; or the device cannot be used.

    Reference: Peyre and Cuturi (2019), proposition 2.4.

    >>> t = transport([[0.0], [1.0]], [[3.0], [4.0]])
    >>> t.distance, float(t.u.mean() + t.v.mean())
    (3.0, 3.0)
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    a, wa = weighted_samples(x, x_weights, "x")
    b, wb = weighted_samples(matched(x, y), y_weights, "y")
    check_dimensions(a, b)
    few = few_pairs(len(a), len(b), a.shape[1])
    check_memory(len(a), len(b), few, a.shape[1])
    a, b, unit = centred_pair(a, b)
    if few:
        plan = _on_few_pairs(a, b, wa, wb, p, unit, progress, device)
    else:
        metric = "euclidean" if p == 1 else "sqeuclidean"
        plan = _optimum(cdist(a, b, metric), wa, wb, p)
    u = in_power(plan.u, unit, p)
    v = in_power(plan.v, unit, p)
    return Transport(in_unit(plan.distance, unit), plan.gap, u, v, plan.solver)


def few_pairs(n: int, m: int, d: int) -> bool:
    """Return whether pairs are generated, rather than all solved on at once.

    Args:
        n: samples of one side.
        m: samples of the other.
        d: dimensions.
    """
    return n * m >= (PAIRS_IN_PLANE if d <= 3 else PAIRS_IN_SPACE)


def _on_few_pairs(
    a: Float[np.ndarray, "n d"],
    b: Float[np.ndarray, "m d"],
    wa: Float[np.ndarray, " n"],
    wb: Float[np.ndarray, " m"],
    p: int,
    unit: float,
    progress: Progress,
    device: str | None,
) -> Transport:
    """Solve by generated pairs, and refuse a gap that is not closed, with the bracket it proves."""

    def report(what: str, done: int, total: int) -> None:
        progress(f"transport, {what}", done, total)

    found = generated(a, b, wa, wb, p, report, device)
    lower = float(wa @ found.u + wb @ found.v)
    gap = abs(found.upper - lower)
    closed = gap <= GAP_TOLERANCE * found.upper or gap <= ROUNDING * found.small
    if not (np.isfinite(gap) and closed):
        least = max(lower, 0.0) ** (1 / p) * unit
        most = found.upper ** (1 / p) * unit
        raise WganError(
            f"the exact solver did not close its duality gap in {found.rounds} rounds at"
            f" n={len(a)}, m={len(b)}: W{p} lies between {least:.8g} and {most:.8g}; use fewer"
            " samples"
        )
    relative = gap / found.upper if found.upper > 0 else 0.0
    words = f"{found.rounds} rounds of generated pairs"
    return Transport(found.upper ** (1 / p), relative, found.u, found.v, words)


def _optimum(
    cost: Float[np.ndarray, "n m"], wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"], p: int
) -> Transport:
    """Solve the linear programme, and refuse a solution that its dual does not prove."""
    import ot  # takes seconds to import, as POT imports torch where it is installed

    n, m = cost.shape
    scale = float(cost.max())
    if scale == 0:
        return Transport(0.0, 0.0, np.zeros(n), np.zeros(m))
    cost /= scale  # in place: the matrix is what takes the memory
    value, log = ot.emd2(wa, wb, cost, numItermax=MAX_PIVOTS, log=True, check_marginals=False)
    value = max(float(value), 0.0)
    u = log["u"]
    v = _feasible(cost, u)
    # A feasible dual never exceeds a plan's cost: where it does, the solver's value is no plan's.
    gap = abs(value - float(wa @ u + wb @ v))
    proved = gap <= GAP_TOLERANCE * value or gap <= ROUNDING * _small(cost)
    if log["warning"] is not None or not proved:
        raise WganError(
            f"the exact solver did not prove its optimum at n={n}, m={m} (relative duality gap"
            f" {gap / (value or 1.0):.1g}): use fewer samples, and remove any that lies far from"
            " all others"
        )
    relative_gap = gap / value if value > 0 else 0.0
    return Transport((value * scale) ** (1 / p), relative_gap, u * scale, v * scale)


def _small(cost: Float[np.ndarray, "n m"]) -> float:
    """Return the 10 % quantile of the costs above 0, of at most 1000 samples a side."""
    return small_of(cost[:: -(-len(cost) // SMALL_SIDE), :: -(-cost.shape[1] // SMALL_SIDE)])


def _feasible(
    cost: Float[np.ndarray, "n m"], u: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " m"]:
    """Return the largest v with u_i + v_j <= cost_ij.

    The solver's own v may be infeasible, since its tolerance is a share of the largest cost: its
    potentials then agree with a wrong value.
    """
    rows = range(0, len(u), ROWS_AT_ONCE)
    return np.min(
        [(cost[i : i + ROWS_AT_ONCE] - u[i : i + ROWS_AT_ONCE, None]).min(axis=0) for i in rows],
        axis=0,
    )


def check_memory(n: int, m: int, few: bool = False, d: int = 0) -> None:
    """Refuse samples whose solve would not fit into memory.

    Args:
        n: samples of one side.
        m: samples of the other.
        few: whether pairs are generated.
        d: dimensions, which count where pairs are generated.

    Raises:
        WganError: a solve would need more memory than the machine has free.
    """
    a_sample = BYTES_A_SAMPLE + BYTES_A_COORDINATE * d
    need = a_sample * (n + m) if few else BYTES_A_PAIR * n * m
    free = available_memory()
    if free is not None and need > free:
        raise WganError(
            f"exact transport of {n} x {m} samples needs {need / 1e9:.1f} GB and {free / 1e9:.1f}"
            " GB are free: use fewer samples"
        )


def available_memory() -> int | None:
    """Return the bytes available without swapping; None where the system has no `/proc/meminfo`."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kibibytes = (int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    return next((1024 * number for number in kibibytes), None)
