"""Watch and trend: the change by hand, its interval, and when a run has converged."""

import json

import numpy as np
import pytest

from wgan.cli import main
from wgan.data import load
from wgan.data.toys import TOYS
from wgan.distances import wasserstein
from wgan.evaluation import Watch
from wgan.evaluation.watch import POINTS, trend
from wgan.runs import RunFolder


def test_a_trend_compares_the_halves_of_the_last_half_by_a_robust_noise():
    rng = np.random.default_rng(0)
    steps, w1 = np.arange(10, 210, 10), np.linspace(3, 2, 20) + 0.1 * rng.normal(size=20)
    found = trend(steps.tolist(), w1.tolist())
    y = w1[-10:]
    noise = np.median(np.abs(np.diff(y))) / (2**0.5 * 0.6744898)
    assert found.change == pytest.approx(y[5:].mean() - y[:5].mean())
    assert found.half_width == pytest.approx(2.5705818 * noise * np.sqrt(2 / 5), rel=1e-5)
    assert (found.first, found.last, found.points) == (110, 200, 10)


def test_half_of_the_measurements_count_and_sixteen_are_needed():
    assert trend(list(range(POINTS - 1)), [1.0] * (POINTS - 1)) is None
    assert trend(list(range(40)), np.random.default_rng(0).random(40).tolist()).points == 20


@pytest.mark.parametrize("n", [16, 32, 64])
def test_the_interval_holds_what_it_promises(n):
    rng = np.random.default_rng(0)
    found = [trend(range(n), 1 + 0.01 * rng.normal(size=n)) for _ in range(4000)]
    assert 0.94 <= np.mean([abs(t.change) <= t.half_width for t in found]) <= 0.98


def test_a_fall_is_seen_straight_or_curved_and_however_steep():
    rng = np.random.default_rng(0)
    for shape in (
        np.linspace(3, 1, 32),
        1 + 19 * np.exp(-np.arange(32) / 4),
        1 / (1 + np.arange(32)) + 0.2,
    ):
        assert all(
            trend(range(32), shape + 0.002 * rng.normal(size=32)).state == "falling"
            for _ in range(50)
        )
    assert (
        trend(
            range(1, 17),
            [20.0, 12.0, 9.0, 7.0, 6.0, 5.0, 4.0, 3.5, 20.0, 2, 1.8, 1.6, 1.4, 1.2, 1.0, 0.8],
        ).state
        == "falling"
    )


def test_rising_flat_and_unclear_are_told_apart():
    rng = np.random.default_rng(1)
    assert trend(range(32), np.linspace(1, 3, 32) + 0.01 * rng.normal(size=32)).state == "rising"
    assert trend(range(32), 1 + 0.001 * rng.normal(size=32)).state in ("flat", "falling", "rising")
    assert trend(range(32), [1.0, 1.01] * 16).state == "flat"
    assert trend(range(32), [1.0, 3.0] * 16).state == "unclear"


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
    assert Watch(split, [(i, 1.0 + 0.01 * (i % 2)) for i in range(16)]).converged
    for w1 in (lambda i: 20.0 - i, lambda i: 1.0 + i, lambda i: 1.0 + 2 * (i % 2)):
        assert not Watch(split, [(i, w1(i)) for i in range(16)]).converged
    assert "modes_covered" not in Watch(load("digits").split())(
        lambda n, draw: load("digits").rows[:n], 1
    )


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
