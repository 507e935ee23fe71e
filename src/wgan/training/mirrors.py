"""Test whether training pictures can be distinguished from mirrored ones; if so, none are mirrored.

A small critic g is trained on one half of the pictures, to score x above its mirror image x'. On
the other half, g(x) > g(x') is a toss of a fair coin for every g if x and x' have the same
distribution: the number of hits is binomial. Shoes that all point one way, digits and text are
recognised within a few hundred steps; photographs of most things are not.
"""

from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.seeding import derive, torch_generator
from wgan.config import Config
from wgan.data import Split, augmentation_of
from wgan.networks.images import conv_critic
from wgan.runs import RunFolder
from wgan.training.critics import adam, train_critic
from wgan.training.parallel import ALONE, Ranks

MOST_TOLD = 0.2
"""Share of pictures whose sides may be known: with a fifth of them the hit rate is 60 %. Measured
rates are 52 % on 4,000 photographs of CIFAR-10, and 82, 92 and 98 % on clothes and two sets of
handwritten digits, where mirrored pictures would be wrong.
"""
DEVIATIONS = 1.64
"""Standard deviations of a 95 % bound on one side."""
PICTURES = 4000
"""Most pictures that the test takes, half to train and half to test: the bound is then 2 %."""
SIDE = 32
"""Pixels of a side to which larger pictures are averaged. If only finer detail shows the side, such
as small print, set augment.flips.
"""
WIDTH, STEPS, BATCH, RATE = 16, 300, 64, 1e-3
"""The network and its training: about 10 s on one core, and 95 % of handwritten digits are
recognised.
"""


@dataclass(frozen=True)
class MirrorTest:
    """Test of how well training pictures are distinguished from mirrored ones.

    Attributes:
        hits: pictures that score above their mirror image.
        pictures: how many were tested.
    """

    hits: int
    pictures: int

    @property
    def bound(self) -> float:
        """The hit rate at most, with 95 % confidence, by the normal approximation at 1/2."""
        return self.hits / self.pictures + DEVIATIONS * sqrt(0.25 / self.pictures)

    @property
    def alike(self) -> bool:
        """Whether at most a fifth of the pictures can be distinguished from their mirror images."""
        return self.bound <= (1 + MOST_TOLD) / 2

    def __str__(self) -> str:
        rate = f"a small network tells {self.hits / self.pictures:.0%} of {self.pictures}"
        found = f"{rate} training pictures from their mirror images (50% is chance)"
        if self.alike:
            return f"pictures are mirrored at random: {found}; augment.flips=false turns it off"
        return f"pictures are not mirrored: {found}; augment.flips=true mirrors them anyway"


def with_mirrors(
    config: Config, split: Split, out: Path | None = None, ranks: Ranks = ALONE
) -> tuple[Config, tuple[str, ...]]:
    """Decide whether pictures are mirrored, if a run augments them and does not set it.

    A continued run keeps its decision.

    Args:
        config: of the run.
        split: the data.
        out: the run's folder, if it has one.
        ranks: this process, and those that train with it; the first decides.

    Returns:
        The configuration with `augment.flips` set, and words on the finding.

    Raises:
        WganError: augmentation of a kind that has none.
    """
    if config.augment.mode is None:
        return config, ()
    augmentation_of(split.dataset.codec)
    if config.augment.flips is not None:
        return config, ()
    flips, words = ranks.of_first(_decided(split, out) if ranks.first else (False, []))
    return replace(config, augment=replace(config.augment, flips=flips)), tuple(words)


def _decided(split: Split, out: Path | None) -> tuple[bool, list[str]]:
    """Return whether pictures are mirrored, and why."""
    folder = RunFolder(out) if out is not None else None
    if folder is not None and folder.exists() and folder.checkpoint.exists():
        begun = folder.config().augment.flips
        if begun is not None:
            return begun, []
    test = mirror_test(split)
    return test.alike, [str(test)]


def mirror_test(split: Split) -> MirrorTest:
    """Test whether the training pictures of a split can be distinguished from mirrored ones.

    Raises:
        WganError: a single training picture, by which nothing can be tested.
    """
    n = min(split.n_at_hand, PICTURES)
    if n < 2:
        raise WganError("augment.flips: one training picture cannot tell: set it to true or false")
    codec = split.dataset.codec
    size = (min(codec.shape[1], SIDE), min(codec.shape[2], SIDE))
    parts = []
    for start in range(0, n, BATCH):
        raw = split.train_sample(start, min(start + BATCH, n))
        parts.append(F.adaptive_avg_pool2d(codec.unpack(codec.pack(raw)), size))
    x = torch.cat(parts)
    return tell_mirrored(x[: n // 2], x[n // 2 :], split.seed)


def tell_mirrored(
    x: Float[Tensor, "m c h w"], test: Float[Tensor, "n c h w"], seed: int = 0
) -> MirrorTest:
    """Train a network to distinguish pictures from mirrored ones, and test it on others.

    Args:
        x: pictures to train on.
        test: others.
        seed: random seed.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "mirrors"))
        net = conv_critic((x.shape[1], x.shape[2], x.shape[3]), WIDTH)

    def above(pictures: Tensor) -> Tensor:
        return (net(pictures) - net(pictures.flip(-1))).flatten()

    def loss(step: int) -> Tensor:
        generator = torch_generator(x.device, seed, "mirrors", step)
        rows = torch.randint(len(x), (BATCH,), generator=generator)
        return F.softplus(-above(x[rows])).mean()

    for _ in train_critic(net, loss, STEPS, adam(net, RATE, (0.9, 0.999)), RATE):
        pass
    with torch.no_grad():
        scores = torch.cat([above(part) for part in test.split(BATCH)])
    # Ties, as of pictures that are their own mirror image, are tossed.
    tossed = torch.rand(len(scores), generator=torch_generator(x.device, seed, "ties")) < 0.5
    hits = (scores > 0) | ((scores == 0) & tossed)
    return MirrorTest(int(hits.sum()), len(test))
