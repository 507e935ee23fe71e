"""Plans: their sums, their cost, and maps of known form, for every solver."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import sizes, transport, transport_1d, wasserstein_1d
from wgan.distances.plan import split_rows

GENERATED = import_module("wgan.distances.generated")


@pytest.fixture(params=["all pairs", "generated pairs"])
def solver(request, monkeypatch):
    """Both solvers of several dimensions, at any size."""
    few = request.param == "generated pairs"
    monkeypatch.setattr(sizes, "PAIRS_IN_PLANE", 1 if few else 10**12)
    monkeypatch.setattr(sizes, "PAIRS_IN_SPACE", 1 if few else 10**12)
    monkeypatch.setattr(GENERATED, "BASE", 20)
    return request.param


def check(found, x, y, p, wx, wy):
    """Check a plan's sums, number of entries and cost."""
    plan = found.plan
    wx = np.full(len(x), 1 / len(x)) if wx is None else wx / wx.sum()
    wy = np.full(len(y), 1 / len(y)) if wy is None else wy / wy.sum()
    assert plan.shape == (len(x), len(y))
    assert (plan.data > 0).all()
    assert np.abs(plan.sum(axis=1) - wx).max() < 1e-14
    assert np.abs(plan.sum(axis=0) - wy).max() < 1e-14
    assert plan.nnz <= (wx > 0).sum() + (wy > 0).sum() - 1
    assert len(set(zip(plan.row.tolist(), plan.col.tolist(), strict=True))) == plan.nnz
    cost = (np.linalg.norm(x[plan.row] - y[plan.col], axis=1) ** p) @ plan.data
    assert cost ** (1 / p) == pytest.approx(found.distance, rel=1e-9, abs=1e-12)
    tight = np.linalg.norm(x[plan.row] - y[plan.col], axis=1) ** p
    slack = tight - found.u[plan.row] - found.v[plan.col]
    assert np.abs(slack @ plan.data) <= 1e-9 * max(cost, 1e-3)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("kind", ["normal", "lattice", "repeated"])
@pytest.mark.parametrize("weights", ["equal", "random", "some zero"])
def test_a_plan_has_the_weights_as_sums_and_the_distance_as_cost(solver, kind, weights, p):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(120, 2)), rng.normal(size=(90, 2)) + 1
    if kind == "lattice":
        x, y = np.rint(2 * x), np.rint(2 * y)
    elif kind == "repeated":
        x, y = np.repeat(x[:12], 10, axis=0), np.repeat(y[:30], 3, axis=0)
    wx = wy = None
    if weights != "equal":
        wx, wy = rng.random(120), rng.random(90)
    if weights == "some zero":
        wx[::3], wy[::7] = 0, 0
    found = transport(x, y, p, wx, wy)
    assert (found.solver == "network simplex") == (solver == "all pairs")
    check(found, x, y, p, wx, wy)


@pytest.mark.usefixtures("solver")
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 40), st.integers(1, 6))
def test_sums_are_the_weights_for_any_repeated_samples(seed, n, m, values):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, values, (n, 2)), rng.integers(0, values, (m, 2))
    wx, wy = rng.integers(0, 3, n) * rng.random(n) + 1e-9, rng.random(m) ** 8 + 1e-12
    check(transport(x, y, 1, wx, wy), x, y, 1, wx, wy)


@pytest.mark.usefixtures("solver")
def test_a_plan_between_equal_counts_is_a_permutation():
    """Birkhoff and von Neumann: so no entry is left over by rounding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(101, 3))
    order = rng.permutation(101)
    found = transport(x, x[order] + 0.001, 2)
    assert found.plan.nnz == 101
    assert (order[found.plan.col] == found.plan.row).all()
    assert found.plan.data == pytest.approx(np.full(101, 1 / 101), rel=1e-12)


def test_a_plan_is_that_of_a_linear_programme_where_it_is_unique():
    rng = np.random.default_rng(1)
    x, y, wx, wy = rng.normal(size=(6, 2)), rng.normal(size=(5, 2)), rng.random(6), rng.random(5)
    wx, wy = wx / wx.sum(), wy / wy.sum()
    sums = np.vstack([np.kron(np.eye(6), np.ones(5)), np.kron(np.ones(6), np.eye(5))])
    answer = linprog(cdist(x, y).ravel(), A_eq=sums, b_eq=np.concatenate([wx, wy]))
    plan = transport(x, y, 1, wx, wy).plan.toarray()
    assert plan == pytest.approx(answer.x.reshape(6, 5), abs=1e-9)


@pytest.mark.usefixtures("solver")
def test_the_map_of_a_linear_image_is_the_linear_map():
    """x -> A x + b with A positive definite is the gradient of a convex function (Brenier)."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(150, 2))
    a = np.array([[2.0, 0.5], [0.5, 1.0]])
    y = x @ a + 3
    found = transport(x, y[rng.permutation(150)], 2)
    assert found.map() == pytest.approx(y, rel=1e-12)


def test_a_map_is_the_mean_of_the_partners_and_maps_other_values_too():
    found = transport([[0.0, 0.0]], [[1.0, 0.0], [3.0, 4.0]], 1, None, [3, 1])
    assert found.map() == pytest.approx(np.array([[1.5, 1.0]]))
    assert found.map([0, 1]) == pytest.approx(np.array([[0.25]]))
    with pytest.raises(WganError, match=r"shape \(3, 1\), and y has 2 samples"):
        found.map([1, 2, 3])


@pytest.mark.usefixtures("solver")
def test_a_sample_without_mass_has_no_partners_and_no_mean():
    x, y = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), np.array([[5.0, 0.0], [5.0, 5.0]])
    found = transport(x, y, 1, [1, 0, 1])
    assert np.isnan(found.map()).all(axis=1).tolist() == [False, True, False]


def test_equal_samples_stay_where_they_are():
    x = np.zeros((4, 2))
    found = transport(x, x[:3])
    assert found.distance == 0
    check(found, x, x[:3], 1, None, None)


def test_split_rows_cuts_entries_of_merged_samples_where_the_samples_end():
    pairs = np.array([1, 0, 1]), np.array([0, 0, 1]), np.array([0.2, 0.5, 0.3])
    i, j, mass = split_rows(pairs, np.array([1, 0, 1, 1]), np.array([0.25, 0.5, 0.25, 0.0]))
    dense = np.zeros((4, 2))
    np.add.at(dense, (i, j), mass)
    assert dense == pytest.approx(np.array([[0.2, 0.05], [0.5, 0], [0, 0.25], [0, 0]]))


@pytest.mark.parametrize("p", [1, 1.5, 2, 4])
@pytest.mark.parametrize("kind", ["normal", "repeated", "weights"])
def test_sorting_gives_an_optimal_plan_with_feasible_potentials(kind, p):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(70, 1)), rng.normal(size=(41, 1)) + 1
    wx = wy = None
    if kind == "repeated":
        x, y = np.rint(2 * x), np.rint(2 * y)
    elif kind == "weights":
        wx, wy = rng.random(70), rng.random(41)
        wx[:20] = 0
        wy[5] = 0
    found = transport_1d(x, y, p, wx, wy)
    assert found.distance == pytest.approx(wasserstein_1d(x, y, p, wx, wy), rel=1e-12)
    check(found, x, y, p, wx, wy)
    cost = cdist(x, y) ** p
    assert (found.u[:, None] + found.v <= cost + 1e-12 * cost.max()).all()
    assert found.gap < 1e-12


def test_the_map_on_a_line_matches_ranks():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=1000), rng.gamma(2.0, size=1000)
    found = transport_1d(x, y, 2)
    assert found.map()[np.argsort(x), 0] == pytest.approx(np.sort(y))


@pytest.mark.parametrize("unit", [1e-120, 2.0**-40, 1e120])
def test_potentials_on_a_line_are_in_the_unit_to_the_power_p(unit):
    x, y = np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0])
    plain, scaled = transport_1d(x, y, 2), transport_1d(unit * x, unit * y, 2)
    assert scaled.distance == pytest.approx(unit * plain.distance)
    assert scaled.u / unit / unit == pytest.approx(plain.u)


def test_what_sorting_does_not_take_is_refused():
    for order in (0.5, np.inf):
        with pytest.raises(WganError, match="choose 1 or more, and not infinity"):
            transport_1d([0.0], [1.0], order)
    with pytest.raises(WganError, match="use `transport` beyond one"):
        transport_1d([[0.0, 1.0]], [[0.0, 1.0]])
    with pytest.raises(WganError, match="overflows to the power 2"):
        transport_1d([0.0, 1e200], [1e200, 3e200], 2)
