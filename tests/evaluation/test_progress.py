"""The held-out distance while training: its trend against a fit by hand, and when a run has converged."""

import numpy as np
import pytest

from wgan.data import load
from wgan.data.toys import TOYS
from wgan.distances import wasserstein
from wgan.evaluation import Watch
from wgan.evaluation.progress import POINTS, trend


def test_a_trend_is_the_least_squares_line_with_students_interval():
    rng = np.random.default_rng(0)
    steps, w1 = np.arange(10, 130, 10), np.linspace(3, 2, 12) + 0.1 * rng.normal(size=12)
    found = trend(steps.tolist(), w1.tolist())
    x, y = steps[-8:], w1[-8:]
    a = np.stack([x, np.ones(8)], axis=1)
    coefficients, residual, _, _ = np.linalg.lstsq(a, y, rcond=None)
    error = np.sqrt(residual[0] / 6 * np.linalg.inv(a.T @ a)[0, 0])
    assert found.change == pytest.approx(coefficients[0] * 70)
    assert found.half_width == pytest.approx(2.446912 * error * 70, rel=1e-5)
    assert (found.first, found.last, found.points) == (50, 120, 8)


def test_half_of_the_measurements_count_and_eight_are_needed():
    assert trend(list(range(POINTS - 1)), [1.0] * (POINTS - 1)) is None
    assert trend(list(range(40)), np.random.default_rng(0).random(40).tolist()).points == 20


def test_noise_alone_is_seldom_called_falling_and_a_clear_fall_always():
    rng = np.random.default_rng(0)
    noise = [trend(list(range(16)), (1 + 0.1 * rng.normal(size=16)).tolist()).falling for _ in range(400)]
    assert np.mean(noise) == pytest.approx(0.025, abs=0.02)
    assert all(trend(list(range(16)), (np.linspace(3, 1, 16) + 0.1 * rng.normal(size=16)).tolist()).falling for _ in range(50))


def test_a_watch_measures_against_the_same_held_out_samples():
    split, draws = load("25-gaussians").split(), []

    def sample(n, draw):
        draws.append(draw)
        return TOYS["25-gaussians"].draw(n, np.random.default_rng(-draw)).astype(np.float32)

    watch = Watch(split)
    assert not watch.converged
    found = watch(sample, 7)
    expected = wasserstein(sample(500, -8).astype(np.float64), split.held_out_sample(0, 500).astype(np.float64))
    assert found["held_out_w1"] == pytest.approx(expected)
    assert found["modes_covered"] == 25
    assert 0.97 < found["good_share"] <= 1
    assert draws == [-8, -8]
    for step in range(8, 15):
        watch(sample, step)
    assert watch.converged, "a generator that does not change has stopped getting better"
    assert Watch(split, [(i, 9.0 - i) for i in range(8)]).trend.falling
    assert "modes_covered" not in Watch(load("digits").split())(lambda n, draw: load("digits").rows[:n], 1)
