"""Who checks the distance, if not the critic that trained the generator? A fresh critic,
1-Lipschitz, frozen, then certified.

It maximises mean f(x) - mean f(y), the Kantorovich-Rubinstein dual (Villani 2009, equation 5.11),
among networks of orthonormal layers and sorting activations (Anil et al. 2019).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.audit.certificate import Certificate, certify, frozen
from wgan.base.errors import WganError
from wgan.base.seeding import derive, torch_generator
from wgan.distances.samples import sample_pair
from wgan.networks import NetworkConfig, build_critic

BATCH, LEARNING_RATE = 512, 1e-2
CHUNK = 4096


@dataclass(frozen=True)
class Auditor:
    """f(x) = scale net((x - centre) / scale) in float64; its Lipschitz constant is the network's,
    whatever the scale.

    `trained_on` holds hashes of the rows that it has seen: on those its value certifies nothing
    about a population. `clamp` is the range of its scores there.
    """

    net: nn.Module
    centre: Float[np.ndarray, " d"]
    scale: float
    trained_on: frozenset[bytes]
    clamp: tuple[float, float] = (-np.inf, np.inf)

    @property
    def certificate(self) -> Certificate:
        """The certificate of the weights as they are now."""
        return certify(self.net, self.centre.shape)

    @torch.no_grad()
    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return the scores `[n]` in the unit of the samples."""
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
        """Refuse samples that this auditor was trained on.

        Raises:
            WganError: some rows were seen in training.
        """
        seen = sum(row in self.trained_on for x in samples for row in row_hashes(x))
        if seen:
            total = sum(map(len, samples))
            raise WganError(
                f"the auditor was trained on {seen} of these {total} samples: on them it certifies"
                " nothing beyond; give fresh ones, or no auditor"
            )


def row_hashes(x: Float[np.ndarray, "n d"]) -> list[bytes]:
    """Return a hash of each row, rounded to float32 so that a cast hides nothing."""
    return [
        blake2b(row.tobytes(), digest_size=16).digest()
        for row in np.ascontiguousarray(x, dtype=np.float32) + np.float32(0)
    ]


def train_auditor(
    x: np.ndarray,
    y: np.ndarray,
    steps: int = 2000,
    width: int = 128,
    depth: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda step, steps: None,
) -> Auditor:
    """Return a critic trained to tell two samples apart, 1-Lipschitz by construction, frozen in
    float64.

    max over f of mean f(x) - mean f(y): Adam with linear decay on batches of 512; layers
    orthonormal by the Cayley map.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        steps: updates of the critic.
        width: units of a hidden layer, an even number.
        depth: hidden layers.
        seed: names the weights and the batches.
        progress: called with (step, steps).

    Returns:
        The auditor; `.certificate` is computed from its frozen weights each time it is asked for.

    Raises:
        WganError: wrong samples, or settings out of range.

    Source: Anil, Lucas and Grosse, "Sorting out Lipschitz function approximation" (2019).

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
    centre = (a.mean(0) + b.mean(0)) / 2
    scale = float(np.sqrt(np.mean(np.concatenate([a - centre, b - centre]) ** 2))) or 1.0
    x_scaled, y_scaled = (torch.from_numpy((s - centre) / scale).float() for s in (a, b))
    net = build_critic(
        NetworkConfig("mlp", width, depth), (a.shape[1],), derive(seed, "auditor"), "orthonormal"
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    generator = torch_generator(torch.device("cpu"), seed, "auditor", "batches")
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / steps)
        f_x, f_y = net(torch.cat([draw(s, BATCH, generator) for s in (x_scaled, y_scaled)])).chunk(
            2
        )
        optimizer.zero_grad()
        (f_y.mean() - f_x.mean()).backward()
        optimizer.step()
        progress(step + 1, steps)
    seen = np.concatenate([a, b])
    auditor = Auditor(frozen(net), centre, scale, frozenset(row_hashes(seen)))
    scores = auditor(seen)
    return replace(auditor, clamp=(float(scores.min()), float(scores.max())))


def draw(samples: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Return `n` samples drawn with replacement."""
    return samples[torch.randint(len(samples), (n,), generator=generator)]


def _chunks(x: Float[np.ndarray, "n d"]) -> list[np.ndarray]:
    return [x[i : i + CHUNK] for i in range(0, len(x), CHUNK)]
