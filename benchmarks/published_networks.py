"""Networks of published protocols, as pairs: PacGAN's for points, and its DCGAN for pictures.

They are written from the settings that Lin et al. (2018) publish. A pack of samples is one input of
the critic, as in `wgan.networks.packed`.
"""

from typing import Any

import torch
from torch import Tensor, nn

from wgan.networks import NetworkConfig, Pair
from wgan.networks.layers import OneScore, Reshape
from wgan.networks.packed import PackedCritic

INITIAL_SD = 0.02
"""Standard deviation of initial weights: both experiments of Lin et al. (2018)."""
GENERATOR_WIDTH, GENERATOR_DEPTH = 400, 4
CRITIC_WIDTH, CRITIC_DEPTH, PIECES = 200, 3, 5
"""Sizes of the networks of points: Lin et al. (2018), section 4.1."""
MOMENTUM = 0.05
"""Share of a batch in the generator's running statistics, for points; for pictures it is 0.1."""
CHANNELS = 64
"""Channels of DCGAN's first layer, of critic and generator."""
SLOPE = 0.2


class Maxout(nn.Module):
    """x -> the largest of `pieces` linear functions, for each unit.

    Reference: Goodfellow et al. (2013), equation 1.
    """

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(1, (-1, self.pieces)).amax(2)


class Uniform(nn.Module):
    """Standard normal numbers -> uniform ones in [-1, 1], by the normal distribution function."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.erf(z / 2**0.5)


class PartedBatchNorm(nn.Module):
    """Batch normalisation of each part of a batch by itself, while training.

    The critic sees a real and a generated part at once. In the published code each is a batch of
    its own.

    Args:
        channels: of the pictures.
        part: inputs of a part.
    """

    def __init__(self, channels: int, part: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.norm(x)
        return torch.cat([self.norm(part) for part in x.split(self.part)])


class PublishedGenerator(nn.Sequential):
    """A generator that a run's folder names."""

    name = "published-generator"
    config: dict[str, Any] = {}  # noqa: RUF012 (none is needed: a pair rebuilds it)


class PublishedCritic(PackedCritic):
    """A critic that a run's folder names."""

    name = "published-critic"
    config: dict[str, Any] = {}  # noqa: RUF012 (none is needed: a pair rebuilds it)


def points_generator(config: NetworkConfig, codec: Any, classes: int) -> nn.Module:
    """Return four hidden layers of 400 with batch normalisation and ReLU, and a linear layer."""
    layers: list[nn.Module] = []
    inputs = config.latent
    for _ in range(GENERATOR_DEPTH):
        layers += [
            nn.Linear(inputs, GENERATOR_WIDTH, bias=False),
            nn.BatchNorm1d(GENERATOR_WIDTH, momentum=MOMENTUM),
            nn.ReLU(),
        ]
        inputs = GENERATOR_WIDTH
    return initialised(PublishedGenerator(*layers, nn.Linear(inputs, codec.shape[0])))


def points_critic(config: NetworkConfig, codec: Any, layers: Any, classes: int) -> nn.Module:
    """Return three maxout layers of 200 units with five pieces, and a linear layer."""
    inputs = config.pack * codec.shape[0]
    hidden: list[nn.Module] = []
    for _ in range(CRITIC_DEPTH):
        hidden.append(Maxout(inputs, CRITIC_WIDTH, PIECES))
        inputs = CRITIC_WIDTH
    net = initialised(nn.Sequential(*hidden, nn.Linear(inputs, 1), OneScore()))
    return PublishedCritic(net, 1, config.pack)


POINTS = Pair(("published",), points_generator, points_critic, packs=True)


def picture_generator(config: NetworkConfig, codec: Any, classes: int) -> nn.Module:
    """Return DCGAN's generator: sides of 2, 4, 7, 14 and 28, and tanh."""
    widths = [8 * CHANNELS, 4 * CHANNELS, 2 * CHANNELS, CHANNELS, codec.shape[0]]
    layers: list[nn.Module] = [
        Uniform(),
        nn.Linear(config.latent, widths[0] * 2 * 2),
        Reshape(widths[0], 2, 2),
    ]
    for i, odd in enumerate((1, 0, 1, 1)):  # one more row and column, but from 4 to 7
        layers += [nn.BatchNorm2d(widths[i]), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(widths[i], widths[i + 1], 5, 2, 2, odd))
    return initialised(PublishedGenerator(*layers, nn.Tanh()))


def pictures(part: int, share: float) -> Pair:
    """Return DCGAN's pair for pictures of 28 x 28.

    Args:
        part: packs of a batch.
        share: the critic's channels, as a share of DCGAN's: Metz et al. (2017) take a half and a
            quarter.
    """

    def critic(config: NetworkConfig, codec: Any, layers: Any, classes: int) -> nn.Module:
        width = max(1, round(share * CHANNELS))
        widths = [config.pack * codec.shape[0], *(width * 2**i for i in range(4))]
        net: list[nn.Module] = []
        for i in range(4):
            net.append(nn.Conv2d(widths[i], widths[i + 1], 5, 2, 2))
            if i:
                net.append(PartedBatchNorm(widths[i + 1], part))
            net.append(nn.LeakyReLU(SLOPE))
        net += [nn.Flatten(), nn.Linear(widths[-1] * 2 * 2, 1), OneScore()]
        return PublishedCritic(initialised(nn.Sequential(*net)), 3, config.pack)

    return Pair(("published",), picture_generator, critic, packs=True)


def initialised(net: nn.Sequential) -> nn.Sequential:
    """Return a network with normal weights of standard deviation 0.02, and biases of 0."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=INITIAL_SD)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net
