"""Exact Wasserstein distances W1 and W2 between samples, with the solver's optimum checked.

The linear programme is solved by POT: on all pairs, or for large samples on few pairs that grow
until all others are priced out. Reference: Peyre and Cuturi, "Computational Optimal Transport"
(2019), sections 2.3 (primal) and 2.5 (dual).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.matching import matched, names_of_columns
from wgan.base.numbers import ArrayLike
from wgan.base.progress import Progress, silent
from wgan.distances.columns import small_of
from wgan.distances.costs import Cost, Ground, samples_of
from wgan.distances.generated import generated
from wgan.distances.plan import Transport, any_plan, entries, sparse_plan
from wgan.distances.samples import centred_pair, in_power, in_unit, weighted_samples
from wgan.distances.sizes import check_memory, few_pairs

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
"""Largest gap if the distance is nearly 0, as a share of a small cost.

Equal samples have no relative gap. As a share of the largest cost, one far sample would hide any
error; as a share of the median, samples of which most are equal were refused.
"""

SMALL_SIDE = 1000
"""Samples of each side from which the small cost is taken: a quantile of 10^6 costs takes
milliseconds, one of all costs about as much memory as the matrix.
"""

ALL_PAIRS = "network simplex"
"""The solver of all pairs, in words."""

ROWS_AT_ONCE = 1024
"""Rows of the cost matrix in one step, so that no second matrix of n x m is made."""


def wasserstein(
    x: ArrayLike | None,
    y: ArrayLike | None,
    p: int = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    *,
    cost: Cost | None = None,
    column_weights: ArrayLike | None = None,
    circular: Mapping[int | str, float] | None = None,
) -> float:
    """Return the exact Wasserstein distance W_p between two weighted samples.

    W_p(x, y) = min over plans T of (sum_ij T_ij |x_i - y_j|^p)^(1/p), where T >= 0 has the weights
    as row and column sums. |.| is the Euclidean norm, all in float64. Memory grows as n m and time
    about as n^2 m. From some thousand samples on, pairs are generated, and memory grows as n + m
    (see `transport`, which also explains other ground costs).

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit. None, for both, if `cost` is a
            matrix.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.
        cost: another ground cost, as in `transport`.
        column_weights: weights `[d]` of the columns in the norm, as in `transport`.
        circular: periods of circular columns, as in `transport`.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: no samples, different dimensions, a NaN or infinity, wrong weights, an unknown
            order, or more samples than memory holds. Also if the solver did not prove its optimum:
            the duality gap exceeds both 1e-7 of the distance (to the power p) and 1e-10 of a small
            cost (the 10 % quantile of those above 0).

    See also:
        transport: the same distance with its plan and dual.
        wasserstein_loss: the same distance as a differentiable tensor.
        distance: a choice that suits the size of the samples.

    Reference: Bonneel et al., "Displacement interpolation using Lagrangian mass transport" (2011),
    through POT's `ot.emd2`.

    >>> wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]])
    3.0
    """
    return transport(
        x, y, p, x_weights, y_weights, cost=cost, column_weights=column_weights, circular=circular
    ).distance


def transport(
    x: ArrayLike | None,
    y: ArrayLike | None,
    p: int = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    progress: Progress = silent,
    *,
    cost: Cost | None = None,
    column_weights: ArrayLike | None = None,
    circular: Mapping[int | str, float] | None = None,
    device: str | None = None,
) -> Transport:
    """Return the exact distance as `wasserstein` does, with the plan and the dual's potentials.

    max over u, v of sum_i a_i u_i + sum_j b_j v_j, with u_i + v_j <= |x_i - y_j|^p, equals W_p^p.
    Small samples are solved on all pairs. From 10,000 x 10,000 pairs on (2,500 x 2,500 beyond three
    dimensions) the solver starts from few pairs. It adds others until none of the n m pairs
    violates the dual, which proves the value just as well.

    Other ground costs c(x_i, y_j) take the place of |x_i - y_j|. All proofs of the dual stay. The
    result is a metric if c is one, and statements on 1-Lipschitz critics need that:

    - column weights: (sum_k w_k (x_ik - y_jk)^2)^(1/2);
    - circular columns: the difference in a column of period P is min(|t|, P - |t|), t = x_ik - y_jk
      modulo P, so that the hours 23 and 0 are one apart. A metric; solved on all pairs;
    - `cost`: any costs of at least 0, solved on all pairs.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit. None, for both, if `cost` is a
            matrix.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or 2.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.
        progress: listener to blocks of pairs priced, with the round and its gap.
        cost: a matrix of costs `[n, m]`, or a function that makes one for blocks of samples
            `[k, d]` and `[m, d]`; None: the norm. For p = 2 their squares count.
        column_weights: weights `[d]` of the columns in the norm, at least 0; None: 1.
        circular: the period of each circular column, by its number or name, in its unit.
        device: a device of torch, such as `cuda`, that prices the pairs of large samples; None:
            this machine's processors. The proof is the same.

    Returns:
        The distance in the unit of the samples, or of the costs; potentials in that unit to the
        power p; and the plan, with `map()` for the barycentric map.

    Raises:
        WganError: as `wasserstein`. Also costs that are negative, NaN or of another shape, wrong
            column weights or periods, or a cost with either; or a device that cannot be used.

    See also:
        wasserstein: the distance alone.
        transport_1d: the same for numbers, by sorting.
        partial_transport: transport of a share of the mass.

    Reference: Peyre and Cuturi (2019), proposition 2.4.

    >>> t = transport([[0.0], [1.0]], [[3.0], [4.0]])
    >>> t.distance, float(t.u.mean() + t.v.mean())
    (3.0, 3.0)
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    alone = x is None and y is None
    x, y = samples_of(x, y, cost)
    a, wa = weighted_samples(x, x_weights, "x")
    b, wb = weighted_samples(matched(x, y), y_weights, "y")
    ground = Ground.of(cost, column_weights, circular, a, b, names_of_columns(x))
    few = ground.is_norm and few_pairs(len(a), len(b), a.shape[1])
    check_memory(len(a), len(b), few, a.shape[1])
    if few:
        xs, ys, unit = centred_pair(*ground.scaled(a, b))
        found = _on_few_pairs(xs, ys, wa, wb, p, unit, progress, device)
    else:
        costs, unit = ground.matrix(a, b, p)
        found = all_pairs(costs, wa, wb, p)
    return replace(
        found,
        distance=in_unit(found.distance, unit),
        u=in_power(found.u, unit, p),
        v=in_power(found.v, unit, p),
        x=None if alone else a,
        y=None if alone else b,
        periods=ground.periods,
    )


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
    assert found.plan is not None  # as its cost is finite
    plan = sparse_plan(found.plan, wa, wb)
    return Transport(found.upper ** (1 / p), relative, found.u, found.v, words, plan)


def all_pairs(
    cost: Float[np.ndarray, "n m"], wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"], p: int
) -> Transport:
    """Solve the linear programme, and refuse a solution that its dual does not prove.

    Args:
        cost: the costs to the power p `[n, m]`; they are changed in place.
        wa: weights of the rows, which sum to 1.
        wb: weights of the columns.
        p: the order, the power of the distance.

    Raises:
        WganError: no proof.
    """
    import ot  # takes seconds to import, as POT imports torch where it is installed

    n, m = cost.shape
    scale = float(cost.max())
    if scale == 0:
        plan = sparse_plan(any_plan(wa, wb), wa, wb)
        return Transport(0.0, 0.0, np.zeros(n), np.zeros(m), ALL_PAIRS, plan)
    cost /= scale  # in place: the matrix is what takes the memory
    options = {"numItermax": MAX_PIVOTS, "check_marginals": False}
    value, log = ot.emd2(wa, wb, cost, log=True, return_matrix=True, **options)
    value = max(float(value), 0.0)
    plan = sparse_plan(entries(log.pop("G")), wa, wb)
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
    distance = (value * scale) ** (1 / p)
    return Transport(distance, relative_gap, u * scale, v * scale, ALL_PAIRS, plan)


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
