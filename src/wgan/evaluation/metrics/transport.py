"""Exact W1 and sliced W2 between a set of samples and held-out ones.

The distances themselves are those of `wgan.distances`.
"""

from wgan.distances import sliced_wasserstein, wasserstein
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference

# 200 random directions: all sets share them, so they add no noise to a comparison of sets.
DIRECTIONS = 200


def _w1(c: Comparison[Reference]) -> float:
    n, measure = c.reference.most("w1-exact"), c.reference.measure
    return wasserstein(measure(c.raw[:n]), measure(c.reference.held_out[:n]))


def _sliced(c: Comparison[Reference]) -> float:
    n, measure = c.reference.most("sliced-w2"), c.reference.measure
    x, y = measure(c.raw[:n]), measure(c.reference.held_out[:n])
    return sliced_wasserstein(x, y, directions=DIRECTIONS, seed=c.reference.seed).value


W1 = Metric("w1-exact", "W1", "", LOW, _w1)
SLICED = Metric("sliced-w2", "sliced W2", "", LOW, _sliced)
