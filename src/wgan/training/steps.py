"""The steps of a run: adversarial ones, or private ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from wgan.config import Config
from wgan.data import Batches, Split
from wgan.networks import noise_numbers
from wgan.objectives import Variant
from wgan.training.augment import EVERY, adjust
from wgan.training.compiled import Losses, build_losses, compiled
from wgan.training.draws import Draws
from wgan.training.loop import Metrics, logged
from wgan.training.parallel import ALONE, Ranks
from wgan.training.private import PrivateSteps
from wgan.training.state import State
from wgan.training.step import train_step, warm_up


@runtime_checkable
class Steps(Protocol):
    """Updates of the networks of a run."""

    def warm_up(self) -> Iterator[object]:
        """Move the critic alone, before the first step, yielding after each update."""

    def step(self) -> Callable[[], Metrics]:
        """Move the networks once; return a function that gives the metrics of the step."""


@dataclass
class AdversarialSteps:
    """Steps of Algorithm 1: critic and generator in turn."""

    state: State
    losses: Losses
    variant: Variant
    draws: Draws
    config: Config
    ranks: Ranks = ALONE

    def warm_up(self) -> Iterator[object]:
        parts = (self.state, self.losses, self.variant, self.draws, self.config, self.ranks)
        return warm_up(*parts)

    def step(self) -> Callable[[], Metrics]:
        parts = (self.state, self.losses, self.variant, self.draws, self.config, self.ranks)
        last = train_step(*parts)
        if self.config.augment.adaptive and self.state.step % EVERY == 0:
            adjust(self.state, self.draws, self.config, self.ranks)
        return partial(logged, *last, self.state, self.config, self.variant, self.ranks)


def build_steps(
    state: State, split: Split, variant: Variant, config: Config, ranks: Ranks = ALONE
) -> Steps:
    """Return the steps of a run.

    Args:
        state: the networks that are moved.
        split: the data.
        variant: the objective.
        config: of the run.
        ranks: this process, and those that train with it.

    Raises:
        WganError: a network or setting with which a run cannot be trained.
    """
    if config.private:
        return PrivateSteps(state, split, config)
    device = next(state.generator.parameters()).device
    noise = noise_numbers(config.network, split.dataset.codec, state.generator)
    batches = Batches(split, config.training.seed, device, ranks.rank, ranks.world_size)
    draws = Draws(batches, config, device, noise, config.optimizer.microbatches)
    losses = build_losses(state, variant, config)
    if config.training.compile:
        losses = compiled(losses, state, variant, config, draws)
    return AdversarialSteps(state, losses, variant, draws, config, ranks)
