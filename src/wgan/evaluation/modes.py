"""Has a generator collapsed? Modes covered and share of good samples, where the modes are known.

Follows Metz et al. (2017), section 3.3, and Lin et al. (2018, PacGAN), section 4.1.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

RADIUS_SDS = 3.0


@dataclass(frozen=True)
class ModeCoverage:
    """`covered` of `modes` hold at least one good sample; `share` of `n` samples are good (within 3 sd of a mode)."""

    covered: int
    modes: int
    share: float
    n: int


def mode_coverage(x: Float[np.ndarray, "n d"], modes: Float[np.ndarray, "k d"], sd: float) -> ModeCoverage:
    """Return how many modes have a sample within 3 standard deviations, and the share of samples that lie so near one.

    For a true mixture of Gaussians in the plane the share is 1 - exp(-9/2) = 0.989.

    Args:
        x: samples, in the coordinates of the modes.
        modes: the centres.
        sd: each mode's standard deviation along an axis.

    >>> mode_coverage(np.array([[0.0, 0.1], [5.0, 5.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]), sd=0.05)
    ModeCoverage(covered=1, modes=2, share=0.5, n=2)
    """
    distance, nearest = cKDTree(modes).query(x)
    good = distance <= RADIUS_SDS * sd
    return ModeCoverage(len(np.unique(nearest[good])), len(modes), float(good.mean()), len(x))
