"""Auditor: a fresh critic, 1-Lipschitz by construction, trained on two samples and then frozen.

It measures a distance independently of the critic that trained the generator. It maximises the
Kantorovich-Rubinstein dual mean f(x) - mean f(y) (Villani 2009, equation 5.11). The networks have
orthonormal layers and sorting activations (Anil, Lucas and Grosse 2019).
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from wgan.audit.bounds import chosen_clamp
from wgan.audit.certificate import Certificate, certify, frozen
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive, numpy_generator, torch_generator
from wgan.distances.samples import sample_pair
from wgan.networks import mlp_critic
from wgan.networks.layers import OneScore
from wgan.training.critics import adam, train_critic

BATCH = 512
"""Samples of each side in a training step: a larger batch is less noisy and slower."""

LEARNING_RATE = 1e-2
"""Adam's first learning rate, which falls to 0. It is ten times that of `dual`: orthonormal layers
stay 1-Lipschitz for any step, so a large one does no lasting harm.
"""

BETAS = (0.9, 0.999)
"""Adam's default momenta: they harm in a game of two networks, but here the samples are frozen."""

CHUNK = 4096
"""Samples scored at once, which bounds the memory of the activations."""

VALIDATION = 8
"""One in so many training samples is kept back, to choose among the critics on the way."""

CHECKS = 20
"""Number of critics on the way that are compared: scoring them takes a tenth of the time of
training.
"""

LEAST_BETWEEN = 5
"""Fewest steps between two such critics: in short trainings scoring took a quarter of the time."""

NOISE = 1.0
"""Noise of the first step, in units of the spacing of the samples.

The value was chosen by the share of W1 read on fresh samples, by the best critic on the way.
Without and with this noise it was .86 and .91 (shift by 2, 128-D, 2,000 samples), and .42 and .67
(shift by 0.5, 64-D, 2,000). Twice the noise read .70 on the latter, and .73 instead of .75 on
funnels in 4-D.
"""

SPACED = 300
"""Samples whose nearest neighbours are looked for: their mean distance is then known to 3 %."""


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
                f"the auditor was trained on {count} of these {total} samples, so it certifies"
                " these samples alone: give fresh ones, or no auditor"
            )


def train_auditor(
    x: ArrayLike,
    y: ArrayLike,
    steps: int = 2000,
    width: int = 128,
    depth: int = 3,
    seed: int = 0,
    generalise: bool = True,
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
        generalise: whether it is to read fresh samples. One sample in eight is then kept back, and
            noise as wide as the samples are spaced falls to 0 during training. The critic is the
            one on the way that reads most on the samples kept back; the first is the unit vector
            along the difference of the means. False: it is to read these samples, and nothing is
            kept back.
        progress: listener to each step.

    Returns:
        The auditor, in float64.

    Raises:
        WganError: wrong samples, or settings out of range.

    See also:
        bracket: an interval from such a critic.

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
    sides = [(s - centre) / scale for s in (a, b)]
    parts = [_parts(s, seed, side, generalise) for s, side in zip(sides, "xy", strict=True)]
    noise = NOISE * max(map(_spacing, sides)) if generalise else 0.0
    net = mlp_critic(a.shape[1], width, depth, derive(seed, "auditor"), "orthonormal")
    best = _best(net, parts[0], parts[1], steps, noise, seed, progress)
    auditor = Auditor(frozen(best), centre, scale, (RowHashes.of(a), RowHashes.of(b)))
    return replace(auditor, clamp=chosen_clamp(auditor(a), auditor(b)))


Split = tuple[Tensor, Tensor]
"""Samples for training, and samples for the choice among critics on the way."""


def _parts(s: Float[np.ndarray, "n d"], seed: int, side: str, generalise: bool) -> Split:
    """Return the samples for training and for the choice; both are all if none is kept back."""
    order = numpy_generator(seed, "auditor", "validation", side).permutation(len(s))
    kept = len(s) // VALIDATION
    samples = torch.from_numpy(s[order]).float()
    return (samples[kept:], samples[:kept]) if generalise and kept else (samples, samples)


def _spacing(s: Float[np.ndarray, "n d"]) -> float:
    """Return the mean distance of a sample to the nearest other, by the root of 2 d.

    Two standard normal vectors are the root of 2 d apart: noise of this standard deviation on each
    axis moves samples against each other as far as they are spaced.
    """
    few = s[: min(SPACED, len(s))]
    if len(s) < 2:
        return 0.0
    distances = cdist(few, s)
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(axis=1).mean() / np.sqrt(2 * s.shape[1]))


def _best(
    net: nn.Module, x: Split, y: Split, steps: int, noise: float, seed: int, progress: Progress
) -> nn.Module:
    """Return the critic that reads most on the choosing samples.

    It is a direction, or the trained network at one of its checks.
    """
    best: nn.Module = _direction(x[0].mean(0) - y[0].mean(0))
    most = _gap(best, x[1], y[1])
    checks = {*range(0, steps, max(LEAST_BETWEEN, steps // CHECKS)), steps} - {0}
    weights = None
    for step in _maximise(net, x[0], y[0], steps, noise, seed):
        progress("training the auditor", step, steps)
        if step in checks and (gap := _gap(net, x[1], y[1])) > most:
            most = gap
            weights = deepcopy(net.state_dict())
    if weights is None:
        return best
    net.load_state_dict(weights)
    return net


def _direction(v: Float[Tensor, " d"]) -> nn.Module:
    """Return the critic <., v / |v|>; along the first axis where v is 0."""
    if not v.any():
        v = torch.eye(1, len(v))[0]
    layer = nn.utils.skip_init(nn.Linear, len(v), 1, bias=False)  # draws no random weights
    with torch.no_grad():
        layer.weight.copy_(v / torch.linalg.vector_norm(v))
    return nn.Sequential(layer, OneScore())


@torch.no_grad()
def _gap(net: nn.Module, x: Float[Tensor, "n d"], y: Float[Tensor, "m d"]) -> float:
    """Return mean f(x) - mean f(y)."""
    means = [torch.cat([net(part) for part in s.split(CHUNK)]).mean() for s in (x, y)]
    return float(means[0] - means[1])


def _maximise(
    net: nn.Module, x: Tensor, y: Tensor, steps: int, noise: float, seed: int
) -> Iterator[int]:
    """Train a network to maximise mean f(x) - mean f(y), yielding the number of steps done.

    Normal noise is added to both sides, which no 1-Lipschitz critic can gain by:
    W1(P * N, Q * N) <= W1(P, Q). Its width falls linearly to 0.
    """
    size = min(BATCH, max(len(x), len(y)))
    generator = torch_generator(torch.device("cpu"), seed, "auditor", "batches")

    def loss(step: int) -> Tensor:
        batch = torch.cat([draw(s, size, generator) for s in (x, y)])
        if noise:
            width = noise * (1 - step / steps)
            batch = batch + width * torch.randn(batch.shape, generator=generator)
        f_x, f_y = net(batch).chunk(2)
        difference: Tensor = f_y.mean() - f_x.mean()
        return difference

    optimizer = adam(net, LEARNING_RATE, BETAS)
    yield from train_critic(net, loss, steps, optimizer, LEARNING_RATE)


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
