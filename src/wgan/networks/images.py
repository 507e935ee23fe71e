"""Which networks serve pictures of any height x width x channels? A convolutional and a residual
pair, built from the shape.

Both halve (critic) or double (generator) each side of more than 4 pixels until none is left, so 28
x 28 goes by 14, 7, 3 and 32 x 48 by 16 x 24, 8 x 12, 4 x 6, 4 x 3. No critic holds a norm over the
batch (Gulrajani et al. 2017, section 4). Kernels lie in memory with channels last, as convolutions
are fastest.
"""

from itertools import pairwise

import torch
from torch import nn

from wgan.data.codec import Codec
from wgan.networks.config import NetworkConfig
from wgan.networks.labelled import labelled_critic, labelled_generator
from wgan.networks.layers import PixelNorm, Reshape, TransposedConv2d, he
from wgan.networks.residual import ResidualBlock
from wgan.objectives.constraints import Layers

Size = tuple[int, int]
Shape = tuple[int, int, int]
SMALLEST = 4
WIDEST = 8


def sizes(height: int, width: int) -> list[Size]:
    """Return the sides of a picture at each level, largest first; a side is halved (rounded down)
    while it exceeds 4.

    >>> sizes(28, 28)
    [(28, 28), (14, 14), (7, 7), (3, 3)]
    """
    levels = [(height, width)]
    while max(levels[-1]) > SMALLEST:
        h, w = levels[-1]
        levels.append((_half(h), _half(w)))
    return levels


def _half(side: int) -> int:
    return side // 2 if side > SMALLEST else side


def _widths(width: int, levels: int) -> list[int]:
    """Channels at each level, largest picture first: half of `width`, `width`, 2 `width`, ... up to
    8 `width`.
    """
    return [max(1, width // 2), *(width * min(2**i, WIDEST) for i in range(levels - 1))]


def conv_critic(shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """Return a 3 x 3 convolution at full size, then one strided convolution a level, then a linear
    layer.

    `width` channels at the first level below full size, doubled at each further one up to 8
    `width`. Layout: Radford et al. (2016), section 3, without BatchNorm; kernel 4, stride 2, leaky
    slope 0.2; the first layer as in Miyato et al. (2018), table 3, with half as many channels.
    """
    c, h, w = shape
    levels = sizes(h, w)
    widths = _widths(width, len(levels))
    layers: list[nn.Module] = [nn.Conv2d(c, widths[0], 3, padding=1), nn.LeakyReLU(0.2)]
    for sides, channels in zip(pairwise(levels), pairwise(widths), strict=True):
        layers += [nn.Conv2d(*channels, *_geometry(*sides)), nn.LeakyReLU(0.2)]
    layers += [nn.Flatten(), nn.Linear(widths[-1] * levels[-1][0] * levels[-1][1], 1)]
    return _initialised(nn.Sequential(*layers))


def conv_generator(shape: tuple[int, int, int], latent: int, width: int) -> nn.Sequential:
    """Return the mirror of `conv_critic`: a linear layer, one transposed convolution a level, a 3 x
    3 convolution and tanh.

    The kernel of 4 is a multiple of the stride, which avoids checkerboards (Odena et al. 2016);
    PixelNorm after each level keeps the signal's size without looking at other samples (Karras et
    al. 2018, section 4.2).
    """
    c, h, w = shape
    levels = sizes(h, w)[::-1]
    widths = _widths(width, len(levels))[::-1]
    h0, w0 = levels[0]
    layers: list[nn.Module] = [
        nn.Linear(latent, widths[0] * h0 * w0),
        Reshape(widths[0], h0, w0),
        PixelNorm(),
        nn.LeakyReLU(0.2),
    ]
    for (small, large), channels in zip(pairwise(levels), pairwise(widths), strict=True):
        kernel, stride, padding = _geometry(large, small)
        odd = (large[0] % 2 if stride[0] == 2 else 0, large[1] % 2 if stride[1] == 2 else 0)
        layers += [
            TransposedConv2d(*channels, kernel, stride, padding, odd),
            PixelNorm(),
            nn.LeakyReLU(0.2),
        ]
    layers += [nn.Conv2d(widths[-1], c, 3, padding=1), nn.Tanh()]
    return _initialised(nn.Sequential(*layers), last_gain=0.5)


def _geometry(large: Size, small: Size) -> tuple[Size, Size, Size]:
    """Kernel, stride and padding that take `large` to `small`: 4, 2, 1 along halved sides and 3, 1,
    1 along kept ones.
    """
    halved = tuple(a != b for a, b in zip(large, small, strict=True))
    kernel = tuple(4 if half else 3 for half in halved)
    stride = tuple(2 if half else 1 for half in halved)
    return kernel, stride, (1, 1)  # type: ignore[return-value]


def residual_critic(shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """Return residual blocks with mean pooling between levels, two more at the last, ReLU, mean
    over space, linear.

    Layout: Gulrajani et al. (2017), appendix F (CIFAR-10 residual networks), with as many levels as
    the size asks for.
    """
    c, h, w = shape
    levels = sizes(h, w)[:-1] if len(sizes(h, w)) > 2 else sizes(h, w)
    layers: list[nn.Module] = [nn.Conv2d(c, width, 3, padding=1)]
    layers += [ResidualBlock(width, after, norm=False) for after in levels[1:]]
    layers += [ResidualBlock(width, levels[-1], norm=False) for _ in range(2)]
    layers += [nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1)]
    return _initialised(nn.Sequential(*layers), slope=0.0)


def residual_generator(shape: tuple[int, int, int], latent: int, width: int) -> nn.Sequential:
    """Return a linear layer, residual blocks with nearest upsampling between levels, BatchNorm,
    ReLU, convolution, tanh.

    Layout: Gulrajani et al. (2017), appendix F. BatchNorm stands in the generator alone; samples
    use running statistics.
    """
    c, h, w = shape
    levels = sizes(h, w)[::-1]
    h0, w0 = levels[0]
    layers: list[nn.Module] = [nn.Linear(latent, width * h0 * w0), Reshape(width, h0, w0)]
    layers += [ResidualBlock(width, after, norm=True) for after in levels[1:]]
    layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, c, 3, padding=1), nn.Tanh()]
    return _initialised(nn.Sequential(*layers), slope=0.0)


def generator(config: NetworkConfig, codec: Codec, classes: int) -> nn.Module:
    """Return the convolutional or the residual generator of images."""

    def chain(c: NetworkConfig, shape: Shape, inputs: int) -> nn.Sequential:
        build = residual_generator if c.kind == "residual" else conv_generator
        return build(shape, inputs, c.width)

    return labelled_generator(chain, config, codec, classes)


def critic(config: NetworkConfig, codec: Codec, layers: Layers, classes: int) -> nn.Module:
    """Return the convolutional or the residual critic of images."""

    def chain(c: NetworkConfig, shape: Shape) -> nn.Sequential:
        build = residual_critic if c.kind == "residual" else conv_critic
        return build(shape, c.width)

    return labelled_critic(chain, config, codec, layers, classes)


def _initialised(net: nn.Sequential, slope: float = 0.2, last_gain: float = 1.0) -> nn.Sequential:
    for layer in net.modules():
        he(layer, slope)
    with torch.no_grad():
        [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1].weight.mul_(
            last_gain
        )
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
