"""What is random in a run? Batches, noise, coefficients, conditions and dropout, each a function of
(seed, step), so that nothing is stored.
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
from wgan.config.sections import Config
from wgan.data import Batches
from wgan.data.tables.balance import Balance
from wgan.networks import noise_numbers
from wgan.objectives import Variant


class CriticDraw(NamedTuple):
    """A batch for the critic. No u: the penalty rests at this update. With labels y, sample i, real
    and fake, is of class y_i.

    Of tables y are the states asked for, x_real comes in packs `[n / pack, pack, width]`, and u is
    one coefficient a pack.
    """

    x_real: Tensor
    z: Tensor
    u: Tensor | None
    y: Tensor | None = None


class GeneratorDraw(NamedTuple):
    """A batch for the generator; real samples where its loss needs them."""

    z: Tensor
    x_real: Tensor | None = None
    y: Tensor | None = None


@dataclass(frozen=True)
class Draws:
    """Everything random in a run, as a function of (seed, step): real batches, latents z and
    coefficients u.
    """

    batches: Batches
    config: Config
    device: torch.device

    def critic(self, draw: int) -> CriticDraw:
        """Return what the critic's update number `draw` needs, each fresh."""
        batch = self.config.optimizer.batch
        z, u = self._noise("critic", draw, batch)
        rows, y = self._labelled(draw, batch)
        return CriticDraw(
            self._packed(rows), z, u if draw % self.config.objective.penalty_every == 0 else None, y
        )

    def generator(self, step: int, with_real: bool) -> GeneratorDraw:
        """Return what generator step `step` needs: labels are those of a fresh batch of real
        samples.
        """
        batch, draw = (
            self.config.optimizer.generator_batch or self.config.optimizer.batch,
            -1 - step,
        )  # negative: never the critic's
        z, _ = self._noise("generator", step, batch)
        if not with_real and not self.config.data.labels and self._balance is None:
            return GeneratorDraw(z)
        rows, y = self._labelled(draw, batch)
        return GeneratorDraw(z, self._packed(rows) if with_real else None, y)

    @cached_property
    def _balance(self) -> Balance | None:
        return Balance(self.batches.split) if self.batches.split.dataset.codec.heads else None

    @cached_property
    def _whole(self) -> Batches:
        """The batches of all ranks together."""
        return Batches(self.batches.split, self.batches.seed)

    def _labelled(self, draw: int, batch: int) -> tuple[Int64[np.ndarray, " k"], Tensor | None]:
        """Return this rank's rows and their labels; of tables rows that have the states asked for,
        and those.
        """
        if self._balance is None:
            rows = self.batches.rows(draw, batch)
            return rows, self.batches.labels(rows) if self.config.data.labels else None
        whole = self._whole.rows(draw, batch)
        rows, y = self._balance.draw(
            numpy_generator(self.config.training.seed, "balance", draw), whole
        )
        part, rank = batch // self.batches.world_size, self.batches.rank
        return rows[rank * part : (rank + 1) * part], torch.from_numpy(
            y[rank * part : (rank + 1) * part]
        ).to(self.device)

    def _packed(self, rows: Int64[np.ndarray, " k"]) -> Tensor:
        x = self.batches.samples(rows)
        return x if self._balance is None else x.unflatten(0, (-1, self.config.network.pack))

    def _noise(
        self, stream: str, draw: int, batch: int
    ) -> tuple[Float[Tensor, "n numbers"], Float[Tensor, " packs"]]:
        """All ranks draw the whole batch and keep their own part, so that together they see what
        one process would.
        """
        generator = torch_generator(self.device, self.config.training.seed, stream, draw)
        numbers = noise_numbers(self.config.network, self.batches.split.dataset.codec.heads)
        z = torch.randn(batch, numbers, generator=generator, device=self.device)
        u = torch.rand(batch, generator=generator, device=self.device)
        part, rank = batch // self.batches.world_size, self.batches.rank
        return (
            z[rank * part : (rank + 1) * part],
            u[rank * part : (rank + 1) * part : self.config.network.pack],
        )

    def dropout(self, stream: str, draw: int, variant: Variant) -> AbstractContextManager[None]:
        """Within, units drop by (seed, stream, draw), where the variant's critic drops any."""
        return (
            seeded(self.device, derive(self.config.training.seed, "dropout", stream, draw))
            if variant.layers == "dropout"
            else nullcontext()
        )


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Within, torch's own random numbers are those of `seed`; afterwards they go on as before."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
