"""What holds of two distributions, given samples of them? One-sided bounds with a stated
probability, each from one theorem.
"""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError

PAIRS_AT_ONCE = 2**22


@dataclass(frozen=True)
class Lower:
    """A lower bound on W1(P, Q) from one fixed critic: (gap - radius) / lipschitz, at least 0.

    `gap` is the mean score difference on held-out samples, clamped to `clamp`; `radius` what their
    chance leaves. In a bracket of samples nothing is clamped and the radius is 0.
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
    """Return a lower bound on W1(P, Q), right with probability at least 1 - delta.

    W1 >= (E_P f - E_Q f) / L for any f that is L-Lipschitz and chosen without these samples;
    clamping keeps it so. Each mean is off by less than its empirical-Bernstein radius with
    probability 1 - delta / 2.

    Args:
        critic: what made the scores.
        f_x: scores of held-out samples of P.
        f_y: scores of held-out samples of Q.
        clamp: (low, high), chosen without these samples.
        lipschitz: L, above 0.
        delta: the probability of being wrong.

    >>> lower_bound("constant", np.zeros(100), np.zeros(100), (0.0, 1.0), 1.0, 0.05).bound
    0.0
    """
    low, high = clamp
    a, b = np.clip(f_x, low, high), np.clip(f_y, low, high)
    gap = float(a.mean() - b.mean())
    radius = sum(bernstein_radius(s, high - low, delta / 2) for s in (a, b))
    return Lower(critic, max(0.0, (gap - radius) / lipschitz), gap, radius, clamp, lipschitz)


def bernstein_radius(values: Float[np.ndarray, " n"], width: float, delta: float) -> float:
    """Return the empirical-Bernstein radius of a mean: sqrt(2 V ln(2/delta) / n) + 7 width
    ln(2/delta) / (3 (n - 1)).

    With probability at least 1 - delta the expectation lies no farther than this below the mean of
    n independent values in an interval of this width, V their sample variance: Maurer and Pontil
    (2009), theorem 4.

    >>> round(bernstein_radius(np.array([0.0, 1.0] * 500), 1.0, 0.05), 4)
    0.0516
    """
    n = len(values)
    if n < 2:
        raise WganError("a bound needs at least 2 held-out samples on each side")
    term = log(2 / delta)
    return sqrt(2 * float(values.var(ddof=1)) * term / n) + 7 * width * term / (3 * (n - 1))


def transport_radius(diameter: float, n: int, batches: int, delta: float) -> float:
    """Return R sqrt(ln(1/delta) / (n K)): how far below its expectation the mean of K batches'
    transport may fall.

    W1(P_n, Q_n) of n samples each changes by at most R / n with one sample, so with probability at
    least 1 - delta W1(P, Q) <= E W1(P_n, Q_n) < mean + radius: McDiarmid (1989), lemma 1.2, over 2
    n K samples; the first step since W1 is convex (Villani 2009, theorem 4.8).

    >>> round(transport_radius(20.0, 2000, 3, delta=0.05), 4)
    0.4469
    """
    return diameter * sqrt(log(1 / delta) / (n * batches))


def extension(
    points: Float[np.ndarray, "k d"], v: Float[np.ndarray, " k"], x: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, " n"]:
    """Return f(x) = min_j (|x - y_j| - v_j) `[n]`, 1-Lipschitz as a minimum of cones: McShane
    (1934), theorem 1.

    With v an exact potential at the points y_j it reads W1 on the samples that the potential came
    from.
    """
    rows = max(1, PAIRS_AT_ONCE // len(points))
    return np.concatenate(
        [(cdist(x[i : i + rows], points) - v).min(axis=1) for i in range(0, len(x), rows)]
    )


def farthest_pair(x: Float[np.ndarray, "n d"]) -> float:
    """Return the distance of a pair of samples that lie far apart: the true diameter is at most
    twice as much.
    """
    start = x[np.argmax(((x - x.mean(0)) ** 2).sum(1))]
    return float(np.sqrt(((x - start) ** 2).sum(1).max()))
