"""Lower confidence bound on W1 by betting: several gamblers, one wealth, critics that may change.

A gambler bets that a mean exceeds m, and pays a fair price if it is m. A wealth of 1 / delta then
has probability delta at most (Ville). So every m at which a gambler became that rich is ruled out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from jaxtyping import Float

BOLDNESS = 0.75
"""Largest share of the wealth that one value may lose, in [0, 1). 3/4 is the larger of the two that
Waudby-Smith and Ramdas name; 1/2 gave wider bounds where the values hardly vary.
"""

HALVINGS = 32
"""Bisections of [0, largest mean]: the bound is then at most 3e-10 of it below the exact solution.
"""


@dataclass(frozen=True, eq=False)
class Gambler:
    """A strategy that bets on values one after the other, each |z_t| <= reach_t.

    `reach` and `bets` at t are known before z_t. So is the critic behind z_t, and its mean, given
    all that came before, is at most the quantity that is bounded. A bet of 0 sits out.
    """

    z: Float[np.ndarray, " n"]
    reach: Float[np.ndarray, " n"]
    bets: Float[np.ndarray, " n"]

    def log_wealth(self, m: float) -> Float[np.ndarray, " n"]:
        """Return log K_t(m), `[n]`: the wealth after each value, from a wealth of 1.

        K_t(m) = prod_{i <= t} (1 + min(bet_i, c / (reach_i + m)) (z_i - m)). It falls with m.

        Args:
            m: the mean that is tested, 0 or more.
        """
        lowest = self.reach + m  # z - m is at least -lowest, so that no factor is below 1 - c
        bold = np.full_like(lowest, np.inf)
        np.divide(BOLDNESS, lowest, out=bold, where=lowest > 0)
        # A sum of logarithms cannot overflow.
        wealth: np.ndarray = np.cumsum(np.log1p(np.minimum(self.bets, bold) * (self.z - m)))
        return wealth

    @property
    def mean(self) -> float:
        """The mean of the values that are bet on; 0 if none is."""
        played = self.bets > 0
        return float(self.z[played].mean()) if played.any() else 0.0


def betting_lower_bound(gamblers: Sequence[Gambler], delta: float) -> float:
    """Return a lower bound that holds with probability at least 1 - delta, 0 or more.

    Gamblers see the same values in the same order, and begin with equal shares of a wealth of 1. If
    each conditional mean is at most m, every K_t^k(m) is a nonnegative supermartingale, and so is
    their average. So it reaches 1 / delta with probability delta at most. It falls with m, and the
    bound is the largest m, up to the largest of their means, at which it reached 1 / delta.

    Args:
        gamblers: one or more, over the same n.
        delta: the probability of being wrong.

    Reference: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting"
    (2024), theorem 3 with the upper half of the hedge alone; Ville (1939).

    >>> z = np.array([0.0, 1.0] * 500)
    >>> reach = np.ones(1000)
    >>> bets = predictable_bets(z, reach, 1000, log(1 / 0.05))
    >>> round(betting_lower_bound([Gambler(z, reach, bets)], 0.05), 3)
    0.462
    """
    enough = log(1 / delta)
    low = 0.0  # ruled out, or the least that W1 can be
    high = max(0.0, *(gambler.mean for gambler in gamblers))
    for _ in range(HALVINGS):
        m = (low + high) / 2
        if common_wealth(gamblers, m).max() >= enough:
            low = m
        else:
            high = m
    return low


def common_wealth(gamblers: Sequence[Gambler], m: float) -> Float[np.ndarray, " n"]:
    """Return the logarithm of the average wealth of all gamblers after each value, `[n]`.

    Args:
        gamblers: one or more, over the same n.
        m: the mean that is tested, 0 or more.
    """
    each = [gambler.log_wealth(m) for gambler in gamblers]
    total: np.ndarray = np.logaddexp.reduce(each, axis=0) - log(len(gamblers))
    return total


def richest(gamblers: Sequence[Gambler], m: float) -> int:
    """Return the place of the gambler that holds most when the common wealth is largest.

    Args:
        gamblers: one or more, over the same n.
        m: the mean that is tested, 0 or more.
    """
    moment = int(common_wealth(gamblers, m).argmax())
    return int(np.argmax([gambler.log_wealth(m)[moment] for gambler in gamblers]))


def predictable_bets(
    z: Float[np.ndarray, " n"],
    reach: Float[np.ndarray, " n"],
    plays: int,
    log_price: float,
) -> Float[np.ndarray, " n"]:
    """Return the bet on each value, from the values before it.

    bet_t = sqrt(2 log_price / (plays V_{t-1})), at most c / reach_t. V is the variance so far, with
    a value 0 counted in that has the largest variance there is:
    V_t = (reach_1^2 + sum_i (z_i - mean_i)^2) / (t + 1).

    Args:
        z: `[n]`.
        reach: `[n]`, |z_t| <= reach_t.
        plays: number of values that will be bet on in all, with those of other critics.
        log_price: ln of the wealth that is aimed at.

    Reference: Waudby-Smith and Ramdas (2024), section 4: the predictable plug-in for a fixed n.
    """
    if not len(z):
        return np.zeros(0)
    largest = float(reach[0]) ** 2
    counts = np.arange(2, len(z) + 2)
    means = np.cumsum(z) / counts
    variances = (largest + np.cumsum((z - means) ** 2)) / counts
    before = np.concatenate([[largest], variances[:-1]])
    with np.errstate(divide="ignore", over="ignore"):  # values that never vary: the boldest bet
        bets = np.sqrt(2 * log_price / (plays * before))
        boldest = np.where(reach > 0, BOLDNESS / reach, 0.0)
    chosen: np.ndarray = np.minimum(bets, boldest)
    return chosen


def paired_differences(
    a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " k"]:
    """Return differences of groups of both samples, `[min(n, m)]`, which use every value once.

    Each value of the smaller sample is paired with the mean of an equal share of the larger one, as
    near as can be. Each difference has the mean E a - E b, and independent values make independent
    ones. One bound on their mean is tighter than a bound on each side's.

    Args:
        a: `[n]`.
        b: `[m]`.

    >>> paired_differences(np.array([1.0, 2.0]), np.array([0.0, 4.0, 5.0])).tolist()
    [1.0, -2.5]
    """
    k = min(len(a), len(b))
    return _group_means(a, k) - _group_means(b, k)


def _group_means(values: Float[np.ndarray, " n"], k: int) -> Float[np.ndarray, " k"]:
    """Return the means of k groups of neighbours, whose sizes differ by one at most."""
    ends = np.arange(k + 1) * len(values) // k
    means: np.ndarray = np.add.reduceat(values, ends[:-1]) / np.diff(ends)
    return means
