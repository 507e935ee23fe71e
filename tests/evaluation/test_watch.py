"""Watch and trend: the change by hand, its interval, and when a run has converged."""

import json

import numpy as np
import pytest
from scipy import stats

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import load
from wgan.data.toys import TOYS
from wgan.distances import wasserstein
from wgan.evaluation import Watch, held_out_distance
from wgan.evaluation.watch import (
    POINTS,
    STOP_ERROR,
    TOLERANCE,
    looks_at,
    measurements,
    trend,
    watched_apart,
)
from wgan.runs import RunFolder


def test_a_trend_is_the_straight_change_of_the_last_half():
    rng = np.random.default_rng(0)
    w1 = np.linspace(3, 2, 40) + 0.1 * rng.normal(size=40)
    found = trend(range(10, 410, 10), w1)
    y = w1[-20:]
    line = stats.linregress(np.arange(20), y)
    assert found.change == pytest.approx(19 * line.slope)
    assert found.level == pytest.approx(line.intercept + 19 * line.slope)
    assert (found.first, found.last, found.points) == (210, 400, 20)


def test_the_noise_is_what_a_polynomial_of_degree_five_takes_off_a_line():
    """c_2^2 + ... + c_5^2 is the difference of two sums of squared residuals."""
    y = np.random.default_rng(0).normal(size=64)[-32:]
    x = np.arange(32)
    line, curve = (np.sum((y - np.polyval(np.polyfit(x, y, d), x)) ** 2) for d in (1, 5))
    found = trend(range(64), [*y, *y])
    deviations = np.sqrt(np.sum((x - x.mean()) ** 2))
    assert found.standard_error == pytest.approx(31 / deviations * np.sqrt((line - curve) / 4))
    assert found.degrees == 4
    assert found.half_width == pytest.approx(2.7764451 * found.standard_error)


def test_half_of_the_measurements_count_and_thirty_two_are_needed():
    assert trend(list(range(POINTS - 1)), [1.0] * (POINTS - 1)) is None
    assert trend(list(range(40)), np.random.default_rng(0).random(40).tolist()).points == 20


def noise(rng, n, correlation, size):
    """Return `size` series of unit variance whose neighbours correlate so, `[size, n]`."""
    drawn = rng.normal(size=(size, n))
    for i in range(1, n):
        drawn[:, i] = correlation * drawn[:, i - 1] + np.sqrt(1 - correlation**2) * drawn[:, i]
    return drawn


@pytest.mark.parametrize(("correlation", "most"), [(0.0, 0.065), (0.5, 0.09), (0.7, 0.13)])
def test_flat_curves_seldom_fall_or_rise_also_where_noise_is_correlated(correlation, most):
    """Measured on 20,000: 0.051, 0.071, 0.102. Noise taken from neighbours alone: 0.06 to 0.46."""
    curves = noise(np.random.default_rng(0), 64, correlation, 2000)
    found = [trend(range(64), 1 + 0.1 * curve) for curve in curves]
    assert np.mean([abs(t.change) > t.half_width for t in found]) <= most
    assert np.mean([abs(t.change) > t.half_width for t in found]) >= 0.03


def ended(shape, correlation, deviation, size=500):
    """Return the share of curves at which a run that may end by its trend is ended."""
    curves = shape * (1 + deviation * noise(np.random.default_rng(1), 64, correlation, size))
    looks = [n for n in range(65) if looks_at(n)]
    found = [
        any(trend(range(n), curve[:n]).within_tolerance(STOP_ERROR) for n in looks)
        for curve in curves
    ]
    return np.mean(found)


STEPS = np.arange(1, 65)
LINEAR = np.linspace(1.1, 1.0, 64)
"""Falls by 5 % in the half that counts."""


def falling_by(share, most=10.0):
    """Return a curve that as many steps again at its slope would lower by `share` at least, at each
    look: a power of the step.
    """
    least = 0.0
    looks = [n for n in range(65) if looks_at(n)]
    for _ in range(40):
        middle = (least + most) / 2
        found = [trend(range(n), STEPS[:n] ** -middle) for n in looks]
        enough = all(-2 * t.change >= share * t.level for t in found)
        least, most = (least, middle) if enough else (middle, most)
    return STEPS**-most


@pytest.mark.parametrize(
    ("name", "correlation", "deviation", "low", "high"),
    [
        ("just", 0.0, 0.01, 0.0, 0.065),
        ("just", 0.7, 0.01, 0.0, 0.13),
        ("twice", 0.0, 0.01, 0.0, 0.0),
        ("twice", 0.7, 0.01, 0.0, 0.01),
        ("linear", 0.0, 0.01, 0.0, 0.05),
        ("flat", 0.0, 0.005, 0.99, 1.0),
        ("flat", 0.0, 0.01, 0.7, 1.0),
        ("flat", 0.7, 0.005, 0.9, 1.0),
    ],
)
def test_a_run_that_still_falls_by_the_tolerance_is_seldom_ended(
    name, correlation, deviation, low, high
):
    """Measured on 4,000: just the tolerance 0.039 and 0.088, twice 0; flat 1.0, 0.79 and 0.96.

    A comparison of two halves ended 96 % of the linear ones.
    """
    shapes = {
        "just": falling_by(TOLERANCE),
        "twice": falling_by(2 * TOLERANCE),
        "linear": LINEAR,
        "flat": np.ones(64),
    }
    assert low <= ended(shapes[name], correlation, deviation) <= high


def test_a_fall_is_seen_straight_or_curved_and_however_steep():
    rng = np.random.default_rng(0)
    for shape in (
        np.linspace(3, 1, 64),
        1 + 19 * np.exp(-np.arange(64) / 8),
        1 / (1 + np.arange(64) / 2) + 0.2,
    ):
        found = [trend(range(64), shape + 0.002 * rng.normal(size=64)) for _ in range(50)]
        assert all(t.change + t.half_width < 0 for t in found)
    steep = [20.0 - 0.6 * i for i in range(32)]
    assert trend(range(32), steep).state == "falling"


def test_rising_flat_and_unclear_are_told_apart():
    rng = np.random.default_rng(1)
    assert trend(range(64), np.linspace(1, 3, 64) + 0.01 * rng.normal(size=64)).state == "rising"
    assert trend(range(64), 1 + 0.001 * rng.normal(size=64)).state == "flat"
    assert trend(range(64), np.linspace(1.001, 1, 64)).state == "flat", "falls, but by too little"
    assert trend(range(64), [1.0, 1.01] * 32).state == "flat"
    assert trend(range(64), 1 + 0.3 * rng.normal(size=64)).state == "unclear"


def test_equal_measurements_are_flat_at_any_level():
    for level in (0.0, 1e-300, 1.0, 1e300):
        assert trend(range(64), [level] * 64).state == "flat"


def test_a_watch_measures_against_the_same_held_out_samples():
    split, draws = load("25-gaussians").split(), []

    def sample(n, draw):
        draws.append(draw)
        return TOYS["25-gaussians"].draw(n, np.random.default_rng(draw)).astype(np.float32)

    watch = Watch(split)
    assert not watch.converged
    found = watch(sample, 7)
    expected = wasserstein(
        sample(500, 7).astype(np.float64), split.held_out_sample(0, 500).astype(np.float64)
    )
    assert found["held_out_w1"] == pytest.approx(expected)
    assert found["modes_covered"] == 25
    assert 0.97 < found["good_share"] <= 1
    assert draws == [7, 7], "the draw is the step: the caller names the stream"
    assert Watch(split, [(i, 1.0 + 0.001 * (i % 2)) for i in range(32)]).converged
    assert not Watch(split, [(i, 1.0 + 0.001 * (i % 2)) for i in range(33)]).converged, "no look"
    for w1 in (lambda i: 40.0 - i, lambda i: 1.0 + i, lambda i: 1.0 + 9 * (i % 3)):
        assert not Watch(split, [(i, w1(i)) for i in range(32)]).converged
    assert "modes_covered" not in Watch(load("digits").split())(
        lambda n, draw: load("digits").rows[:n], 1
    )


def test_a_run_that_ends_by_its_watch_is_measured_on_other_samples():
    """No row serves twice: trained on, watched by, and held out are disjoint and all rows."""
    split = load(np.arange(100.0).reshape(-1, 1)).split(0.3)
    apart = watched_apart(split)
    assert (apart.n_train, apart.n_held_out, apart.watched) == (70, 15, 15)
    assert apart.is_train().sum() == 70
    parts = [
        apart.train_rows(np.arange(70)),
        apart.held_out_rows(np.arange(15)),
        apart.held_out_rows(np.arange(15, 30)),
    ]
    assert sorted(np.concatenate(parts)) == list(range(100))
    assert np.array_equal(parts[0], split.train_rows(np.arange(70))), "training is as it was"
    watched = apart.dataset.rows[parts[2]]
    assert Watch(apart)(lambda n, draw: watched, 1) == {"held_out_w1": 0.0, "watched": 15}
    assert held_out_distance(lambda n, draw: watched[:n], apart).w1 > 0
    with pytest.raises(WganError, match=r"holds a single sample out.*raise data\.held_out"):
        watched_apart(load(np.arange(10.0).reshape(-1, 1)).split(0.1))


def test_measurements_on_samples_that_are_held_out_now_do_not_count():
    """As older versions wrote them, also for a run that ends by its watch."""
    split = load("8-gaussians").split()
    old = [{"step": i, "held_out_w1": 1.0} for i in range(40)]
    apart = watched_apart(split)
    assert Watch.resumed(split, old).converged
    assert Watch.resumed(apart, old).measured == []
    assert not Watch.resumed(split, [line | {"watched": 500} for line in old]).measured
    assert Watch.resumed(apart, [line | {"watched": apart.watched} for line in old]).converged


@pytest.mark.parametrize(("n", "sets"), [(3000, 4), (60, 4), (4000, 5)])
def test_the_floor_is_the_mean_of_disjoint_sets_of_training_samples(n, sets):
    split = load(np.random.default_rng(0).normal(size=(n, 2))).split(0.2)
    size = min(500, split.n_held_out)
    measure, held_out = split.dataset.codec.measure, split.held_out_sample(0, size)
    parts = [split.train_sample(i * size, (i + 1) * size) for i in range(sets)]
    assert sets == min(5, split.n_train // size)
    expected = np.mean([wasserstein(measure(part), measure(held_out)) for part in parts])
    assert Watch(split).floor() == pytest.approx(expected)


def test_a_finished_run_keeps_the_floor_of_its_curve(tmp_path):
    settings = [
        "--set",
        "network.width=4",
        "--set",
        "network.depth=1",
        "--set",
        "optimizer.batch=8",
    ]
    assert (
        main(
            [
                "train",
                "swiss-roll",
                "--steps",
                "3",
                "--quiet",
                "--out",
                str(tmp_path / "r"),
                *settings,
            ]
        )
        == 0
    )
    config, data = RunFolder(tmp_path / "r").load()
    watch = Watch(data.split(config.data.held_out, config.data.split_seed))
    assert json.loads((tmp_path / "r/finish.json").read_text())["measured"] == {
        "n": 500,
        "floor": pytest.approx(watch.floor()),
    }


def test_measurements_on_other_samples_make_no_curve():
    lines = [{"step": k, "held_out_w1": 5.0} for k in (1, 2)]
    lines += [{"step": 3, "held_out_w1": 1.0, "watched": 15}, {"step": 4}]
    assert measurements(lines, 15) == [(3, 1.0)]
    assert measurements(lines, 0) == [(1, 5.0), (2, 5.0)]
