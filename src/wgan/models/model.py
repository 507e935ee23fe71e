"""A model: a finished generator, perhaps with its critic, and the codec of its data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn

from wgan.base.errors import WganError, did_you_mean
from wgan.base.seeding import derive, latents, numpy_generator, torch_generator
from wgan.data import Codec, conditions_of
from wgan.distances.sizes import available_memory
from wgan.evaluation.sampler import Sampler
from wgan.models.rejection import Drawn, kept
from wgan.models.resampling import candidates_of, chosen
from wgan.networks import NetworkConfig, noise_numbers
from wgan.objectives.penalties import one_a_sample

BATCH = 256
"""Samples that a critic scores at once: enough to be fast, few enough for any memory."""
BLOCK = 256
"""Samples that the generator makes at once, always: kernels differ by the number of rows, and a row
must not depend on it.
"""
BLEND = 1e-6
"""How far shares of classes may be from 1 in sum: rounding leaves a billionth of it."""
Decode = Callable[[Tensor, Int64[np.ndarray, " k"]], np.ndarray]
"""(network output, numbers of its rows) -> raw samples."""
ClassSampler = Callable[[np.ndarray], np.ndarray]
"""Class numbers `[n]` -> one fresh raw sample of each class."""


@dataclass(frozen=True)
class Model:
    """A generator (and its critic, where it was kept) together with the codec of its data.

    A model that was trained with labels also has the `classes` and their `shares` among the
    training samples. Some kinds of data take conditions of their own, see `data.kinds.Conditions`:
    a label is then a row of states of columns, -1 where a column is free. `truncation` is the
    factor of drawn noise, see `latents.truncated`.
    """

    generator: nn.Module
    critic: nn.Module | None
    codec: Codec
    network: NetworkConfig
    variant: str
    classes: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    truncation: float = 1.0

    @property
    def device(self) -> torch.device:
        """The device of the generator's weights."""
        return next(self.generator.parameters()).device

    @property
    def noise(self) -> int:
        """Standard normal numbers that the generator takes for one sample."""
        return noise_numbers(self.network, self.codec, self.generator)

    def sample(
        self,
        n: int,
        seed: int = 0,
        labels: np.ndarray | None = None,
        fixed: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return `n` raw samples `[n, *raw_shape]`, as `draw` does."""
        return self.draw(n, seed, labels, fixed).raw

    def draw(
        self,
        n: int,
        seed: int = 0,
        labels: np.ndarray | None = None,
        fixed: np.ndarray | None = None,
        rules: bool = True,
        decode: Decode | None = None,
        candidates: int | None = None,
    ) -> Drawn:
        """Return `n` raw samples `[n, *raw_shape]`; the first rows do not depend on `n`.

        Samples that break a rule of the data are drawn again.

        Args:
            n: number of samples.
            seed: random seed; the same seed gives the same samples.
            labels: a class number for each sample `[n]`; None: `draw_labels(n, seed)`, where the
                model has classes. Shares of the classes `[n, classes]` blend them, where the
                generator does. For a table: the states of columns `[n, columns]`; None: every
                column is free, so that frequencies are those that were learned.
            fixed: noise in the place of drawn noise `[n, noise]`, NaN where it is drawn; None: all
                is drawn.
            rules: whether rules of the data are kept; False: samples as they were learned.
            decode: what makes raw samples of network output; None: the codec.
            candidates: candidates of each row of a table with given columns, see `resampling`;
                None: as many as serve.

        Raises:
            WganError: labels that do not fit the model, more samples than memory holds, a
                generator whose training diverged, or a rule that hardly any sample keeps.
        """
        self._check_memory(n)
        if labels is None and self.classes:
            labels = self.draw_labels(n, seed)
        else:
            labels = self._checked(labels, n)
        made = decode or (lambda x, _: self.codec.decode(x))
        if candidates is None:
            candidates = candidates_of(self.generator, labels)
        # One number more for each candidate of a row says which of them is taken.
        noise = self.noise + (candidates > 1)
        each = BLOCK // candidates
        stream = latents(seed, n * candidates, noise, self.device, BLOCK)
        blocks = []
        for start in range(0, n, BLOCK):
            rows = np.arange(start, min(start + BLOCK, n))
            parts = np.split(rows, range(each, len(rows), each))
            found = [
                self._block(z[: len(part) * candidates], *_rows(part, labels, fixed))
                for part, z in zip(parts, stream, strict=False)
            ]
            blocks.append(made(torch.cat(found), rows))
        raw = np.concatenate(blocks)
        if not rules or not self.codec.rules:
            return Drawn(raw)

        def again(rows: Int64[np.ndarray, " k"], trials: Int64[np.ndarray, " k"]) -> np.ndarray:
            z = _latents_again(seed, rows, trials, candidates * noise, self.device)
            return made(self._block(z.view(-1, noise), *_rows(rows, labels, fixed)), rows)

        return kept(raw, self.codec.rules, again, each)

    def _block(
        self, z: Float[Tensor, "n latent"], labels: np.ndarray | None, fixed: np.ndarray | None
    ) -> Tensor:
        """Return network output for latents, at most a whole block of them.

        Where there are more latents than labels, each label has as many candidates, and one of them
        is returned.
        """
        n = len(z)
        if self.truncation != 1:
            z = self.truncation * z
        z = nn.functional.pad(z, (0, 0, 0, BLOCK - n))
        y = None
        candidates = 1
        if labels is not None:
            candidates = n // len(labels)
            rest = [(0, BLOCK - n), *[(0, 0)] * (labels.ndim - 1)]
            repeated = np.pad(np.repeat(labels, candidates, axis=0), rest, mode="edge")
            y = torch.from_numpy(repeated).to(self.device)
        if fixed is not None:
            noise = torch.from_numpy(np.repeat(fixed, candidates, axis=0)).to(z)
            place = (slice(0, len(noise)), slice(0, noise.shape[1]))
            z[place] = torch.where(noise.isnan(), z[place], noise)
        if candidates > 1 and y is not None:
            x = chosen(self.generator, z, y, candidates)[: n // candidates]
        else:
            x = generate(self.generator, z, y)[:n]
        if not x.isfinite().all():
            raise WganError(
                "the generator gives values that are not finite, so its training diverged:"
                " train again with a lower optimizer.lr, in another --out"
            )
        return x

    def _check_memory(self, n: int) -> None:
        size = n * int(np.prod(self.codec.raw_shape)) * np.dtype(self.codec.dtype).itemsize
        free = available_memory()
        if free is not None and size > free:
            raise WganError(
                f"{n} samples take {size / 2**30:,.1f} GiB, and {free / 2**30:,.1f} are free: draw"
                " fewer at a time, each with a random seed of its own, or write them in files with"
                " `wgan sample --shards`"
            )

    def sampler(self, seed: int, purpose: str, rules: bool = True) -> Sampler:
        """Return a function (n, draw) -> `n` fresh samples, from a stream of random numbers of its
        own for each seed, purpose and draw.

        Args:
            seed: random seed.
            purpose: what the samples are for.
            rules: as for `draw`.
        """
        return lambda n, draw: self.draw(n, derive(seed, purpose, draw), rules=rules).raw

    def class_sampler(self, seed: int, purpose: str) -> ClassSampler | None:
        """Return a function from class numbers to one fresh sample each; None without classes."""
        if not self.classes:
            return None
        stream = derive(seed, purpose, "classes")
        return lambda labels: self.sample(len(labels), stream, labels)

    def draw_labels(self, n: int, seed: int = 0) -> Int64[np.ndarray, " n"]:
        """Return `n` class numbers, as frequent as among the training samples; the first do not
        depend on `n`.
        """
        draws = numpy_generator(seed, "labels").random(n)
        return np.searchsorted(np.cumsum(self.shares)[:-1], draws, side="right").astype(np.int64)

    def label(self, name: str) -> int:
        """Return the number of the class of that name.

        Raises:
            WganError: no classes, or none of that name.
        """
        conditions = conditions_of(self.codec)
        if conditions:
            raise WganError(conditions.instead_of_labels)
        if not self.classes:
            raise WganError(
                "this model was trained without labels, so a class cannot be asked for: train with"
                " --labels"
            )
        if name not in self.classes:
            raise WganError(f"no class is called '{name}'. {did_you_mean(name, self.classes)}")
        return self.classes.index(name)

    def _checked(self, labels: np.ndarray | None, n: int) -> np.ndarray | None:
        if labels is None:
            return None
        conditions = conditions_of(self.codec)
        if conditions:
            return conditions.check(labels, n)
        if not self.classes:
            raise WganError("this model was trained without labels, so it knows no classes")
        if labels.ndim == 2:
            return self._blended(labels, n)
        whole = labels.shape == (n,) and labels.dtype.kind in "iu"
        if not whole or not ((labels >= 0) & (labels < len(self.classes))).all():
            raise WganError(f"labels: give {n} class numbers, 0 to {len(self.classes) - 1}")
        return labels.astype(np.int64)

    def _blended(self, shares: np.ndarray, n: int) -> Float[np.ndarray, "n classes"]:
        """Return shares of classes, in the type that networks compute in."""
        if not getattr(self.generator, "blends", False):
            raise WganError("this generator takes one class a sample and blends none: give a label")
        fits = shares.shape == (n, len(self.classes)) and shares.dtype.kind == "f"
        sums = shares.sum(axis=1)
        if not (fits and (shares >= 0).all() and (np.abs(sums - 1) <= BLEND).all()):
            raise WganError(
                f"labels: give shares of {len(self.classes)} classes for {n} samples, 0 or more,"
                " which add up to 1"
            )
        return shares.astype(np.float32)

    @torch.no_grad()
    def scores(self, raw: np.ndarray, labels: np.ndarray | None = None) -> Float[np.ndarray, " n"]:
        """Return the critic's score of each raw sample; real samples score high.

        Args:
            raw: samples `[n, *raw_shape]`.
            labels: for a model of classes, the class number that each sample is scored as.

        Raises:
            WganError: the critic was not kept, samples of another shape or type than the data, or
                labels where the model has none, or none where it has.
        """
        if self.critic is None:
            raise WganError("this model was saved without its critic: there are no scores")
        self.codec.check(raw)
        if self.network.pack > 1:
            raise WganError(
                f"this critic scores {self.network.pack} samples together, not one: train with"
                " network.pack = 1 for scores"
            )
        if labels is None and self.classes:
            raise WganError("this critic scores a sample as one of a class: give its label")
        labels = self._checked(labels, len(raw))
        packed = self.codec.pack(raw).to(self.device)
        y = [] if labels is None else [torch.from_numpy(labels).to(self.device)]
        parts = zip(packed.split(BATCH), *(each.split(BATCH) for each in y), strict=True)
        found = [self.critic(self.codec.unpack(x).float(), *label) for x, *label in parts]
        return one_a_sample(torch.cat(found), len(raw)).cpu().numpy()


def _latents_again(
    seed: int,
    rows: Int64[np.ndarray, " k"],
    trials: Int64[np.ndarray, " k"],
    noise: int,
    device: torch.device,
) -> Float[Tensor, "k noise"]:
    """Return the noise with which rows are drawn again: a stream for each row and trial."""
    z = torch.empty(len(rows), noise, device=device)
    for i, (row, trial) in enumerate(zip(rows.tolist(), trials.tolist(), strict=True)):
        z[i].normal_(generator=torch_generator(device, seed, "redraw", row, trial))
    return z


@torch.no_grad()
def generate(
    generator: nn.Module,
    z: Float[Tensor, "n latent"],
    y: Shaped[Tensor, "n *columns"] | None = None,
) -> Float[Tensor, "n *shape"]:
    """Return the generator's samples of latents (and labels), in evaluation mode: with running
    statistics, never the batch's.
    """
    was_training = generator.training
    generator.eval()
    x: Tensor = generator(z) if y is None else generator(z, y)
    generator.train(was_training)
    return x


def _rows(rows: Int64[np.ndarray, " k"], *arrays: np.ndarray | None) -> list[np.ndarray | None]:
    """Return some rows of each array that there is."""
    return [None if each is None else each[rows] for each in arrays]
