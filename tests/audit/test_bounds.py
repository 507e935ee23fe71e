import numpy as np
import pytest
from scipy.spatial.distance import cdist

from wgan.audit.bounds import (
    bernstein_radius,
    extension,
    farthest_pair,
    lower_bound,
    transport_radius,
)
from wgan.base.errors import WganError
from wgan.distances import transport, wasserstein_1d

RNG = np.random.default_rng(0)


def test_bernstein_is_the_formula_and_refuses_one_value():
    values = RNG.random(50)
    term = np.log(2 / 0.1)
    assert bernstein_radius(values, 3.0, 0.1) == pytest.approx(
        np.sqrt(2 * values.var(ddof=1) * term / 50) + 7 * 3 * term / (3 * 49)
    )
    with pytest.raises(WganError, match="2 held-out samples"):
        bernstein_radius(values[:1], 1.0, 0.1)


def test_bernstein_and_a_plain_mean_are_told_apart_by_their_violations():
    """Skewed values, n = 40: the mean without its radius is above the truth half of the time; with
    it, at most delta.
    """
    p, n, repeats, delta = 0.1, 40, 2000, 0.1
    draws = (RNG.random((repeats, n)) < p).astype(float)
    above = sum(d.mean() > p for d in draws) / repeats
    violated = sum(d.mean() - bernstein_radius(d, 1.0, delta) > p for d in draws) / repeats
    assert above > 0.3
    assert violated <= delta


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
    assert low.radius == pytest.approx(2 * 7 * np.log(40) / (3 * 999))
    assert low.bound == pytest.approx((1.0 - low.radius) / 2)
    assert lower_bound("critic", f_y, f_x, (0.0, 1.0), 1.0, 0.1).bound == 0.0


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
