"""One-sided bounds on the W1 of two distributions from samples, each from one theorem.

Each holds with a stated probability, for every distribution that its theorem allows. `delta` is
always the probability that the bound is wrong.
"""

from dataclasses import dataclass
from math import isfinite, log, sqrt

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.audit.betting import betting_lower_bound, paired_differences
from wgan.base.errors import WganError

PAIRS_AT_ONCE = 2**22
"""Distances computed at once by `extension`: 32 MB in float64."""

TAILS = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Shares of the scores that a clamp may cut off at one end: thrice as many each time, up to more
than heavy tails were seen to need.
"""

CHOICE_DELTA = 0.0125
"""The probability of being wrong for which a clamp is chosen: that of one of two critics in a 95 %
bracket with both ends.
"""


@dataclass(frozen=True)
class Lower:
    """A lower bound on W1(P, Q) from one fixed critic: (gap - radius) / lipschitz, at least 0.

    `gap` is the mean score difference on held-out samples, clamped to `clamp`. `radius` is the part
    of it that chance may have made. In a bracket of samples nothing is clamped and the radius is 0.
    """

    critic: str
    bound: float
    gap: float
    radius: float
    clamp: tuple[float, float] | None
    lipschitz: float


def lower_bound(
    critic: str,
    f_x: Float[np.ndarray, " n"],
    f_y: Float[np.ndarray, " m"],
    clamp: tuple[float, float],
    lipschitz: float,
    delta: float,
) -> Lower:
    """Return a lower bound on W1(P, Q) that holds with probability at least 1 - delta.

    W1 >= (E_P f - E_Q f) / L for every f that is L-Lipschitz and chosen without these samples, and
    clamping keeps it so. The difference of the means is bounded by betting on pairs of x and y
    (`betting_lower_bound`).

    Args:
        critic: name of what made the scores.
        f_x: scores of held-out samples of P, `[n]`, in random order.
        f_y: scores of held-out samples of Q, `[m]`, in random order.
        clamp: (low, high), chosen without these samples.
        lipschitz: L, above 0.
        delta: the probability of being wrong.

    Raises:
        WganError: no samples on a side, scores that are not finite, or an L not above 0.

    Reference: Villani, "Optimal Transport" (2009), equation 5.11; Waudby-Smith and Ramdas (2024).

    >>> lower_bound("constant", np.zeros(100), np.zeros(100), (0.0, 1.0), 1.0, 0.05).bound
    0.0
    """
    if not min(len(f_x), len(f_y)):
        raise WganError("a bound needs held-out samples on each side")
    low, high = clamp
    a = np.clip(f_x, low, high)
    b = np.clip(f_y, low, high)
    gap = float(a.mean() - b.mean())
    if not (isfinite(gap) and lipschitz > 0):
        raise WganError(
            f"{critic}: mean scores {gap} apart, with a Lipschitz constant of {lipschitz}: nothing"
            " is certified by scores that are not finite, or without a constant above 0"
        )
    radius = _betting_radius(a, b, gap, high - low, delta)
    return Lower(critic, max(0.0, (gap - radius) / lipschitz), gap, radius, clamp, lipschitz)


def chosen_clamp(f_x: Float[np.ndarray, " n"], f_y: Float[np.ndarray, " m"]) -> tuple[float, float]:
    """Return the clamp with the largest lower bound on training scores, (low, high).

    A clamp at the extremes makes the range, and with it the bound's radius, that of the farthest
    score. Its ends are quantiles of all scores: first with equal tails, then each by itself. Every
    choice is valid for samples that had no part in it, so that the delta used here promises
    nothing.

    Args:
        f_x: scores of training samples of P, `[n]`.
        f_y: scores of training samples of Q, `[m]`.

    >>> scores = np.append(np.linspace(0.0, 1.0, 999), 1e6)
    >>> chosen_clamp(scores + 1.0, scores)[1] < 3.0
    True
    """
    scores = np.concatenate([f_x, f_y])
    lows = np.quantile(scores, TAILS).tolist()
    highs = np.quantile(scores, [1 - tail for tail in TAILS]).tolist()

    def bound(clamp: tuple[float, float]) -> float:
        return lower_bound("training scores", f_x, f_y, clamp, 1.0, CHOICE_DELTA).bound

    low, high = max(zip(lows, highs, strict=True), key=bound)
    _, high = max(((low, each) for each in (high, *highs)), key=bound)
    low, _ = max(((each, high) for each in (low, *lows)), key=bound)
    return low, high


def _betting_radius(
    a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"], gap: float, width: float, delta: float
) -> float:
    """Return how far E a - E b may lie below the gap of two samples in an interval of a width."""
    if width == 0:
        return 0.0
    if not isfinite(width):
        return float("inf")  # no bound holds without a range
    z = 0.5 + paired_differences(a, b) / width / 2  # from [-width, width] to [0, 1]
    least = betting_lower_bound(np.clip(z, 0.0, 1.0), delta)
    return max(0.0, gap - (2 * least - 1) * width)


def transport_radius(diameter: float, n: int, batches: int, delta: float) -> float:
    """Return how far the mean transport of K batches may fall below its expectation.

    radius = R sqrt(ln(1 / delta) / (n K)). W1(P_n, Q_n) of n samples a side changes by at most
    R / n with one sample. So W1(P, Q) <= E W1(P_n, Q_n) < mean + radius with probability at least
    1 - delta. The first step holds since W1 is convex.

    Args:
        diameter: R, the largest distance of two possible samples of one side.
        n: samples a side in a batch.
        batches: K.
        delta: the probability of being wrong.

    Reference: McDiarmid, "On the method of bounded differences" (1989), lemma 1.2, over 2 n K
    samples; Villani (2009), theorem 4.8.

    >>> round(transport_radius(20.0, 2000, 3, delta=0.05), 4)
    0.4469
    """
    return diameter * sqrt(log(1 / delta) / (n * batches))


def extension(
    points: Float[np.ndarray, "k d"], v: Float[np.ndarray, " k"], x: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, " n"]:
    """Return the McShane extension of a potential to any samples, `[n]`.

    f(x) = min_j (|x - y_j| - v_j), 1-Lipschitz as a minimum of cones. With v an exact potential at
    the points y_j, f reads W1 on the samples that the potential came from.

    Args:
        points: y_j, `[k, d]`.
        v: the potential at these points, `[k]`, in their unit.
        x: samples `[n, d]`.

    Reference: McShane, "Extension of range of functions" (1934), theorem 1.

    >>> extension(np.array([[0.0], [4.0]]), np.array([0.0, 1.0]), np.array([[1.0], [4.0]])).tolist()
    [1.0, -1.0]
    """
    rows = max(1, PAIRS_AT_ONCE // len(points))
    return np.concatenate(
        [(cdist(x[i : i + rows], points) - v).min(axis=1) for i in range(0, len(x), rows)]
    )


def farthest_pair(x: Float[np.ndarray, "n d"], beyond: float = 0.0) -> float:
    """Return the largest distance of two samples where it exceeds `beyond`, otherwise `beyond`.

    Samples at distances r_i and r_j from the mean are at most r_i + r_j apart, so that only pairs
    with r_i + r_j above the largest distance so far are looked at. Where `beyond` is twice the
    largest r_i, none is.

    Args:
        x: samples `[n, d]`.
        beyond: a length, below which nothing is of interest.

    >>> farthest_pair(np.array([[0.0], [1.0], [5.0]])), farthest_pair(np.zeros((2, 1)), 7.0)
    (5.0, 7.0)
    """
    largest = float(np.abs(x - x[0]).max())
    if largest == 0:
        return beyond
    # In units of the largest coordinate, so that no square overflows or vanishes.
    points = (x - x[0]) / largest
    points = points - points.mean(0)
    squares = (points**2).sum(1)
    order = np.argsort(-squares)
    points = points[order]
    squares = squares[order]
    r = np.sqrt(squares)
    rows = max(1, PAIRS_AT_ONCE // len(points))
    least = beyond / largest
    best = least
    for i in range(0, len(points), rows):
        # Points are in falling order of r, so partners of a block stand at i or later.
        last = int(np.searchsorted(-r, r[i] - best))
        if last <= i:
            break
        block = points[i : i + rows]
        apart = squares[i : i + rows, None] + squares[i:last] - 2 * block @ points[i:last].T
        best = max(best, float(np.sqrt(max(apart.max(), 0.0))))
    return best * largest if best > least else beyond
