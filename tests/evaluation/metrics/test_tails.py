"""Tails: excess by closed form, tails cut and shifted, and training extremes repeated."""

from dataclasses import replace

import numpy as np
import pytest
from table_sets import damaged, frame_of, measured, place, reference_of

from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics.tails import (
    ENDS,
    TAILS,
    end_details,
    excess,
    repeated_ends,
    tail_details,
    tail_figures,
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
    found = tail_details(reference, tail_figures(damaged(reference)))
    sides = sorted(name.rsplit(" ", 1)[0] for name in found)
    assert sides == ["s >", "x <", "x >", "y <", "y >"]


def test_a_tail_that_is_cut_or_shifted_is_seen():
    reference = reference_of(table())
    value, real, _ = measured(TAILS, damaged(reference))
    assert value == real < 0.4

    def ratios(change):
        comparison = damaged(reference, "x", change)
        details = tail_details(reference, tail_figures(comparison))
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


def real_rows(train, held_out):
    """Return a reference of these numbers."""
    k = train.shape[1]
    normal = np.random.default_rng(0).normal(size=(400, k))
    reference = reference_of(frame_of(**{f"x{i}": normal[:, i] for i in range(k)}))
    columns = reference.columns[:k]
    return replace(
        reference, n=len(train), held_out=held_out, columns=columns, train=train, target=0
    )


def flagged(reference, sets):
    figures = [tail_figures(Comparison(reference, rows, "generated")) for rows in sets]
    return [each["off"] for each in tail_details(reference, np.mean(figures, axis=0)).values()]


DRAWS = {
    "lognormal": lambda random, n: random.lognormal(0, 2, (n, 4)),
    "pareto 1.5": lambda random, n: random.pareto(1.5, (n, 4)),
    "pareto 1.1": lambda random, n: random.pareto(1.1, (n, 4)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_perfect_generators_of_heavy_tails_are_flagged_in_at_most_5_percent(name):
    random = np.random.default_rng(0)
    found, far = 0, 0
    for _ in range(40):
        reference = real_rows(DRAWS[name](random, 8000), DRAWS[name](random, 2000))
        sets = [DRAWS[name](random, 8000) for _ in range(3)]
        found += any(flagged(reference, sets))
        ratios = np.mean([tail_ratios(Comparison(reference, x, "")) for x in sets], axis=0)
        far += ((ratios < 1 / 3) | (ratios > 3)).any()
    assert found <= 0.05 * 40
    assert far > 0.05 * 40, "a factor alone says it of them"


@pytest.mark.parametrize(
    "change",
    [
        lambda x, u: np.minimum(x, u),
        lambda x, u: np.where(x > u, u + (x - u) / 20, x),
        lambda x, u: np.where(x > u, u + 8 * (x - u), x),
        lambda x, u: np.where(np.arange(len(x)) % 400 == 0, 100 * x.max(), x),
    ],
    ids=["cut", "short", "long", "outliers"],
)
def test_wrong_tails_are_off(change):
    random = np.random.default_rng(0)
    train, held_out, fresh = (random.lognormal(0, 1, (n, 1)) for n in (8000, 2000, 8000))
    reference = real_rows(train, held_out)
    u = np.quantile(train, 0.99)
    assert not any(flagged(reference, [fresh]))
    assert flagged(reference, [change(fresh, u)])[-1]


def test_extremes_are_repeated_beyond_the_share_of_training_rows():
    random = np.random.default_rng(0)
    train = np.minimum(random.lognormal(0, 1, (8000, 1)), 15.0)
    train[np.flatnonzero(train == 15.0)[15:]] = 14.0
    reference = real_rows(train, train[:2000])
    for rows, repeated in ((24, False), (100, True)):
        details = end_details(reference, np.array([0.0, rows / 8000]))
        assert details["x0 = 15"] == {
            "generated": pytest.approx(rows),
            "training": 15,
            "repeated": repeated,
        }


def test_codes_are_no_tails():
    random = np.random.default_rng(0)
    x = np.where(random.random(6000) < 0.01, -9999.0, random.normal(size=6000).round(3))
    reference = reference_of(frame_of(x=x))
    assert reference.columns[place(reference, "x")].codes == (-9999.0,)
    same = tail_details(reference, tail_figures(damaged(reference)))
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
    plain = tail_details(reference, tail_figures(damaged(reference)))
    assert all(name.startswith("y") for name in plain)
