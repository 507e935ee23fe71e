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


def test_the_floor_is_the_same_metric_between_disjoint_halves_of_x():
    result = distance(X, Y, "exact", floor=True)
    order = np.random.default_rng(0).permutation(50)
    assert result.floor == wasserstein(X[order[:25]], X[order[25:]])
    assert result.floor_n == 25
    assert f"| floor {result.floor:.4g}, halves of x, n=25" in str(result)
    assert distance(X[:3], Y, floor=True).floor is None
    assert distance(X[:4], Y, floor=True, x_weights=[1.0, 0, 0, 0]).floor is None


def test_json_holds_every_field_as_plain_values():
    result = distance(X[:, 0], Y[:, 0], p=float("inf"), floor=True)
    again = json.loads(json.dumps(finite(result.to_json())))
    assert again["p"] == "inf"
    assert again["value"] == result.value
    assert set(again) == set(type(result).__dataclass_fields__)


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
