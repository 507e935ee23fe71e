"""Precision, recall, density and coverage of generated samples, from balls around neighbours.

The support of a set is estimated by balls around its rows. Each ball reaches to the row's k-th
neighbour in the set.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.evaluation.metric import HIGH, Comparison, Metric, Reference, features_name
from wgan.evaluation.metrics.distances import blocks, nearest, within

Features = Float[np.ndarray, "n d"]


@dataclass(frozen=True)
class Manifold:
    """Precision, recall and coverage are shares; density may exceed 1.

    For equal distributions density is 1 on average. Coverage by as many fake rows as real ones is 1
    - 2^-k, or 0.969 for k = 5, when n is large, because the k neighbours of a row may all be real.
    Precision and recall are below 1 because balls around n rows leave space out, which depends on
    the distribution. So none is to be read without its floor.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    k: int


def manifold(real: Features, fake: Float[np.ndarray, "m e"], k: int = 5) -> Manifold:
    """Return precision, recall, density and coverage of fake rows with respect to real ones.

    Precision is the share of fake rows that lie in the ball of some real row. Recall is the share
    of real rows that lie in the ball of some fake row. Density is the mean number of real balls
    that hold a fake row, divided by k. Coverage is the share of real rows whose ball holds a fake
    row. Balls are closed, distances are Euclidean, and a row is not its own neighbour. The figures
    are not symmetric. Memory is bounded by blocks of rows.

    Args:
        real: features `[n, d]`.
        fake: features `[m, d]`.
        k: the neighbour that a ball reaches to; 5 as in Naeem et al. (2020).

    Raises:
        WganError: k or fewer rows on a side, or different widths.

    References:
        Kynkaanniemi et al. (2019), equation 2; Naeem et al. (2020), equations 2 and 3.

    >>> real = np.array([[0.0], [1.0], [3.0]])
    >>> manifold(real, np.array([[0.5], [10.0], [11.0]]), k=1).recall
    1.0
    """
    if real.shape[1] != fake.shape[1] or min(len(real), len(fake)) <= k:
        raise WganError(
            f"features of shapes {real.shape} and {fake.shape}: give more than k = {k} rows each,"
            " equally wide"
        )
    centre = np.median(real, axis=0)  # a row far away does not move it
    real, fake = real - centre, fake - centre
    real_reach, fake_reach = _reach(real, k), _reach(fake, k)
    covered = np.zeros(len(real), dtype=bool)
    held = []
    for block in blocks(len(fake), len(real)):
        balls = within(fake[block], real, real_reach)
        held.append(balls.sum(axis=1))
        covered |= balls.any(axis=0)
    parts = blocks(len(real), len(fake))
    recalled = [within(real[block], fake, fake_reach).any(axis=1) for block in parts]
    counts = np.concatenate(held)
    return Manifold(
        precision=float((counts > 0).mean()),
        recall=float(np.concatenate(recalled).mean()),
        density=float(counts.mean() / k),
        coverage=float(covered.mean()),
        k=k,
    )


def _reach(x: Features, k: int) -> Float[np.ndarray, " n"]:
    """Return the distance of each row to its k-th neighbour other than itself."""
    reach = []
    for block in blocks(len(x), len(x)):
        part = x[block]
        near = nearest(part, x, k, start=block.start)
        reach.append(near.distance[near.kth(k, len(part))])
    return np.concatenate(reach)


def _of_set(c: Comparison[Reference]) -> Manifold:
    return manifold(c.reference.held_out_features, c.features)


def _figure(name: str) -> Callable[[Comparison[Reference]], float]:
    return lambda c: float(getattr(c.once(_of_set), name))


PRECISION = Metric("precision", "precision", "%", HIGH, _figure("precision"), features_name)
RECALL = Metric("recall", "recall", "%", HIGH, _figure("recall"), features_name)
DENSITY = Metric("density", "density", "", "about 1: as real", _figure("density"), features_name)
COVERAGE = Metric("coverage", "coverage", "%", HIGH, _figure("coverage"), features_name)
