import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from wgan.audit.betting import betting_lower_bound
from wgan.audit.bounds import (
    chosen_clamp,
    extension,
    farthest_pair,
    lower_bound,
    transport_radius,
)
from wgan.base.errors import WganError
from wgan.distances import transport, wasserstein_1d

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


def test_the_extension_is_one_lipschitz_and_reads_the_exact_distance_where_it_came_from():
    x, y = RNG.normal(size=(80, 3)), RNG.normal(size=(60, 3)) + 1
    plan = transport(x, y)
    f_x, f_y = extension(y, plan.v, x), extension(y, plan.v, y)
    assert f_x.mean() - f_y.mean() == pytest.approx(plan.distance, rel=1e-9)
    a = RNG.normal(size=(300, 3)) * 5
    f = extension(y, plan.v, a)
    assert (np.abs(f[:, None] - f[None, :]) <= cdist(a, a) + 1e-9).all()


def test_a_lower_bound_is_clamped_divided_and_never_below_zero():
    f_x, f_y = np.r_[np.full(999, 1.0), 50.0], np.zeros(1000)
    low = lower_bound("critic", f_x, f_y, (0.0, 1.0), 2.0, 0.1)
    assert low.gap == 1.0
    least = betting_lower_bound(np.ones(1000), 0.1)  # differences of 1, in [-1, 1]
    assert low.radius == pytest.approx(2 - 2 * least)
    assert low.bound == pytest.approx((1.0 - low.radius) / 2)
    assert 0.49 < low.bound < 0.5
    assert lower_bound("critic", f_y, f_x, (0.0, 1.0), 1.0, 0.1).bound == 0.0


@pytest.mark.parametrize("unit", [1e-200, 1e-3, 1e200])
def test_a_lower_bound_follows_the_unit_and_not_the_zero_of_the_scores(unit):
    f_x, f_y = RNG.normal(1, 1, 300), RNG.normal(0, 1, 300)
    low = lower_bound("c", f_x, f_y, (-3.0, 4.0), 1.0, 0.05)
    assert 0.4 < low.bound < low.gap
    scaled = lower_bound("c", unit * f_x, unit * f_y, (-3 * unit, 4 * unit), 1.0, 0.05)
    assert scaled.bound == pytest.approx(unit * low.bound, rel=1e-6)
    moved = lower_bound("c", f_x + 5, f_y + 5, (2.0, 9.0), 1.0, 0.05)
    assert moved.bound == pytest.approx(low.bound, rel=1e-6)


def test_constant_scores_and_scores_without_a_range_certify_nothing():
    ones = np.ones(100)
    assert lower_bound("c", ones, ones, (1.0, 1.0), 1.0, 0.05).bound == 0.0
    assert lower_bound("c", 9 * ones, ones, (-np.inf, np.inf), 1.0, 0.05).bound == 0.0
    with pytest.raises(WganError, match="held-out samples on each side"):
        lower_bound("c", ones, ones[:0], (0.0, 1.0), 1.0, 0.05)


def test_more_samples_of_one_side_alone_raise_the_bound():
    f_x, f_y = RNG.normal(1, 1, 300), RNG.normal(0, 1, 3100)
    few = lower_bound("c", f_x, f_y[:300], (-3.0, 4.0), 1.0, 0.05)
    many = lower_bound("c", f_x, f_y, (-3.0, 4.0), 1.0, 0.05)
    assert many.radius < 0.85 * few.radius


def test_a_lower_bound_of_clamped_heavy_tails_misses_no_more_often_than_promised():
    """Unequal sides, scores on the line: y moved by 1, W1 = 1, chosen clamps included."""
    delta, repeats = 0.2, 400
    missed = 0
    for repeat in range(repeats):
        if repeat % 20 == 0:
            clamp = chosen_clamp(RNG.standard_t(2.1, 100) + 1, RNG.standard_t(2.1, 150))
        f_x, f_y = RNG.standard_t(2.1, 100) + 1, RNG.standard_t(2.1, 150)
        missed += lower_bound("c", f_x, f_y, clamp, 1.0, delta).bound > 1.0
    assert missed <= stats.binom.ppf(0.999, repeats, delta)


def test_a_chosen_clamp_cuts_heavy_tails_off_and_keeps_bounded_scores_whole():
    x, y = RNG.random(2000) + 0.5, RNG.random(2000)
    both = np.concatenate([x, y])
    assert chosen_clamp(x, y) == pytest.approx((both.min(), both.max()), abs=0.05)
    chosen, extremes = [], []
    for _ in range(10):
        x, y = RNG.standard_t(2.1, 2000) + 2, RNG.standard_t(2.1, 2000)
        fresh = RNG.standard_t(2.1, 2000) + 2, RNG.standard_t(2.1, 2000)
        both = np.concatenate([x, y])
        chosen.append(lower_bound("c", *fresh, chosen_clamp(x, y), 1.0, 0.0125).bound)
        extremes.append(lower_bound("c", *fresh, (both.min(), both.max()), 1.0, 0.0125).bound)
    assert max(1.7, np.mean(extremes) + 0.1) < np.mean(chosen) < 2.0


def test_each_end_of_a_clamp_is_chosen_by_itself():
    """One tail is heavy, and the other bounded: only the heavy one is cut."""
    x, y = RNG.pareto(1.5, 2000) + 1, RNG.pareto(1.5, 2000)
    low, high = chosen_clamp(x, y)
    assert low < np.quantile(y, 0.05)
    assert high < np.quantile(x, 0.9999)
    flipped = chosen_clamp(-y, -x)
    assert flipped == pytest.approx((-high, -low))


@pytest.mark.parametrize("shape", [(2, 1), (300, 2), (200, 50), (5000, 3)])
@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_the_farthest_pair_is_the_diameter_where_it_exceeds_the_declared_one(shape, unit):
    """A single look from one sample passed a diameter that was 11 % too small."""
    x = np.random.default_rng(0).normal(size=shape) + 5
    diameter = cdist(x, x).max()
    for share in (0.0, 0.5, 0.89, 0.999):
        found = farthest_pair(unit * x, unit * share * diameter)
        assert found == pytest.approx(unit * diameter, rel=1e-9)
    for share in np.linspace(1.001, 2.0, 20):
        assert farthest_pair(unit * x, unit * share * diameter) == unit * share * diameter


def test_equal_samples_are_nowhere_apart():
    assert farthest_pair(np.full((5, 2), 1e300)) == 0.0


def test_scores_that_are_not_finite_certify_nothing():
    with pytest.raises(WganError, match="nothing is certified"):
        lower_bound("c", np.array([0.0, np.nan]), np.zeros(2), (0.0, 1.0), 1.0, 0.1)
    with pytest.raises(WganError, match="nothing is certified"):
        lower_bound("c", np.zeros(2), np.zeros(2), (0.0, 1.0), 0.0, 0.1)
