"""Random draws of a run: batches, noise, coefficients, conditions, dropout.

Each is a function of (seed, purpose, step), so that nothing is stored.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.seeding import derive, numpy_generator, torch_generator
from wgan.config import Config
from wgan.data import Batches, augmentation_of, conditions_of
from wgan.data.kinds import ConditionSampler
from wgan.networks import noise_numbers
from wgan.objectives import Variant
from wgan.training.masks import OwnRows

UNDROPPED = 0.3
"""Share of the steps, the last ones, in which dropout falls to zero. Networks that were trained
with dropout are a little off without it: on Adult, shape error falls from 1.2 to 1.0 % (LOG.md).
"""
LIKELIHOOD_PART = 5
"""Real samples in a likelihood for each one that the critic scores beside it. Drawing rows takes
about as long as their likelihood, and the critic's gradient adds little to it (LOG.md).
"""

Part: TypeAlias = slice | Int64[np.ndarray, " k"]
"""Samples of a batch that belong to a part of it."""


class CriticDraw(NamedTuple):
    """A batch for the critic.

    Without u, the penalty rests at this update. With y, samples i of x_real and of the generator
    are both of class y_i, or meet condition y_i. Under augmentation, x_real is changed already, and
    `changes` are those of the generator's samples.
    """

    x_real: Tensor
    z: Tensor
    u: Tensor | None
    y: Tensor | None = None
    changes: Tensor | None = None


class GeneratorDraw(NamedTuple):
    """A batch for the generator.

    y are the labels of z. Real samples x_real, where the loss needs them, have labels y_real, and
    `dropout` is the share of hidden units that are dropped while their likelihood is taken. Under
    augmentation, x_real is changed already, and `changes` are those of the generator's samples.
    """

    z: Tensor
    x_real: Tensor | None = None
    y: Tensor | None = None
    y_real: Tensor | None = None
    dropout: Tensor | None = None
    changes: Tensor | None = None


@dataclass(frozen=True)
class Draws:
    """Everything random in a run: real batches, latents z, coefficients u, labels y.

    A batch is drawn whole, and divided into equal parts: one for each rank of `batches`, and each
    of these into `microbatches`. A part is what one computation takes; together the parts are what
    one process would draw.

    Attributes:
        batches: of real samples.
        config: of the run.
        device: where draws are returned.
        noise: numbers in one latent; None: as many as networks of the kind of data take.
        microbatches: parts that this rank computes one after the other, numbered from 0.

    Raises:
        WganError: a batch that cannot be divided into this many parts.
    """

    batches: Batches
    config: Config
    device: torch.device
    noise: int | None = None
    microbatches: int = 1

    def __post_init__(self) -> None:
        pack = self.config.network.pack
        batch = self.config.optimizer.batch
        self._check_divides("optimizer.batch", batch, pack)
        scored = self._scored
        name = "optimizer.generator_batch"
        if self.config.optimizer.generator_batch is None:
            name += f" (unset, with a batch of {batch})"
        self._check_divides(name, scored, pack)
        self._check_divides("optimizer.batch", max(scored, batch), 1)

    def _check_divides(self, name: str, size: int, pack: int) -> None:
        if size % (self.parts * pack):
            ranks = self.batches.world_size
            parts = f"{ranks} processes" if ranks > 1 else ""
            if self.microbatches > 1:
                parts += f"{' x ' if parts else ''}{self.microbatches} microbatches"
            whole = f" of whole packs of {pack}" if pack > 1 else ""
            raise WganError(
                f"{name} = {size} cannot be divided among {parts}{whole}: choose a multiple of"
                f" {self.parts * pack}, or fewer of them"
            )

    @property
    def parts(self) -> int:
        """Parts of a batch, over all ranks."""
        return self.batches.world_size * self.microbatches

    def critic(self, draw: int, microbatch: int = 0, p: float = 0.0) -> CriticDraw:
        """Return the fresh draws of a part of the critic's update number `draw`.

        Under augmentation, p is the probability of each change.
        """
        batch = self.config.optimizer.batch
        z, u = self._noise("critic", draw, batch)
        rows, y = self._labelled(draw, batch)
        mine = self._mine(batch, microbatch)
        taken = draw % self.config.objective.penalty_every == 0
        return CriticDraw(
            x_real=self._changed(rows[mine], "critic, real", draw, batch, mine, p),
            z=z[mine],
            u=u[mine] if taken else None,
            y=self._on_device(y, mine),
            changes=self._changes("critic, generated", draw, batch, mine, p),
        )

    def watched(
        self, draw: int, microbatch: int = 0, p: float = 0.0
    ) -> tuple[Tensor, Tensor | None]:
        """Return a part of a batch of samples that are not trained on, and their labels.

        They are the samples that a run is watched by, drawn anew at each `draw`.
        """
        batch = self.config.optimizer.batch
        split = self.batches.split
        random = numpy_generator(self.config.training.seed, "watched", draw)
        rows = split.held_out_rows(random.integers(split.n_held_out, split.n_apart, batch))
        mine = self._mine(batch, microbatch)
        y = self._whole.labels(rows) if self.config.data.labels else None
        x = self._changed(rows[mine], "watched", draw, batch, mine, p)
        return x, self._on_device(y, mine)

    def generator(
        self, step: int, with_real: bool, microbatch: int = 0, p: float = 0.0
    ) -> GeneratorDraw:
        """Return the draws of a part of generator step `step`, with labels of a fresh real batch.

        A likelihood is taken of a whole batch, of which the first samples have the labels of z.
        Under augmentation, p is the probability of each change.
        """
        likelihood = self.config.objective.likelihood_weight > 0
        scored = self._scored
        mine = self._mine(scored, microbatch)
        z = self._noise("generator", step, scored)[0][mine]
        changes = self._changes("generator, generated", step, scored, mine, p)
        if not (likelihood or with_real or self.config.data.labels or self._conditions):
            return GeneratorDraw(z, changes=changes)
        # Batches are numbered by draws; the critic's count up from 0, so these count down from -1.
        rows, y = self._labelled(-1 - step, self._real)
        mine_of_real = self._mine_of_real(microbatch)
        x_real = None
        if likelihood or with_real:
            stream = "generator, real"
            x_real = self._changed(rows[mine_of_real], stream, step, self._real, mine_of_real, p)
        return GeneratorDraw(
            z=z,
            x_real=x_real,
            y=self._on_device(y, mine),
            y_real=self._on_device(y, mine_of_real),
            dropout=likelihood_dropout(self.config, step, self.device),
            changes=changes,
        )

    @property
    def _scored(self) -> int:
        """Samples of the generator that the critic scores in one of its steps."""
        sizes = self.config.optimizer
        if sizes.generator_batch is not None:
            return sizes.generator_batch
        if not self.config.objective.likelihood_weight:
            return sizes.batch
        pack = self.config.network.pack
        return max(sizes.batch // LIKELIHOOD_PART // pack, 1) * pack

    @property
    def _real(self) -> int:
        """Real samples of a generator step."""
        if not self.config.objective.likelihood_weight:
            return self._scored
        return max(self._scored, self.config.optimizer.batch)

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
    ) -> tuple[Int64[np.ndarray, " k"], Shaped[Tensor, "k *columns"] | None]:
        """Return the rows of all ranks, and the label or condition of each."""
        rows = self._whole.rows(draw, batch)
        if self._conditions is None:
            return rows, self._whole.labels(rows) if self.config.data.labels else None
        random = numpy_generator(self.config.training.seed, "balance", draw)
        rows, y = self._conditions.draw(random, rows)
        return rows, torch.from_numpy(y)

    def _on_device(self, y: Tensor | None, mine: Part) -> Tensor | None:
        """Return the labels of a part, on its device."""
        return None if y is None else y[mine].to(self.device)

    def _noise(
        self, stream: str, draw: int, batch: int
    ) -> tuple[Float[Tensor, "n numbers"], Float[Tensor, " n"]]:
        generator = torch_generator(self.device, self.config.training.seed, stream, draw)
        codec = self.batches.split.dataset.codec
        numbers = self.noise or noise_numbers(self.config.network, codec)
        z = torch.randn(batch, numbers, generator=generator, device=self.device)
        u = torch.rand(batch, generator=generator, device=self.device)
        return z, u

    def _changes(
        self, stream: str, draw: int, batch: int, mine: Part, p: float
    ) -> Float[Tensor, "n changes"] | None:
        """Return the changes of a part of a batch; None without augmentation."""
        settings = self.config.augment
        if settings.mode is None:
            return None
        codec = self.batches.split.dataset.codec
        augmentation = augmentation_of(codec)
        seed = self.config.training.seed
        generator = torch_generator(self.device, seed, "augment", stream, draw)
        u = torch.rand(batch, augmentation.numbers, generator=generator, device=self.device)
        return augmentation.draw(u[mine], p, settings.chosen, codec.shape)

    def _changed(
        self,
        rows: Int64[np.ndarray, " k"],
        stream: str,
        draw: int,
        batch: int,
        mine: Part,
        p: float,
    ) -> Float[Tensor, "k *shape"]:
        """Return the samples of a part of a batch as the critic sees them."""
        x = self.batches.samples(rows)
        changes = self._changes(stream, draw, batch, mine, p)
        if changes is None:
            return x
        return augmentation_of(self.batches.split.dataset.codec).apply(x, changes)

    def _number(self, microbatch: int) -> int:
        """Return the number of a microbatch among the parts of all ranks."""
        return self.batches.rank * self.microbatches + microbatch

    def _mine(self, batch: int, microbatch: int) -> slice:
        """Return a part of a batch."""
        size = batch // self.parts
        part = self._number(microbatch)
        return slice(part * size, (part + 1) * size)

    def _mine_of_real(self, microbatch: int) -> Int64[np.ndarray, " k"]:
        """Return a part of a generator step's real samples: first those with the labels of z."""
        scored = self._mine(self._scored, microbatch)
        rest = self._mine(self._real - self._scored, microbatch)
        others = np.arange(self._scored + rest.start, self._scored + rest.stop)
        return np.concatenate([np.arange(scored.start, scored.stop), others])

    @contextmanager
    def dropout(
        self, stream: str, draw: int, variant: Variant, microbatch: int = 0
    ) -> Iterator[None]:
        """Return a context in which units drop by (seed, stream, draw).

        A part drops what the whole batch would.
        """
        if variant.layers != "dropout" and not dropped_share(self.config):
            yield
            return
        with ExitStack() as stack:
            seed = derive(self.config.training.seed, "dropout", stream, draw)
            stack.enter_context(seeded(self.device, seed))
            if self.parts > 1:
                size = self._scored if stream == "generator" else self.config.optimizer.batch
                scored = size // self.config.network.pack // self.parts
                part = self._number(microbatch)
                real = self._mine_of_real(microbatch)
                stack.enter_context(OwnRows(part, self.parts, scored, real, self._real))
            yield


def dropped_share(config: Config) -> float:
    """Return the share of hidden units that are dropped in a likelihood; 0 without a likelihood."""
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
    """Return a context in which torch's random numbers are those of `seed`.

    Later ones are unaffected.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
