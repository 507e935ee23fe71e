"""How is a run driven? A generator of one small record a step: whoever wants progress, a test or a
page loops over it.

At each step, in this order: status, snapshot, checkpoint, done?, step.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from wgan.base.errors import WganError
from wgan.config.device import choose_device
from wgan.config.sections import Config
from wgan.data import Batches, Dataset
from wgan.models.model import Model, sampler, save_model
from wgan.models.pictures import write_snapshot
from wgan.objectives import CriticTerms, Variant, find_variant, weight_advice
from wgan.objectives.penalties import clipped_share
from wgan.runs.folder import Run
from wgan.training import state as states
from wgan.training.compiled import build_losses, compiled
from wgan.training.draws import Draws
from wgan.training.state import State
from wgan.training.step import train_step, warm_up

Metrics = dict[str, int | float]
ADVICE_SAMPLES = 512
MEASUREMENTS = 32


@runtime_checkable
class Measure(Protocol):
    """Measures a generator, given as a function (n, draw) to samples, after some steps; tells when
    it no longer gets better.
    """

    def __call__(self, sample: Callable[[int, int], np.ndarray], step: int, /) -> Metrics:
        """Return what was measured."""

    @property
    def converged(self) -> bool:
        """Whether the run may end."""


@dataclass(frozen=True)
class Record:
    """The run after `step` steps; `metrics` where the step was logged. `stopped` marks an early end
    that was asked for.
    """

    step: int
    metrics: Metrics | None = None
    stopped: bool = False


def variant_of(config: Config) -> Variant:
    """Return the variant that a configuration describes."""
    return find_variant(config.objective.variant).adjusted(
        config.objective.penalty_weight, config.objective.clip
    )


def prepare(config: Config, dataset: Dataset) -> State:
    """Return the state before the first step; weights are a function of the seed. Data that cannot
    be split are refused here.
    """
    split, classes = (
        dataset.split(config.data.held_out, config.data.split_seed),
        classes_of(config, dataset),
    )
    if classes:
        split.train_labels()  # refuses a class without samples
    _check_packs(config, dataset)
    return states.create(
        config,
        variant_of(config),
        dataset.codec,
        choose_device(config.training.device),
        len(classes),
    )


def _check_packs(config: Config, dataset: Dataset) -> None:
    pack, batch = config.network.pack, config.optimizer.batch
    if pack > 1 and not dataset.codec.heads:
        raise WganError(f"network.pack = {pack}: packs are for tables: leave it out")
    for name, size in (
        ("batch", batch),
        ("generator_batch", config.optimizer.generator_batch or batch),
    ):
        if size % pack:
            raise WganError(
                f"optimizer.{name} = {size} cannot be divided into packs of {pack}: choose a"
                " multiple"
            )


def classes_of(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the classes that a run is conditioned on: none unless its configuration
    asks for labels.
    """
    if not config.data.labels:
        return ()
    if dataset.labels is None:
        raise WganError(
            f"data.labels = '{config.data.labels}', and {dataset.name} came without labels: load it"
            " with labels, or leave them out"
        )
    return dataset.classes


def advice(config: Config, dataset: Dataset) -> list[str]:
    """Return what is doubtful about a configuration for these data, in words."""
    split = dataset.split(config.data.held_out, config.data.split_seed)
    x_real = dataset.encode(split.train_sample(0, min(split.n_train, ADVICE_SAMPLES)))
    return [words for words in (weight_advice(variant_of(config), x_real),) if words]


def resume(state: State, run: Run) -> None:
    """Bring a state from `prepare` to where the run's last checkpoint was written, if there is one,
    and its metrics too.
    """
    if run.checkpoint.exists():
        states.load(state, run.checkpoint)
    run.forget_metrics_after(state.step)


def train(
    state: State,
    config: Config,
    dataset: Dataset,
    run: Run | None = None,
    stop: Callable[[], bool] = lambda: False,
    watch: Measure | None = None,
) -> Iterator[Record]:
    """Train `state` in place to the configured number of steps, yielding a `Record` a step.

    Args:
        state: from `prepare`, perhaps brought further by `resume`.
        config: what was resolved for this run.
        dataset: what to learn.
        run: the directory that metrics, snapshots and checkpoints go to; none: nothing is written.
        stop: asked before each step; when true, the run is checkpointed and ends.
        watch: measures the generator every `measure_every` steps, and may end the run early where
            the configuration says so.

    Raises:
        WganError: nothing that measures where the run is to stop by that; a loss or gradient that
            is not finite, naming step and seed; the last checkpoint stays good.
    """
    settings, variant = config.training, variant_of(config)
    if settings.stop_when_converged and watch is None:
        raise WganError(
            "training.stop_when_converged is set, but nothing measures the run: give `train` a"
            " watch"
        )
    device = next(state.generator.parameters()).device
    split = dataset.split(config.data.held_out, config.data.split_seed)
    draws = Draws(Batches(split, settings.seed, device), config, device)
    losses = build_losses(state, variant, config)
    measure_every = settings.measure_every or max(1, settings.steps // MEASUREMENTS)
    if settings.compile:
        losses = compiled(losses, state, variant, config, draws.critic(0))
    started = time.perf_counter() - state.seconds
    if state.step == 0:
        for _ in warm_up(state, losses, variant, draws, config):
            if stop():
                yield Record(0, stopped=True)
                return
    last: tuple[CriticTerms, Tensor] | None = None
    while True:
        step = state.step
        state.seconds = time.perf_counter() - started
        metrics, asked, due = None, stop(), watch is not None and step % measure_every == 0
        kept = asked or step >= settings.steps or step % settings.checkpoint_every == 0
        if last is not None and (due or kept or step % settings.log_every == 0):
            metrics = _metrics(
                *last, state, config, variant.constraint.bound if variant.constraint else None
            )
            if watch is not None and due:
                sample = sampler(model_of(state, config, dataset), settings.seed, "watch")
                metrics |= watch(sample, step)
        done = step >= settings.steps or (
            settings.stop_when_converged and watch is not None and watch.converged
        )
        stopping = done or asked
        if run is not None:
            if metrics and (done or due or step % settings.log_every == 0):
                run.append_metrics(metrics)
            if done or step % settings.snapshot_every == 0:
                write_snapshot(
                    run.folder, step, model_of(state, config, dataset), split, settings.seed
                )
            if done or (last is not None and kept):
                states.save(state, run.checkpoint)
                save_model(model_of(state, config, dataset), run.folder)
        yield Record(step, metrics, stopped=stopping and not done)
        if stopping:
            return
        last = train_step(state, losses, variant, draws, config)


def model_of(state: State, config: Config, dataset: Dataset) -> Model:
    """Return the model to sample from: the averaged generator, the critic and the data's codec."""
    classes = classes_of(config, dataset)
    shares: tuple[float, ...] = ()
    if classes:
        labels = dataset.split(config.data.held_out, config.data.split_seed).train_labels()
        shares = tuple((np.bincount(labels, minlength=len(classes)) / len(labels)).tolist())
    return Model(
        state.average,
        state.critic,
        dataset.codec,
        config.network,
        config.objective.variant,
        classes,
        shares,
    )


def _metrics(
    terms: CriticTerms, norm: Tensor, state: State, config: Config, bound: float | None
) -> Metrics:
    metrics: Metrics = {
        "step": state.step,
        "seconds": round(state.seconds, 3),
        "samples": (
            state.step * config.optimizer.critic_steps * config.optimizer.batch
            + config.training.warmup_critic_steps * config.optimizer.batch
        ),
        "estimate": float(terms.estimate.mean()),
        "critic_loss": float(terms.loss.mean()),
        "generator_gradient_norm": float(norm),
    }
    if terms.penalty is not None and terms.gradient_norm is not None:
        norms = terms.gradient_norm
        low, high = torch.quantile(norms, norms.new_tensor([0.05, 0.95])).tolist()
        metrics |= {"penalty": float(terms.penalty.mean()), "gradient_norm": float(norms.mean())}
        metrics |= {"gradient_norm_5": low, "gradient_norm_95": high}
    if bound is not None:
        metrics["clipped_share"] = clipped_share(state.critic, bound)
    wrong = [name for name, value in metrics.items() if not isfinite(value)]
    if wrong:
        raise WganError(
            f"{', '.join(wrong)} not finite at step {state.step}, seed {config.training.seed}:"
            f" lower optimizer.lr ({config.optimizer.lr:g}) or the penalty's weight and choose"
            " another --out; the last checkpoint is untouched"
        )
    return metrics
