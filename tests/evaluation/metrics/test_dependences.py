"""Dependences: A determines B, not by chance and not because B hardly varies."""

import tracemalloc

import numpy as np
import pytest
from table_sets import damaged, frame_of, measured, reference_of

from wgan.evaluation.metrics.dependences import (
    DEPENDENCES,
    coded,
    dependence_details,
    dependences,
    impossible_shares,
)


def rules(*columns):
    table = coded(np.column_stack(columns).astype(np.float64))
    return [
        (table.places[rule.a], table.places[rule.b], rule.mutual) for rule in dependences(table)
    ]


def table(n=3000):
    random = np.random.default_rng(0)
    city = random.integers(0, 12, n)
    return frame_of(
        city=[f"c{k}" for k in city],
        country=[f"l{k // 3}" for k in city],
        grade=city * 2,
        other=random.choice(["x", "y"], n),
    )


def test_cities_determine_countries_and_not_the_reverse():
    random = np.random.default_rng(0)
    city = random.integers(0, 12, 3000)
    assert rules(city, city // 3) == [(0, 1, False)]
    assert rules(city // 3, city) == [(1, 0, False)]
    assert rules(city, 30.0 - city) == [(0, 1, True)]
    assert rules(city, random.integers(0, 3, 3000)) == []


def test_errors_in_the_data_are_allowed_below_half_a_percent():
    random = np.random.default_rng(0)
    city = random.integers(0, 12, 20_000)
    for errors, number in ((0.003, 1), (0.02, 0)):
        country = np.where(random.random(20_000) < errors, random.integers(0, 4, 20_000), city // 3)
        assert len(rules(city, country)) == number


def test_a_nearly_constant_column_depends_on_nothing():
    random = np.random.default_rng(0)
    rare = (random.random(20_000) < 0.004).astype(float)
    assert rules(random.integers(0, 5, 20_000), rare) == []


def test_values_of_few_rows_determine_nothing():
    random = np.random.default_rng(0)
    own = np.arange(240.0)
    assert rules(own, random.integers(0, 3, 240)) == []
    lumped = np.where(own < 60, own % 2, own)
    assert rules(lumped, np.where(own < 60, own % 2, random.integers(0, 2, 240))) == []


def test_a_missing_value_is_one_that_determines_and_is_determined():
    city = np.random.default_rng(0).integers(0, 6, 2000).astype(float)
    assert rules(np.where(city == 0, np.nan, city), np.where(city < 2, np.nan, city // 2)) == [
        (0, 1, False)
    ]


def test_impossible_combinations_are_counted_by_rows_and_named():
    reference = reference_of(table())
    value, real, shuffled = measured(DEPENDENCES, damaged(reference))
    assert value == real == 0
    assert shuffled > 0.9
    random = np.random.default_rng(1)

    def mix(x):
        return np.where(random.random(len(x)) < 0.2, random.permutation(x), x)

    mixed = damaged(reference, "country", mix)
    assert DEPENDENCES.measure(mixed) == pytest.approx(0.2 * 3 / 4, abs=0.02)
    found = dependence_details(reference, impossible_shares(mixed))
    assert set(found) == {"city -> country", "city <-> grade", "grade -> country"}
    assert found["city <-> grade"] == 0
    assert found["city -> country"] == DEPENDENCES.measure(mixed), "one row counts once"


def test_many_dependences_take_little_memory():
    """45 pairs of 250 values: a byte a combination would be 2.9 MB, a byte a row 378 kB."""
    code = np.random.default_rng(0).integers(0, 250, 12_000).astype(float)
    x = np.column_stack([code + 1000 * i for i in range(10)])
    rules_found = dependences(coded(x))
    assert len(rules_found) == 45
    assert sum(rule.packed.nbytes for rule in rules_found) < 0.4e6
    assert all(np.array_equal(rule.seen[:250, :250], np.eye(250)) for rule in rules_found)
    reference = reference_of(frame_of(**{f"c{i}": x[:, i] for i in range(10)}))
    impossible_shares(damaged(reference))  # makes what the reference remembers
    fresh = damaged(reference)
    tracemalloc.start()
    assert impossible_shares(fresh).max() == 0
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 100_000


def test_without_dependences_there_is_no_figure():
    random = np.random.default_rng(0)
    frame = frame_of(a=random.choice(list("abc"), 400), b=random.choice(list("xy"), 400))
    assert DEPENDENCES.measure(damaged(reference_of(frame))) is None
