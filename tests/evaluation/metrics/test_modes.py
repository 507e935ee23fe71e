"""Modes: coverage by hand, the divergence of shares, and what counts them on which data."""

import numpy as np
import pytest

from wgan.data import load
from wgan.evaluation.images import IMAGES
from wgan.evaluation.kinds import PROTOCOLS
from wgan.evaluation.metrics.modes import NEAREST, counter_of, coverage_of, mode_coverage
from wgan.evaluation.protocol import EvaluationOptions


def test_mode_coverage_counts_by_hand():
    modes = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    x = np.array([[0.0, 0.29], [0.0, 0.31], [1.1, 0.0], [9.0, 9.0]])
    coverage = mode_coverage(x, modes, sd=0.1)
    assert (coverage.covered, coverage.modes, coverage.share, coverage.n) == (2, 3, 0.5, 4)


def test_the_divergence_is_of_the_shares_among_good_samples():
    found = coverage_of(np.array([0, 0, 0, 1, -1]), np.array([2, 2]))
    assert found.kl == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    assert found.shares == (0.75, 0.25)
    assert np.isnan(coverage_of(np.array([-1, -1]), np.array([1, 1])).kl)


def test_few_samples_of_the_true_shares_diverge_by_about_k_over_2n():
    random = np.random.default_rng(0)
    kl = [coverage_of(random.integers(0, 10, 500), np.ones(10)).kl for _ in range(300)]
    assert np.mean(kl) == pytest.approx(9 / 1000, rel=0.1)


def test_toys_are_counted_by_place_and_labelled_data_by_the_nearest_sample():
    options = EvaluationOptions(number=30)
    toy = PROTOCOLS["vectors"].reference(load("8-gaussians").split(), options)
    assert (counter_of(toy).by, counter_of(toy).n) == ("place", 2500)
    labelled = IMAGES.reference(load("digits", labels="own").split(), options)
    assert (counter_of(labelled).by, counter_of(labelled).n) == (NEAREST, 30)
    assert counter_of(PROTOCOLS["vectors"].reference(load("swiss-roll").split(), options)) is None
