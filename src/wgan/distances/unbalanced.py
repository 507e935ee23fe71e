"""Partial and unbalanced transport: only some of the mass moves, or mass is made and removed.

Both are exact. A dummy sample on each side takes the mass that does not move, and the extended
linear programme is solved and proved as any other.

References: Caffarelli and McCann, "Free boundaries in optimal transport and Monge-Ampere obstacle
problems" (2010); Piccoli and Rossi, "Generalized Wasserstein distance" (2014); Chapel, Alaya and
Gasso, "Partial optimal transport with applications on positive-unlabeled learning" (2020).
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, check_number, float_array
from wgan.distances.costs import all_costs
from wgan.distances.exact import all_pairs
from wgan.distances.plan import Transport, sparse_plan
from wgan.distances.samples import (
    centred_pair,
    check_dimensions,
    finite_sum,
    in_power,
    in_unit,
    weighted_samples,
)
from wgan.distances.sizes import check_memory


@dataclass(frozen=True, eq=False)
class Partial:
    """Optimal transport of a share of the mass.

    `distance` is (sum_ij T_ij |x_i - y_j|^p)^(1/p), in the unit of the samples. `share` is the mass
    that moves, of 1 on each side. `plan` `[n, m]` sums to `share`; its rows and columns sum to the
    weights at most. `gap` is the relative duality gap, which bounds the relative error of
    distance^p.
    """

    distance: float
    share: float
    gap: float
    plan: coo_array = field(repr=False)


@dataclass(frozen=True, eq=False)
class Unbalanced:
    """Optimal transport in which mass may also be made or removed at a price.

    The optimum `cost` is in mass x unit of the samples to the p-th power. The mass `moved` is the
    mass that moves, `removed` is the mass of x that does not, and `made` that of y. `plan` `[n, m]`
    sums to `moved`. `gap` is the relative duality gap, which bounds the relative error of `cost`.
    """

    cost: float
    moved: float
    removed: float
    made: float
    gap: float
    plan: coo_array = field(repr=False)


def partial_transport(
    x: ArrayLike,
    y: ArrayLike,
    share: float,
    p: int = 1,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> Partial:
    """Return exact transport of a share of the mass, that which is cheapest to move.

    min over T >= 0 of sum_ij T_ij |x_i - y_j|^p, where the sums of T over rows and columns are the
    weights at most, and T sums to `share`. The rest may be outliers. At share = 1 the distance is
    W_p. It is not a metric: it is 0 where the samples have a share in common.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        share: the mass that moves, above 0 and at most 1.
        p: the order, 1 or 2.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance in the unit of the samples, not divided by the share; the plan.

    Raises:
        WganError: as `wasserstein`, or a share outside (0, 1].

    See also:
        unbalanced_transport: mass is made or removed at a price.

    Reference: Caffarelli and McCann (2010); the dummy samples: Chapel et al. (2020), section 3.

    >>> near = partial_transport([[0.0], [1.0], [99.0]], [[0.5], [1.5], [2.0]], share=2 / 3)
    >>> round(near.distance, 9), near.plan.row.tolist()
    (0.333333333, [0, 1])
    """
    check_number(share, "share")
    if not 0 < share <= 1:
        raise WganError(f"share = {share!r}: give a number above 0, at most 1")
    a, wa = weighted_samples(x, x_weights, "x")
    b, wb = weighted_samples(matched(x, y), y_weights, "y")
    costs, unit = _costs(a, b, p)
    # What is left of each side goes to the dummy of the other for nothing. Between the dummies any
    # cost above 0 keeps mass away: it would be cheaper to leave a pair out.
    between = float(costs.max()) or 1.0
    left_a, left_b = np.append(wa, 1 - share), np.append(wb, 1 - share)
    found, total = _extended(costs, left_a, left_b, 0.0, between)
    distance = in_unit((total * found.distance) ** (1 / p), unit)
    return Partial(distance, float(share), found.gap, _part(found.plan, total, wa, wb))


def unbalanced_transport(
    x: ArrayLike,
    y: ArrayLike,
    reach: float,
    p: int = 1,
    x_masses: ArrayLike | None = None,
    y_masses: ArrayLike | None = None,
) -> Unbalanced:
    """Return exact transport in which mass may also be made or removed, at reach^p / 2 each.

    min over T >= 0 of sum_ij T_ij |x_i - y_j|^p + (reach^p / 2) (a(x) + b(y) - 2 sum_ij T_ij),
    where a(x) and b(y) are the masses of both sides. The sums of T over rows and columns are these
    masses at most. Mass that would travel farther than `reach` is removed at its place, and made at
    the other, instead. The masses of both sides may differ.

    For p = 1 it is the flat metric, the largest sum a f - sum b f over 1-Lipschitz functions f with
    |f| <= reach / 2. Between masses of 1 it tends to W_1 as the reach grows.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        reach: the farthest way of mass, above 0, in the unit of the samples.
        p: the order, 1 or 2.
        x_masses: masses `[n]`, at least 0, in any unit, not divided by their sum; None: 1 / n each.
        y_masses: masses `[m]`, in the same unit; None: 1 / m each.

    Returns:
        The cost in mass x unit^p, with the masses that moved, were removed and were made.

    Raises:
        WganError: as `wasserstein`, or a reach that is not above 0.

    See also:
        partial_transport: a given share of the mass moves.

    Reference: Piccoli and Rossi (2014), whose distance is this cost for p = 1; Hanin, "Kantorovich-
    Rubinstein norm and its application in the theory of Lipschitz spaces" (1992).

    >>> x, y = [[0.0], [50.0]], [[1.0]]
    >>> found = unbalanced_transport(x, y, reach=10, x_masses=[2, 1], y_masses=[3])
    >>> round(found.cost, 9), found.moved, found.removed, found.made
    (12.0, 2.0, 1.0, 1.0)
    """
    check_number(reach, "reach")
    if not (reach > 0 and np.isfinite(reach)):
        raise WganError(f"reach = {reach!r}: give a number above 0")
    a, wa = weighted_samples(x, x_masses, "x")
    b, wb = weighted_samples(matched(x, y), y_masses, "y")
    total_a = 1.0 if x_masses is None else float(float_array(x_masses, "the masses of x").sum())
    total_b = 1.0 if y_masses is None else float(float_array(y_masses, "the masses of y").sum())
    costs, unit = _costs(a, b, p)
    finite_sum(np.array([total_a, total_b]), "the masses of both sides")
    wa, wb = wa * total_a, wb * total_b
    with np.errstate(over="ignore"):  # an infinite price counts where masses differ alone
        price = float((np.float64(reach) / unit) ** p / 2)
    # From twice the price of the farthest pair on all mass moves that can, and a higher price in
    # the programme would only hide its other costs.
    used = min(price, float(costs.max()) or 1.0)
    found, total = _extended(costs, np.append(wa, total_b), np.append(wb, total_a), used, 0.0)
    plan = _part(found.plan, total, wa, wb)
    row, column, mass = found.plan.row, found.plan.col, total * found.plan.data
    removed = float(mass[(row < len(a)) & (column == len(b))].sum())
    made = float(mass[(row == len(a)) & (column < len(b))].sum())
    solved = total * found.distance
    uneven = abs(total_a - total_b)
    if uneven <= (len(a) + len(b)) * np.finfo(np.float64).eps * total:
        uneven = 0.0  # the rounding of the sums, which a high price would magnify
    cost = solved + (price - used) * uneven if uneven > 0 else solved
    gap = found.gap * solved / cost if cost > 0 else 0.0
    in_powers = in_power(np.array([cost]), unit, p)
    return Unbalanced(float(in_powers[0]), float(plan.sum()), removed, made, gap, plan)


def _costs(a: np.ndarray, b: np.ndarray, p: int) -> tuple[np.ndarray, float]:
    """Return the costs of all pairs in a unit near the largest coordinate, and that unit."""
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    check_dimensions(a, b)
    # The matrix is copied to take the dummies: 52 bytes a pair in place of 44, a tenth a side.
    check_memory(1 + int(1.1 * len(a)), 1 + int(1.1 * len(b)))
    a, b, unit = centred_pair(a, b)
    return all_costs(a, b, p), unit


def _extended(
    costs: Float[np.ndarray, "n m"],
    a: Float[np.ndarray, " k"],
    b: Float[np.ndarray, " l"],
    to_dummies: float,
    between: float,
) -> tuple[Transport, float]:
    """Return the optimum with a dummy sample on each side, and the total mass of the plan.

    The optimum is of order 1, and its plan has shares of this mass.
    """
    n, m = costs.shape
    extended = np.full((n + 1, m + 1), to_dummies)
    extended[:n, :m] = costs
    extended[n, m] = between
    total = float(a.sum())
    return all_pairs(extended, a / total, b / float(b.sum()), 1), total


def _part(
    plan: coo_array, total: float, wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"]
) -> coo_array:
    """Return the plan without its dummies, in the unit of the masses."""
    inner = (plan.row < len(wa)) & (plan.col < len(wb))
    return sparse_plan((plan.row[inner], plan.col[inner], total * plan.data[inner]), wa, wb)
