"""Round numbers: the step is found where people rounded, and a generator that smooths is seen."""

import numpy as np
import pytest
from table_sets import damaged, frame_of, measured, reference_of

from wgan.evaluation.metrics.rounding import (
    ROUND,
    is_multiple,
    round_details,
    round_shares,
    round_step,
)


def heaped(n, step, share, seed=0, grain=1.0, high=1000):
    """Return numbers of which a share was rounded to the step."""
    random = np.random.default_rng(seed)
    x = random.gamma(4, high / 12, n)
    rounded = random.random(n) < share
    return np.where(rounded, np.rint(x / step) * step, np.rint(x / grain) * grain)


@pytest.mark.parametrize(("step", "grain"), [(10, 1), (50, 1), (100, 1), (5, 1), (0.5, 0.01)])
def test_the_step_that_people_round_to_is_found(step, grain):
    x = heaped(4000, step, 0.4, grain=grain, high=100 * step)
    assert round_step(x, grain) == step


def test_the_largest_step_counts():
    x = np.concatenate([heaped(3000, 10, 0.3, 1), heaped(3000, 100, 0.5, 2)])
    assert round_step(x, 1.0) == 100


@pytest.mark.parametrize("seed", range(10))
def test_smooth_columns_have_no_step(seed):
    random = np.random.default_rng(seed)
    for x, step in (
        (random.normal(40, 15, 5000).round(), 1.0),
        (random.exponential(300, 5000).round(), 1.0),
        (random.poisson(6, 5000).astype(float), 1.0),
        (random.lognormal(0, 1, 5000), 0.0),
        (random.lognormal(3, 1, 5000).round(2), 0.01),
        (random.integers(1, 17, 5000).astype(float), 1.0),
        (random.uniform(0, 1, 5000).round(3), 0.001),
        (10 * random.integers(0, 300, 5000).astype(float), 10.0),
    ):
        assert round_step(x, step) is None


def test_one_frequent_number_is_no_rounding():
    random = np.random.default_rng(0)
    x = random.normal(40, 15, 5000).round()
    assert round_step(np.where(random.random(5000) < 0.5, 40, x), 1.0) is None
    assert round_step(np.where(random.random(5000) < 0.9, 0, x), 1.0) is None


def test_few_constant_and_missing_numbers_have_no_step():
    assert round_step(np.arange(20.0), 1.0) is None
    assert round_step(np.full(500, 7.0), 0.0) is None
    assert round_step(np.full(500, np.nan), 0.0) is None


def test_a_spread_beyond_the_largest_double_has_no_step():
    x = np.random.default_rng(0).normal(size=500)
    assert round_step(np.r_[x, -1e308, 1e308], 0.0) is None
    assert round_step(np.r_[x, -1e308, 1e308], 0.5) is None


def test_multiples_are_told_despite_rounding():
    x = np.arange(1, 2000) * 0.1
    assert is_multiple(x, 0.5).sum() == 399
    assert not is_multiple(np.array([0.0]), 0.5).any()


def test_a_generator_that_smooths_is_seen():
    reference = reference_of(frame_of(h=heaped(8000, 10, 0.5, seed=3).astype(int)))
    value, real, shuffled = measured(ROUND, damaged(reference))
    assert value == real == shuffled < 0.1
    random = np.random.default_rng(1)
    smooth = damaged(reference, "h", lambda x: x + random.integers(-5, 6, len(x)))
    assert ROUND.measure(smooth) > 0.7
    found = round_details(reference, round_shares(smooth))
    assert list(found) == ["h"]
    assert found["h"]["step"] == 10
    assert found["h"]["generated"] == pytest.approx(1 / 11 + 0.01, abs=0.03)
    assert found["h"]["held_out"] == pytest.approx(0.5 + 0.5 / 10, abs=0.04)
    more = damaged(reference, "h", lambda x: np.rint(x / 10) * 10)
    assert ROUND.measure(more) == pytest.approx(1 / found["h"]["held_out"] - 1, abs=0.01)


def test_no_round_column_has_no_figure():
    reference = reference_of(frame_of(x=np.random.default_rng(0).normal(size=400)))
    assert ROUND.measure(damaged(reference)) is None
