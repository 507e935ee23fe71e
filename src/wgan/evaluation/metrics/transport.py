"""Exact W1 and sliced W2 between a set of samples and held-out ones.

The distances themselves are those of `wgan.distances`.
"""

import numpy as np

from wgan.distances import sliced_wasserstein, wasserstein
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference

# 200 random directions: all sets share them, so they add no noise to a comparison of sets.
DIRECTIONS = 200


def _coordinates(c: Comparison[Reference], metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return as many samples of both sides as the metric takes, in coordinates."""
    n = c.reference.most(metric)
    measure = c.reference.measure
    return measure(c.raw[:n]), measure(c.reference.held_out[:n])


def _w1(c: Comparison[Reference]) -> float:
    return wasserstein(*_coordinates(c, "w1-exact"))


def _sliced(c: Comparison[Reference]) -> float:
    x, y = _coordinates(c, "sliced-w2")
    return sliced_wasserstein(x, y, directions=DIRECTIONS, seed=c.reference.seed).value


W1 = Metric("w1-exact", "W1", "", LOW, _w1)
SLICED = Metric("sliced-w2", "sliced W2", "", LOW, _sliced)
