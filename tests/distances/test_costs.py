"""Ground costs: closed forms on circles, the norm in other words, and what is refused."""

import numpy as np
import ot
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import costs, sizes, transport, wasserstein, wasserstein_circle
from wgan.distances.costs import around


@pytest.mark.parametrize("p", [1, 2])
def test_a_cost_that_is_the_norm_gives_the_same_distance_and_potentials_that_prove_it(p):
    rng = np.random.default_rng(0)
    x, y, wx = rng.normal(size=(50, 3)), rng.normal(size=(40, 3)) + 1, rng.random(50)
    plain = transport(x, y, p, wx)
    for cost in (cdist, cdist(x, y), cdist(x, y).tolist()):
        found = transport(x, y, p, wx, cost=cost)
        assert found.distance == pytest.approx(plain.distance, rel=1e-12)
        assert found.map() == pytest.approx(plain.map(), rel=1e-9)
        assert (found.u[:, None] + found.v <= cdist(x, y) ** p + 1e-12).all()
        assert wx / wx.sum() @ found.u + found.v.mean() == pytest.approx(found.distance**p)


def test_any_cost_gives_the_optimum_of_the_linear_programme():
    """A cost without symmetry or triangle inequality."""
    rng = np.random.default_rng(1)
    cost = rng.random((6, 5)) ** 3
    a, b = rng.random(6), rng.random(5)
    sums = np.vstack([np.kron(np.eye(6), np.ones(5)), np.kron(np.ones(6), np.eye(5))])
    sides = np.concatenate([a / a.sum(), b / b.sum()])
    answer = linprog(cost.ravel(), A_eq=sums, b_eq=sides).fun
    found = transport(None, None, 1, a, b, cost=cost)
    assert found.distance == pytest.approx(answer, rel=1e-9)
    assert (found.plan.toarray() * cost).sum() == pytest.approx(answer, rel=1e-9)
    assert (found.u[:, None] + found.v <= cost + 1e-12).all()
    assert (found.x, found.y) == (None, None)
    with pytest.raises(WganError, match=r"give them, map\(y\)"):
        found.map()
    assert found.map(np.ones(5)) == pytest.approx(np.ones((6, 1)))


def test_costs_are_left_as_they_were_given_and_keep_their_unit():
    cost = np.array([[3e200, 1e200], [2e200, 4e200]])
    kept = cost.copy()
    assert wasserstein(None, None, 1, cost=cost) == pytest.approx(1.5e200)
    assert (cost == kept).all()


def test_a_cost_is_asked_for_blocks_of_rows(monkeypatch):
    monkeypatch.setattr(costs, "ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(2)
    x, y, sizes = rng.normal(size=(30, 2)), rng.normal(size=(20, 2)), []

    def cost(a, b):
        sizes.append((len(a), len(b)))
        return cdist(a, b)

    assert wasserstein(x, y, cost=cost) == pytest.approx(wasserstein(x, y), rel=1e-12)
    assert sizes == [(7, 20)] * 4 + [(2, 20)]


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("few", [False, True])
def test_column_weights_are_those_of_the_norm(p, few, monkeypatch):
    if few:
        monkeypatch.setattr(sizes, "PAIRS_IN_PLANE", 1)
    rng = np.random.default_rng(3)
    x, y, w = rng.normal(size=(60, 3)), rng.normal(size=(60, 3)), np.array([4.0, 0.0, 0.25])
    found = transport(x, y, p, column_weights=w)
    cost = cdist(x, y, "minkowski", p=2, w=w)
    assert found.distance == pytest.approx(wasserstein(x, y, p, cost=cost), rel=1e-9)
    # The map is in the columns' own unit.
    assert found.map()[:, 1] == pytest.approx(y[found.plan.col[np.argsort(found.plan.row)], 1])


def test_hours_23_and_0_are_one_apart():
    assert around(np.array([23.0]), np.array([0.0]), 24.0) == 1
    assert wasserstein([[23.0, 0.0]], [[0.0, 0.0]], circular={0: 24}) == 1
    assert wasserstein([[23.0, 0.0]], [[24.0 * 7, 0.0]], circular={0: 24}) == 1
    assert wasserstein([[-1.0, 3.0]], [[3.0, 0.0]], circular={0: 24}) == 5
    assert wasserstein([[23.0, 3.0]], [[3.0, 0.0]], circular={0: 24}) == 5
    assert wasserstein([[23.0, 0.0]], [[0.0, 0.0]]) == 23


@pytest.mark.parametrize("p", [1, 2])
def test_transport_around_a_circle_is_that_of_sorting_on_it(p):
    """By POT's binary search on the circle of length 1 (Rabin, Delon and Gousseau 2011)."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(22, 3, size=60), rng.normal(2, 2, size=45)
    wx, wy = rng.random(60), rng.random(45)
    wx, wy = wx / wx.sum(), wy / wy.sum()
    found = transport(x, y, p, wx, wy, circular={0: 24})
    answer = ot.wasserstein_circle(x % 24 / 24, y % 24 / 24, wx, wy, p=p)[0]
    assert found.distance == pytest.approx(24 * answer ** (1 / p), rel=1e-5)
    cost = around(x[:, None], y[None, :], 24.0) ** p
    assert (found.u[:, None] + found.v <= cost + 1e-9).all()


def test_a_rotation_of_a_circle_costs_its_angle_at_most_and_changes_no_distance():
    rng = np.random.default_rng(5)
    x, y = rng.normal(0, 20, size=(50, 2)), rng.normal(0, 20, size=(50, 2))
    around_both = {0: 360, 1: 360}
    turn = np.array([200.0, -90.0])
    plain = wasserstein(x, y, circular=around_both)
    assert wasserstein(x + turn, y + turn, circular=around_both) == pytest.approx(plain, rel=1e-9)
    small = np.array([3.0, 4.0])
    assert wasserstein(x, x + small, circular=around_both) <= 5 + 1e-9
    assert wasserstein(x, x + 360, circular=around_both) == pytest.approx(0, abs=1e-9)


def test_a_narrow_distribution_on_a_circle_is_one_on_a_line():
    rng = np.random.default_rng(6)
    x, y = rng.normal(0, 0.5, size=(40, 2)), rng.normal(0.5, 0.5, size=(40, 2))
    found = transport(x + np.array([24, 0]), y, 2, circular={0: 24}, column_weights=[2, 3])
    line = transport(x, y, 2, column_weights=[2, 3])
    assert found.distance == pytest.approx(line.distance, rel=1e-9)
    # The map goes the short way, and lies in [0, 24).
    means = line.map()
    means[:, 0] %= 24
    assert found.map() == pytest.approx(means, abs=1e-9)


def test_the_mean_partner_of_an_hour_is_taken_around_the_clock():
    found = transport([23.0], [22.0, 1.0], circular={0: 24})
    assert found.distance == pytest.approx(1.5)
    assert found.map() == pytest.approx(np.array([[23.5]]))


def test_a_map_around_a_circle_lies_below_the_period():
    """A remainder of -1e-20 rounds to the period."""
    found = transport([[0.0, 0.0]], [[-1e-20, 0.0]], circular={0: 24})
    assert found.map().tolist() == [[0.0, 0.0]]


def test_circular_columns_of_frames_have_names():
    x = pd.DataFrame({"hour": [23.0], "cost": [3.0]})
    y = pd.DataFrame({"cost": [0.0], "hour": [3.0]})
    assert wasserstein(x, y, circular={"hour": 24}) == 5
    with pytest.raises(WganError, match=r"no column is called 'hours'. Did you mean 'hour'"):
        wasserstein(x, y, circular={"hours": 24})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cost": [[1.0, -1.0]]}, r"the cost of pair \(0, 1\) is -1"),
        ({"cost": [[np.nan, 1.0]]}, r"the cost of pair \(0, 0\) is nan"),
        ({"cost": [[1.0, np.inf]]}, r"the cost of pair \(0, 1\) is inf"),
        ({"cost": [[1.0]]}, r"shape \(1, 1\): give a matrix \[1, 2\]"),
        ({"cost": lambda a, b: cdist(b, a)}, r"shape \(2, 1\) for 1 and 2 samples"),
        ({"cost": [["a", "b"]]}, "the costs: holds something that is not a number"),
        ({"cost": cdist, "column_weights": [1, 1]}, "a cost takes the place of the norm"),
        ({"cost": cdist, "circular": {0: 1}}, "a cost takes the place of the norm"),
        ({"column_weights": [1.0]}, "the samples 2 columns: give one weight a column"),
        ({"column_weights": [0.0, 0.0]}, "not negative and not all zero"),
        ({"column_weights": [1.0, -1.0]}, "not negative and not all zero"),
        ({"circular": {2: 24}}, "give a name, or a number from 0 to 1"),
        ({"circular": {True: 24}}, "give a name, or a number from 0 to 1"),
        ({"circular": {"hour": 24}}, "the samples have no names, give its number"),
        ({"circular": {0: 0}}, "the period of column 0 is 0: give a number above 0"),
        ({"circular": {0: True}}, "the period of column 0 = True: give a number"),
    ],
)
def test_wrong_costs_weights_and_periods_are_named(more, message):
    with pytest.raises(WganError, match=message):
        wasserstein([[0.0, 0.0]], [[1.0, 1.0], [2.0, 2.0]], **more)


@pytest.mark.parametrize(
    ("x", "y", "cost", "message"),
    [
        (None, None, None, "samples are missing"),
        (None, [[1.0]], [[1.0]], "samples are missing"),
        (None, None, cdist, "samples are missing"),
        (None, None, [1.0, 2.0], r"the costs have shape \(2,\)"),
        (None, None, np.empty((0, 2)), r"the costs have shape \(0, 2\)"),
    ],
)
def test_missing_samples_are_named(x, y, cost, message):
    with pytest.raises(WganError, match=message):
        transport(x, y, cost=cost)


def test_columns_that_float64_cannot_hold_in_their_weight_are_refused():
    with pytest.raises(WganError, match="overflows"):
        wasserstein([[1e200]], [[0.0]], column_weights=[1e300])


@pytest.mark.parametrize("kind", ["spread", "narrow", "repeated", "far turns"])
def test_sorting_on_a_circle_is_transport_with_a_circular_column(kind):
    rng = np.random.default_rng(7)
    x, y = rng.normal(22, 6, size=60), rng.normal(2, 4, size=45)
    wx, wy = rng.random(60), rng.random(45)
    wx[:9] = 0
    if kind == "narrow":
        x, y = x / 10, y / 10
    elif kind == "repeated":
        x, y = np.rint(x), np.rint(y)
    elif kind == "far turns":
        x, y = x + 24 * rng.integers(-9, 9, 60), y + 24 * rng.integers(-9, 9, 45)
    found = wasserstein_circle(x, y, 24, wx, wy)
    assert found == pytest.approx(wasserstein(x, y, 1, wx, wy, circular={0: 24}), rel=1e-9)
    assert found == pytest.approx(wasserstein_circle(y, x, 24, wy, wx), rel=1e-9)


def test_a_turned_circle_lies_a_turn_away_and_opposite_points_half_a_period():
    x = np.random.default_rng(8).uniform(0, 1e-3, size=500)
    assert wasserstein_circle(x, x + 90, 360) == pytest.approx(90, rel=1e-9)
    assert wasserstein_circle(x, x + 270, 360) == pytest.approx(90, rel=1e-9)
    assert wasserstein_circle([0.0], [180.0], 360) == 180
    assert wasserstein_circle([-1e-20], [0.0], 24) == 0
    hours = np.arange(24.0)
    assert wasserstein_circle(hours, hours + 7, 24) == pytest.approx(0, abs=1e-12)


def test_what_a_circle_does_not_take_is_refused():
    for period in (0, -1, np.inf, np.nan):
        with pytest.raises(WganError, match=r"the period is .*: give a number above 0"):
            wasserstein_circle([0.0], [1.0], period)
    with pytest.raises(WganError, match="with circular columns beyond one"):
        wasserstein_circle([[0.0, 1.0]], [[0.0, 1.0]], 24)
