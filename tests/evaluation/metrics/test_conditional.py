"""Rows under conditions: as good as filtered ones, and a sampler that only writes levels over."""

import numpy as np
import pytest
from small_tables import COLUMNS
from table_sets import damaged, frame_of, measured, place, reference_of

from wgan.evaluation.metrics.conditional import (
    CONDITIONAL_SHAPE,
    CONDITIONAL_TREND,
    Given,
    conditional_details,
    conditional_errors,
    conditions_tried,
)


def table(n=8000):
    random = np.random.default_rng(0)
    k = random.integers(0, 4, n)
    a = random.normal(size=n) + 1.5 * k
    sign = np.where(k % 2, 1, -1)
    b = sign * a + random.normal(size=n)
    group = np.where(random.random(n) < 0.8, k % 2, random.integers(0, 2, n))
    return frame_of(k=[f"k{i}" for i in k], a=a, b=b, g=np.where(group == 1, "odd", "even"))


def conditional(reference, ignore=False, seed=5):
    """Return a conditional sampler of real rows; or one that writes the level over any row."""

    def sample(where, n):
        ((name, level),) = where.items()
        i = place(reference, name)
        value = reference.columns[i].levels.index(level)
        rows = np.random.default_rng([seed, value]).permutation(reference.train)
        if ignore:
            rows[:, i] = value
            return rows[:n]
        return rows[rows[:, i] == value][:n]

    return sample


def test_conditions_are_frequent_levels_by_seed():
    random = np.random.default_rng(0)
    x = np.column_stack(
        [random.normal(size=4000), random.integers(0, 3, 4000), random.random(4000) < 0.05]
    ).astype(float)
    tried = conditions_tried(COLUMNS, x, 0)
    assert [given[:2] for given in tried] == [(1, 0), (1, 1), (1, 2)], "t is too unequal, and rare"
    few = conditions_tried(COLUMNS, x[:900], 0)
    assert len(few) == 3
    assert [given.rows for given in few] == sorted((g.rows for g in few), reverse=True)
    many = np.column_stack([random.integers(0, 3, 4000).astype(float)] * 8)
    seeds = [conditions_tried([COLUMNS[1]] * 8, many, seed) for seed in (0, 0, 1)]
    assert len(seeds[0]) == 12
    assert seeds[0] == seeds[1] != seeds[2]
    assert isinstance(seeds[0][0], Given)


def test_rows_as_good_as_filtered_ones_read_1_and_others_more():
    reference = reference_of(table())
    good = damaged(reference, conditional=conditional(reference))
    value, real, shuffled = measured(CONDITIONAL_SHAPE, good)
    assert value == pytest.approx(1, abs=0.25)
    assert real == 1
    assert shuffled > 3
    bad = damaged(reference, conditional=conditional(reference, ignore=True))
    assert CONDITIONAL_SHAPE.measure(bad) > 3
    value, real, shuffled = measured(CONDITIONAL_TREND, bad)
    assert value > 2
    assert real == 1
    assert shuffled > 2
    assert CONDITIONAL_TREND.measure(good) == pytest.approx(1, abs=0.35)


def test_details_have_each_condition_beside_held_out_rows():
    reference = reference_of(table())
    bad = damaged(reference, conditional=conditional(reference, ignore=True))
    details = conditional_details(reference, conditional_errors(bad))
    assert set(details) == {"k=k0", "k=k1", "k=k2", "k=k3", "g=odd", "g=even"}
    each = details["k=k0"]
    assert each["shape conditional"] > 3 * each["shape filtered"]
    assert each["shape held-out"] < 0.1
    assert each["rows"] == (reference.train[:, place(reference, "k")] == 0).sum() or each[
        "rows"
    ] == pytest.approx(1400, abs=100)


def test_a_generator_without_conditions_has_no_figure():
    reference = reference_of(table(1000))
    plain = damaged(reference)
    assert CONDITIONAL_SHAPE.measure(plain) is None
    assert conditional_errors(plain).shape == (5, 0)
    assert conditional_details(reference, conditional_errors(plain)) == {}


def test_a_level_that_a_set_lost_is_passed_over():
    reference = reference_of(table())
    lost = damaged(reference, "k", lambda x: np.where(x == 0, 1, x), conditional(reference))
    assert CONDITIONAL_SHAPE.measure(lost) > 0
    details = conditional_details(reference, conditional_errors(lost))
    assert "shape filtered" not in details[f"k={reference.columns[0].levels[0]}"]
