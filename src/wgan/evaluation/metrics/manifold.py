"""Do generated samples lie where real ones do, and do they cover them? Precision, recall, density,
coverage, by balls around neighbours.

A set's support is estimated by balls around its rows, each as large as the distance to its k-th
neighbour in the set.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from wgan.base.errors import WganError

ROUNDING = 1e-7
"""Equal distances, computed in two ways, differ by so much of the largest norm, since a square root
is taken of a difference.
"""
Features = Float[np.ndarray, "n d"]


@dataclass(frozen=True)
class Manifold:
    """Shares, but density, which may exceed 1; of equal distributions all are 1 but for the noise
    of finite sets.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    k: int


def manifold(real: Features, fake: Float[np.ndarray, "m e"], k: int = 5) -> Manifold:
    """Return precision and recall (Kynkaanniemi et al. 2019, equation 2), density and coverage
    (Naeem et al. 2020, equations 2 and 3).

    Precision: the share of fake rows in the ball of some real row. Recall: of real rows in the ball
    of some fake row. Density: the mean number of real balls that a fake row lies in, over k.
    Coverage: the share of real rows whose ball holds a fake row. Balls are closed, reach to the
    k-th neighbour other than the row itself, and distances are Euclidean. Not symmetric. Memory is
    of blocks alone.

    Raises:
        WganError: k or fewer rows on a side, or other widths.
    """
    if real.shape[1] != fake.shape[1] or min(len(real), len(fake)) <= k:
        raise WganError(
            f"features of shapes {real.shape} and {fake.shape}: give more than k = {k} rows each,"
            " equally wide"
        )
    centre = np.mean(real, axis=0, dtype=np.float64)
    real, fake = real - centre, fake - centre
    rounding = ROUNDING * max(np.abs(real).max(), np.abs(fake).max()) * real.shape[1] ** 0.5
    real_reach, fake_reach = (_reach(x, k) + rounding for x in (real, fake))
    inside, recalled, covered = [], [], np.zeros(len(real), dtype=bool)
    for block in pairwise_distances_chunked(fake, real):
        balls = block <= real_reach
        inside.append(balls.sum(axis=1))
        covered |= balls.any(axis=0)
    for block in pairwise_distances_chunked(real, fake):
        recalled.append((block <= fake_reach).any(axis=1))
    counts = np.concatenate(inside)
    return Manifold(
        float((counts > 0).mean()),
        float(np.concatenate(recalled).mean()),
        float(counts.mean() / k),
        float(covered.mean()),
        k,
    )


def _reach(x: Features, k: int) -> Float[np.ndarray, " n"]:
    """Return the distance of each row to its k-th neighbour other than itself."""
    reach: np.ndarray = NearestNeighbors(n_neighbors=k).fit(x).kneighbors()[0][:, -1]
    return reach
