"""Small layers that several networks share."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

PIXEL_NORM_EPSILON = 1e-8
"""Keeps channels that are all zero from a division by zero: Karras et al. (2018), section 4.2."""


class PixelNorm(nn.Module):
    """x -> x / sqrt(mean over channels of x^2 + epsilon), at each position.

    Unlike BatchNorm it looks at one sample alone, so that the generator gives the same sample in
    every batch.

    Reference: Karras et al. (2018), section 4.2.
    """

    def forward(self, x: Float[Tensor, "n c *space"]) -> Float[Tensor, "n c *space"]:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + PIXEL_NORM_EPSILON)


class TransposedConv2d(nn.ConvTranspose2d):
    """A transposed convolution that adds its bias in a step of its own.

    On a CPU the fused one is three times slower from 3 x 3 to 7 x 7: 14.3 against 4.5 ms (LOG.md,
    "What did not make a step faster").
    """

    def forward(
        self, input: Float[Tensor, "n c h w"], output_size: list[int] | None = None
    ) -> Float[Tensor, "n c2 h2 w2"]:
        assert output_size is None
        assert self.bias is not None
        assert isinstance(self.padding, tuple)
        x = nn.functional.conv_transpose2d(
            input,
            self.weight,
            None,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )
        return x + self.bias.to(x.dtype).view(-1, 1, 1)


class OneScore(nn.Flatten):
    """`[n, 1] -> [n]`: one score a sample."""

    flattens_all = True  # it is exactly `nn.Flatten(start_dim=0)`, see `objectives.chains`

    def __init__(self) -> None:
        super().__init__(start_dim=0)


def linear_of(head: nn.Module) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a head that is a linear layer and `OneScore`.

    Args:
        head: the two layers.
    """
    last, _ = head.children()
    assert isinstance(last, nn.Linear)
    return last.weight, last.bias


class Reshape(nn.Module):
    """`[n, ...] -> [n, *shape]`: give each sample a shape."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Float[Tensor, "n *any"]) -> Float[Tensor, "n *shape"]:
        return x.reshape(x.shape[0], *self.shape)


class Resized(nn.Module):
    """Pictures at another size, by fixed low-pass filters.

    A larger size is interpolated bilinearly. In a smaller size, each pixel is the mean over the
    pixels that it covers. If sides are halved exactly, this is bilinear interpolation; if they are
    odd, it leaves no pixel out.

    Args:
        size: height and width of the output.
    """

    is_fixed_map = True  # see `objectives.chains`

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        if self.size[0] > x.shape[2] or self.size[1] > x.shape[3]:
            return F.interpolate(x, size=self.size, mode="bilinear", align_corners=False)
        return F.adaptive_avg_pool2d(x, self.size)


class MaxMin(nn.Module):
    """Sort pairs of units or channels, the larger first.

    The map is 1-Lipschitz, and keeps the norm of the gradient.

    Reference: Anil et al. (2019), section 4.1.
    """

    def forward(self, x: Float[Tensor, "n width *space"]) -> Float[Tensor, "n width *space"]:
        a, b = x.unflatten(1, (-1, 2)).unbind(2)
        return torch.stack([torch.maximum(a, b), torch.minimum(a, b)], dim=2).flatten(1, 2)


def he(layer: nn.Module, slope: float) -> None:
    """Initialise a layer that (leaky) ReLU follows; other modules are left as they are.

    Weights are normal with variance 2 / ((1 + slope^2) inputs), biases zero.

    Args:
        layer: the layer.
        slope: the slope of leaky ReLU below zero; 0 for ReLU.

    Reference: He et al. (2015), equations 10 and 15.
    """
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(layer.weight, slope, nonlinearity="leaky_relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
