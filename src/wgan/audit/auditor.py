"""Auditor: a fresh critic, 1-Lipschitz by construction, trained on two samples and then frozen.

It measures a distance independently of the critic that trained the generator. It maximises the
Kantorovich-Rubinstein dual mean f(x) - mean f(y) (Villani 2009, equation 5.11). The networks have
orthonormal layers and sorting activations (Anil, Lucas and Grosse 2019).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor, nn

from wgan.audit.bounds import chosen_clamp
from wgan.audit.certificate import Certificate, certify, frozen
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive, torch_generator
from wgan.distances.samples import sample_pair
from wgan.networks import mlp_critic
from wgan.training.critics import adam, train_critic

BATCH = 512
"""Samples of each side in a training step: a larger batch is less noisy and slower."""

LEARNING_RATE = 1e-2
"""Adam's first learning rate, which falls to 0. It is ten times that of `dual`: orthonormal layers
stay 1-Lipschitz whatever the step, so that a large one does no lasting harm.
"""

BETAS = (0.9, 0.999)
"""Adam's own momenta: a critic on frozen samples plays no game in which momentum would harm."""

CHUNK = 4096
"""Samples scored at once, which bounds the memory of the activations."""


@dataclass(frozen=True)
class Auditor:
    """A frozen critic f(x) = scale net((x - centre) / scale) in float64.

    Its Lipschitz constant is the network's, whatever the scale. `trained_on` holds hashes of the
    rows seen in training: on these its value certifies nothing about a population. `clamp` was
    chosen on its scores there (`chosen_clamp`).
    """

    net: nn.Module
    centre: Float[np.ndarray, " d"]
    scale: float
    trained_on: tuple[RowHashes, RowHashes]
    clamp: tuple[float, float] = (-np.inf, np.inf)

    @property
    def certificate(self) -> Certificate:
        """The certificate of the present weights, computed on each access."""
        return certify(self.net, self.centre.shape)

    @torch.no_grad()
    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return the scores `[n]` of samples `[n, d]`, in the unit of the samples.

        Raises:
            WganError: another dimension than in training.
        """
        if x.ndim != 2 or x.shape[1] != len(self.centre):
            raise WganError(
                f"samples of shape {x.shape}, and the auditor was trained in {len(self.centre)}"
                f" dimensions: give [n, {len(self.centre)}]"
            )
        parts = [
            self.net(torch.from_numpy((part - self.centre) / self.scale)) for part in _chunks(x)
        ]
        return torch.cat(parts).numpy() * self.scale

    def check_unseen(self, *samples: Float[np.ndarray, "n d"]) -> None:
        """Refuse samples on which this auditor was trained.

        Args:
            samples: one or more `[n, d]`.

        Raises:
            WganError: some rows were seen in training.
        """
        given = [RowHashes.of(x) for x in samples]
        count = sum(max(side.count(each) for side in self.trained_on) for each in given)
        if count:
            total = sum(map(len, samples))
            raise WganError(
                f"the auditor was trained on {count} of these {total} samples: on them it certifies"
                " nothing beyond; give fresh ones, or no auditor"
            )


def train_auditor(
    x: ArrayLike,
    y: ArrayLike,
    steps: int = 2000,
    width: int = 128,
    depth: int = 3,
    seed: int = 0,
    progress: Progress = silent,
) -> Auditor:
    """Return a critic trained to tell two samples apart, 1-Lipschitz by construction, and frozen.

    max over f of mean f(x) - mean f(y), by Adam with linear decay on batches of 512. The layers are
    orthonormal by the Cayley map.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        steps: updates of the critic.
        width: units of a hidden layer, an even number, as units are sorted in pairs.
        depth: hidden layers.
        seed: random seed of the weights and batches; the same seed gives the same auditor.
        progress: told of each step.

    Returns:
        The auditor, in float64.

    Raises:
        WganError: wrong samples, or settings out of range.

    Reference: Anil, Lucas and Grosse, "Sorting out Lipschitz function approximation" (2019).

    >>> x = np.zeros((20, 2)); auditor = train_auditor(x, x + 3.0, steps=5, width=8)
    >>> 0.99 < auditor.certificate.lipschitz < 1.01
    True
    """
    if steps < 1 or width < 2 or width % 2 or depth < 1:
        raise WganError(
            f"steps = {steps}, width = {width}, depth = {depth}: give 1 step or more, an even"
            " width, 1 layer or more"
        )
    a, b = sample_pair(x, y)
    # Trained in units of the common standard deviation, so that the unit of the samples is free.
    centre = (a.mean(0) + b.mean(0)) / 2
    scale = float(np.sqrt(np.mean(np.concatenate([a - centre, b - centre]) ** 2))) or 1.0
    net = mlp_critic(a.shape[1], width, depth, derive(seed, "auditor"), "orthonormal")
    x_scaled, y_scaled = (torch.from_numpy((s - centre) / scale).float() for s in (a, b))
    _maximise(net, x_scaled, y_scaled, steps, seed, progress)
    auditor = Auditor(frozen(net), centre, scale, (RowHashes.of(a), RowHashes.of(b)))
    return replace(auditor, clamp=chosen_clamp(auditor(a), auditor(b)))


def _maximise(
    net: nn.Module, x: Tensor, y: Tensor, steps: int, seed: int, progress: Progress
) -> None:
    """Train a network to maximise mean f(x) - mean f(y)."""
    generator = torch_generator(torch.device("cpu"), seed, "auditor", "batches")

    def loss(step: int) -> Tensor:
        batch = torch.cat([draw(s, BATCH, generator) for s in (x, y)])
        f_x, f_y = net(batch).chunk(2)
        difference: Tensor = f_y.mean() - f_x.mean()
        return difference

    optimizer = adam(net, LEARNING_RATE, BETAS)
    for step in train_critic(net, loss, steps, optimizer, LEARNING_RATE):
        progress("training the auditor", step, steps)


def draw(samples: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Return `n` samples drawn with replacement.

    Args:
        samples: `[m, ...]`.
        n: how many to draw.
        generator: the stream of random numbers, on the CPU.
    """
    return samples[torch.randint(len(samples), (n,), generator=generator)]


def _chunks(x: Float[np.ndarray, "n d"]) -> list[np.ndarray]:
    return [x[i : i + CHUNK] for i in range(0, len(x), CHUNK)]
