"""Exact W1 and sliced W2 of a set: those of `wgan.distances`, on as many samples as are named."""

from dataclasses import replace

import pytest

from wgan.data import load
from wgan.distances import sliced_wasserstein, wasserstein
from wgan.evaluation.kinds import PROTOCOLS
from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics.transport import DIRECTIONS, SLICED, W1
from wgan.evaluation.protocol import EvaluationOptions


def test_values_are_those_of_the_distances_on_the_samples_that_are_taken():
    split = load("25-gaussians").split()
    options = EvaluationOptions(number=60, seed=4)
    reference = PROTOCOLS["vectors"].reference(split, options)
    reference = replace(reference, limits={"w1-exact": 40})
    raw = split.train_sample(0, 100)
    x, y = raw.astype(float), split.held_out_sample(0, 60).astype(float)
    comparison = Comparison(reference, raw, "a set")
    assert W1.measure(comparison) == wasserstein(x[:40], y[:40])
    expected = sliced_wasserstein(x[:60], y, directions=DIRECTIONS, seed=4).value
    assert SLICED.measure(comparison) == pytest.approx(expected)
    assert (W1.samples(reference), SLICED.samples(reference)) == (40, 60)
