"""Random draws of a run: batches, noise, coefficients, conditions, dropout.

Each is a function of (seed, purpose, step), so that nothing is stored.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from wgan.base.seeding import derive, numpy_generator, torch_generator
from wgan.config import Config
from wgan.data import Batches, conditions_of
from wgan.data.kinds import ConditionSampler
from wgan.networks import noise_numbers
from wgan.objectives import Variant

UNDROPPED = 0.3
"""Share of the steps, the last ones, in which dropout falls to zero. Networks that were trained
with dropout are a little off without it: on Adult, shape error falls from 1.2 to 1.0 % (LOG.md).
"""
LIKELIHOOD_PART = 5
"""Real samples in a likelihood for each one that the critic scores beside it. Drawing rows takes
about as long as their likelihood, and the critic's gradient adds little to it (LOG.md).
"""


class CriticDraw(NamedTuple):
    """A batch for the critic.

    Without u, the penalty rests at this update. With y, samples i of x_real and of the generator
    are both of class y_i, or meet condition y_i.
    """

    x_real: Tensor
    z: Tensor
    u: Tensor | None
    y: Tensor | None = None


class GeneratorDraw(NamedTuple):
    """A batch for the generator.

    y are the labels of z. Real samples x_real, where the loss needs them, have labels y_real, and
    `dropout` is the share of hidden units that are dropped while their likelihood is taken.
    """

    z: Tensor
    x_real: Tensor | None = None
    y: Tensor | None = None
    y_real: Tensor | None = None
    dropout: Tensor | None = None


@dataclass(frozen=True)
class Draws:
    """Everything random in a run: real batches, latents z, coefficients u, labels y.

    `noise` is how many numbers one latent has; None: as many as networks of the kind of data take.
    """

    batches: Batches
    config: Config
    device: torch.device
    noise: int | None = None

    def critic(self, draw: int) -> CriticDraw:
        """Return what the critic's update number `draw` needs, each fresh."""
        batch = self.config.optimizer.batch
        z, u = self._noise("critic", draw, batch)
        rows, y = self._labelled(draw, batch)
        mine = self._mine(batch)
        taken = draw % self.config.objective.penalty_every == 0
        real = self.batches.samples(rows[mine])
        return CriticDraw(real, z, u if taken else None, self._part(y, mine))

    def generator(self, step: int, with_real: bool) -> GeneratorDraw:
        """Return what generator step `step` needs; labels are those of a fresh real batch.

        A likelihood is taken of a whole batch, of which the first samples have the labels of z.
        """
        sizes = self.config.optimizer
        likelihood = self.config.objective.likelihood_weight > 0
        usual = sizes.batch
        if likelihood:
            packs = self.config.network.pack * self.batches.world_size
            usual = max(sizes.batch // LIKELIHOOD_PART // packs, 1) * packs
        scored = sizes.generator_batch or usual
        z, _ = self._noise("generator", step, scored)
        if not (likelihood or with_real or self.config.data.labels or self._conditions):
            return GeneratorDraw(z)
        # Batches are numbered by draws; the critic's count up from 0, so these count down from -1.
        real = max(scored, sizes.batch) if likelihood else scored
        rows, y = self._labelled(-1 - step, real)
        mine = self._mine(real)
        return GeneratorDraw(
            z=z,
            x_real=self.batches.samples(rows[mine]) if likelihood or with_real else None,
            y=self._part(y, self._mine(scored)),
            y_real=self._part(y, mine),
            dropout=likelihood_dropout(self.config, step, self.device),
        )

    @cached_property
    def _conditions(self) -> ConditionSampler | None:
        split = self.batches.split
        conditions = conditions_of(split.dataset.codec)
        return conditions.sampler(split) if conditions else None

    @cached_property
    def _whole(self) -> Batches:
        """The batches of all ranks together."""
        return Batches(self.batches.split, self.batches.seed)

    def _labelled(
        self, draw: int, batch: int
    ) -> tuple[Int64[np.ndarray, " k"], Int64[Tensor, "k *columns"] | None]:
        """Return the rows of all ranks, and the label or condition of each."""
        rows = self._whole.rows(draw, batch)
        if self._conditions is None:
            return rows, self._whole.labels(rows) if self.config.data.labels else None
        random = numpy_generator(self.config.training.seed, "balance", draw)
        rows, y = self._conditions.draw(random, rows)
        return rows, torch.from_numpy(y)

    def _part(self, y: Tensor | None, mine: slice) -> Tensor | None:
        """Return a rank's labels, on its device."""
        return None if y is None else y[mine].to(self.device)

    def _noise(
        self, stream: str, draw: int, batch: int
    ) -> tuple[Float[Tensor, "n numbers"], Float[Tensor, " n"]]:
        """All ranks draw the whole batch and keep their own part, so that together they see what
        one process would.
        """
        generator = torch_generator(self.device, self.config.training.seed, stream, draw)
        codec = self.batches.split.dataset.codec
        numbers = self.noise or noise_numbers(self.config.network, codec)
        z = torch.randn(batch, numbers, generator=generator, device=self.device)
        u = torch.rand(batch, generator=generator, device=self.device)
        mine = self._mine(batch)
        return z[mine], u[mine]

    def _mine(self, batch: int) -> slice:
        """Return this rank's part of a batch."""
        part = batch // self.batches.world_size
        return slice(self.batches.rank * part, (self.batches.rank + 1) * part)

    def dropout(self, stream: str, draw: int, variant: Variant) -> AbstractContextManager[None]:
        """Within, units drop by (seed, stream, draw), where critic or generator drop any."""
        if variant.layers != "dropout" and not dropped_share(self.config):
            return nullcontext()
        rank = [self.batches.rank] if self.batches.rank else []
        seed = derive(self.config.training.seed, "dropout", stream, draw, *rank)
        return seeded(self.device, seed)


def dropped_share(config: Config) -> float:
    """Return the share of hidden units that are dropped in a likelihood; 0 where none is taken."""
    return config.objective.likelihood_dropout if config.objective.likelihood_weight else 0.0


def likelihood_dropout(config: Config, step: int, device: torch.device) -> Float[Tensor, ""] | None:
    """Return the share of hidden units that are dropped at a step; None: never any."""
    share = dropped_share(config)
    if not share:
        return None
    left = 1 - step / config.training.steps
    if config.optimizer.decay == "linear":
        share *= min(1.0, left / UNDROPPED)
    return torch.tensor(share, device=device)


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Within, torch's own random numbers are those of `seed`; afterwards they go on as before."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
