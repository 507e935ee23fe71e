"""Exact Wasserstein distance of any order between two samples on a line, by sorting."""

import numpy as np
from jaxtyping import Float, Int64

from wgan.base.errors import WganError
from wgan.base.numbers import ArrayLike, check_number
from wgan.distances.samples import Samples, centred_pair, in_unit, weighted_samples


def wasserstein_1d(
    x: ArrayLike,
    y: ArrayLike,
    p: float = 1.0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """Return the exact Wasserstein distance W_p between two weighted samples of numbers.

    W_p(x, y) = (integral over u in [0, 1] of |F^-1(u) - G^-1(u)|^p)^(1/p), with F and G the
    distribution functions of the samples. For p = infinity it is the largest difference. The time
    grows as n log n.

    Args:
        x: numbers `[n]`, in any unit.
        y: numbers `[m]`, in the same unit.
        p: the order, 1 or more; `inf` is allowed.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: no samples, a NaN or infinity, wrong weights, p below 1, or samples of more than
            one dimension.

    See also:
        transport_1d: the same distance with its plan.
        wasserstein_circle: numbers on a circle.

    Reference: Peyre and Cuturi, "Computational Optimal Transport" (2019), remark 2.30, equation
    2.36.

    >>> wasserstein_1d([0, 1], [5, 6]), wasserstein_1d([0.0], [0.0, 4.0], p=2)
    (5.0, 2.8284271247461903)
    """
    check_number(p, "order p")
    if not p >= 1:
        raise WganError(f"order p = {p!r}: choose 1 or more")
    (a, wa), (b, wb) = line_samples(x, y, x_weights, y_weights, "`wasserstein`")
    a, b, unit = centred_pair(a, b)
    masses, i, j = quantile_pairs(a[:, 0], wa, b[:, 0], wb)
    return in_unit(power_mean(np.abs(a[i, 0] - b[j, 0]), masses, p), unit)


def line_samples(
    x: ArrayLike,
    y: ArrayLike,
    x_weights: ArrayLike | None,
    y_weights: ArrayLike | None,
    beyond: str,
) -> tuple[Samples, Samples]:
    """Return two checked samples of one dimension, with their weights.

    Args:
        x: samples `[n]` or `[n, 1]`.
        y: samples `[m]` or `[m, 1]`.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.
        beyond: what to use in more dimensions, in words.

    Raises:
        WganError: as `weighted_samples`; samples of more dimensions.
    """
    a, wa = weighted_samples(x, x_weights, "x")
    b, wb = weighted_samples(y, y_weights, "y")
    if a.shape[1] != 1 or b.shape[1] != 1:
        raise WganError(
            f"samples of {max(a.shape[1], b.shape[1])} dimensions: use {beyond} beyond one"
        )
    return (a, wa), (b, wb)


def wasserstein_circle(
    x: ArrayLike,
    y: ArrayLike,
    period: float,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """Return the exact Wasserstein distance W_1 between two weighted samples on a circle.

    The way from x to y is min(|t|, P - |t|), t = x - y modulo the period P, as from hour 23 to
    hour 0. Let F and G be the distribution functions from any cut of the circle on. Mass m may flow
    across the cut, and W_1 = min over m of the integral of |F - G - m|, attained at a median of
    F - G. The time grows as n log n.

    Args:
        x: numbers `[n]`, in any unit, taken modulo the period.
        y: numbers `[m]`, in the same unit.
        period: the length of the circle, in that unit.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: as `wasserstein_1d`, or a period that is not above 0.

    Reference: Cabrelli and Molter, "The Kantorovich metric for probability measures on the circle"
    (1995).

    >>> round(wasserstein_circle([23.0, 5.0], [1.0, 5.0], period=24), 12)
    1.0
    """
    check_number(period, "the period")
    if not 0 < period < np.inf:
        raise WganError(f"the period is {period!r}: give a number above 0")
    beyond = "`wasserstein` with circular columns"
    (a, wa), (b, wb) = line_samples(x, y, x_weights, y_weights, beyond)
    # `%` rounds a tiny negative number to the period itself, which is 0 of the next turn.
    turns = np.concatenate([a[:, 0] % period, b[:, 0] % period]) / period % 1.0
    order = np.argsort(turns, kind="stable")
    lengths = np.diff(turns[order], append=turns[order[0]] + 1.0)
    differences = np.cumsum(np.concatenate([wa, -wb])[order])
    rising = np.argsort(differences, kind="stable")
    half = int(np.searchsorted(np.cumsum(lengths[rising]), 0.5))
    median = differences[rising[min(half, len(rising) - 1)]]
    return float(lengths @ np.abs(differences - median)) * period


def power_mean(values: Float[np.ndarray, " k"], masses: Float[np.ndarray, " k"], p: float) -> float:
    """Return (sum_i m_i v_i^p)^(1/p), and the largest value of positive mass for p = infinity.

    Args:
        values: `[k]`, at least 0.
        masses: `[k]`, which sum to 1.
        p: the order, 1 or more.

    >>> round(power_mean(np.array([0.0, 3.0]), np.array([0.5, 0.5]), 1000.0), 6)
    2.997921
    """
    if np.isinf(p):
        return float(values[masses > 0].max())
    largest = float(values.max()) or 1.0  # so that a high power neither overflows nor vanishes
    return float((masses @ (values / largest) ** p) ** (1 / p)) * largest


def quantile_pairs(
    x: Float[np.ndarray, " n"],
    wx: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " m"],
    wy: Float[np.ndarray, " m"],
) -> tuple[Float[np.ndarray, " k"], Int64[np.ndarray, " k"], Int64[np.ndarray, " k"]]:
    """Return the optimal plan on a line as k = n + m pieces of [0, 1].

    Both quantile functions are constant on each piece, as [0, 1] is cut at the ends of both.

    Args:
        x: numbers `[n]`.
        wx: their weights `[n]`, which sum to 1; numbers of weight 0 take no part.
        y: numbers `[m]`.
        wy: their weights `[m]`.

    Returns:
        (masses, indices into x, indices into y), each `[k]`.

    >>> y, half = np.array([7.0, 3.0]), np.full(2, 0.5)
    >>> masses, i, j = quantile_pairs(np.array([5.0]), np.ones(1), y, half)
    >>> masses.tolist(), i.tolist(), j.tolist()
    ([0.5, 0.5, 0.0], [0, 0, 0], [1, 0, 0])
    """
    i = np.argsort(x, kind="stable")
    j = np.argsort(y, kind="stable")
    i = i[wx[i] > 0]
    j = j[wy[j] > 0]
    ends_x = _cumulated(wx[i])
    ends_y = _cumulated(wy[j])
    ends = np.sort(np.concatenate([ends_x, ends_y]))
    at_x = np.minimum(np.searchsorted(ends_x, ends, side="left"), len(i) - 1)
    at_y = np.minimum(np.searchsorted(ends_y, ends, side="left"), len(j) - 1)
    masses = np.diff(ends, prepend=0.0)
    # Slivers that rounding leaves between equal ends: each of k sums errs by at most one eps. At
    # a high order or p = infinity a sliver between far quantiles would count in full.
    masses[masses < len(ends) * np.finfo(np.float64).eps] = 0.0
    return masses, i[at_x], j[at_y]


def _cumulated(w: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the cumulated weights; n equal ones give i / n, the same float for the same share."""
    if (w == w[0]).all():
        return np.arange(1, len(w) + 1) / len(w)
    ends = np.cumsum(w)
    ends[-1] = 1.0
    return ends
