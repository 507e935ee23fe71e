"""A time budget: steps by arithmetic, narrower networks, and runs that have begun."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from wgan.base.errors import WganError
from wgan.config import resolve
from wgan.config.augment import AugmentConfig
from wgan.evaluation.watch import Watch
from wgan.runs import RunFolder
from wgan.training import Run, budget
from wgan.training.parallel import ALONE


@pytest.fixture
def speeds(monkeypatch):
    """Trials that take what the test says: seconds of a step by width, and of measuring."""
    known = {"widths": {}, "measuring": (0.0, 0.0), "tried": [], "batches": []}

    def seconds_of_a_step(run):
        known["tried"].append(run.width)
        known["batches"].append(run.config.optimizer.batch)
        return known["widths"][run.width] * run.config.optimizer.batch / BATCH

    monkeypatch.setattr(budget, "seconds_of_a_step", seconds_of_a_step)
    monkeypatch.setattr(budget, "_seconds_of_measuring", lambda run: known["measuring"])
    monkeypatch.setattr(budget.time, "monotonic", lambda: 0.0)
    return known


BATCH = 64
"""Of the default configuration."""


def begin(config, kind="images"):
    assert config.training.steps == budget.WARM_UP + budget.MOST_TIMED
    data = SimpleNamespace(codec=SimpleNamespace(kind=kind))
    width = config.network.width
    return SimpleNamespace(width=width, ranks=ALONE, config=config, chosen=(), dataset=data)


def chosen(config, *arguments, **options):
    """Return the steps and the width that fit, and the note."""
    found, words = budget.fitted(config, *arguments, **options)
    return found.training.steps, found.network.width, words[-1]


def config(width=64, **training):
    found = resolve([("test", {"network": {"width": width}, "training": {"steps": 10_000}})])
    return replace(found, training=replace(found.training, **training))


def test_steps_fill_what_measuring_leaves_of_the_time(speeds):
    speeds["widths"], speeds["measuring"] = {64: 0.125}, (0.5, 8.0)
    steps, width, words = chosen(config(), 10, begin)
    update = 0.125 / config().optimizer.critic_steps
    rest = 8 + 64 * 0.5 + 100 * update  # the verdict, measurements, and the critic's headroom
    assert steps == int(0.97 * (600 - rest) / 0.125)
    assert width == 64
    chose = f"10 minutes: {steps:,} steps of 125 ms at width 64 in batches of 64, {rest:.0f} s of"
    assert chose in words
    assert words.endswith("10 minutes in all")


@pytest.mark.parametrize(("one", "measurements"), [(0.5, 64), (1.5, 40), (8.0, 32)])
def test_measurements_are_fewer_where_they_would_take_a_tenth_of_the_time(
    speeds, one, measurements
):
    speeds["widths"], speeds["measuring"] = {64: 0.125}, (one, 0.0)
    found, _ = budget.fitted(config(), 10, begin)
    steps, often = found.training.steps, found.training.measure_every
    rest = measurements * one + 100 * 0.125 / config().optimizer.critic_steps
    assert steps == int(0.97 * (600 - rest) / 0.125)
    assert often == (None if measurements == 64 else steps // measurements)


def test_warm_up_and_measurements_of_ones_own_count(speeds):
    speeds["widths"], speeds["measuring"] = {64: 0.1}, (0.5, 8.0)
    own = config(measure_every=5, warmup_critic_steps=100)
    rest = 8 + (100 + 100) * 0.1 / own.optimizer.critic_steps
    assert chosen(own, 10, begin)[0] == int(0.97 * (600 - rest) / (0.1 + 0.5 / 5))
    narrower = {64: 0.8, 32: 0.1}
    speeds["widths"] = narrower
    assert chosen(own, 10, begin, may_narrow=True)[:2] == (
        int(0.97 * (600 - rest) / (0.1 + 0.5 / 5)),
        32,
    ), "the warm-up of the wider networks does not count"


def test_the_time_of_trials_counts_and_is_said(speeds, monkeypatch):
    speeds["widths"] = {64: 0.125}
    times = iter([0.0, 60.0])
    monkeypatch.setattr(budget.time, "monotonic", lambda: next(times))
    steps, _, words = chosen(config(), 10, begin)
    assert steps == int(0.97 * (540 - 100 * 0.125 / config().optimizer.critic_steps) / 0.125)
    assert "60 s of trials: 10 minutes in all" in words


def test_no_more_steps_than_the_presets(speeds):
    speeds["widths"] = {64: 0.01}
    steps, _, words = chosen(config(), 60, begin)
    assert steps == 10_000
    assert words.endswith("1.7 minutes in all")


def test_networks_are_narrower_where_few_steps_fit(speeds):
    speeds["widths"] = {64: 0.4, 32: 0.2, 16: 0.1}
    assert chosen(config(), 10, begin, may_narrow=True)[1] == 32
    assert speeds["tried"] == [64, 32]
    assert chosen(config(), 10, begin, may_narrow=False)[1] == 64
    assert chosen(config(), 2, begin, may_narrow=True)[1] == 16, "the narrowest"


def test_batches_of_pictures_are_smaller_before_networks_are_narrower(speeds):
    speeds["widths"] = {64: 2.4, 32: 1.1, 16: 0.5}
    found, _ = budget.fitted(config(), 30, begin, may_narrow=True, may_halve=True)
    assert (found.optimizer.batch, found.network.width) == (16, 64)
    assert speeds["batches"] == [64, 32, 16]
    assert set(speeds["tried"]) == {64}
    found, _ = budget.fitted(config(), 10, begin, may_narrow=True, may_halve=True)
    assert (found.optimizer.batch, found.network.width) == (16, 32)
    found, words = budget.fitted(config(), 60, begin, may_narrow=True, may_halve=True)
    assert (found.optimizer.batch, found.network.width) == (32, 64)
    assert "in batches of 32" in words[-1]


def test_a_batch_is_halved_only_while_its_parts_are_whole(speeds):
    speeds["widths"] = {64: 8.0}
    whole = config()
    in_parts = replace(whole, optimizer=replace(whole.optimizer, microbatches=32))
    in_packs = replace(whole, network=replace(whole.network, pack=32))
    for own in (in_parts, in_packs):
        assert budget.fitted(own, 10, begin, may_halve=True)[0].optimizer.batch == 32


@pytest.mark.parametrize(
    ("set_by_user", "kind", "batch"),
    [
        ({}, "images", 16),
        ({}, "tables", 64),
        ({"batch": 64}, "images", 64),
        ({"generator_batch": 8}, "images", 64),
    ],
)
def test_a_batch_is_chosen_for_pictures_alone_and_never_over_the_users(
    speeds, set_by_user, kind, batch
):
    speeds["widths"] = {64: 8.0, 32: 8.0, 16: 8.0}
    own = replace(config(), optimizer=replace(config().optimizer, **set_by_user))
    user = [("--set", {"optimizer": set_by_user})]
    found, _ = budget.in_time(10, own, user, None, partial(begin, kind=kind))
    assert found.optimizer.batch == batch


def test_a_batch_that_was_chosen_stays_unless_another_is_set(monkeypatch):
    begun = replace(config(), optimizer=replace(config().optimizer, batch=16))
    monkeypatch.setattr(budget, "begun_config", lambda folder: begun)
    assert budget.in_time(5, config(), [], Path("run"), begin)[0].optimizer.batch == 16
    user = [("--set", {"optimizer": {"batch": 64}})]
    assert budget.in_time(5, config(), user, Path("run"), begin)[0].optimizer.batch == 64


def test_what_a_trial_finds_of_the_data_is_found_once(speeds):
    speeds["widths"] = {64: 0.4, 32: 0.2}
    asked = []

    def begin_augmented(config):
        asked.append(config.augment.flips)
        decided = replace(config, augment=AugmentConfig(mode="fixed", flips=True))
        words = ("mirrored",) if config.augment.flips is None else ()
        return SimpleNamespace(
            width=config.network.width, ranks=ALONE, config=decided, chosen=words
        )

    own = replace(config(), augment=AugmentConfig(mode="fixed"))
    found, words = budget.fitted(own, 10, begin_augmented, may_narrow=True)
    assert asked == [None, True]
    assert found.augment.flips
    assert words[0] == "mirrored"
    assert len(words) == 2


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_no_time_is_refused(minutes):
    with pytest.raises(WganError, match="positive number of minutes"):
        budget.fitted(config(), minutes, begin)


def test_a_time_that_is_too_short_names_one_that_is_not(speeds):
    speeds["widths"], speeds["measuring"] = {64: 1.0}, (0.0, 110.0)
    with pytest.raises(WganError, match="too few for 10 steps") as error:
        budget.fitted(config(), 2, begin)
    enough = float(re.search(r"give ([\d.]+) or more", str(error.value))[1])
    assert chosen(config(), enough + 0.1, begin)[0] >= 10


SMALL = {"network.width": 4, "optimizer.batch": 8, "training.measure_every": 1000}


def test_a_run_takes_the_steps_of_its_trial_and_keeps_them(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "seconds_of_a_step", lambda run: 5.0)
    monkeypatch.setattr(budget, "_seconds_of_measuring", lambda run: (0.0, 0.0))
    monkeypatch.setattr(budget.time, "monotonic", lambda: 0.0)  # a busy machine begins slowly
    run = Run.open("8-gaussians", settings=SMALL, out=tmp_path / "run", minutes=1)
    assert 10 <= run.config.training.steps <= 11
    assert run.config.network.width == 4, "set by the user"
    assert any("1 minutes" in note for note in run.advice())
    assert [record.step for record in run.records()][-1] == run.config.training.steps
    run.close()
    monkeypatch.setattr(budget, "seconds_of_a_step", lambda run: 1.0)
    again = Run.open("8-gaussians", settings=SMALL, out=tmp_path / "run", minutes=1)
    assert again.config.training.steps == run.config.training.steps
    assert again.state.step == run.config.training.steps
    assert RunFolder(tmp_path / "run").config().training.steps == run.config.training.steps


class Timed:
    """A run without networks, whose steps take what the test says after the first two."""

    watch = "that of the run"

    def __init__(self, seconds):
        self.seconds, self.now, self.step = seconds, 0.0, 0

    def records(self, stop):
        while True:
            stopping = stop()
            assert self.watch is None, "nothing measures a trial"
            yield SimpleNamespace(step=self.step)
            if stopping or self.step == budget.WARM_UP + budget.MOST_TIMED:
                return
            self.now += self.seconds if self.step >= budget.WARM_UP else 99.0
            self.step += 1


@pytest.mark.parametrize(("seconds", "steps"), [(0.125, 22), (1.0, 2 + 5), (60.0, 2 + 4)])
def test_a_trial_of_slow_steps_ends_early(seconds, steps, monkeypatch):
    """After 5 seconds and 3 steps; that 3 steps were timed is known a step later."""
    run = Timed(seconds)
    monkeypatch.setattr(budget.time, "perf_counter", lambda: run.now)
    assert budget.seconds_of_a_step(run) == seconds
    assert run.step == steps
    assert run.watch == "that of the run"


def test_a_width_that_is_set_is_not_replaced_by_that_of_the_folder(monkeypatch):
    monkeypatch.setattr(budget, "begun_config", lambda folder: config(width=64))
    user = [("--set", {"network": {"width": 128}})]
    found, _ = budget.in_time(5, config(width=128), user, Path("run"), begin)
    assert (found.training.steps, found.network.width) == (10_000, 128)
    found, _ = budget.in_time(5, config(width=32), [], Path("run"), begin)
    assert found.network.width == 64


def test_measurements_that_were_chosen_stay_unless_others_are_set(monkeypatch):
    monkeypatch.setattr(budget, "begun_config", lambda folder: config(measure_every=7))
    found, _ = budget.in_time(5, config(), [], Path("run"), begin)
    assert found.training.measure_every == 7
    user = [("--set", {"training": {"measure_every": 3}})]
    found, _ = budget.in_time(5, config(measure_every=3), user, Path("run"), begin)
    assert found.training.measure_every == 3


def test_steps_and_a_time_exclude_each_other():
    with pytest.raises(WganError, match="leave one of them out"):
        Run.open("8-gaussians", steps=5, minutes=1)


def test_a_trial_leaves_the_run_as_it_was():
    trial = Run.open("8-gaussians", steps=3, settings=SMALL)
    watch = trial.watch
    assert budget.seconds_of_a_step(trial) > 0
    assert trial.watch is watch


def test_a_trial_measures_with_a_watch_of_its_own(monkeypatch):
    monkeypatch.setattr(budget, "MOST_STEPS", 1)
    split = Run.open("8-gaussians", steps=3, settings=SMALL).split
    watch = Watch(split)
    run = Run.open("8-gaussians", minutes=0.5, watch=watch, settings=SMALL)
    assert run.watch is watch
    assert watch.measured == []
