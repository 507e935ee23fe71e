"""The residual block of picture networks."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Size = tuple[int, int]


class _PicturesAt(nn.Module):
    """Pictures at another size; a map without weights, the identity where that is theirs."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        return x if x.shape[2:] == self.size else self.resized(x)

    def resized(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        """Return pictures of another size at this one."""
        raise NotImplementedError


class NearestPixels(_PicturesAt):
    """Pictures at a larger size, each pixel that of the nearest in the smaller one."""

    is_fixed_map = True  # see `objectives.chains`; each class says it of itself

    def resized(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        return F.interpolate(x, size=self.size, mode="nearest")


class WindowMeans(_PicturesAt):
    """Pictures at a smaller size: means over whole windows. What fills no window is left out."""

    is_fixed_map = True  # see `objectives.chains`; each class says it of itself

    def resized(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        return F.avg_pool2d(x, (x.shape[2] // self.size[0], x.shape[3] // self.size[1]))


class ResidualBlock(nn.Module):
    """x -> shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))), at another size.

    A larger size comes from the nearest neighbour, before the convolutions; a smaller one from mean
    pooling, after them (Gulrajani et al. 2017, appendix F).

    Args:
        width: channels of the input and of the output.
        size: height and width of the output.
        grows: whether that is a larger size than the input's.
        norm: whether BatchNorm precedes each ReLU.
    """

    adds_paths = True  # see `objectives.chains`

    def __init__(self, width: int, size: Size, grows: bool, norm: bool) -> None:
        super().__init__()
        self.grows = grows
        self.resize = NearestPixels(size) if grows else WindowMeans(size)
        self.norm1 = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.norm2 = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        y = F.relu(self.norm1(x))
        if self.grows:
            y = self.resize(y)
        y = self.conv2(F.relu(self.norm2(self.conv1(y))))
        if not self.grows:
            y = self.resize(y)
        z: Tensor = self.shortcut(self.resize(x)) + y
        return z

    def paths(self) -> tuple[nn.Sequential, nn.Sequential]:
        """Return the shortcut and the branch, whose sum the block is."""
        before, after = ([self.resize], []) if self.grows else ([], [self.resize])
        first = [self.norm1, nn.ReLU(), *before, self.conv1]
        branch = [*first, self.norm2, nn.ReLU(), self.conv2, *after]
        kept = [layer for layer in branch if not isinstance(layer, nn.Identity)]
        return nn.Sequential(self.resize, self.shortcut), nn.Sequential(*kept)
