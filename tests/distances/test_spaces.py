import numpy as np
import pytest
from sklearn.decomposition import PCA

from wgan.base.errors import WganError
from wgan.distances import wasserstein
from wgan.distances.spaces import fit_space

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 5)) * [10, 1, 1, 1, 0], RNG.normal(size=(40, 5))


def test_raw_leaves_samples_alone():
    assert fit_space("raw", X, Y, "metres").map(X) is X


def test_standard_divides_by_the_deviation_in_x_and_leaves_constant_columns_alone():
    space = fit_space("standard", X, Y, "metres")
    assert space.map(X)[:, :4].std(axis=0) == pytest.approx(1)
    assert np.array_equal(space.map(X)[:, 4], X[:, 4])


def test_principal_axes_are_scikit_learns_and_no_distance_grows():
    space = fit_space("pca-2", X, Y, "metres")
    assert space.map(X).shape == (50, 2)
    expected = PCA(2).fit(np.concatenate([X, Y]))
    assert np.abs(space.map(X) - space.map(X).mean(0)) == pytest.approx(
        np.abs(expected.transform(X) - expected.transform(X).mean(0))
    )
    assert wasserstein(space.map(X), space.map(Y)) <= wasserstein(X, Y)
    assert space.lipschitz == 1
    whole = fit_space("pca-5", X, Y, "metres")
    assert wasserstein(whole.map(X), whole.map(Y)) == pytest.approx(wasserstein(X, Y))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rwa", "Did you mean 'raw'"),
        ("pca", "no space"),
        ("pca-0", "1 to 5"),
        ("pca-²", "no space"),
        ("pca-6", "1 to 5"),
    ],
)
def test_other_names_are_refused(name, message):
    with pytest.raises(WganError, match=message):
        fit_space(name, X, Y, "metres")


def test_the_standard_space_bounds_how_much_a_distance_may_grow():
    x = np.c_[RNG.normal(size=50) * 0.1, np.full(50, 0.1)]
    space = fit_space("standard", x, x, "metres")
    assert space.lipschitz == pytest.approx(1 / x[:, 0].std())
    assert wasserstein(space.map(x), space.map(x * 2)) <= space.lipschitz * wasserstein(x, x * 2)


def test_rounding_in_a_constant_column_is_not_taken_for_its_deviation():
    x = np.c_[RNG.normal(size=50) * 0.1, np.full(50, 0.1)]
    space = fit_space("standard", x, x, "metres")
    assert space.map(x + np.eye(2)[1]) - space.map(x) == pytest.approx(np.tile([0, 1.0], (50, 1)))


@pytest.mark.parametrize("unit", [1e-250, 1.0, 1e250])
def test_standard_deviations_are_taken_in_any_unit(unit):
    x = unit * np.array([[0.0, 5.0], [2.0, 5.0]])
    mapped = fit_space("standard", x, x, "metres").map(x)
    assert np.ptp(mapped[:, 0]) == pytest.approx(2.0)
    assert np.isfinite(mapped).all()
