"""Inequalities: a <= b in all training rows, and not because the ranges hardly meet."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from table_sets import damaged, frame_of, measured, reference_of

from wgan.evaluation.metrics.inequalities import (
    INEQUALITIES,
    chance_of_violation,
    inequalities,
    inequality_details,
    violated_shares,
)


def table(n=2000):
    random = np.random.default_rng(0)
    low = random.uniform(0, 100, n).round(3)
    begin = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, n), unit="D")
    end = begin + pd.to_timedelta(random.integers(0, 90, n), unit="D")
    share = random.uniform(0, 1, n).round(5)
    return frame_of(
        low=low, high=low + random.exponential(20, n).round(3), begin=begin, end=end, share=share
    )


def test_chance_is_that_of_independent_columns():
    random = np.random.default_rng(0)
    a, b = random.integers(0, 9, 500).astype(float), random.integers(3, 12, 400).astype(float)
    assert chance_of_violation(a, b) == pytest.approx((a[:, None] > b[None]).mean())


def test_rules_hold_in_all_rows_and_could_be_broken():
    random = np.random.default_rng(0)
    a = random.uniform(0, 1, 3000)
    columns = [a, a + random.uniform(0, 1, 3000), random.uniform(0, 1, 3000), a + 2000]
    x = np.column_stack(columns)
    pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
    assert inequalities(x, pairs) == [(0, 1)], "ranges that do not meet are no rule"
    x[5, 0] = 3.0
    assert inequalities(x, pairs) == []
    x[5, 0] = np.nan
    assert inequalities(x, pairs) == [(0, 1)]


def test_few_rows_make_no_rule():
    random = np.random.default_rng(0)
    for _ in range(200):
        x = random.normal((0, 3), size=(24, 2))
        assert inequalities(x, [(0, 1)]) == [], "1.7 % would violate it, of 24 rows none by chance"


def test_violations_are_counted_by_rows_and_named():
    reference = reference_of(table())
    value, real, shuffled = measured(INEQUALITIES, damaged(reference))
    assert value == real == 0
    assert shuffled > 0.3
    random = np.random.default_rng(1)
    late = damaged(reference, "begin", lambda x: np.where(random.random(len(x)) < 0.1, x + 1e9, x))
    assert INEQUALITIES.measure(late) == pytest.approx(0.1, abs=0.02)
    found = inequality_details(reference, violated_shares(late))
    assert set(found) == {"low <= high", "begin <= end"}
    assert found["low <= high"] == 0
    assert found["begin <= end"] == INEQUALITIES.measure(late)


def test_many_inequalities_take_little_memory():
    """A byte a row and pair would be 90 kB."""
    random = np.random.default_rng(0)
    x = np.cumsum(random.exponential(size=(4000, 10)), axis=1).round(6)
    reference = reference_of(frame_of(**{f"c{i}": x[:, i] for i in range(10)}))
    violated_shares(damaged(reference))  # makes what the reference remembers
    fresh = damaged(reference)
    tracemalloc.start()
    assert len(violated_shares(fresh)) > 30
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 40_000


def test_missing_values_violate_nothing():
    reference = reference_of(table())
    gaps = damaged(reference, "high", lambda x: np.full_like(x, np.nan))
    assert INEQUALITIES.measure(gaps) == 0


def test_without_inequalities_there_is_no_figure():
    random = np.random.default_rng(0)
    reference = reference_of(frame_of(a=random.normal(size=400), b=random.normal(size=400)))
    assert INEQUALITIES.measure(damaged(reference)) is None
