"""Networks for series: convolutions along time, in levels that halve it.

Convolutions are those of pictures (`wgan.networks.images`) with one pixel of height: what
constrains or certifies a two-dimensional convolution serves. The generator ends without tanh, as
the values of a series have no bounds.
"""

from itertools import pairwise

import torch
from torch import nn

from wgan.data.series.codec import SeriesCodec
from wgan.networks.config import NetworkConfig
from wgan.networks.continued import with_beginning
from wgan.networks.labelled import labelled_critic, labelled_generator
from wgan.networks.layers import OneScore, PixelNorm, Reshape, TransposedConv2d, he
from wgan.networks.levels import SLOPE, SMALLEST
from wgan.networks.lipschitz import constrained
from wgan.networks.packed import PackedCritic
from wgan.networks.series_planes import SeriesGenerator, chain_sizes, is_plain
from wgan.objectives.constraints import Layers

Shape = tuple[int, int, int]
NEAR = 5
"""Steps of the convolutions at full length: two steps before and two after."""
HALVING = 4
"""Steps of the convolutions that halve: twice their stride, so that each step counts as often."""

WIDEST = 4
"""Largest multiple of the width. With 8, that of pictures, both passes of a generator of 96 steps
took 1.5 times as long.
"""


def lengths(steps: int) -> list[int]:
    """Return the length at each level, halved and rounded down while it has more than 4 steps.

    Args:
        steps: of the whole series.

    >>> lengths(24)
    [24, 12, 6, 3]
    """
    levels = [steps]
    while levels[-1] > SMALLEST:
        levels.append(levels[-1] // 2)
    return levels


def _widths(width: int, levels: int) -> list[int]:
    """Return the channels at each level: the width, doubled from the third on up to 4 times."""
    return [width * min(2 ** max(0, i - 1), WIDEST) for i in range(levels)]


def series_critic(shape: Shape, width: int) -> nn.Sequential:
    """Return a convolution at full length, a strided one a level, and a linear layer.

    Each convolution weighs what neighbouring steps have to do with each other, everywhere alike.
    Fully connected layers on the whole series cost less, and learned the laws of processes that are
    alike at each step worse (LOG.md, "Critics of series").

    Args:
        shape: channels, 1, and steps.
        width: channels at full and at half length, doubled at each further level up to 4 times.
    """
    channels, _, steps = shape
    levels = lengths(steps)
    widths = _widths(width, len(levels))
    layers: list[nn.Module] = [_along(channels, widths[0]), nn.LeakyReLU(SLOPE)]
    for before, after in pairwise(widths):
        halved = nn.Conv2d(before, after, (1, HALVING), (1, 2), (0, 1))
        layers += [halved, nn.LeakyReLU(SLOPE)]
    layers += [nn.Flatten(), nn.Linear(widths[-1] * levels[-1], 1)]
    return _initialised(nn.Sequential(*layers))


def series_generator(shape: Shape, latent: int, width: int) -> nn.Sequential:
    """Return a linear layer, a transposed convolution a level, and a convolution.

    Args:
        shape: channels, 1, and steps.
        latent: numbers of noise for one sample.
        width: channels at full and at half length, doubled at each further level up to 4 times.
    """
    channels, _, steps = shape
    levels = lengths(steps)[::-1]
    widths = _widths(width, len(levels))[::-1]
    layers: list[nn.Module] = [
        nn.Linear(latent, widths[0] * levels[0]),
        Reshape(widths[0], 1, levels[0]),
        PixelNorm(),
        nn.LeakyReLU(SLOPE),
    ]
    for (short, long), sides in zip(pairwise(levels), pairwise(widths), strict=True):
        odd = long - 2 * short  # one step more where the longer length is odd
        layers += [
            TransposedConv2d(*sides, (1, HALVING), (1, 2), (0, 1), (0, odd)),
            PixelNorm(),
            nn.LeakyReLU(SLOPE),
            _along(sides[1], sides[1]),
            nn.LeakyReLU(SLOPE),
        ]
    layers.append(_along(widths[-1], channels))
    return _initialised(nn.Sequential(*layers))


def _along(inputs: int, outputs: int) -> nn.Conv2d:
    """Return a convolution along time that keeps the length."""
    return nn.Conv2d(inputs, outputs, (1, NEAR), padding=(0, NEAR // 2))


def _initialised(net: nn.Sequential) -> nn.Sequential:
    for layer in net.modules():
        he(layer, SLOPE)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def generator(config: NetworkConfig, codec: SeriesCodec, classes: int) -> nn.Module:
    """Return the convolutional generator of series.

    Raises:
        WganError: classes together with beginnings that are given.
    """
    if is_plain(codec):
        return labelled_generator(
            lambda c, shape, inputs: series_generator(shape, inputs, c.width),
            config,
            codec,
            classes,
        )
    inputs, planes = chain_sizes(config, codec, classes)
    chain = series_generator((planes, 1, codec.length), inputs, config.width)
    return SeriesGenerator(chain, config, codec, classes)


def critic(config: NetworkConfig, codec: SeriesCodec, layers: Layers, classes: int) -> nn.Module:
    """Return the convolutional critic of series."""
    if codec.context:
        planes, _, steps = codec.shape
        shape = (config.pack * (planes + 1), 1, steps)
        plain = nn.Sequential(*series_critic(shape, config.width), OneScore())
        critic = constrained(plain, shape, layers)
        return PackedCritic(critic, len(codec.shape), config.pack, with_beginning)
    return labelled_critic(
        lambda c, shape: series_critic(shape, c.width), config, codec, layers, classes
    )
