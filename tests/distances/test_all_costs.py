"""Costs of all pairs by one matrix product, against differences of one pair at a time."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from wgan.distances import costs
from wgan.distances.costs import all_costs

METRICS = {1: "euclidean", 2: "sqeuclidean"}


@pytest.fixture
def again(monkeypatch):
    """Pairs that are computed again."""
    counted = []
    plainly = costs.costs_of

    def counting(x, y, i, j, p):
        counted.extend(zip(i.tolist(), j.tolist(), strict=True))
        return plainly(x, y, i, j, p)

    monkeypatch.setattr(costs, "costs_of", counting)
    return counted


@pytest.mark.parametrize("p", [1, 2])
def test_costs_in_many_columns_are_those_of_differences(p, again, monkeypatch):
    monkeypatch.setattr(costs, "ROWS_AT_ONCE", 7)  # several blocks, the last one smaller
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 300)), rng.normal(size=(20, 300))
    y[3], y[5], y[7] = x[17], x[29] + 1e-9, x[0] + 1e-3  # the same, near, not so near
    found = all_costs(x, y, p)
    assert found == pytest.approx(cdist(x, y, METRICS[p]), rel=1e-9, abs=0)
    assert found[17, 3] == 0
    assert sorted(again) == [(0, 7), (29 % 7, 5), (17 % 7, 3)], "rows of their blocks"


def test_samples_that_are_all_near_each_other_lose_no_digits(again):
    rng = np.random.default_rng(0)
    x, y = (100 + 1e-7 * rng.normal(size=(20, 300)) for _ in range(2))
    assert (all_costs(x, y, 1) == cdist(x, y)).all()
    assert not again, "the whole matrix was computed plainly"


def test_few_columns_are_taken_as_they_were(again):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 255)), rng.normal(size=(20, 255))
    assert (all_costs(x, y, 1) == cdist(x, y)).all()
