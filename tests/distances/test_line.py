import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from wgan.base.errors import WganError
from wgan.distances import wasserstein, wasserstein_1d

numbers = st.lists(st.floats(-100, 100), min_size=1, max_size=12)


@settings(deadline=None)
@given(numbers, numbers, st.randoms(use_true_random=False))
def test_agrees_with_scipy_with_weights_and_unequal_counts(x, y, random):
    wx, wy = [random.random() + 0.01 for _ in x], [random.random() + 0.01 for _ in y]
    assert wasserstein_1d(x, y, 1, wx, wy) == pytest.approx(
        wasserstein_distance(x, y, wx, wy), abs=1e-8
    )


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_agrees_with_pot_for_any_order(p):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=50), rng.gamma(2, size=70)
    assert wasserstein_1d(x, y, p) ** p == pytest.approx(
        float(ot.wasserstein_1d(x, y, p=p)), rel=1e-9
    )


@pytest.mark.parametrize("p", [1, 2])
def test_agrees_with_the_linear_programme(p):
    rng = np.random.default_rng(1)
    x, y, wx, wy = rng.normal(size=40), rng.normal(size=30) + 1, rng.random(40), rng.random(30)
    assert wasserstein_1d(x, y, p, wx, wy) == pytest.approx(wasserstein(x, y, p, wx, wy), rel=1e-7)


@pytest.mark.parametrize("p", [1, 2, 7, np.inf])
def test_a_shift_costs_itself_at_every_order(p):
    x = np.random.default_rng(2).normal(size=100)
    assert wasserstein_1d(x, x + 3, p) == pytest.approx(3)


def test_weights_are_repetitions():
    x, y = [0.0, 1.0, 5.0], [2.0, 2.5]
    repeated = [0.0] * 3 + [1.0] + [5.0] * 2
    assert wasserstein_1d(x, y, 2, [3, 1, 2]) == pytest.approx(wasserstein_1d(repeated, y, 2))
    assert wasserstein(x, y, 2, [3, 1, 2]) == pytest.approx(wasserstein(repeated, y, 2))


def test_huge_coordinates_keep_their_precision():
    x = np.random.default_rng(3).normal(size=(50, 2))
    assert wasserstein(x + 1e9, x + 1e9 + [3.0, 4.0]) == pytest.approx(5.0, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0], 0.5), "order p = 0.5"),
        (([1.0], [np.nan]), "y holds NaN"),
        (([], [1.0]), "x has shape"),
        (([[1.0, 2.0]], [[1.0, 2.0]]), "use `wasserstein`"),
        (([1.0, 2.0], [1.0], 1, [1.0]), "one weight a sample"),
        (([1.0, 2.0], [1.0], 1, [1.0, -1.0]), "weights of x"),
    ],
)
def test_wrong_input_is_named(arguments, message):
    with pytest.raises(WganError, match=message):
        wasserstein_1d(*arguments)


@pytest.mark.parametrize(("n", "k"), [(7, 3), (10, 3), (49, 2)])
def test_a_sample_and_its_copies_are_at_distance_zero_at_every_order(n, k):
    x = np.arange(float(n))
    for p in (1, 20, 100, np.inf):
        assert wasserstein_1d(x, np.repeat(x, k), p) == 0
        assert (
            wasserstein_1d(
                x, np.repeat(x, k), p, np.arange(1.0, n + 1), np.repeat(np.arange(1.0, n + 1), k)
            )
            < 1e-12
        )


def test_samples_without_weight_do_not_count():
    assert (
        wasserstein_1d([0.0, 1.0, 999_999.0], [0.0, 1.0], np.inf, [0.3, 0.7, 0.0], [0.3, 0.7]) == 0
    )


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("p", [1.0, 2.0, 300.0, float("inf")])
def test_a_distance_on_a_line_is_the_same_in_any_unit(unit, p):
    x, y = np.array([0.0, 1.0, 4.0]), np.array([2.0, 7.0])
    expected = wasserstein_1d(x, y, p)
    assert wasserstein_1d(unit * x, unit * y, p) == pytest.approx(unit * expected, rel=1e-12)


def test_numbers_at_both_ends_of_float64_are_refused():
    with pytest.raises(WganError, match="so far apart that float64 overflows"):
        wasserstein_1d([-1.7e308], [1.7e308])
