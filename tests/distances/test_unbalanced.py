"""Partial and unbalanced transport: closed forms, linear programmes, POT, and limits."""

import numpy as np
import ot
import pytest
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import partial_transport, unbalanced_transport, wasserstein


def drawn(n, m, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 1
    wx, wy = rng.random(n), rng.random(m)
    return x, y, wx / wx.sum(), wy / wy.sum()


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_partial_transport_is_the_optimum_of_its_linear_programme_and_of_pot(p, share):
    x, y, wx, wy = drawn(8, 6)
    cost = cdist(x, y) ** p
    sums = np.vstack([np.kron(np.eye(8), np.ones(6)), np.kron(np.ones(8), np.eye(6))])
    most = np.concatenate([wx, wy])
    answer = linprog(cost.ravel(), A_ub=sums, b_ub=most, A_eq=np.ones((1, 48)), b_eq=[share]).fun
    found = partial_transport(x, y, share, p, wx, wy)
    assert found.distance**p == pytest.approx(answer, rel=1e-9)
    assert answer == pytest.approx(ot.partial.partial_wasserstein2(wx, wy, cost, m=share), rel=1e-6)
    plan = found.plan.toarray()
    assert (plan * cost).sum() == pytest.approx(answer, rel=1e-9)
    assert plan.sum() == pytest.approx(share, rel=1e-12)
    assert (plan.sum(axis=1) <= wx + 1e-12).all()
    assert (plan.sum(axis=0) <= wy + 1e-12).all()
    assert found.gap < 1e-9


@pytest.mark.parametrize("p", [1, 2])
def test_all_mass_moves_as_in_plain_transport(p):
    x, y, wx, wy = drawn(30, 20)
    found = partial_transport(x, y, 1, p, wx, wy)
    assert found.distance == pytest.approx(wasserstein(x, y, p, wx, wy), rel=1e-9)
    assert found.plan.sum() == pytest.approx(1)


def test_outliers_stay_where_they_are():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 3))
    y = x + np.array([1.0, 2.0, 2.0])
    y[:10] = 1000
    found = partial_transport(x, y, 0.9)
    assert found.distance <= 0.9 * 3 + 1e-9
    assert not set(found.plan.col) & set(range(10))
    assert partial_transport(x, x[:50], 0.5).distance == 0


def test_partial_transport_is_in_the_unit_of_the_samples():
    x, y, wx, wy = drawn(20, 20)
    plain = partial_transport(x, y, 0.7, 2, wx, wy).distance
    assert partial_transport(1e9 * x, 1e9 * y, 0.7, 2, wx, wy).distance == pytest.approx(
        1e9 * plain
    )


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("reach", [0.3, 1.5, 4.0, 1e6])
def test_unbalanced_transport_is_the_optimum_of_its_linear_programme(p, reach):
    x, y, wx, wy = drawn(8, 6, 2)
    wx, wy = 3 * wx, 5 * wy
    cost = cdist(x, y) ** p
    sums = np.vstack([np.kron(np.eye(8), np.ones(6)), np.kron(np.ones(8), np.eye(6))])
    price = reach**p / 2
    answer = linprog(cost.ravel() - 2 * price, A_ub=sums, b_ub=np.concatenate([wx, wy]))
    found = unbalanced_transport(x, y, reach, p, wx, wy)
    assert found.cost == pytest.approx(answer.fun + 8 * price, rel=1e-9)
    assert found.moved == pytest.approx(found.plan.sum(), abs=1e-12)
    assert found.moved + found.removed == pytest.approx(3)
    assert found.moved + found.made == pytest.approx(5)
    own = (found.plan.toarray() * cost).sum() + price * (found.removed + found.made)
    assert own == pytest.approx(found.cost, rel=1e-9)
    assert (np.sqrt(cdist(x, y, "sqeuclidean"))[found.plan.row, found.plan.col] <= reach).all()


@pytest.mark.parametrize("apart", [0.5, 1.9, 2.1, 100.0])
def test_the_flat_metric_of_two_point_masses(apart):
    """Mass min(a, b) travels or is made anew, whichever costs less."""
    found = unbalanced_transport([[0.0]], [[apart]], 2.0, 1, [3.0], [4.0])
    assert found.cost == pytest.approx(3 * min(apart, 2.0) + 1.0)
    assert found.moved == (3 if apart < 2 else 0)


def test_the_flat_metric_is_that_of_bounded_lipschitz_functions():
    """The dual as a linear programme over the values of f."""
    x, y, wx, wy = drawn(7, 6, 3)
    wx, wy = 2 * wx, wy
    points, mass, reach = np.concatenate([x, y]), np.concatenate([wx, -wy]), 1.2
    i, j = np.nonzero(~np.eye(13, dtype=bool))
    rows = np.zeros((len(i), 13))
    rows[np.arange(len(i)), i], rows[np.arange(len(i)), j] = 1, -1
    answer = linprog(
        -mass, A_ub=rows, b_ub=cdist(points, points)[i, j], bounds=(-reach / 2, reach / 2)
    )
    assert unbalanced_transport(x, y, reach, 1, wx, wy).cost == pytest.approx(-answer.fun, rel=1e-9)


def test_a_far_reach_between_equal_masses_is_plain_transport():
    x, y, wx, wy = drawn(30, 20)
    found = unbalanced_transport(x, y, 1e9, 2, wx, wy)
    assert found.cost == pytest.approx(wasserstein(x, y, 2, wx, wy) ** 2, rel=1e-9)
    assert max(found.removed, found.made) < 1e-12
    assert unbalanced_transport(x, x, 1.0).cost == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("share", [0, -1, 1.01, np.nan])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(WganError, match="give a number above 0, at most 1"):
        partial_transport([[0.0]], [[1.0]], share)


@pytest.mark.parametrize("reach", [0, -1, np.inf, np.nan])
def test_a_reach_outside_its_range_is_refused(reach):
    with pytest.raises(WganError, match="give a number above 0"):
        unbalanced_transport([[0.0]], [[1.0]], reach)


def test_orders_and_dimensions_are_checked():
    for solve in (partial_transport, unbalanced_transport):
        with pytest.raises(WganError, match="order p = 3"):
            solve([[0.0]], [[1.0]], 0.5, 3)
        with pytest.raises(WganError, match="x has 1 dimensions and y has 2"):
            solve([[0.0]], [[1.0, 2.0]], 0.5)


@pytest.mark.parametrize(("reach", "p"), [(1e200, 2), (1e308, 1)])
def test_a_reach_whose_price_overflows_is_that_of_any_far_reach(reach, p):
    found = unbalanced_transport([0.0, 2e-9], [1e-9], reach, p)
    assert found.cost == pytest.approx(1e-9**p, rel=1e-9)
    with pytest.raises(WganError, match="overflows"):
        unbalanced_transport([0.0, 2e-9], [1e-9], reach, p, [1, 2], [1])


def test_masses_whose_sum_overflows_are_refused():
    for masses in ([1e308], [1.7e308, 1.7e308]):
        with pytest.raises(WganError, match=r"the sum of .* overflows"):
            unbalanced_transport([0.0] * len(masses), [1.0], 1.0, 1, masses, [1e308])


@pytest.mark.parametrize("n", [5, 30])
def test_pairs_at_no_distance_move_no_more_than_the_share(n):
    """As they would were it free to pair the dummies."""
    x, *_ = drawn(n, 1)
    found = partial_transport(x, x, 0.3)
    assert found.plan.sum() == pytest.approx(0.3, rel=1e-12)
    assert found.distance == 0
