"""Parts of the loop of a run: records, measurements while training, logged metrics."""

from dataclasses import dataclass
from math import isfinite
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from wgan.base.errors import WganError
from wgan.config import Config
from wgan.evaluation.sampler import Sampler
from wgan.objectives import CriticTerms, Variant
from wgan.objectives.constraints import clipped_share
from wgan.training.parallel import ALONE, Ranks
from wgan.training.state import State

Metrics = dict[str, int | float]
MEASUREMENTS = 64
"""Measurements of the held-out distance in a run: twice the fewest that a trend needs. Each takes
about 30 ms.
"""


@runtime_checkable
class Measure(Protocol):
    """Measures a generator while it is trained, and tells when it no longer improves."""

    def __call__(self, sample: Sampler, step: int, /) -> Metrics:
        """Return measurements of a generator, given as a function (n, draw) -> raw samples."""

    @property
    def converged(self) -> bool:
        """Whether the run may end."""


@dataclass(frozen=True)
class Record:
    """The run after `step` steps; `metrics` is there if the step was logged.

    `stopped` marks an early end that was requested.
    """

    step: int
    metrics: Metrics | None = None
    stopped: bool = False


def logged(
    terms: CriticTerms,
    norm: Tensor,
    state: State,
    config: Config,
    variant: Variant,
    ranks: Ranks = ALONE,
) -> Metrics:
    """Return the metrics of a step: means over the last critic batch, norms, seconds, samples.

    The batch is that of all ranks, of whose terms each has its own.

    Raises:
        WganError: one of them is not finite, naming step and seed.
    """
    terms = CriticTerms._make(None if t is None else ranks.gathered(t) for t in terms)
    critic_updates = state.step * config.optimizer.critic_steps
    updates = critic_updates + config.training.warmup_critic_steps
    metrics: Metrics = {
        "step": state.step,
        "seconds": round(state.seconds, 3),
        "samples": updates * config.optimizer.batch,
        "estimate": float(terms.estimate.mean()),
        "critic_loss": float(terms.loss.mean()),
        "generator_gradient_norm": float(norm),
    }
    if terms.penalty is not None and terms.gradient_norm is not None:
        norms = terms.gradient_norm
        low, high = torch.quantile(norms, norms.new_tensor([0.05, 0.95])).tolist()
        metrics |= {"penalty": float(terms.penalty.mean()), "gradient_norm": float(norms.mean())}
        metrics |= {"gradient_norm_5": low, "gradient_norm_95": high}
    if variant.constraint and variant.constraint.bound is not None:
        metrics["clipped_share"] = clipped_share(state.critic, variant.constraint.bound)
    if state.augment is not None:
        metrics["augment_probability"] = state.augment.probability
        if state.augment.overfitting is not None:
            metrics["overfitting"] = state.augment.overfitting
    return all_finite(metrics, config)


def all_finite(metrics: Metrics, config: Config) -> Metrics:
    """Return metrics of a step, all of which are finite.

    Raises:
        WganError: one of them is not, naming step and seed.
    """
    wrong = [name for name, value in metrics.items() if not isfinite(value)]
    if wrong:
        raise WganError(
            f"{', '.join(wrong)} not finite at step {metrics['step']}, seed {config.training.seed}:"
            f" lower optimizer.lr ({config.optimizer.lr:g}) or the penalty's weight and choose"
            " another --out; the last checkpoint is untouched"
        )
    return metrics
