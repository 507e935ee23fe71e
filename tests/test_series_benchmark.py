"""TSGBench's measures: right values on windows of which they are known."""

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import wgan

BENCHMARKS = Path(wgan.__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its checkout")


@pytest.fixture
def tsgbench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import tsgbench

    yield tsgbench
    sys.modules.pop("tsgbench")


def normal(n, steps, channels, seed=0):
    return np.random.default_rng(seed).normal(size=(n, steps, channels))


def test_equal_windows_read_0(tsgbench):
    x = normal(200, 6, 2)
    for name, measure in tsgbench.MEASURES.items():
        # Values at the edge of two bins count for none of generated windows, as in their code.
        bound = 0.1 if name == "MDD" else 1e-12
        assert measure(x, x) <= bound, name


def test_densities_of_other_values_are_off_by_their_sum(tsgbench):
    """Real values lie in two of 50 bins between 0 and 1, generated ones at neither."""
    real = np.repeat([0.0, 1.0], 50)[:, None, None] * np.ones((1, 3, 1))
    fake = np.full((10, 3, 1), 0.51)
    # Densities are 25, 25 and 50 in bins of a width of 1/50; the mean is over 50 bins.
    assert tsgbench.mdd(real, fake) == pytest.approx(2.0)


def test_autocorrelations_of_alternating_windows(tsgbench):
    t = np.arange(4)
    real = ((-1.0) ** t)[None, :, None] * np.array([1.0, -1.0])[:, None, None]
    fake = np.array([1.0, -1.0])[:, None, None] * np.ones((1, 4, 1))
    # r(k) = (-1)^k and 1: differences of 2 at lags 1 and 3.
    assert tsgbench.acd(real, fake) == pytest.approx(np.sqrt(8))


def test_skewness_and_kurtosis_of_exponentials(tsgbench):
    real = np.random.default_rng(0).exponential(size=(200_000, 2, 1))
    fake = normal(200_000, 2, 1)
    assert tsgbench.sd(real, fake) == pytest.approx(2, abs=0.1)  # 2 and 0
    assert tsgbench.kd(real, fake) == pytest.approx(6, abs=0.6)  # 9 and 3


def test_euclidean_distance_is_the_mean_of_channels(tsgbench):
    real = np.zeros((2, 4, 2))
    fake = np.broadcast_to([1.0, 3.0], real.shape)
    assert tsgbench.ed(real, fake) == pytest.approx((2 + 6) / 2)


def test_warping_is_the_least_over_all_paths(tsgbench):
    x, y = normal(1, 4, 2), normal(1, 4, 2, seed=1)
    cost = ((x[0][:, None] - y[0][None]) ** 2).sum(axis=2)
    least = np.inf
    for length in range(3, 7):
        for moves in product([(1, 0), (0, 1), (1, 1)], repeat=length):
            ends = np.cumsum([(0, 0), *moves], axis=0)
            if tuple(ends[-1]) == (3, 3):
                least = min(least, cost[ends[:, 0], ends[:, 1]].sum())
    assert tsgbench.dtw(x, y) == pytest.approx(np.sqrt(least))


def test_scaled_windows_lie_between_0_and_1_at_each_step(tsgbench):
    x = normal(50, 3, 2) * [1, 100] + 7
    scaled = tsgbench.scaled_by_steps(x, x)
    np.testing.assert_allclose(scaled.min(axis=0), 0)
    np.testing.assert_allclose(scaled.max(axis=0), 1, atol=1e-6)
