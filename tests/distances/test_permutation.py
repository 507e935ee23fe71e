"""The permutation test: exact by enumeration, calibrated under the hypothesis, and with power."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from wgan.base.errors import WganError
from wgan.distances import permutation_test, wasserstein, wasserstein_1d
from wgan.distances.permutation import _by_cumulated, _by_quantiles, _exchanges, _statistic


def test_the_p_value_is_the_share_of_exchanges_that_reach_the_distance():
    """All 70 exchanges of 4 and 4 rows, each distance by SciPy."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=4), rng.normal(size=4) + 1
    pooled = np.concatenate([x, y])
    observed = stats.wasserstein_distance(x, y)
    reached = 0
    for chosen in combinations(range(8), 4):
        is_x = np.isin(np.arange(8), chosen)
        reached += stats.wasserstein_distance(pooled[is_x], pooled[~is_x]) >= observed - 1e-12
    test = permutation_test(x, y, permutations=4000)
    assert test.value == pytest.approx(observed, rel=1e-12)
    # Four standard deviations of a share of 4,000 draws.
    share = reached / 70
    assert test.p_value == pytest.approx(share, abs=4 * (share * (1 - share) / 4000) ** 0.5)
    assert test.p_value == (1 + test.as_large) / 4001


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("p", [1, 2])
def test_the_statistic_is_the_distance_for_every_exchange(d, p):
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(15, d)) + 1e6, rng.random(15) + 0.1
    statistic, _ = _statistic("exact", (rows, weights), p, 0)
    for is_x in _exchanges((np.arange(6), np.arange(9)), 5, seed=1):
        assert is_x.sum() == 6
        exact = wasserstein(rows[is_x], rows[~is_x], p, weights[is_x], weights[~is_x])
        assert statistic(is_x) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_lines_are_measured_as_the_sorted_distance_does(p):
    rng = np.random.default_rng(1)
    lines, weights = rng.normal(size=(4, 20)).round(1), rng.random(20)
    is_x = np.arange(20) % 3 == 0
    found = [
        wasserstein_1d(line[is_x], line[~is_x], p, weights[is_x], weights[~is_x]) for line in lines
    ]
    expected = np.mean(np.power(found, p)) ** (1 / p)
    assert _by_quantiles(lines, weights, p)(is_x) == pytest.approx(expected, rel=1e-12)
    if p == 1:
        assert _by_cumulated(lines, weights)(is_x) == pytest.approx(expected, rel=1e-12)


def clusters(rng, groups):
    """Rows in groups of 1 to 6 that lie near their group's centre, and their labels."""
    labels = np.repeat(np.arange(groups), rng.integers(1, 7, groups))
    return rng.normal(size=(groups, 2))[labels] + 0.1 * rng.normal(size=(len(labels), 2)), labels


def null_p_values(kind, repeats=120, permutations=39):
    """p-values of pairs from one population."""
    found = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        options = {}
        if kind == "line":
            x, y = rng.standard_t(2.1, 30), rng.standard_t(2.1, 20)
        elif kind == "plane":
            x, y = rng.normal(size=(6, 2)), rng.normal(size=(5, 2))
        elif kind == "sliced":
            x, y = rng.exponential(size=(20, 4)), rng.exponential(size=(25, 4))
            options["metric"] = "sliced"
        elif kind == "atoms":
            x, y = rng.integers(0, 3, 30), rng.integers(0, 3, 40)
        elif kind == "weights":
            x, y = rng.normal(size=30), rng.normal(size=25)
            options |= {"x_weights": np.exp(x), "y_weights": np.exp(y)}
        else:
            (x, options["x_groups"]), (y, options["y_groups"]) = (
                clusters(rng, 15),
                clusters(rng, 12),
            )
            options["metric"] = "sliced"
            if kind == "groups ignored":
                del options["x_groups"], options["y_groups"]
        test = permutation_test(x, y, permutations=permutations, seed=seed, **options)
        found.append(test.p_value)
    return np.array(found)


@pytest.mark.parametrize("kind", ["line", "plane", "sliced", "weights", "groups"])
def test_p_values_are_uniform_under_the_hypothesis(kind):
    """Kolmogorov-Smirnov against the uniform distribution on 1/40, 2/40, ..., 1."""
    # Exact transport in the plane takes most of the time.
    found = null_p_values(kind, repeats=40 if kind == "plane" else 120)
    # p - U/40 is uniform on [0, 1] for U uniform. A sound test fails here with probability 0.001.
    smooth = found - np.random.default_rng(0).random(len(found)) / 40
    assert stats.kstest(smooth, "uniform").pvalue > 1e-3


def test_ties_of_atoms_only_raise_the_p_value():
    found = null_p_values("atoms")
    for level in (0.05, 0.1, 0.25, 0.5):
        most = stats.binom.ppf(0.999, len(found), level)
        assert (found <= level).sum() <= most


def test_rows_of_groups_taken_for_independent_are_not_calibrated():
    """What `groups` is for: single rows of clusters give false alarms."""
    found = null_p_values("groups ignored", repeats=40)
    assert (found <= 0.05).mean() > 0.3


@pytest.mark.parametrize(("metric", "n"), [("exact", 40), ("sliced", 300)])
def test_a_shift_is_found(metric, n):
    found = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(n, 3)), rng.normal([1, 0, 0], 1, (n, 3))
        found += permutation_test(x, y, metric, permutations=39, seed=seed).p_value <= 0.05
    assert found >= 9


def test_auto_is_exact_where_that_is_cheap():
    rng = np.random.default_rng(0)
    small = permutation_test(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), permutations=19)
    large = permutation_test(rng.normal(size=(500, 2)), rng.normal(size=(400, 2)), permutations=19)
    line = permutation_test(rng.normal(size=5000), rng.normal(size=5000), permutations=19)
    assert (small.metric, large.metric, line.metric) == ("exact", "sliced", "exact")
    assert "W1 = " in str(small)
    assert "sliced W1 = " in str(large)
    assert (line.solver, large.solver) == ("sorting", "100 directions")


def test_the_line_and_the_table_say_what_was_exchanged():
    rng = np.random.default_rng(0)
    test = permutation_test(
        rng.normal(size=30), rng.normal(size=20), x_groups=np.arange(30) // 2, permutations=99
    )
    assert "permutations of whole groups reach it" in str(test)
    assert "15 and 20 groups" in test.table()
    assert "at least 0.01 with this many permutations" in test.table()
    assert test.to_json()["p_value"] == test.p_value


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_exchanged_with_their_own_weights_whatever_the_counts(weighted):
    """All 210 exchanges of 4 and 6 rows. Weights divided by the sum of their side are others."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=4), rng.normal(size=6) + 0.5
    weights = np.concatenate([np.full(4, 5.0), rng.random(6) + 0.5]) if weighted else np.ones(10)
    pooled = np.concatenate([x, y])

    def apart(is_x):
        return stats.wasserstein_distance(
            pooled[is_x], pooled[~is_x], weights[is_x], weights[~is_x]
        )

    observed = apart(np.arange(10) < 4)
    sides = (np.isin(np.arange(10), chosen) for chosen in combinations(range(10), 4))
    share = sum(apart(is_x) >= observed - 1e-12 for is_x in sides) / 210
    options = {"x_weights": weights[:4], "y_weights": weights[4:]} if weighted else {}
    test = permutation_test(x, y, permutations=4000, **options)
    assert test.value == pytest.approx(observed, rel=1e-12)
    assert test.p_value == pytest.approx(share, abs=4 * (share * (1 - share) / 4000) ** 0.5)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("metric", ["exact", "sliced"])
def test_every_exchange_reaches_a_distance_of_zero(metric, p, d):
    """Rounding leaves 1e-17 in its place, which an exact 0 of an exchange would not reach."""
    rows = np.repeat(np.arange(10) < 5, d).reshape(10, d) / 3
    for y in (rows, np.concatenate([rows, rows, rows])):
        assert permutation_test(rows, y, metric, p, permutations=19).p_value == 1


def test_weights_on_two_scales_are_noted():
    x, y = np.arange(30.0), np.arange(20.0)
    test = permutation_test(x, y, permutations=19, x_weights=np.ones(30), y_weights=np.ones(20) / 9)
    assert "the mean weight is 1 in x and 0.1111 in y" in test.note
    assert not permutation_test(x, y, permutations=19).note


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"permutations": 5}, "19 or more"),
        ({"x_weights": np.ones(30)}, "weights of one side alone"),
        ({"p": 0.5}, "choose 1 or more"),
        ({"x_groups": np.arange(30) < 15, "y_groups": np.arange(20) < 9}, "exchanged in 6 ways"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_tested_is_refused(options, message):
    with pytest.raises(WganError, match=message):
        permutation_test(np.arange(30.0), np.arange(20.0), **options)


def test_orders_of_the_exact_distance_are_its_own():
    x = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(WganError, match="choose 1 or 2"):
        permutation_test(x, x, "exact", 3)
    with pytest.raises(WganError, match="one dimension alone"):
        permutation_test(x, x, "sliced", float("inf"))
    assert permutation_test(x[:, 0], x[:, 1], p=float("inf"), permutations=19).name == "Winf"
