"""Levels: what is lost is named, and perfect generators are flagged in 5 % of cases at most."""

import numpy as np
import pytest
from scipy.stats import binomtest
from small_tables import COLUMNS, NAMES, NUMBER
from table_sets import damaged, frame_of, measured, place, reference_of

from wgan.evaluation.metrics.levels import (
    LEVELS_LOST,
    LEVELS_OFF,
    Levels,
    flags,
    level_counts,
    level_details,
    levels_of,
)


def levels(counts, n):
    names = tuple(f"k={i}" for i in range(len(counts)))
    return Levels((), (), names, np.array(counts), n)


def table(n=3000):
    random = np.random.default_rng(0)
    x = random.normal(size=n).round(6)
    x[:200] = 0.0
    x[200:300] = np.nan
    level = random.choice(["a", "b", "rare"], n, p=[0.6, 0.37, 0.03])
    return frame_of(k=level, x=x, u=random.integers(0, 10**6, n))


def test_levels_are_values_that_twenty_rows_share():
    x = np.column_stack([np.r_[np.arange(100), np.repeat([7.5, np.nan], 20)], np.zeros(140)])
    x[:19, 1] = 1
    found = levels_of((NUMBER, NAMES), x)
    assert found.names == ("x=7.5", "x missing", "k=a")
    assert found.counts.tolist() == [20, 20, 121]
    assert found.count(x[:110]).tolist() == [10, 0, 91]


def test_flags_are_those_of_exact_binomial_tests():
    found = flags(levels([20, 74, 100, 100, 1000], 30_000), np.array([0, 0, 250, 30, 1400]), 30_000)
    assert found.lost.tolist() == [True, True, False, False, False]
    assert found.inflated.tolist() == [False, False, True, False, False]
    assert found.deflated.tolist() == [False, False, False, True, False]
    least = 0.05 / (3 * 5)
    assert binomtest(250, 350, 0.5).pvalue < least < binomtest(27, 40, 0.5).pvalue
    few = flags(levels([20] * 5, 30_000), np.array([41, 44, 9, 20, 20]), 30_000)
    assert not (few.inflated | few.deflated).any(), "off by a factor of 2, but not surely"


def test_few_generated_rows_lose_nothing_surely():
    assert not flags(levels([20], 30_000), np.array([0]), 1000).lost.any()
    assert flags(levels([20], 30_000), np.array([0]), 30_000).lost.all()


def test_a_perfect_generator_is_flagged_in_at_most_5_percent_of_evaluations():
    """300 levels of 20 to 400 rows: 600 evaluations of three sets each."""
    random = np.random.default_rng(0)
    p = random.permutation(np.geomspace(1, 20, 300))
    p /= p.sum()
    n = 30_000
    flagged = 0
    for _ in range(600):
        known = levels(random.multinomial(n, p), n)
        sets = [flags(known, random.multinomial(n, p), n) for _ in range(3)]
        flagged += any((f.lost | f.inflated | f.deflated).any() for f in sets)
    assert flagged <= 0.05 * 600


def test_a_dropped_level_is_lost_by_name():
    reference = reference_of(table())
    assert measured(LEVELS_LOST, damaged(reference)) == (0, 0, 0)
    k = reference.columns[place(reference, "k")]
    rare = k.levels.index("rare")
    common = k.levels.index("a")
    dropped = damaged(reference, "k", lambda x: np.where(x == rare, common, x))
    assert LEVELS_LOST.measure(dropped) == 1
    n = int((reference.train[:, place(reference, "k")] == rare).sum())
    details = level_details(reference, level_counts(dropped).astype(float))
    assert details["lost"] == [f"k=rare: {n} training rows, 0 of 2100 generated"]
    assert details["inflated"] == details["deflated"] == []


def test_spikes_and_missing_values_are_levels():
    reference = reference_of(table())
    smoothed = damaged(reference, "x", lambda x: np.where(x == 0, 1e-3, x))
    assert LEVELS_LOST.measure(smoothed) == 1
    filled = damaged(reference, "x", lambda x: np.where(np.isnan(x), 0.0, x))
    details = level_details(reference, level_counts(filled).astype(float))
    assert details["lost"][0].startswith("x missing: ")
    halved = damaged(reference, "x", lambda x: np.where(np.arange(len(x)) % 4 > 0, x + 1e-7, x))
    assert LEVELS_OFF.measure(halved) == 1
    details = level_details(reference, level_counts(halved).astype(float))
    assert details["deflated"][0].startswith("x=0: ")


def test_a_level_made_too_often_is_inflated():
    reference = reference_of(table())
    rare = reference.columns[place(reference, "k")].levels.index("rare")
    more = damaged(reference, "k", lambda x: np.where(np.arange(len(x)) % 9 == 0, rare, x))
    assert measured(LEVELS_OFF, more) == (1, 0, 0)
    assert level_details(reference, level_counts(more).astype(float))["inflated"][0].startswith(
        "k=rare"
    )


def test_all_lost_levels_are_counted_and_fifty_are_named():
    names = np.repeat([f"n{i:02d}" for i in range(60)], 100)
    reference = reference_of(frame_of(k=np.random.default_rng(0).permutation(names)))
    assert reference.train.shape[0] > 2 * 60 * 20
    all_first = damaged(reference, "k", np.zeros_like)
    details = level_details(reference, level_counts(all_first).astype(float))
    assert details["numbers"] == {"lost": 59, "inflated": 1, "deflated": 0}
    assert len(details["lost"]) == 50


def test_a_table_without_levels_has_no_such_figure():
    random = np.random.default_rng(0)
    reference = reference_of(frame_of(x=random.normal(size=300), z=random.normal(size=300)))
    assert LEVELS_LOST.measure(damaged(reference)) is None
    assert LEVELS_OFF.measure(damaged(reference)) is None


@pytest.mark.parametrize("column", COLUMNS)
def test_counts_of_a_set_do_not_depend_on_the_order_of_rows(column):
    random = np.random.default_rng(0)
    x = random.integers(0, 2, (200, 1)).astype(float)
    found = levels_of((column,), x)
    assert np.array_equal(found.count(x), found.count(random.permutation(x)))
    assert found.count(x).sum() == 200
