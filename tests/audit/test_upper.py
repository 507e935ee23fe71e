import numpy as np
import pytest

from wgan.audit.pairs import shift
from wgan.audit.upper import Diameter, asymptotic_radius, transport_radius, upper_end
from wgan.distances import transport, wasserstein, wasserstein_1d

RNG = np.random.default_rng(0)


def test_the_transport_of_batches_plus_its_radius_is_above_the_distance_as_often_as_promised():
    """On a line W1 between uniform distributions moved by 0.2 is 0.2; n = 20, K = 2, delta =
    0.2.
    """
    n, batches, delta = 20, 2, 0.2
    radius = transport_radius(1.2, n, batches, delta)
    means = [
        np.mean([wasserstein_1d(RNG.random(n), RNG.random(n) + 0.2) for _ in range(batches)])
        for _ in range(500)
    ]
    assert np.mean([m + radius < 0.2 for m in means]) <= delta
    assert np.mean([m < 0.2 for m in means]) > 0.1  # the mean alone is no bound


def test_the_asymptotic_limit_is_above_the_expected_transport_as_often_as_promised():
    """Shift by 1 in the plane, n = 60, K = 2, delta = 0.1; the mean of all repeats is the truth."""
    delta, repeats = 0.1, 300
    means, limits = [], []
    for seed in range(repeats):
        x, y = shift(2, 1.0).sample(120, seed)
        plans = [transport(x[k : k + 60], y[k : k + 60]) for k in (0, 60)]
        means.append(np.mean([plan.distance for plan in plans]))
        limits.append(means[-1] + asymptotic_radius(plans, delta))
    missed = np.mean(np.array(limits) < np.mean(means))
    assert 0.04 < missed < 0.17


def test_the_standard_error_of_the_heuristic_is_its_spread_over_samples():
    values, errors = [], []
    for seed in range(100):
        x, y = shift(4, 2.0).sample(200, seed)
        heuristic = upper_end(x, y, None, 0.05).heuristic
        values.append(heuristic.value)
        errors.append(heuristic.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.25)


def test_between_equal_populations_the_heuristic_is_noise():
    """Without its standard error it read up to 0.4 in 16 dimensions."""
    told = 0
    for seed in range(40):
        heuristic = upper_end(*shift(16, 0.0).sample(100, seed), None, 0.05).heuristic
        told += heuristic.standard_error is not None
    assert told <= 5


def test_a_shift_is_seen_though_the_floor_is_most_of_the_transport():
    x, y = shift(64, 2.0).sample(1000, 0)
    end = upper_end(x, y, None, 0.05)
    assert end.floor > 0.9 * end.upper.transport
    assert abs(end.heuristic.value - 2.0) < 4 * end.heuristic.standard_error


def test_batches_are_disjoint_and_as_large_as_may_be(monkeypatch):
    from wgan.audit import upper

    x, y = shift(2, 1.0).sample(90, 0)
    assert (end := upper_end(x, y, None, 0.05).upper).batch == 45
    assert end.batches == 2
    monkeypatch.setattr(upper, "BATCH", 20)
    end = upper_end(x, y, Diameter(9.0, "declared"), 0.05)
    across = [wasserstein(x[k : k + 20], y[k : k + 20]) for k in (0, 20, 40, 60)]
    assert end.upper.transport == pytest.approx(np.mean(across))
    assert end.upper.radius == transport_radius(9.0, 20, 4, 0.05)
    assert end.floor == pytest.approx(wasserstein(x[:20], x[20:40]))
    floor_y = wasserstein(y[:20], y[20:40])
    expected = np.sqrt(np.mean(across) ** 2 - (end.floor**2 + floor_y**2) / 2)
    assert end.heuristic.value == pytest.approx(expected)
