"""Networks for images of any size: a convolutional and a residual pair, built from the shape.

A critic halves each side of more than 4 pixels until none is left, and a generator doubles them in
turn. So 28 x 28 has levels of 14, 7 and 3 pixels, and 32 x 48 of 16 x 24, 8 x 12, 4 x 6 and 4 x 3.
No critic has a norm over the batch, under which a penalty for each sample makes no sense (Gulrajani
et al. 2017, section 4). Kernels are stored with channels last, for which convolutions are fastest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from wgan.data.codec import Codec
from wgan.networks.bottleneck import bottleneck_critic, bottleneck_generator
from wgan.networks.config import NetworkConfig
from wgan.networks.labelled import labelled_critic, labelled_generator
from wgan.networks.layers import PixelNorm, Reshape, Resized, TransposedConv2d, he
from wgan.networks.levels import SLOPE, Shape, Size, sizes, widths
from wgan.networks.residual import ResidualBlock
from wgan.objectives.constraints import Layers, is_bounded

LAST_GAIN = 0.5
"""Factor of the generator's last weights. What goes into tanh then begins with a standard deviation
of about 0.5, where tanh is nearly linear, and not 1.
"""


def conv_critic(shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """Return a 3 x 3 convolution at full size, one strided convolution a level, a linear layer.

    The layout is that of Radford et al. (2016), section 3, without BatchNorm: kernel 4, stride 2,
    leaky ReLU of slope 0.2. The first layer is as in Miyato et al. (2018), table 3, with half as
    many channels, since at full size they cost most (LOG.md, "Convolutional pair").

    Args:
        shape: channels, height and width.
        width: channels at half size, doubled at each further level up to 8 times.
    """
    c, h, w = shape
    levels = sizes(h, w)
    channels_at = widths(width, len(levels))
    layers: list[nn.Module] = [nn.Conv2d(c, channels_at[0], 3, padding=1), nn.LeakyReLU(SLOPE)]
    for sides, channels in zip(pairwise(levels), pairwise(channels_at), strict=True):
        layers += [nn.Conv2d(*channels, *_geometry(*sides)), nn.LeakyReLU(SLOPE)]
    layers += [nn.Flatten(), nn.Linear(channels_at[-1] * levels[-1][0] * levels[-1][1], 1)]
    return _initialised(nn.Sequential(*layers))


def conv_generator(shape: tuple[int, int, int], latent: int, width: int) -> nn.Sequential:
    """Return the mirror of `conv_critic`.

    A linear layer, one transposed convolution a level, a 3 x 3 convolution, and tanh. The kernel of
    4 is a multiple of the stride, which avoids checkerboards (Odena et al. 2016). PixelNorm after
    each level keeps the scale of its output without looking at other samples (Karras et al. 2018,
    section 4.2).

    Args:
        shape: channels, height and width.
        latent: numbers of noise for one sample.
        width: channels at half size, doubled at each further level up to 8 times.
    """
    c, h, w = shape
    levels = sizes(h, w)[::-1]
    channels_at = widths(width, len(levels))[::-1]
    h0, w0 = levels[0]
    layers: list[nn.Module] = [
        nn.Linear(latent, channels_at[0] * h0 * w0),
        Reshape(channels_at[0], h0, w0),
        PixelNorm(),
        nn.LeakyReLU(SLOPE),
    ]
    for (small, large), channels in zip(pairwise(levels), pairwise(channels_at), strict=True):
        kernel, stride, padding = _geometry(large, small)
        # One more row or column where the larger side is odd.
        odd_rows = large[0] % 2 if stride[0] == 2 else 0
        odd_columns = large[1] % 2 if stride[1] == 2 else 0
        odd = (odd_rows, odd_columns)
        layers += [
            TransposedConv2d(*channels, kernel, stride, padding, odd),
            PixelNorm(),
            nn.LeakyReLU(SLOPE),
        ]
    layers += [nn.Conv2d(channels_at[-1], c, 3, padding=1), nn.Tanh()]
    return _initialised(nn.Sequential(*layers), last_gain=LAST_GAIN)


def _geometry(large: Size, small: Size) -> tuple[Size, Size, Size]:
    """Return kernel, stride and padding that take the size `large` to `small`.

    They are 4, 2 and 1 along a side that is halved, and 3, 1 and 1 along one that is not.
    """
    halved = tuple(a != b for a, b in zip(large, small, strict=True))
    kernel = tuple(4 if half else 3 for half in halved)
    stride = tuple(2 if half else 1 for half in halved)
    return kernel, stride, (1, 1)  # type: ignore[return-value]


def residual_critic(shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """Return residual blocks with mean pooling between levels, and a linear layer.

    Two more blocks follow at the last level, then ReLU and the mean over space. The layout is that
    of the residual networks for CIFAR-10 of Gulrajani et al. (2017), appendix F, with as many
    levels as the size asks for.

    Args:
        shape: channels, height and width.
        width: channels throughout.
    """
    c, h, w = shape
    levels = sizes(h, w)
    # The paper's critic of 32 x 32 stops at 8 x 8, a level above the smallest.
    if len(levels) > 2:
        levels = levels[:-1]
    layers: list[nn.Module] = [nn.Conv2d(c, width, 3, padding=1)]
    layers += [ResidualBlock(width, after, grows=False, norm=False) for after in levels[1:]]
    layers += [ResidualBlock(width, levels[-1], grows=False, norm=False) for _ in range(2)]
    layers += [nn.ReLU(), Resized((1, 1)), nn.Flatten(), nn.Linear(width, 1)]
    return _initialised(nn.Sequential(*layers), slope=0.0)


def residual_generator(shape: tuple[int, int, int], latent: int, width: int) -> nn.Sequential:
    """Return a linear layer, and residual blocks with nearest upsampling between levels.

    BatchNorm, ReLU, a convolution and tanh follow. The layout is that of Gulrajani et al. (2017),
    appendix F. The generator alone has BatchNorm; samples use its running statistics.

    Args:
        shape: channels, height and width.
        latent: numbers of noise for one sample.
        width: channels throughout.
    """
    c, h, w = shape
    levels = sizes(h, w)[::-1]
    h0, w0 = levels[0]
    layers: list[nn.Module] = [nn.Linear(latent, width * h0 * w0), Reshape(width, h0, w0)]
    layers += [ResidualBlock(width, after, grows=True, norm=True) for after in levels[1:]]
    layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, c, 3, padding=1), nn.Tanh()]
    return _initialised(nn.Sequential(*layers), slope=0.0)


@dataclass(frozen=True)
class Architecture:
    """A pair of networks for images.

    Attributes:
        generator: (config, shape, inputs) -> chain `[n, inputs] -> [n, *shape]`.
        critic: (config, shape, whether the chain is to be made Lipschitz) -> chain
            `[n, *shape] -> [n, 1]`.
    """

    generator: Callable[[NetworkConfig, Shape, int], nn.Sequential]
    critic: Callable[[NetworkConfig, Shape, bool], nn.Sequential]


ARCHITECTURES = {
    "conv": Architecture(
        lambda config, shape, inputs: conv_generator(shape, inputs, config.width),
        lambda config, shape, constrained: conv_critic(shape, config.width),
    ),
    "residual": Architecture(
        lambda config, shape, inputs: residual_generator(shape, inputs, config.width),
        lambda config, shape, constrained: residual_critic(shape, config.width),
    ),
    "bottleneck": Architecture(
        lambda config, shape, inputs: bottleneck_generator(
            shape, inputs, config.width, config.depth
        ),
        lambda config, shape, constrained: bottleneck_critic(
            shape, config.width, config.depth, constrained
        ),
    ),
}
"""The pairs of images by `network.kind`; `auto` takes the first."""


def generator(config: NetworkConfig, codec: Codec, classes: int) -> nn.Module:
    """Return the generator of images of an architecture."""
    build = ARCHITECTURES[config.kind].generator
    return labelled_generator(build, config, codec, classes)


def critic(config: NetworkConfig, codec: Codec, layers: Layers, classes: int) -> nn.Module:
    """Return the critic of images of an architecture."""
    build = ARCHITECTURES[config.kind].critic
    bounded = is_bounded(layers)
    return labelled_critic(
        lambda c, shape: build(c, shape, bounded), config, codec, layers, classes
    )


def _initialised(net: nn.Sequential, slope: float = SLOPE, last_gain: float = 1.0) -> nn.Sequential:
    """Return the network with initial weights, stored with channels last."""
    for layer in net.modules():
        he(layer, slope)
    last = [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight.mul_(last_gain)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
