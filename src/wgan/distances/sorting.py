"""Exact transport on a line by sorting, with its plan and potentials."""

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.numbers import ArrayLike, check_number
from wgan.distances.line import line_samples, power_mean
from wgan.distances.plan import Transport, sparse_plan
from wgan.distances.samples import centred_pair, in_unit


def transport_1d(
    x: ArrayLike,
    y: ArrayLike,
    p: float = 1.0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> Transport:
    """Return exact transport between two weighted samples of numbers, in time n log n.

    The distance is that of `wasserstein_1d`; the plan matches quantiles, and is optimal for every
    p. The potentials follow from it. If both samples are sorted, the costs |x_i - y_j|^p are a
    Monge array. Then potentials that are tight along a monotone staircase of pairs are feasible for
    all pairs. So the pairs need not be priced; `gap` is the rounding of the sums.

    Args:
        x: numbers `[n]`, in any unit.
        y: numbers `[m]`, in the same unit.
        p: the order, 1 or more, not infinite.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance in the unit of the samples; potentials in that unit to the power p; the plan.

    Raises:
        WganError: as `wasserstein_1d`, and an infinite p.

    Reference: Peyre and Cuturi, "Computational Optimal Transport" (2019), remark 2.30 and section
    3.4.2 (north-west corner rule); Burkard, Klinz and Rudolf, "Perspectives of Monge properties in
    optimization" (1996), section 3.

    >>> t = transport_1d([0.0, 1.0, 5.0], [2.0, 9.0], p=2)
    >>> t.plan.toarray().round(6).tolist()
    [[0.333333, 0.0], [0.166667, 0.166667], [0.0, 0.333333]]
    >>> t.map().ravel().round(6).tolist()
    [2.0, 5.5, 9.0]
    """
    check_number(p, "order p")
    if not 1 <= p < np.inf:
        raise WganError(f"order p = {p!r}: choose 1 or more, and not infinity")
    (x, wx), (y, wy) = line_samples(x, y, x_weights, y_weights, "`transport`")
    a, b, unit = centred_pair(x, y)
    order_x = np.argsort(a[:, 0], kind="stable")
    order_y = np.argsort(b[:, 0], kind="stable")
    i, j, mass, of_x = staircase(wx[order_x], wy[order_y])
    distances = np.abs(a[order_x[i], 0] - b[order_y[j], 0])
    distance = power_mean(distances, mass, p)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        u, v = _potentials(a[order_x, 0], b[order_y, 0], i, j, of_x, p)
        cost = float(np.float64(distance) ** p)
        gap = abs(cost - float(wx[order_x] @ u + wy[order_y] @ v))
    u[order_x], v[order_y] = u.copy(), v.copy()
    return Transport(
        in_unit(distance, unit),
        gap / cost if cost > 0 else 0.0,
        _in_power(u, unit, p),
        _in_power(v, unit, p),
        "sorting",
        sparse_plan((order_x[i], order_y[j], mass), wx, wy),
        x,
        y,
    )


def staircase(
    wx: Float[np.ndarray, " n"], wy: Float[np.ndarray, " m"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the monotone plan of sorted samples, as a path of n + m pairs.

    It goes one step in either sample from each pair to the next.

    Args:
        wx: weights of sorted numbers `[n]`, which sum to 1.
        wy: weights of others `[m]`.

    Returns:
        Rows, columns, masses, and whether the step after the pair goes on in x, each `[n + m]`.

    >>> i, j, mass, of_x = staircase(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    >>> list(zip(i.tolist(), j.tolist(), mass.tolist()))
    [(0, 0, 0.25), (0, 1, 0.25), (1, 1, 0.5), (1, 1, 0.0)]
    """
    ends = np.concatenate([_ends(wx), _ends(wy)])
    order = np.argsort(ends, kind="stable")
    of_x = order < len(wx)
    i = np.minimum(np.cumsum(of_x) - of_x, len(wx) - 1)
    j = np.minimum(np.cumsum(~of_x) - ~of_x, len(wy) - 1)
    mass = np.diff(ends[order], prepend=0.0)
    # Slivers that rounding leaves between equal ends: each of k sums errs by at most one eps.
    mass[mass < len(ends) * np.finfo(np.float64).eps] = 0.0
    return i, j, mass, of_x


def _ends(w: np.ndarray) -> np.ndarray:
    """Return cumulated weights; n equal ones give i / n, the same float for the same share."""
    if (w == w[0]).all():
        return np.arange(1, len(w) + 1) / len(w)
    ends = np.cumsum(w)
    return ends / ends[-1]


def _potentials(
    x: np.ndarray, y: np.ndarray, i: np.ndarray, j: np.ndarray, of_x: np.ndarray, p: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return potentials that are tight at each pair of the staircase, of sorted numbers.

    A step from row i to i + 1 in column j changes u by |x_i+1 - y_j|^p - |x_i - y_j|^p.
    """
    steps_x = j[of_x][:-1]  # the last step leads past the end
    du = np.abs(x[1:] - y[steps_x]) ** p - np.abs(x[:-1] - y[steps_x]) ** p
    steps_y = i[~of_x][:-1]
    dv = np.abs(y[1:] - x[steps_y]) ** p - np.abs(y[:-1] - x[steps_y]) ** p
    u = np.concatenate([[0.0], np.cumsum(du)])
    v = np.abs(x[0] - y[0]) ** p + np.concatenate([[0.0], np.cumsum(dv)])
    # So that neither is much larger than the cost.
    middle = (u.max() + u.min()) / 2
    return u - middle, v + middle


def _in_power(values: np.ndarray, unit: float, p: float) -> np.ndarray:
    """Return values times unit^p, which for whole numbers p rounds nothing."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused
        scaled = (
            np.ldexp(values, int(np.log2(unit) * p))
            if p == int(p)
            else values * np.float64(unit) ** p
        )
    if not np.isfinite(scaled).all():
        raise WganError(
            f"the samples lie so far apart that float64 overflows to the power {p:g}: divide both"
            " by a common number"
        )
    return scaled
