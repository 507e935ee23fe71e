import numpy as np
import ot
import pytest
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import sinkhorn_divergence, wasserstein

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 3)), RNG.normal(size=(40, 3)) + 1


def test_a_translation_by_v_costs_the_length_of_v_at_order_2_whatever_the_epsilon():
    v = np.array([1.0, -2.0, 2.0])
    for epsilon in (0.5, 1.0, 10.0):
        assert sinkhorn_divergence(X, X + v, 2, epsilon).value == pytest.approx(3.0, rel=1e-4)


@pytest.mark.parametrize("p", [1, 2])
def test_is_zero_between_equal_samples_symmetric_and_near_the_exact_distance_for_small_epsilon(p):
    assert sinkhorn_divergence(X, X[::-1], p).value == pytest.approx(0, abs=1e-3)
    assert sinkhorn_divergence(X, Y, p).value == pytest.approx(
        sinkhorn_divergence(Y, X, p).value, rel=1e-4
    )
    assert sinkhorn_divergence(
        X, Y, p, 0.02 if p == 1 else 0.1, max_iterations=100_000
    ).value == pytest.approx(wasserstein(X, Y, p), rel=0.02)


@pytest.mark.parametrize("p", [1, 2])
def test_agrees_with_pot(p):
    """OT = <f, a> + <g, b> with f = epsilon log(u / a) for POT's scalings u, whose kernel leaves
    the weights out.
    """
    wx, wy = RNG.random(60), RNG.random(40)
    wx, wy, epsilon = wx / wx.sum(), wy / wy.sum(), 0.5

    def value(x, y, a, b):
        _, log = ot.sinkhorn(
            a, b, cdist(x, y) ** p, epsilon, stopThr=1e-13, numItermax=100_000, log=True
        )
        return epsilon * float(a @ np.log(log["u"] / a) + b @ np.log(log["v"] / b))

    expected = value(X, Y, wx, wy) - value(X, X, wx, wx) / 2 - value(Y, Y, wy, wy) / 2
    ours = sinkhorn_divergence(X, Y, p, epsilon, wx, wy)
    assert ours.value**p == pytest.approx(expected, rel=1e-4)
    assert ours.epsilon == epsilon


def test_the_default_epsilon_is_a_twentieth_of_the_mean_cost():
    assert sinkhorn_divergence(X, Y).epsilon == pytest.approx(cdist(X, Y).mean() / 20)


def test_samples_without_weight_do_not_count():
    weights = np.r_[np.ones(40), np.zeros(20)]
    assert sinkhorn_divergence(X, Y, x_weights=weights) == sinkhorn_divergence(X[:40], Y)


def test_coinciding_samples_have_distance_zero():
    assert sinkhorn_divergence(np.ones((3, 2)), np.ones((2, 2))).value == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 1e-4}, "too small for samples so far apart"),
        ({"epsilon": 0.05, "max_iterations": 20}, "did not converge in 20 steps"),
        ({"epsilon": 0.0}, "above 0"),
        ({"epsilon": float("nan")}, "above 0"),
        ({"p": 3}, "choose 1 or 2"),
    ],
)
def test_a_solve_that_would_be_wrong_is_refused(arguments, message):
    with pytest.raises(WganError, match=message):
        sinkhorn_divergence(X, Y, **arguments)


@pytest.mark.parametrize("p", [1, 2])
def test_heavy_tails_get_an_epsilon_that_float64_can_bear(p):
    x, y = RNG.standard_t(2, size=(300, 2)), RNG.standard_t(2, size=(300, 2))
    assert sinkhorn_divergence(x, y, p).value > 0


@pytest.mark.parametrize(("unit", "p"), [(1e-150, 2), (1e-300, 1), (1e150, 2), (1e300, 1)])
def test_a_divergence_is_the_same_in_any_unit_that_float64_holds(unit, p):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(20, 3)) + 1
    expected = sinkhorn_divergence(x, y, p)
    found = sinkhorn_divergence(unit * x, unit * y, p)
    assert found.value == pytest.approx(unit * expected.value, rel=1e-6)
    assert found.epsilon == pytest.approx(unit**p * expected.epsilon, rel=1e-9)


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_costs_beyond_float64_are_refused(unit):
    with pytest.raises(WganError, match="float64"):
        sinkhorn_divergence([[0.0], [unit]], [[5 * unit], [6 * unit]], p=2)
