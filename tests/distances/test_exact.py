"""Closed forms, then invariants, then an independent solver."""

import contextlib
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from wgan.base.errors import WganError
from wgan.distances import exact, sizes, transport, wasserstein, wasserstein_1d

points = arrays(np.float64, (6, 2), elements=st.integers(-10_000, 10_000).map(lambda i: i / 1000))


@pytest.mark.parametrize("p", [1, 2])
def test_a_translation_by_v_costs_the_length_of_v(p):
    x = np.random.default_rng(0).normal(size=(200, 3))
    v = np.array([1.0, -2.0, 2.0])
    assert wasserstein(x, x + v, p) == pytest.approx(3.0, rel=1e-9)


def test_scaling_by_s_costs_the_mean_length_times_one_minus_s():
    x = np.random.default_rng(0).normal(size=(200, 3))
    assert wasserstein(x, 0.25 * x) == pytest.approx(
        0.75 * np.linalg.norm(x, axis=1).mean(), rel=1e-9
    )


def test_two_point_masses():
    assert wasserstein([[0.0, 0.0]], [[3.0, 4.0]]) == pytest.approx(5.0)


@settings(max_examples=100, deadline=None)
@given(points, points, points)
def test_is_a_metric(x, y, z):
    xy, yx, yz, xz = wasserstein(x, y), wasserstein(y, x), wasserstein(y, z), wasserstein(x, z)
    assert wasserstein(x, x) == pytest.approx(0, abs=1e-9)
    assert xy == pytest.approx(yx, abs=1e-9)
    assert xz <= xy + yz + 1e-9


@pytest.mark.parametrize("p", [1, 2])
def test_agrees_with_the_assignment_problem(p):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(80, 5)), rng.normal(size=(80, 5)) + 1
    cost = cdist(x, y) ** p
    rows, columns = linear_sum_assignment(cost)
    assert wasserstein(x, y, p) == pytest.approx(cost[rows, columns].mean() ** (1 / p), rel=1e-9)


def test_agrees_with_scipy_on_a_line_with_unequal_counts():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=70), rng.gamma(2.0, size=45)
    assert wasserstein(x, y) == pytest.approx(wasserstein_distance(x, y), rel=1e-9)


def test_a_solver_that_stops_early_is_refused(monkeypatch):
    monkeypatch.setattr(exact, "MAX_PIVOTS", 10)
    x = np.random.default_rng(0).normal(size=(100, 2))
    with (
        pytest.warns(UserWarning, match="numItermax"),
        pytest.raises(WganError, match="did not prove its optimum"),
    ):
        wasserstein(x, x[::-1] + 1)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[0.0, 1.0]], [[0.0]], "x has 2 dimensions and y has 1"),
        (np.empty((0, 2)), [[0.0, 0.0]], "at least one sample"),
        ([[0.0], [np.nan]], [[0.0]], "x holds NaN or infinite values in row 1"),
    ],
)
def test_wrong_input_is_named(x, y, message):
    with pytest.raises(WganError, match=message):
        wasserstein(x, y)


@pytest.mark.parametrize("p", [1, 2])
def test_the_potentials_are_feasible_and_prove_the_distance(p):
    rng = np.random.default_rng(3)
    x, y, wx = rng.normal(size=(70, 4)), rng.normal(size=(50, 4)) + 1, rng.random(70)
    plan = transport(x, y, p, wx)
    assert (plan.u[:, None] + plan.v[None, :] <= cdist(x, y) ** p + 1e-9).all()
    assert wx / wx.sum() @ plan.u + plan.v.mean() == pytest.approx(plan.distance**p, rel=1e-9)
    assert plan.gap < 1e-9


def test_w2_of_a_linear_map_is_the_gaussian_formula_on_the_samples_moments():
    """x -> A x + b with A positive definite is the gradient of a convex function, so optimal
    (Brenier); then W2 is the Bures formula.
    """
    rng = np.random.default_rng(4)
    x, root = rng.normal(size=(300, 3)), rng.normal(size=(3, 3))
    a, b = root @ root.T + 0.1 * np.eye(3), np.array([1.0, 2.0, 3.0])
    y = x @ a + b
    c, d = np.cov(x.T, bias=True), np.cov(y.T, bias=True)
    cross = np.trace(sqrtm(sqrtm(c) @ d @ sqrtm(c)).real)
    squared = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(c) + np.trace(d) - 2 * cross
    assert wasserstein(x, y, 2) == pytest.approx(np.sqrt(squared), rel=1e-9)


def test_the_distance_scales_with_the_samples_and_does_not_depend_on_the_origin():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    plain = wasserstein(x, y)
    assert wasserstein(1e9 * x, 1e9 * y) == pytest.approx(1e9 * plain, rel=1e-9)
    assert wasserstein(x + 1e6, y + 1e6) == pytest.approx(plain, rel=1e-8)


def test_a_solve_that_would_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(sizes, "available_memory", lambda: 1000)
    with pytest.raises(WganError, match=r"exact transport of 10 x 10 samples needs 0.0 GB"):
        wasserstein(np.zeros((10, 2)), np.ones((10, 2)))


def test_samples_farther_apart_than_float64_holds_are_refused():
    with pytest.raises(WganError, match="overflows"), np.errstate(all="ignore"):
        wasserstein([[1e200, 0.0]], [[-1e200, 0.0]], 2)


@pytest.mark.parametrize("d", [2, 16])
@pytest.mark.parametrize("free", [40_000_000, 90_000_000, 400_000_000, 4_000_000_000])
def test_the_refusal_names_the_most_samples_that_fit(free, d, monkeypatch):
    monkeypatch.setattr(sizes, "available_memory", lambda: free)

    def refused(n):
        try:
            sizes.check_memory(n, n, sizes.few_pairs(n, n, d), d)
        except WganError as error:
            return int(re.search(r"use at most (\d+) samples a side", str(error))[1])
        return None

    most = refused(1_000_000)
    assert refused(most) is None
    # More samples that generate pairs never fit; from there to those of all pairs none do either.
    assert refused(most + 1) == most or sizes.few_pairs(most + 1, most + 1, d)
    assert refused(max(most + 1, 10_000)) is not None


def test_free_memory_is_known_on_linux():
    import sys

    assert (sizes.available_memory() is not None) == sys.platform.startswith("linux")


@pytest.mark.parametrize(("p", "far"), [(2, 1e7), (2, 1e8), (1, 1e13), (1, 1e14)])
def test_one_sample_far_from_all_others_does_not_hide_an_error(p, far):
    """The solver's tolerance is a share of the largest cost: a wrong plan among the near samples
    must be refused, or right.
    """
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + np.eye(2)[0]
    near = wasserstein(x, y, p) ** p * 100 / 101
    with contextlib.suppress(WganError):
        value = wasserstein(np.r_[x, [[far, far]]], np.r_[y, [[far, far]]], p) ** p
        assert value == pytest.approx(near, rel=1e-6)


def test_the_gap_is_that_of_a_feasible_dual_so_a_bad_plan_is_refused_without_a_warning(monkeypatch):
    """A solver that stops early and does not say so: the gap of its own potentials would be
    zero.
    """
    import ot

    solve = ot.emd2

    def hasty(*args, **kwargs):
        value, log = solve(*args, **{**kwargs, "numItermax": 300})
        return value, {**log, "warning": None}

    monkeypatch.setattr(ot, "emd2", hasty)
    x = np.random.default_rng(0).normal(size=(300, 2))
    with (
        pytest.warns(UserWarning, match="numItermax"),
        pytest.raises(WganError, match="did not prove its optimum"),
    ):
        wasserstein(x, x[::-1] * 1.5 + 1)


@pytest.mark.parametrize(
    ("x", "message"), [([["a", "b"]], "not a number"), (np.zeros((2, 2, 2)), "pictures flattened")]
)
def test_what_is_no_table_of_numbers_is_named(x, message):
    with pytest.raises(WganError, match=message):
        wasserstein(x, [[0.0, 0.0]])


def test_samples_of_which_most_are_equal_are_solved():
    x = np.zeros((6, 2))
    x[5] = 10.0
    assert wasserstein(x, x) == 0
    y = x.copy()
    y[0, 0] = 0.001
    assert wasserstein(x, y) == pytest.approx(0.001 / 6, rel=1e-9)


@pytest.mark.parametrize("unit", [1e-250, 1e-160, 1.0, 1e150, 1e250])
@pytest.mark.parametrize("p", [1, 2])
def test_a_distance_is_the_same_in_any_unit_that_float64_holds(unit, p):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(30, 3)) + 1
    expected = wasserstein(x, y, p)
    if p == 2 and unit > 1e200:  # its potentials are in the unit squared
        with pytest.raises(WganError, match="so far apart that float64 overflows"):
            wasserstein(unit * x, unit * y, p)
    else:
        assert wasserstein(unit * x, unit * y, p) == pytest.approx(unit * expected, rel=1e-9)


def test_samples_at_both_ends_of_float64_are_refused():
    with pytest.raises(WganError, match="so far apart that float64 overflows"):
        wasserstein([[-1.7e308, 0.0]], [[1.7e308, 0.0]])


def test_a_value_below_its_dual_is_refused(monkeypatch):
    """Weak duality: no plan costs less than a feasible dual, so the solver's value is wrong."""
    import ot

    solve = ot.emd2

    def short(*arguments, **more):
        value, log = solve(*arguments, **more)
        return 0.9 * value, log

    rng = np.random.default_rng(0)
    monkeypatch.setattr(ot, "emd2", short)
    with pytest.raises(WganError, match="did not prove its optimum"):
        wasserstein(rng.normal(size=(40, 3)), rng.normal(size=(40, 3)))


def test_weights_whose_sum_overflows_are_refused():
    """Divided by an infinite sum all would be 0."""
    for solve in (wasserstein, wasserstein_1d):
        with pytest.raises(WganError, match="the sum of the weights of x overflows"):
            solve([0.0, 1.0], [0.0], x_weights=[1e308, 1e308])
