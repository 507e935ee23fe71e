"""One-sided bounds on the W1 of two distributions from samples, each from one theorem.

Each holds with a stated probability, for every distribution that its theorem allows. `delta` is
always the probability that the bound is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.audit.betting import (
    Gambler,
    betting_lower_bound,
    paired_differences,
    predictable_bets,
    richest,
)
from wgan.audit.groups import Codes, group_means
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


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one L-Lipschitz critic on fresh samples: `x` `[n]` of P and `y` `[m]` of Q.

    The critic and `clamp` (low, high) were chosen without these samples, which are in random order.
    `x_groups` and `y_groups` are the groups of samples that may depend on each other; None: each
    sample is one.
    """

    critic: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " m"]
    clamp: tuple[float, float]
    lipschitz: float
    x_groups: Codes | None = None
    y_groups: Codes | None = None

    def clamped(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " m"]]:
        """Return the clamped scores of both sides, or the means of groups of them.

        Samples are clamped before the mean is taken: the expectation is that of a clamped critic.
        """
        a, b = np.clip(self.x, *self.clamp), np.clip(self.y, *self.clamp)
        return (
            a if self.x_groups is None else group_means(a, self.x_groups),
            b if self.y_groups is None else group_means(b, self.y_groups),
        )


@dataclass(frozen=True)
class Reading:
    """Reading of a critic on `pairs` pairs of samples: the mean score difference `gap`.

    For populations, scores are clamped to `clamp`, and the expectation of gap / lipschitz is at
    most W1. In a bracket of samples nothing is clamped, and gap / lipschitz is at most W1 of the
    samples. `stage` counts from 1.
    """

    critic: str
    stage: int
    gap: float
    clamp: tuple[float, float] | None
    lipschitz: float
    pairs: int

    @property
    def value(self) -> float:
        """The bound gap / lipschitz, in the unit of the samples."""
        return self.gap / self.lipschitz


@dataclass(frozen=True)
class Lower:
    """A lower bound on W1, at least 0, and the readings that it rests on.

    `leader` is the critic whose bets won most. In a bracket of samples it is the only one, and the
    bound is its reading.
    """

    bound: float
    leader: str
    readings: tuple[Reading, ...]

    @property
    def leading(self) -> Reading:
        """The last reading of the leader."""
        return [each for each in self.readings if each.critic == self.leader][-1]


def lower_bound(stages: Sequence[Sequence[Scores]], delta: float) -> Lower:
    """Return a lower bound on W1(P, Q) that holds with probability at least 1 - delta.

    W1 >= (E_P f - E_Q f) / L for every f that is L-Lipschitz, and clamping keeps it so. Each
    fresh x (or group) is paired with a fresh y (`paired_differences`), and gamblers bet on
    z = (f(x) - f(y)) / L. The critics of a stage may be made from all samples of the stages before
    it. Then E z <= W1 still holds given the past, and `betting_lower_bound` needs no more. For each
    critic one gambler bets in all stages. Another bets in the last stage alone, where the critic
    knows most.

    Args:
        stages: the critics' scores in each stage, the same critics in the same order; the samples
            of different stages are independent.
        delta: the probability of being wrong.

    Raises:
        WganError: no samples on a side, scores that are not finite, or an L not above 0.

    Reference: Villani, "Optimal Transport" (2009), equation 5.11; Waudby-Smith and Ramdas (2024).

    >>> ones = np.ones(100)
    >>> lower_bound([[Scores("constant", ones, ones, (0.0, 1.0), 1.0)]], 0.05).bound
    0.0
    """
    readings = tuple(_reading(s, stage) for stage, row in enumerate(stages, 1) for s in row)
    critics = [[_Stream.of(scores) for scores in row] for row in zip(*stages, strict=True)]
    unit = max(stream.reach for streams in critics for stream in streams)
    if unit == 0:
        return Lower(0.0, readings[-1].critic, readings)
    starts = sorted({0, len(stages) - 1})
    log_price = log(len(starts) * len(critics) / delta)
    gamblers = [
        _gambler(streams, start, unit, log_price) for streams in critics for start in starts
    ]
    bound = betting_lower_bound(gamblers, delta)
    leader = stages[0][richest(gamblers, bound) // len(starts)].critic
    return Lower(unit * bound, leader, readings)


@dataclass(frozen=True, eq=False)
class _Stream:
    """Values z `[k]` of one critic in one stage, |z| <= reach, in the unit of the samples."""

    z: np.ndarray
    reach: float

    @classmethod
    def of(cls, scores: Scores) -> "_Stream":
        reach = (scores.clamp[1] - scores.clamp[0]) / scores.lipschitz
        z = paired_differences(*scores.clamped()) / scores.lipschitz
        if not isfinite(reach):
            return cls(np.zeros_like(z), 0.0)  # no bound holds without a range: it sits out
        # Rounding may put a difference a little beyond the range.
        return cls(np.clip(z, -reach, reach), reach)


def _gambler(streams: Sequence[_Stream], start: int, unit: float, log_price: float) -> Gambler:
    """Return the gambler that bets on one critic from a stage on, in a unit."""
    plays = sum(len(stream.z) for stream in streams[start:])
    z, reach, bets = [], [], []
    for stage, stream in enumerate(streams):
        z.append(stream.z / unit)
        reach.append(np.full(len(stream.z), stream.reach / unit))
        if stage < start:
            bets.append(np.zeros(len(stream.z)))
            continue
        bets.append(predictable_bets(z[-1], reach[-1], plays, log_price))
    return Gambler(np.concatenate(z), np.concatenate(reach), np.concatenate(bets))


def _reading(scores: Scores, stage: int) -> Reading:
    """Return the reading of a critic, and refuse one that certifies nothing."""
    if not min(len(scores.x), len(scores.y)):
        raise WganError("a bound needs held-out samples on each side")
    a, b = scores.clamped()
    gap = float(a.mean() - b.mean())
    if not (isfinite(gap) and scores.lipschitz > 0):
        raise WganError(
            f"{scores.critic}: mean scores {gap} apart, with a Lipschitz constant of"
            f" {scores.lipschitz}: nothing is certified by scores that are not finite, or without a"
            " constant above 0"
        )
    return Reading(scores.critic, stage, gap, scores.clamp, scores.lipschitz, min(len(a), len(b)))


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
        scored = Scores("training scores", f_x, f_y, clamp, 1.0)
        return lower_bound([[scored]], CHOICE_DELTA).bound

    low, high = max(zip(lows, highs, strict=True), key=bound)
    _, high = max(((low, each) for each in (high, *highs)), key=bound)
    low, _ = max(((each, high) for each in (low, *lows)), key=bound)
    return low, high


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

    Samples at distances r_i and r_j from the mean are at most r_i + r_j apart. So only pairs with
    r_i + r_j above the largest distance so far are looked at. If `beyond` is twice the largest r_i,
    there are no such pairs.

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
