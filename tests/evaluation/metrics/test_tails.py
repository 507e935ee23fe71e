"""Tails: excess by closed form, tails cut and shifted, and training extremes repeated."""

import numpy as np
import pytest
from table_sets import damaged, frame_of, measured, place, reference_of

from wgan.evaluation.metrics.tails import (
    ENDS,
    TAILS,
    end_details,
    excess,
    repeated_ends,
    tail_details,
    tail_ratios,
    threshold,
)


def table(n=20_000):
    random = np.random.default_rng(0)
    spike = np.where(random.random(n) < 0.9, 0.0, random.exponential(5, n))
    return frame_of(x=random.normal(size=n), s=spike, k=random.integers(0, 9, n))


def test_the_excess_of_an_exponential_is_its_scale_times_the_tail():
    x = np.random.default_rng(0).exponential(2.0, 400_000)
    u = threshold(x, 4000)
    assert u == pytest.approx(2 * np.log(100), rel=0.02)
    assert excess(x, u) == pytest.approx(2 * 0.01, rel=0.05)


def test_thresholds_leave_the_rows_asked_for():
    x = np.random.default_rng(0).normal(size=5000)
    assert (x > threshold(x, 20)).sum() == 20
    ties = np.r_[np.zeros(900), np.ones(30), np.full(15, 2.0)]
    assert threshold(ties, 20) == 0.0
    assert threshold(ties, 10) == 1.0
    assert threshold(np.zeros(100), 20) is None
    assert threshold(np.r_[np.zeros(900), np.ones(100)], 20) is None, "a tenth is no tail"


def test_tails_have_names_and_the_bulk_has_none():
    reference = reference_of(table())
    found = tail_details(reference, tail_ratios(damaged(reference)))
    sides = sorted(name.rsplit(" ", 1)[0] for name in found)
    assert sides == ["s >", "x <", "x >", "y <", "y >"]


def test_a_tail_that_is_cut_or_shifted_is_seen():
    reference = reference_of(table())
    value, real, _ = measured(TAILS, damaged(reference))
    assert value == real < 0.4

    def ratios(change):
        comparison = damaged(reference, "x", change)
        details = tail_details(reference, tail_ratios(comparison))
        named = {name.rsplit(" ", 1)[0]: each["ratio"] for name, each in details.items()}
        return named, TAILS.measure(comparison)

    cut, error = ratios(lambda x: np.minimum(x, 3.0))
    assert cut["x >"] < 0.7 * ratios(lambda x: x)[0]["x >"]
    assert error > value
    missing, error = ratios(lambda x: np.clip(x, -2, 2))
    assert missing["x >"] == missing["x <"] == 0
    assert error > value + 2 * np.log(3) / 5, "a tail that is missing counts as a tenth"
    shifted, error = ratios(lambda x: np.where(x > 2, x + 3, x))
    assert shifted["x >"] == 10
    assert shifted["x <"] == ratios(lambda x: x)[0]["x <"]
    assert error > value


def test_codes_are_no_tails():
    random = np.random.default_rng(0)
    x = np.where(random.random(6000) < 0.01, -9999.0, random.normal(size=6000).round(3))
    reference = reference_of(frame_of(x=x))
    assert reference.columns[place(reference, "x")].codes == (-9999.0,)
    same = tail_details(reference, tail_ratios(damaged(reference)))
    assert all(float(name.split()[-1]) > -10 for name in same)
    more = damaged(reference, "x", lambda v: np.where(np.arange(len(v)) % 2, -9999.0, v))
    below = next(i for i, name in enumerate(same) if name.startswith("x <"))
    assert tail_ratios(more)[below] < 1.5


def test_rows_at_the_training_extremes_are_counted():
    reference = reference_of(table())
    value, real, _ = measured(ENDS, damaged(reference))
    n = reference.n
    assert value == pytest.approx(5 / n), "each of the ends of x and y, and the largest s, once"
    assert real == 0
    clipped = damaged(reference, "x", lambda x: np.clip(3 * x, x.min(), x.max()))
    assert ENDS.measure(clipped) > 0.1
    found = end_details(reference, repeated_ends(clipped))
    largest = next(name for name in found if name.startswith("x = ") and "-" not in name)
    assert found[largest]["training"] == 1
    assert found[largest]["generated"] > 0.05 * n
    assert not any(name.startswith("s = 0") for name in found), "a level, not an end"


def test_without_numbers_there_are_no_tails():
    reference = reference_of(frame_of(k=list("abcd") * 100))
    plain = tail_details(reference, tail_ratios(damaged(reference)))
    assert all(name.startswith("y") for name in plain)
