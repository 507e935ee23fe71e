"""Accounting of differential privacy: what noise gives (epsilon, delta), and what was spent.

A mechanism has Renyi differential privacy of order a with D_a(M(X) || M(X')) <= R(a) for all
neighbours X, X' (Mironov 2017). R adds up over mechanisms. Each order gives an epsilon (Canonne,
Kamath and Steinke 2020, proposition 12), and the least of them holds:

    epsilon = R(a) + log(1 - 1/a) - (log(delta) + log(a)) / (a - 1).

Neighbours differ in one row, which is there in one of them and contributes nothing in the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import logsumexp

from wgan.base.errors import WganError

ORDERS = np.concatenate([1 + np.arange(1, 100) / 10, np.arange(11, 65), 2.0 ** np.arange(7, 14)])
"""Orders that are tried. Small ones, which large epsilons take, are close together; the largest
serve epsilons of a hundredth.
"""
COUNTS_SHARE = 0.2
"""Share of the Renyi budget that goes to the counts of the columns' values. Without them the
networks would begin with flat frequencies; a fifth makes the noise of gradients 12 % larger.
"""
ACCURACY = 1e-4
"""Relative accuracy to which noise is found, from above. So epsilon is at most a ten-thousandth
below the requested one.
"""
MOST_NOISE = 2.0**20
"""Largest noise multiplier that is tried: epsilon is then far below any useful one."""


def gaussian_rdp(noise: float) -> np.ndarray:
    """Return R(a) = a / (2 noise^2) of the Gaussian mechanism, for each of `ORDERS`.

    Args:
        noise: noise multiplier: standard deviation over the sensitivity.
    """
    return ORDERS / (2 * noise**2)


def sampled_rdp(noise: float, rate: float) -> np.ndarray:
    """Return R(a) of the Gaussian mechanism on a Poisson sample, for each of `ORDERS`.

        (a - 1) R(a) = log E_{z ~ N(0, s^2)} [(1 - q + q exp((2 z - 1) / (2 s^2)))^a],

    which is the larger one of both directions (Mironov, Talwar and Zhang 2019, theorem 5). The
    integral is a sum over equal steps, whose error falls exponentially with their number, since the
    integrand is analytic (Trefethen and Weideman 2014).

    Args:
        noise: noise multiplier s.
        rate: probability q with which each row is in the sample.
    """
    if rate >= 1:
        return gaussian_rdp(noise)
    # The density has the width s, and the nearest singularity lies pi s^2 off the line: with eight
    # steps to either, the error is below rounding. Ten widths beyond both ends leave exp(-50).
    step = min(noise, noise**2) / 8
    found = []
    for order in ORDERS:
        z = np.arange(-10 * noise, order + 10 * noise, step)
        density = -(z**2) / (2 * noise**2) - np.log(noise * np.sqrt(2 * np.pi))
        ratio = np.logaddexp(np.log1p(-rate), np.log(rate) + (2 * z - 1) / (2 * noise**2))
        found.append((logsumexp(density + order * ratio) + np.log(step)) / (order - 1))
    return np.maximum(np.array(found), 0.0)


def epsilon_of(rdp: np.ndarray, delta: float) -> float:
    """Return the least epsilon that Renyi differential privacy gives.

    Args:
        rdp: R(a) for each of `ORDERS`.
        delta: the probability that is left.
    """
    ends = np.log1p(-1 / ORDERS) - (np.log(delta) + np.log(ORDERS)) / (ORDERS - 1)
    return max(float((rdp + ends).min()), 0.0)


@dataclass(frozen=True)
class Noise:
    """The noise of a private run.

    Attributes:
        counts: noise multiplier of the counts, which are taken once of all training rows.
        gradients: noise multiplier of each step.
        rate: probability with which each training row is in the batch of a step.
        delta: the probability that is left.
    """

    counts: float
    gradients: float
    rate: float
    delta: float

    def spent(self, steps: int) -> float:
        """Return the epsilon of the counts and this many steps."""
        rdp = gaussian_rdp(self.counts) + steps * sampled_rdp(self.gradients, self.rate)
        return epsilon_of(rdp, self.delta)


@lru_cache(maxsize=8)  # a run asks for it at its beginning, for its steps, and at its end
def noise_for(epsilon: float, delta: float, rate: float, steps: int) -> Noise:
    """Return the least noise with which a run has (epsilon, delta)-differential privacy.

    Args:
        epsilon: see above.
        delta: see above.
        rate: probability with which each training row is in the batch of a step.
        steps: number of steps.

    Raises:
        WganError: no noise is enough.

    >>> round(noise_for(3.0, 1e-6, 0.01, 1000).spent(1000), 2)
    3.0
    """
    whole = _least(lambda noise: epsilon_of(gaussian_rdp(noise), delta), epsilon)
    counts = whole / COUNTS_SHARE**0.5

    def spent(noise: float) -> float:
        return Noise(counts, noise, rate, delta).spent(steps)

    return Noise(counts, _least(spent, epsilon), rate, delta)


def _least(spent: Callable[[float], float], epsilon: float) -> float:
    """Return the least noise multiplier that spends at most epsilon, rounded up."""
    # Less than 0.3 is never taken: it would serve an epsilon of dozens alone.
    low = high = 0.3
    while spent(high) > epsilon:
        low, high = high, 2 * high
        if high > MOST_NOISE:
            raise WganError(
                f"privacy.epsilon = {epsilon:g}: no noise is enough: give a larger epsilon or delta"
            )
    while high - low > ACCURACY * low:
        middle = (low + high) / 2
        low, high = (low, middle) if spent(middle) <= epsilon else (middle, high)
    return high
