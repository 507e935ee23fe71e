"""The residual block of picture networks."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from wgan.networks.layers import Resized

Size = tuple[int, int]


class ResidualBlock(nn.Module):
    """x -> shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))), at another size.

    A larger size comes from the nearest neighbour, before the convolutions; a smaller one from mean
    pooling, after them (Gulrajani et al. 2017, appendix F).

    Args:
        width: channels of the input and of the output.
        size: height and width of the output.
        norm: whether BatchNorm precedes each ReLU.
    """

    def __init__(self, width: int, size: Size, norm: bool) -> None:
        super().__init__()
        self.size = size
        self.norm1 = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.norm2 = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        grows = self._grows(x)
        y = F.relu(self.norm1(x))
        if grows:
            y = self._resized(y)
        y = self.conv2(F.relu(self.norm2(self.conv1(y))))
        if not grows:
            y = self._resized(y)
        return self.shortcut(self._resized(x)) + y

    def paths(self, x: Tensor) -> tuple[nn.Sequential, nn.Sequential]:
        """Return shortcut and branch of a block that does not grow, as chains of its layers.

        Their sum on inputs like x is the block, but that means over pixels leave no pixel out.
        """
        mean = [] if (x.shape[2], x.shape[3]) == self.size else [Resized(self.size)]
        branch = [self.norm1, nn.ReLU(), self.conv1, self.norm2, nn.ReLU(), self.conv2, *mean]
        kept = [layer for layer in branch if not isinstance(layer, nn.Identity)]
        return nn.Sequential(*mean, self.shortcut), nn.Sequential(*kept)

    def _grows(self, x: Float[Tensor, "n c h w"]) -> bool:
        return self.size[0] * self.size[1] > x.shape[2] * x.shape[3]

    def _resized(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        if (x.shape[2], x.shape[3]) == self.size:
            return x
        if self._grows(x):
            return F.interpolate(x, size=self.size, mode="nearest")
        return F.avg_pool2d(x, (x.shape[2] // self.size[0], x.shape[3] // self.size[1]))
