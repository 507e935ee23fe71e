"""Has a generator collapsed? Modes covered, share of good samples, and how far the modes' shares
are from the true ones.

Follows Metz et al. (2017), section 3.3, and Lin et al. (2018, PacGAN), section 4.1.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Shaped
from scipy.spatial import cKDTree
from scipy.stats import entropy

RADIUS_SDS = 3.0
NO_MODE = -1


@dataclass(frozen=True)
class ModeCoverage:
    """`covered` of `modes` hold at least one good sample; `share` of `n` samples are good: of some
    mode.

    `shares` are the modes' shares of the good samples; `kl` is KL(shares || true shares) in nats,
    not a number where no sample is good.
    """

    covered: int
    modes: int
    share: float
    n: int
    kl: float
    shares: tuple[float, ...]


def mode_coverage(
    x: Float[np.ndarray, "n d"], modes: Float[np.ndarray, "k d"], sd: float
) -> ModeCoverage:
    """Return how many of equally frequent modes have a sample within 3 standard deviations, and the
    share of samples that lie so near one.

    For a true mixture of Gaussians in the plane the share is 1 - exp(-9/2) = 0.989.

    Args:
        x: samples, in the coordinates of the modes.
        modes: the centres.
        sd: each mode's standard deviation along an axis.

    >>> found = mode_coverage(np.array([[0.0, 0.1], [5.0, 5.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]), sd=0.05)
    >>> found.covered, found.share
    (1, 0.5)
    """
    return coverage_of(nearest_mode(x, modes, sd), np.ones(len(modes)))


def nearest_mode(
    x: Float[np.ndarray, "n d"], modes: Float[np.ndarray, "k d"], sd: float
) -> Int64[np.ndarray, " n"]:
    """Return the number of the nearest mode of each sample, -1 where it is farther than 3 standard
    deviations.
    """
    distance, nearest = cKDTree(modes).query(x)
    return np.where(distance <= RADIUS_SDS * sd, nearest, NO_MODE).astype(np.int64)


def coverage_of(told: Int64[np.ndarray, " n"], true: Shaped[np.ndarray, " k"]) -> ModeCoverage:
    """Return the coverage of k modes by samples whose mode is `told` (-1: none); `true` are their
    frequencies, of any sum.

    KL(p || q) = sum p log(p / q), p the told and q the true shares. Of n samples of the true shares
    it is about (k - 1) / (2 n), not 0.

    >>> coverage_of(np.array([0, 0, -1]), np.array([1, 1])).kl
    0.6931471805599453
    """
    counts = np.bincount(told[told != NO_MODE], minlength=len(true))
    good = int(counts.sum())
    shares = counts / max(good, 1)
    kl = float(entropy(counts, true)) if good else float("nan")
    return ModeCoverage(
        int((counts > 0).sum()), len(true), good / len(told), len(told), kl, tuple(shares.tolist())
    )
