"""The residual block of picture networks."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Size = tuple[int, int]


class ResidualBlock(nn.Module):
    """x -> shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))), brought to `size` pixels by pooling
    or nearest neighbour.
    """

    def __init__(self, width: int, size: Size, norm: bool) -> None:
        super().__init__()
        self.size = size
        self.norm1, self.norm2 = (
            nn.BatchNorm2d(width) if norm else nn.Identity() for _ in range(2)
        )
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        y = F.relu(self.norm1(x))
        grows = self.size[0] * self.size[1] > x.shape[2] * x.shape[3]
        y = self.conv2(F.relu(self.norm2(self.conv1(self._resized(y) if grows else y))))
        shortcut = self.shortcut(self._resized(x))
        return shortcut + (y if grows else self._resized(y))

    def _resized(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        if (x.shape[2], x.shape[3]) == self.size:
            return x
        if self.size[0] * self.size[1] > x.shape[2] * x.shape[3]:
            return F.interpolate(x, size=self.size, mode="nearest")
        return F.avg_pool2d(x, (x.shape[2] // self.size[0], x.shape[3] // self.size[1]))
