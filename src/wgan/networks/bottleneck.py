"""Bottleneck pair: residual networks for images without any normalisation.

Each level of `networks.levels` has blocks x + f(x), where f is a bottleneck of 1 x 1, 3 x 3 and
1 x 1 convolutions. Between levels stand fixed low-pass filters, and 1 x 1 convolutions that change
the channels. The layout follows Huang et al. (2024), section 3. It has no normalization, leaky
ReLU, Fixup weights, and interpolation instead of strides. The generator's first layer is a learned
basis, and the critic's head a depthwise convolution over the whole last level. A layer has biases
only if an activation follows. Others would shift all scores alike, with a gradient of rounding
errors.

Bottlenecks are those of He et al. (2016), with half of the channels between and without groups.
Theirs are grouped (Xie et al. 2017): with groups of 16 and all channels between, the critic's step
took 1.8 times as long on a CPU (LOG.md, "Bottlenecks").
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.networks.layers import Resized, he
from wgan.networks.levels import SLOPE, Shape, Size, sizes, widths

CONVOLUTIONS = 3
"""Convolutions of a branch, m in the formula of Fixup."""


class BottleneckBlock(nn.Module):
    """x -> x + f(x), f a chain of 1 x 1, 3 x 3 and 1 x 1 convolutions with leaky ReLU between.

    First weights follow Fixup (Zhang et al. 2019, section 3). The weights of He are multiplied by
    L^(-1 / (2 m - 2)) = L^(-1/4), for L blocks of m = 3 convolutions. The last convolution of a
    branch is zero. So a block begins as the identity, and the change of the output in one training
    step does not grow with L.

    Args:
        width: channels of input and output.
        blocks: L, the blocks of the network.
        constrained: whether the block is to be made Lipschitz. Then the last convolution is not
            zero, whose norm could divide nothing.
    """

    adds_paths = True  # see `objectives.chains`

    def __init__(self, width: int, blocks: int, constrained: bool = False) -> None:
        super().__init__()
        inner = 2 * max(1, width // 4)  # even, as sorting takes pairs
        first = nn.Conv2d(width, inner, 1)
        middle = nn.Conv2d(inner, inner, 3, padding=1)
        last = nn.Conv2d(inner, width, 1, bias=False)
        he(first, 1.0)
        he(middle, SLOPE)
        he(last, SLOPE)
        scale = blocks ** (-1 / (2 * CONVOLUTIONS - 2))
        with torch.no_grad():
            first.weight.mul_(scale)
            middle.weight.mul_(scale)
            if not constrained:
                last.weight.zero_()
        self.branch = nn.Sequential(first, nn.LeakyReLU(SLOPE), middle, nn.LeakyReLU(SLOPE), last)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        y: Tensor = self.branch(x)
        return x + y

    def paths(self) -> tuple[nn.Sequential, nn.Sequential]:
        """Return the shortcut and the branch, whose sum the block is."""
        return nn.Sequential(), self.branch


class Level(nn.Sequential):
    """Blocks of one size."""

    runs_in_order = True  # see `objectives.chains`


class Basis(nn.Module):
    """z -> (A z + b) times a learned basis `[channels, h, w]`: the first layer of a generator.

    Args:
        latent: numbers of noise.
        channels: channels of the basis, each weighed by one number.
        size: height and width of the smallest level.
    """

    def __init__(self, latent: int, channels: int, size: Size) -> None:
        super().__init__()
        self.weigh = nn.Linear(latent, channels)
        he(self.weigh, 1.0)
        self.basis = nn.Parameter(torch.randn(1, channels, *size))

    def forward(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n c h w"]:
        weights: Tensor = self.weigh(z)
        return weights[:, :, None, None] * self.basis


def bottleneck_critic(
    shape: Shape, width: int, depth: int, constrained: bool = False
) -> nn.Sequential:
    """Return a 1 x 1 convolution, blocks and a mean filter a level, and a head without space.

    The head is a depthwise convolution over the whole of the last level and a linear layer. Under a
    constraint one linear layer has the same functions, and a norm that is exact.

    Args:
        shape: channels, height and width.
        width: channels at half size, doubled at each further level up to 8 times.
        depth: blocks of a level.
        constrained: whether the critic is to be made Lipschitz.
    """
    c, h, w = shape
    levels = sizes(h, w)
    channels = widths(width, len(levels))
    blocks = depth * len(levels)

    def level(i: int) -> Level:
        return Level(*(BottleneckBlock(channels[i], blocks, constrained) for _ in range(depth)))

    layers: list[nn.Module] = [_linear(c, channels[0]), level(0)]
    for i, (before, after) in enumerate(pairwise(channels), start=1):
        layers += [*_smaller(levels[i - 1], levels[i], before, after, constrained), level(i)]
    last, size = channels[-1], levels[-1]
    positions = size[0] * size[1]
    if not constrained:
        layers.append(nn.Conv2d(last, last, size, groups=last, bias=False))
        he(layers[-1], 1.0)
    head = nn.Linear(last * positions if constrained else last, 1)
    he(head, 1.0)
    layers += [nn.Flatten(), head]
    net = nn.Sequential(*layers)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def bottleneck_generator(shape: Shape, latent: int, width: int, depth: int) -> nn.Sequential:
    """Return the mirror of `bottleneck_critic`: a basis, blocks and interpolation a level, tanh.

    Args:
        shape: channels, height and width.
        latent: numbers of noise for one sample.
        width: channels at half size, doubled at each further level up to 8 times.
        depth: blocks of a level.
    """
    c, h, w = shape
    levels = sizes(h, w)[::-1]
    channels = widths(width, len(levels))[::-1]
    blocks = depth * len(levels)

    def level(i: int) -> Level:
        return Level(*(BottleneckBlock(channels[i], blocks) for _ in range(depth)))

    layers: list[nn.Module] = [Basis(latent, channels[0], levels[0]), level(0)]
    for i, (before, after) in enumerate(pairwise(channels), start=1):
        layers += [_linear(before, after), Resized(levels[i]), level(i)]
    last = nn.Conv2d(channels[-1], c, 1)
    he(last, 1.0)
    layers += [last, nn.Tanh()]
    net = nn.Sequential(*layers)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _smaller(
    large: Size, small: Size, before: int, after: int, constrained: bool
) -> list[nn.Module]:
    """Return layers that take one size and its channels to the next.

    The 1 x 1 convolution commutes with the filter, and is cheaper at the smaller size. Under a
    constraint, learned patches replace the filter, because the critic would not see what a filter
    removes. On digits such a critic read 2.65 of a W1 of 4.71, and one with patches 3.20.
    """
    if constrained:
        return [_linear(before, after, (large[0] // small[0], large[1] // small[1]))]
    return [Resized(small), _linear(before, after)]


def _linear(inputs: int, outputs: int, patch: Size = (1, 1)) -> nn.Conv2d:
    """Return a convolution of patches that no activation follows, and that keeps the variance."""
    layer = nn.Conv2d(inputs, outputs, patch, patch, bias=False)
    he(layer, 1.0)
    return layer
