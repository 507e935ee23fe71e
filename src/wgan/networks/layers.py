"""Which small layers do several networks share?"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class PixelNorm(nn.Module):
    """Divide each position's channels by their root mean square: Karras et al. (2018), section 4.2.

    It looks at one sample alone, so the generator gives the same sample whatever the batch (unlike
    BatchNorm).
    """

    def forward(self, x: Float[Tensor, "n c *space"]) -> Float[Tensor, "n c *space"]:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


class TransposedConv2d(nn.ConvTranspose2d):
    """The same function, the bias added in a step of its own: on a CPU the fused one is up to three
    times slower for odd sizes.
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
    """Return weight and bias of the linear layer that a head of two, it and `OneScore`, begins
    with.
    """
    last, _ = head.children()
    assert isinstance(last, nn.Linear)
    return last.weight, last.bias


class Reshape(nn.Module):
    """Give each sample the shape `shape`."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Float[Tensor, "n *any"]) -> Float[Tensor, "n *shape"]:
        return x.reshape(x.shape[0], *self.shape)


class MaxMin(nn.Module):
    """Sort pairs of units or channels, larger first: 1-Lipschitz, and it keeps the gradient's norm
    (Anil et al. 2019, section 4.1).
    """

    def forward(self, x: Float[Tensor, "n width *space"]) -> Float[Tensor, "n width *space"]:
        a, b = x.unflatten(1, (-1, 2)).unbind(2)
        return torch.stack([torch.maximum(a, b), torch.minimum(a, b)], dim=2).flatten(1, 2)


def he(layer: nn.Module, slope: float) -> None:
    """Initialise weights for (leaky) ReLU after He et al. (2015), equations 10 and 15, and biases
    with zero.
    """
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(layer.weight, slope, nonlinearity="leaky_relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
