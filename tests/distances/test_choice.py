import json

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.distances import (
    choice,
    distance,
    max_sliced_wasserstein,
    sinkhorn_divergence,
    sliced_wasserstein,
    transport,
    wasserstein,
    wasserstein_1d,
)
from wgan.distances.results import finite

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 3)), RNG.normal(size=(40, 3)) + 1


def test_each_metric_is_its_function_under_its_own_name():
    expected = {
        "exact": (1, wasserstein(X, Y), "W1"),
        "sliced": (1, sliced_wasserstein(X, Y, 1).value, "sliced W1"),
        "max-sliced": (2, max_sliced_wasserstein(X, Y), "max-sliced W2"),
        "sinkhorn": (2, sinkhorn_divergence(X, Y, 2).value, "Sinkhorn divergence (p=2)"),
    }
    for metric, (p, value, name) in expected.items():
        result = distance(X, Y, metric, p)
        assert (result.value, result.name, result.metric) == (value, name, metric)
        assert str(result).startswith(f"{name}(x, y) = ")
        assert result.table().startswith(name)


def test_auto_is_exact_while_it_can_be_had_then_sliced_and_says_so(monkeypatch):
    assert distance(X, Y).metric == "exact"
    assert distance(X[:, 0], Y[:, 0], p=3).value == wasserstein_1d(X[:, 0], Y[:, 0], 3)
    assert distance(X[:, 0], Y[:, 0], p=float("inf")).name == "Winf"
    monkeypatch.setattr(choice, "EXACT_PAIRS", 1999)
    large = distance(X, Y)
    assert large.metric == "sliced"
    assert "too many for exact" in large.table()
    assert large.name == "sliced W1"
    assert distance(X[:, 0], Y[:, 0]).metric == "exact"


def test_weights_reach_every_metric():
    wx, wy = RNG.random(50), RNG.random(40)
    assert distance(X, Y, "exact", 1, wx, wy).value == wasserstein(X, Y, 1, wx, wy)
    for metric, p in (("sliced", 1), ("sinkhorn", 1), ("max-sliced", 2)):
        doubled = distance(np.concatenate([X, X[:10]]), Y, metric, p).value
        weighted = distance(X, Y, metric, p, x_weights=np.r_[np.full(10, 2.0), np.ones(40)]).value
        assert weighted == pytest.approx(doubled, rel=1e-3)


def halves(x, splits=10, seed=0):
    """Return random halves of samples, as the floor draws them."""
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(len(x)) for _ in range(splits)]
    middle = len(x) // 2
    return [(x[order[:middle]], x[order[middle : 2 * middle]]) for order in orders]


def test_the_floor_is_the_same_metric_between_disjoint_halves_of_x():
    result = distance(X, Y, "exact", floor=True)
    values = [wasserstein(a, b) for a, b in halves(X)]
    assert result.floor == pytest.approx(np.mean(values), rel=1e-12)
    assert result.floor_sd == pytest.approx(np.std(values, ddof=1), rel=1e-9)
    assert (result.floor_splits, result.floor_n, result.floor_m) == (10, 25, 25)
    words = f"{result.floor:.4g} +- {result.floor_sd:.2g} (s.d. of 10 splits), halves of x, n=25"
    assert f"| floor {words}" in str(result)
    assert words in result.table()
    assert distance(X[:3], Y, floor=True).floor is None
    assert distance(X[:4], Y, floor=True, x_weights=[1.0, 0, 0, 0]).floor is None


def test_splits_with_a_weightless_half_are_left_out():
    weights = [1.0, 1.0, 0.0, 0.0]
    result = distance(X[:4], Y, "exact", floor=True, x_weights=weights)
    apart = [pair for pair in halves(np.array(weights)) if min(side.sum() for side in pair) > 0]
    assert result.floor_splits == len(apart) < 10
    assert result.floor == pytest.approx(wasserstein(X[:1], X[1:2]), rel=1e-12)
    assert result.floor_sd == pytest.approx(0, abs=1e-12)


def test_large_samples_have_fewer_splits(monkeypatch):
    monkeypatch.setattr("wgan.distances.floor.MOST_PAIRS", 25 * 25)
    result = distance(X, Y, "exact", floor=True)
    assert result.floor == wasserstein(*halves(X)[0])
    assert (result.floor_sd, result.floor_splits) == (None, 1)
    assert f"| floor {result.floor:.4g}, halves of x, n=25" in str(result)
    monkeypatch.setattr("wgan.distances.floor.MOST_PAIRS", 4 * 25 * 25 - 1)
    assert distance(X, Y, "exact", floor=True).floor_splits == 3


def test_whole_groups_go_to_a_half_of_the_floor():
    groups = np.repeat(np.arange(10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 5])
    result = distance(X, Y, "exact", floor=True, x_groups=groups)
    sides = [(np.isin(groups, a), np.isin(groups, b)) for a, b in halves(np.arange(10))]
    assert result.floor == pytest.approx(np.mean([wasserstein(X[a], X[b]) for a, b in sides]))
    sizes = [round(np.mean([pair[side].sum() for pair in sides])) for side in (0, 1)]
    assert sizes == [result.floor_n, result.floor_m] != [25, 25]
    assert f"halves of x by groups, n={sizes[0]} and {sizes[1]} on average" in str(result)


def test_epsilon_reaches_sinkhorn_and_its_floor_and_is_refused_elsewhere():
    result = distance(X, Y, "sinkhorn", 2, epsilon=0.7, floor=True)
    assert result.value == sinkhorn_divergence(X, Y, 2, 0.7).value
    assert result.epsilon == 0.7
    values = [sinkhorn_divergence(a, b, 2, 0.7).value for a, b in halves(X)]
    assert result.floor == pytest.approx(np.mean(values), rel=1e-12)
    usual = distance(X, Y, "sinkhorn", floor=True)
    values = [sinkhorn_divergence(a, b, 1, usual.epsilon).value for a, b in halves(X)]
    assert usual.floor == pytest.approx(np.mean(values), rel=1e-12)
    with pytest.raises(WganError, match="the metric is exact: leave it out"):
        distance(X, Y, "exact", epsilon=0.7)


def test_circular_columns_are_of_exact_transport(monkeypatch):
    monkeypatch.setattr(choice, "EXACT_PAIRS", 10)
    found = distance(X, Y, circular={1: 5.0}, floor=True)
    assert found.value == transport(X, Y, circular={1: 5.0}).distance
    values = [transport(a, b, circular={1: 5.0}).distance for a, b in halves(X)]
    assert found.floor == pytest.approx(np.mean(values), rel=1e-12)
    with pytest.raises(WganError, match="the metric is sliced"):
        distance(X, Y, "sliced", circular={1: 5.0})


def test_the_floor_comes_after_the_distance_and_its_failure_does_not_lose_it(monkeypatch):
    seen = []
    result = distance(X, Y, floor=True, progress=lambda what, *rest: seen.append(what))
    assert seen[-1] == f"W1 = {result.value:.4g}; its floor"

    def solve_whole_alone(x, y, task):
        if len(x[0]) < len(X):
            raise WganError("no such luck")
        return choice.Solution(2.0, "by hand")

    monkeypatch.setitem(choice.SOLVERS, "exact", solve_whole_alone)
    failed = distance(X, Y, floor=True)
    assert (failed.value, failed.floor) == (2.0, None)
    assert failed.note == "no floor: no such luck"
    assert "none: no such luck" in failed.table()


def test_json_holds_every_field_as_plain_values():
    result = distance(X[:, 0], Y[:, 0], p=float("inf"), floor=True)
    again = json.loads(json.dumps(finite(result.to_json())))
    assert again["p"] == "inf"
    assert again["value"] == result.value
    assert set(again) == set(type(result).__dataclass_fields__) - {"transport"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("exact", 3), "beyond one dimension choose 1 or 2"),
        (("max-sliced", 1), "only p = 2"),
        (("sliced", 0.5), "choose 1 or more"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, message):
    with pytest.raises(WganError, match=message):
        distance(X, Y, *arguments)
