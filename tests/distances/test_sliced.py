import numpy as np
import ot
import pytest

from wgan.base.errors import WganError
from wgan.distances import max_sliced_wasserstein, sliced_wasserstein, wasserstein, wasserstein_1d

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.normal(size=(60, 4)) * 1.5 + 1


@pytest.mark.parametrize("p", [1, 2, 3])
def test_in_one_dimension_it_is_the_exact_distance(p):
    x, y = X[:, :1], Y[:, :1]
    sliced = sliced_wasserstein(x, y, p)
    assert sliced.value == pytest.approx(wasserstein_1d(x, y, p))
    assert sliced.standard_error == pytest.approx(0, abs=1e-12)
    assert max_sliced_wasserstein(x, y) == pytest.approx(wasserstein_1d(x, y, 2))


def test_a_shift_has_its_closed_form_within_the_stated_error():
    """E <theta, v>^2 = |v|^2 / d, so SW_2 of a shift by v is |v| / sqrt(d)."""
    v = np.array([3.0, 0.0, 4.0, 0.0])
    sliced = sliced_wasserstein(X, X + v, 2, directions=4000)
    assert abs(sliced.value - 5 / 2) < 4 * sliced.standard_error
    assert sliced.standard_error < 0.05
    assert max_sliced_wasserstein(X, X + v) == pytest.approx(5)


def test_the_standard_error_is_the_spread_over_seeds():
    values = [sliced_wasserstein(X, Y, 2, directions=100, seed=s) for s in range(60)]
    spread = np.std([v.value for v in values], ddof=1)
    assert np.mean([v.standard_error for v in values]) == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize("weights", [None, RNG.random(60)])
def test_agrees_with_pot_on_the_same_directions(weights):
    theta = np.random.default_rng(5).standard_normal((200, 4))
    theta /= np.linalg.norm(theta, axis=1, keepdims=True)
    normal = None if weights is None else weights / weights.sum()
    theirs = ot.sliced_wasserstein_distance(X, Y, normal, None, projections=theta.T, p=2)
    assert sliced_wasserstein(X, Y, 2, 200, seed=5, x_weights=weights).value == pytest.approx(
        float(theirs), rel=1e-6
    )


def test_shadows_are_never_longer_than_the_distance():
    exact = wasserstein(X, Y, 2)
    longest = max_sliced_wasserstein(X, Y)
    assert sliced_wasserstein(X, Y, 2).value < longest <= exact
    theta = np.random.default_rng(1).standard_normal((2000, 4))
    brute = max(
        wasserstein_1d(X @ t, Y @ t, 2)
        for t in theta / np.linalg.norm(theta, axis=1, keepdims=True)
    )
    assert longest >= brute * (1 - 1e-9)


def test_wrong_input_is_named():
    with pytest.raises(WganError, match="directions = 1: give a whole number, 2 or more"):
        sliced_wasserstein(X, Y, directions=1)
    with pytest.raises(WganError, match="starts = 0: give a whole number, 1 or more"):
        max_sliced_wasserstein(X, Y, starts=0)
    with pytest.raises(WganError, match="4 dimensions and y has 2"):
        sliced_wasserstein(X, Y[:, :2])


def test_the_largest_projection_takes_weights_and_unequal_counts():
    doubled = np.concatenate([X, X[:20]])
    assert max_sliced_wasserstein(doubled, Y[:50]) == pytest.approx(
        max_sliced_wasserstein(X, Y[:50], x_weights=np.r_[np.full(20, 2.0), np.ones(40)]), rel=1e-6
    )


@pytest.mark.parametrize("unit", [0.01, 50.0])
def test_a_high_order_neither_overflows_nor_vanishes(unit):
    high = sliced_wasserstein(unit * X, unit * Y, 500).value / unit
    assert high == pytest.approx(sliced_wasserstein(X, Y, 500).value, rel=1e-9)
    assert high > sliced_wasserstein(X, Y, 2).value


@pytest.mark.parametrize("unit", [1e-250, 1.0, 1e250])
@pytest.mark.parametrize("p", [1.0, 2.0, 900.0])
def test_sliced_distances_are_the_same_in_any_unit(unit, p):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(30, 3)) + 1
    expected = sliced_wasserstein(x, y, p, directions=20)
    found = sliced_wasserstein(unit * x, unit * y, p, directions=20)
    assert expected.value > 0.1
    assert found.value == pytest.approx(unit * expected.value, rel=1e-9)
    assert found.standard_error == pytest.approx(unit * expected.standard_error, rel=1e-9)
    largest = max_sliced_wasserstein(x, y)
    assert max_sliced_wasserstein(unit * x, unit * y) == pytest.approx(unit * largest, rel=1e-9)


def test_a_seed_is_a_whole_number_from_zero_on():
    for measure in (sliced_wasserstein, max_sliced_wasserstein):
        with pytest.raises(WganError, match="seed = -1: give a whole number, 0 or more"):
            measure([[0.0, 1.0]], [[1.0, 1.0]], seed=-1)
