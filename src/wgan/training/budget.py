"""A time budget: short trials find the steps that fit into it, with what batch and what width."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.config import Config, Layer
from wgan.data.kinds import find_kind
from wgan.evaluation.watch import POINTS, Watch
from wgan.runs.beginning import begun_config
from wgan.training.headroom import MOST_STEPS, PART
from wgan.training.loop import MEASUREMENTS
from wgan.training.parallel import ALONE, Ranks

if TYPE_CHECKING:
    from wgan.training.run import Run

WARM_UP, LEAST_TIMED, MOST_TIMED = 2, 3, 20
"""Untimed first steps, which choose kernels and get memory, and timed steps after them."""
TIMED_SECONDS = 5.0
"""Time after which a trial ends before its last step: 22 steps of 128 x 128 pixels at the preset's
width took 200 seconds.
"""
LEAST_SHARE = 0.2
"""Share of a preset's steps below which the batches of pictures are made smaller, and then networks
narrower. Half the batch makes steps twice as fast, and half the width two to four times. The share
is a choice: on CIFAR-10, a quarter would choose batches of 16 where 32 gave better pictures.
"""
NARROWEST = 16
"""Channels or units of the narrowest networks that are chosen."""
KEPT = 0.97
"""Share of the time that steps get: the rest goes into snapshots, checkpoints and the log."""
MEASURED = 0.1
"""Share of the time above which measurements while training become fewer. The share is a choice:
64 measurements took a third of eight minutes of 64 x 64 pictures.
"""
LEAST_STEPS = 10
"""Steps of the shortest run: fewer leave the generator as it begins."""
Begin = Callable[[Config], "Run"]


@dataclass(frozen=True)
class Budget:
    """Plan of a run that fits into a time.

    Attributes:
        steps: generator steps.
        width: of the networks.
        batch: samples of a batch.
        seconds: of a step, in the trial.
        rest: seconds of measuring, while training and at the end, and of a warm-up.
        spent: seconds of the trials.
    """

    steps: int
    width: int
    batch: int
    seconds: float
    rest: float
    spent: float

    def words(self, minutes: float) -> str:
        """Return the choice, as a note.

        Args:
            minutes: the budget.
        """
        taken = (self.spent + self.steps * self.seconds / KEPT + self.rest) / 60
        return (
            f"{minutes:g} minutes: {self.steps:,} steps of {1000 * self.seconds:.3g} ms at width"
            f" {self.width} in batches of {self.batch}, {self.rest:.0f} s of measuring and"
            f" {self.spent:.0f} s of trials: {taken:.2g} minutes in all"
        )


def sized(config: Config, steps: int, width: int, batch: int, measure_every: int | None) -> Config:
    """Return a configuration with other steps, another width and batch, and other measurements."""
    return replace(
        config,
        network=replace(config.network, width=width),
        optimizer=replace(config.optimizer, batch=batch),
        training=replace(config.training, steps=steps, measure_every=measure_every),
    )


def fitted(
    config: Config,
    minutes: float,
    begin: Begin,
    may_narrow: bool = False,
    may_halve: bool = False,
    progress: Progress = silent,
) -> tuple[Config, tuple[str, ...]]:
    """Return the configuration of a run that fits into a time, and words on the choice.

    A trial of 20 steps, or of fewer if they take 5 seconds, tells how many fit; no more than the
    preset's are taken. If they are fewer than a fifth of the preset's, batches of half the size are
    tried next, and so on, for kinds of data that have a least batch; then networks of half the
    width, down to 16. The time of the trials and of the run's measurements counts. These are fewer
    than usual if they would take more than a tenth of the time, but enough for a trend.

    Args:
        config: resolved, with the preset's steps.
        minutes: time of the whole run, from now to its verdict.
        begin: begins a run of a configuration, without a folder.
        may_narrow: whether the width may be changed.
        may_halve: whether the batch may be changed, if the kind of data allows.
        progress: listener to the trials.

    Raises:
        WganError: a time in which not even ten steps fit, or none at all.
    """
    if not 0 < minutes < float("inf"):
        raise WganError(f"--minutes {minutes:g}: give a positive number of minutes")
    began = time.monotonic()
    wanted = LEAST_SHARE * config.training.steps
    often = config.training.measure_every
    width, batch = config.network.width, config.optimizer.batch
    measuring: tuple[float, float] | None = None
    found: tuple[str, ...] = ()
    while True:
        progress(f"a trial at width {width} in batches of {batch}", 0, None)
        run = begin(trial(sized(config, config.training.steps, width, batch, often)))
        # What a test of the data found is found once.
        config = replace(config, augment=run.config.augment)
        found = (*found, *run.chosen)
        alone = seconds_of_a_step(run)
        measuring = measuring or _seconds_of_measuring(run)
        one, finish = measuring
        measurements = 0 if often else run.ranks.of_first(_measurements(one, minutes))
        update = alone / config.optimizer.critic_steps
        # At the end the first rank trains the critic of all ranks further, by itself.
        headroom = min(MOST_STEPS * update, 60 * minutes / PART) * run.ranks.world_size
        seconds = alone + (one / often if often else 0)
        rest = finish + headroom + config.training.warmup_critic_steps * update
        rest += measurements * one
        spent = time.monotonic() - began
        # All ranks take as many: those of the first.
        steps = run.ranks.of_first(int(KEPT * (60 * minutes - spent - rest) / seconds))
        parts = run.ranks.world_size * config.optimizer.microbatches * config.network.pack
        if steps >= wanted:
            break
        least = find_kind(run.dataset.codec.kind).least_batch if may_halve else None
        if least and batch // 2 >= least and batch % (2 * parts) == 0:
            batch //= 2
        elif may_narrow and width // 2 >= NARROWEST:
            width //= 2
        else:
            break
    if steps < LEAST_STEPS:
        needed = (spent + rest + LEAST_STEPS * seconds / KEPT) / 60
        raise WganError(
            f"--minutes {minutes:g}: too few for {LEAST_STEPS} steps, beside the trial and what"
            f" measures the run: give {needed:.2g} or more"
        )
    budget = Budget(min(steps, config.training.steps), width, batch, seconds, rest, spent)
    if 0 < measurements < MEASUREMENTS:
        often = max(1, budget.steps // measurements)
    return sized(config, budget.steps, width, batch, often), (*found, budget.words(minutes))


def _measurements(one: float, minutes: float) -> int:
    """Return how many measurements a run makes while it trains: enough for a trend in any case.

    Args:
        one: seconds of a measurement.
        minutes: time of the whole run.
    """
    fit = int(60 * minutes * MEASURED / one) if one else MEASUREMENTS
    return min(MEASUREMENTS, max(POINTS, fit))


def trial(config: Config) -> Config:
    """Return the configuration of a trial: a few steps, and nothing else.

    Args:
        config: of the run.
    """
    training = replace(
        config.training,
        steps=WARM_UP + MOST_TIMED,
        warmup_critic_steps=0,
        stop_when_converged=False,
    )
    return replace(config, training=training)


def seconds_of_a_step(run: "Run") -> float:
    """Return the mean seconds of a run's steps after its second.

    Args:
        run: one that has not begun and that nothing measures.
    """
    run.watch, watch = None, run.watch
    started, timed = 0.0, -WARM_UP

    def enough() -> bool:
        return timed >= LEAST_TIMED and time.perf_counter() - started >= TIMED_SECONDS

    for record in run.records(stop=enough):
        timed = record.step - WARM_UP
        if timed == 0:
            started = time.perf_counter()
    run.watch = watch
    return (time.perf_counter() - started) / timed


def _seconds_of_measuring(run: "Run") -> tuple[float, float]:
    """Return the seconds of one measurement while training, and of the verdict at the end."""
    if not run.ranks.first:
        return 0.0, 0.0
    started = measured = time.perf_counter()
    if run.watch is not None:
        # It may be the user's, and the trial is no part of its run.
        run.watch = Watch(run.split) if isinstance(run.watch, Watch) else deepcopy(run.watch)
        for step in range(2):  # the second is timed: the first loads the solver
            started = time.perf_counter()
            run.watch(run.model.sampler(run.config.training.seed, "watch", rules=False), step)
        measured = time.perf_counter()
    run.finish()
    return measured - started, time.perf_counter() - measured


def in_time(
    minutes: float,
    config: Config,
    user: Sequence[Layer],
    folder: Path | None,
    begin: Begin,
    ranks: Ranks = ALONE,
    progress: Progress = silent,
) -> tuple[Config, tuple[str, ...]]:
    """Return a configuration whose run fits into a time, and words on the choice.

    A run that has begun keeps its steps, and its width, batch and measurements unless the user sets
    others.

    Args:
        minutes: time of the whole run.
        config: resolved, with the preset's steps.
        user: the layers of configuration that are the user's.
        folder: of the run; None: it has none.
        begin: begins a run of a configuration, without a folder.
        ranks: this process, and those that train with it; the first one's folder counts.
        progress: listener to the trials.

    Raises:
        WganError: steps are set too, or as `fitted`.
    """
    if any("steps" in nested.get("training", {}) for _, nested in user):
        raise WganError("--minutes and --steps: the time decides the steps: leave one of them out")
    own_width = any("width" in nested.get("network", {}) for _, nested in user)
    own_batch = any("batch" in nested.get("optimizer", {}) for _, nested in user)
    begun = None if folder is None or not ranks.first else begun_config(folder)
    kept = ranks.of_first(None if begun is None else _chosen(begun))
    if kept is None:
        may_halve = not own_batch and config.optimizer.generator_batch is None
        return fitted(config, minutes, begin, not own_width, may_halve, progress)
    steps, width, batch, often = kept
    if own_width:
        width = config.network.width
    if own_batch:
        batch = config.optimizer.batch
    return sized(config, steps, width, batch, config.training.measure_every or often or None), ()


def _chosen(config: Config) -> tuple[int, int, int, int]:
    """Return steps, width, batch, and steps between measurements (0: unset) of a configuration."""
    training = config.training
    measure_every = training.measure_every or 0
    return training.steps, config.network.width, config.optimizer.batch, measure_every
