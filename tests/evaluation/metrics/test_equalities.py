"""Equal numbers: pairs that agree more often than chance, and what a generator loses of them."""

import numpy as np
import pytest
from table_sets import damaged, frame_of, measured, reference_of

from wgan.evaluation.metrics.equalities import (
    EQUALITIES,
    chance_of_equality,
    equalities,
    equality_details,
    equality_shares,
    lost_equalities,
)


def table(n=3000):
    random = np.random.default_rng(0)
    a = random.normal(100, 20, n).round(2)
    b = np.where(random.random(n) < 0.3, a, random.normal(100, 20, n).round(2))
    zeros = [np.where(random.random(n) < 0.6, 0.0, random.normal(size=n)) for _ in range(2)]
    return frame_of(a=a, b=b, c=zeros[0], d=zeros[1])


def test_chance_is_that_of_shuffled_columns():
    random = np.random.default_rng(0)
    a, b = random.integers(0, 4, 3000).astype(float), random.poisson(2, 3000).astype(float)
    shuffled = np.mean([(random.permutation(a) == b).mean() for _ in range(50)])
    assert chance_of_equality(a, b) == pytest.approx(shuffled, abs=0.003)


def test_common_zeros_are_chance_and_copies_are_not():
    x = table().to_numpy()
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    (found,) = equalities(x, pairs)
    assert (found.a, found.b) == (0, 1)
    assert found.train == pytest.approx(0.3, abs=0.03)
    assert found.chance < 0.01


def test_one_percent_of_equal_rows_is_found_and_half_of_it_is_not():
    random = np.random.default_rng(0)
    for share, number in ((0.02, 1), (0.005, 0)):
        x = random.normal(size=(20_000, 2))
        same = random.random(20_000) < share
        x[same, 1] = x[same, 0]
        assert len(equalities(x, [(0, 1)])) == number


def test_a_broken_equality_is_lost():
    reference = reference_of(table())
    value, real, shuffled = measured(EQUALITIES, damaged(reference))
    assert value == 0
    assert real < 0.15
    assert shuffled == pytest.approx(1, abs=0.02)
    random = np.random.default_rng(1)
    half = damaged(reference, "b", lambda x: np.where(random.random(len(x)) < 0.5, x + 1e-5, x))
    assert EQUALITIES.measure(half) == pytest.approx(0.5, abs=0.05)
    found = equality_details(reference, equality_shares(half))
    assert list(found) == ["a = b"]
    assert lost_equalities(reference, equality_shares(half)) == 1
    assert lost_equalities(reference, equality_shares(damaged(reference))) == 0
    assert found["a = b"]["generated"] == pytest.approx(found["a = b"]["training"] / 2, abs=0.02)


def test_without_equalities_there_is_no_figure():
    random = np.random.default_rng(0)
    reference = reference_of(frame_of(a=random.normal(size=400), b=random.normal(size=400)))
    assert EQUALITIES.measure(damaged(reference)) is None
