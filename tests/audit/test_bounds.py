from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from wgan.audit.betting import Gambler, betting_lower_bound, predictable_bets
from wgan.audit.bounds import Scores, chosen_clamp, extension, farthest_pair, lower_bound
from wgan.base.errors import WganError
from wgan.distances import transport

RNG = np.random.default_rng(0)


def test_the_extension_is_one_lipschitz_and_reads_the_exact_distance_where_it_came_from():
    x, y = RNG.normal(size=(80, 3)), RNG.normal(size=(60, 3)) + 1
    plan = transport(x, y)
    f_x, f_y = extension(y, plan.v, x), extension(y, plan.v, y)
    assert f_x.mean() - f_y.mean() == pytest.approx(plan.distance, rel=1e-9)
    a = RNG.normal(size=(300, 3)) * 5
    f = extension(y, plan.v, a)
    assert (np.abs(f[:, None] - f[None, :]) <= cdist(a, a) + 1e-9).all()


def lower(f_x, f_y, clamp, lipschitz=1.0, delta=0.05):
    """Return the bound of one critic in one stage."""
    return lower_bound([[Scores("c", f_x, f_y, clamp, lipschitz)]], delta)


def test_a_lower_bound_is_clamped_divided_and_never_below_zero():
    f_x, f_y = np.r_[np.full(999, 1.0), 50.0], np.zeros(1000)
    low = lower(f_x, f_y, (0.0, 1.0), 2.0, 0.1)
    (reading,) = low.readings
    assert (reading.gap, reading.value, reading.pairs) == (1.0, 0.5, 1000)
    ones = np.ones(1000)  # differences of 1 in [-1, 1]
    least = betting_lower_bound(
        [Gambler(ones, ones, predictable_bets(ones, ones, 1000, np.log(10)))], 0.1
    )
    assert low.bound == pytest.approx(least / 2)
    assert 0.49 < low.bound < 0.5
    assert lower(f_y, f_x, (0.0, 1.0)).bound == 0.0


@pytest.mark.parametrize("unit", [1e-150, 1e-3, 1e150])
def test_a_lower_bound_follows_the_unit_and_not_the_zero_of_the_scores(unit):
    f_x, f_y = RNG.normal(1, 1, 300), RNG.normal(0, 1, 300)
    low = lower(f_x, f_y, (-3.0, 4.0))
    assert 0.4 < low.bound < low.readings[0].gap
    scaled = lower(unit * f_x, unit * f_y, (-3 * unit, 4 * unit))
    assert scaled.bound == pytest.approx(unit * low.bound, rel=1e-6)
    moved = lower(f_x + 5, f_y + 5, (2.0, 9.0))
    assert moved.bound == pytest.approx(low.bound, rel=1e-6)
    divided = lower(f_x, f_y, (-3.0, 4.0), 4.0)
    assert divided.bound == pytest.approx(low.bound / 4, rel=1e-6)


def test_constant_scores_and_scores_without_a_range_certify_nothing():
    ones = np.ones(100)
    assert lower(ones, ones, (1.0, 1.0)).bound == 0.0
    assert lower(9 * ones, ones, (-np.inf, np.inf)).bound == 0.0
    with pytest.raises(WganError, match="held-out samples on each side"):
        lower(ones, ones[:0], (0.0, 1.0))


def test_a_critic_without_a_range_leaves_the_other_alone():
    f_x, f_y = RNG.normal(1, 1, 300), RNG.normal(0, 1, 300)
    good = Scores("good", f_x, f_y, (-3.0, 4.0), 1.0)
    low = lower_bound([[replace(good, critic="wild", clamp=(-np.inf, np.inf)), good]], 0.05)
    assert low.leader == "good"
    alone = lower(f_x, f_y, (-3.0, 4.0), delta=0.025).bound
    assert alone <= low.bound < alone + 0.003  # the other's half of the wealth stays as it was


def test_more_samples_of_one_side_alone_raise_the_bound():
    f_x, f_y = RNG.normal(1, 1, 300), RNG.normal(0, 1, 3100)
    few = lower(f_x, f_y[:300], (-3.0, 4.0))
    many = lower(f_x, f_y, (-3.0, 4.0))
    assert many.readings[0].gap - many.bound < 0.85 * (few.readings[0].gap - few.bound)


def test_groups_count_as_one_each_and_are_clamped_row_by_row():
    f_x = np.array([0.0, 4.0, 1.0, 0.5, 0.5])
    scores = Scores("c", f_x, np.zeros(3), (0.0, 1.0), 1.0, np.array([4, 4, 2, 0, 0]))
    a, b = scores.clamped()
    assert a.tolist() == [0.5, 1.0, 0.5]
    assert b.tolist() == [0.0] * 3
    assert lower_bound([[scores]], 0.5).readings[0].pairs == 3


def test_a_later_stage_with_a_better_critic_counts_for_more():
    """The first critic is half as steep; the second alone has half of the pairs."""
    x, y = RNG.normal(1, 0.2, (2, 1000)), RNG.normal(0, 0.2, (2, 1000))
    stages = [[Scores("c", s * x[k], s * y[k], (-s, 2 * s), 1.0)] for k, s in enumerate((0.5, 1.0))]
    low = lower_bound(stages, 0.05)
    assert [r.stage for r in low.readings] == [1, 2]
    assert low.leading.stage == 2
    alone = lower_bound(stages[1:], 0.025)
    assert low.bound == pytest.approx(alone.bound, rel=1e-3)
    assert lower_bound([stages[1], stages[1]], 0.05).bound > alone.bound


def test_a_lower_bound_of_clamped_heavy_tails_misses_no_more_often_than_promised():
    """Unequal sides, scores on the line: y moved by 1, W1 = 1, chosen clamps included."""
    delta, repeats = 0.2, 400
    missed = 0
    for repeat in range(repeats):
        if repeat % 20 == 0:
            clamp = chosen_clamp(RNG.standard_t(2.1, 100) + 1, RNG.standard_t(2.1, 150))
        f_x, f_y = RNG.standard_t(2.1, 100) + 1, RNG.standard_t(2.1, 150)
        missed += lower(f_x, f_y, clamp, delta=delta).bound > 1.0
    assert missed <= stats.binom.ppf(0.999, repeats, delta)


def directions(x, y, stages, peek):
    """Return the scores of two critics in each stage: along the difference of the means of all
    samples before it, and along its largest coordinate. With `peek` it has seen its own.
    """
    rows = []
    parts = np.array_split(np.arange(len(x)), stages + 1)
    for part in parts[1:]:
        end = part[-1] + 1 if peek else part[0]
        known_x, known_y = x[:end], y[:end]
        v = known_x.mean(0) - known_y.mean(0)
        axis = np.zeros_like(v)
        axis[np.abs(v).argmax()] = np.sign(v[np.abs(v).argmax()])
        row = []
        for name, w in (("mean", v / np.linalg.norm(v)), ("axis", axis)):
            clamp = float((known_y @ w).min()), float((known_x @ w).max())
            row.append(Scores(name, x[part] @ w, y[part] @ w, clamp, 1.0))
        rows.append(row)
    return rows


@pytest.mark.parametrize("w1", [0.0, 0.3])
@pytest.mark.parametrize("stages", [1, 3])
def test_critics_that_learn_from_the_past_keep_the_promise(stages, w1):
    """Independent normal samples in 10-D, of one population or moved by 0.3; delta = 0.1."""
    delta, repeats = 0.1, 300
    missed = 0
    for _ in range(repeats):
        x, y = RNG.normal(size=(2, 120, 10))
        x[:, 0] += w1
        missed += lower_bound(directions(x, y, stages, False), delta).bound > w1
    assert missed <= stats.binom.ppf(0.999, repeats, delta)


def test_critics_that_saw_their_own_samples_would_break_the_promise():
    """The test above can fail."""
    delta, repeats = 0.1, 100
    missed = 0
    for _ in range(repeats):
        x, y = RNG.normal(size=(2, 120, 10))
        missed += lower_bound(directions(x, y, 3, True), delta).bound > 0
    assert missed > 2 * delta * repeats


def test_a_chosen_clamp_cuts_heavy_tails_off_and_keeps_bounded_scores_whole():
    x, y = RNG.random(2000) + 0.5, RNG.random(2000)
    both = np.concatenate([x, y])
    assert chosen_clamp(x, y) == pytest.approx((both.min(), both.max()), abs=0.05)
    chosen, extremes = [], []
    for _ in range(10):
        x, y = RNG.standard_t(2.1, 2000) + 2, RNG.standard_t(2.1, 2000)
        fresh = RNG.standard_t(2.1, 2000) + 2, RNG.standard_t(2.1, 2000)
        both = np.concatenate([x, y])
        chosen.append(lower(*fresh, chosen_clamp(x, y), delta=0.0125).bound)
        extremes.append(lower(*fresh, (both.min(), both.max()), delta=0.0125).bound)
    assert max(1.7, np.mean(extremes) + 0.1) < np.mean(chosen) < 2.0


def test_each_end_of_a_clamp_is_chosen_by_itself():
    """One tail is heavy, and the other bounded: only the heavy one is cut."""
    x, y = RNG.pareto(1.5, 2000) + 1, RNG.pareto(1.5, 2000)
    low, high = chosen_clamp(x, y)
    assert low < np.quantile(y, 0.05)
    assert high < np.quantile(x, 0.9999)
    flipped = chosen_clamp(-y, -x)
    assert flipped == pytest.approx((-high, -low))


@pytest.mark.parametrize("shape", [(2, 1), (300, 2), (200, 50), (5000, 3)])
@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_the_farthest_pair_is_the_diameter_where_it_exceeds_the_declared_one(shape, unit):
    """A single look from one sample passed a diameter that was 11 % too small."""
    x = np.random.default_rng(0).normal(size=shape) + 5
    diameter = cdist(x, x).max()
    for share in (0.0, 0.5, 0.89, 0.999):
        found = farthest_pair(unit * x, unit * share * diameter)
        assert found == pytest.approx(unit * diameter, rel=1e-9)
    for share in np.linspace(1.001, 2.0, 20):
        assert farthest_pair(unit * x, unit * share * diameter) == unit * share * diameter


def test_equal_samples_are_nowhere_apart():
    assert farthest_pair(np.full((5, 2), 1e300)) == 0.0


def test_scores_that_are_not_finite_certify_nothing():
    with pytest.raises(WganError, match="nothing is certified"):
        lower(np.array([0.0, np.nan]), np.zeros(2), (0.0, 1.0))
    with pytest.raises(WganError, match="nothing is certified"):
        lower(np.zeros(2), np.zeros(2), (0.0, 1.0), 0.0)
