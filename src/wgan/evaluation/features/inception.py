"""InceptionV3 (Szegedy et al. 2016) as FID takes it, with weights from a file that the user gives.

It is the network of FID (Heusel et al. 2017) under PyTorch's names: weights of TensorFlow's graph
of December 2015, converted for pytorch-fid. It differs from torchvision's network in three pools:
the mean pools of Mixed_5b to 7b leave the padding out of the mean, and Mixed_7c takes the maximum.

Preprocessing is that of pytorch-fid. Grey pictures are repeated to three channels. Sides become 299
pixels by bilinear interpolation (pixel centres at halves, not antialiased). Values in [0, 1] become
2 x - 1. TensorFlow's own graph interpolates from corners (source = i h / 299) and maps 8-bit values
v to (v - 128) / 128, so that its figures differ slightly. The features are the 2,048 means over
space at the end (pool3). Figures hold for this protocol alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from wgan.evaluation.features.given import GivenNetwork, load_into

# Channels at the end: Szegedy et al. (2016), table 1.
WIDTH = 2048
# Side of the pictures that it was trained on: Szegedy et al. (2016), table 1.
SIDE = 299
# Pictures at a time: the largest activations, 64 channels of 147 x 147, then take 88 MB.
BATCH = 16
# Added to variances by batch normalisation, as the weights were trained with.
EPSILON = 1e-3
# The classifier, the auxiliary one, and counters of torchvision's batch normalisation.
UNUSED = ("fc.", "AuxLogits.", "num_batches_tracked")
# A tensor by which such a file is known.
MARK = "Mixed_7c.branch_pool.conv.weight"


class _Conv(NamedTuple):
    """A convolution, given by its name, channels, kernel (height, width) and stride.

    Stride 1 is padded to keep the sides, stride 2 is not.
    """

    name: str
    out: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


class _Branch(NamedTuple):
    """A chain of convolutions, perhaps after a pool; those of `fork` follow it side by side."""

    chain: tuple[_Conv, ...] = ()
    fork: tuple[_Conv, ...] = ()
    pool: str = ""


class Convolution(nn.Module):
    """Convolution, batch normalisation and ReLU, under the names `conv` and `bn`."""

    def __init__(
        self, into: int, out: int, kernel: tuple[int, int], stride: int = 1, padded: bool = True
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded else 0
        self.conv = nn.Conv2d(into, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=EPSILON)

    def forward(self, x: Float32[Tensor, "n c h w"]) -> Float32[Tensor, "n d h2 w2"]:
        found: Tensor = F.relu(self.bn(self.conv(x)))
        return found


class Mixed(nn.Module):
    """Branches side by side, whose channels follow each other."""

    def __init__(self, into: int, branches: tuple[_Branch, ...]) -> None:
        super().__init__()
        self.branches = branches
        self.out = 0
        for branch in branches:
            last = into
            for each in branch.chain:
                self._add(last, each)
                last = each.out
            for each in branch.fork:
                self._add(last, each)
            self.out += sum(each.out for each in branch.fork) or last

    def _add(self, into: int, c: _Conv) -> None:
        convolution = Convolution(into, c.out, c.kernel, c.stride, padded=c.stride == 1)
        self.add_module(c.name, convolution)

    def forward(self, x: Float32[Tensor, "n c h w"]) -> Float32[Tensor, "n d h2 w2"]:
        parts: list[Tensor] = []
        for branch in self.branches:
            y = POOLS[branch.pool](x) if branch.pool else x
            for each in branch.chain:
                y = self.get_submodule(each.name)(y)
            ends = [self.get_submodule(each.name)(y) for each in branch.fork]
            parts += ends or [y]
        return torch.cat(parts, 1)


POOLS = {
    # The padding does not count in the mean; torchvision's network counts it.
    "mean": lambda x: F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False),
    "maximum": lambda x: F.max_pool2d(x, 3, stride=1, padding=1),
    "halving": lambda x: F.max_pool2d(x, 3, stride=2),
}


def _side_35(pool: int) -> tuple[_Branch, ...]:
    """Return the branches of Mixed_5b to 5d: Szegedy et al. (2016), figure 5."""
    return (
        _Branch((_Conv("branch1x1", 64),)),
        _Branch((_Conv("branch5x5_1", 48), _Conv("branch5x5_2", 64, (5, 5)))),
        _Branch(
            (
                _Conv("branch3x3dbl_1", 64),
                _Conv("branch3x3dbl_2", 96, (3, 3)),
                _Conv("branch3x3dbl_3", 96, (3, 3)),
            )
        ),
        _Branch((_Conv("branch_pool", pool),), pool="mean"),
    )


def _to_17() -> tuple[_Branch, ...]:
    """Return the branches of Mixed_6a, which halve the sides: ibid., figure 10."""
    return (
        _Branch((_Conv("branch3x3", 384, (3, 3), 2),)),
        _Branch(
            (
                _Conv("branch3x3dbl_1", 64),
                _Conv("branch3x3dbl_2", 96, (3, 3)),
                _Conv("branch3x3dbl_3", 96, (3, 3), 2),
            )
        ),
        _Branch(pool="halving"),
    )


def _side_17(wide: int) -> tuple[_Branch, ...]:
    """Return the branches of Mixed_6b to 6e: ibid., figure 6, with n = 7."""
    row, column = (1, 7), (7, 1)
    return (
        _Branch((_Conv("branch1x1", 192),)),
        _Branch(
            (
                _Conv("branch7x7_1", wide),
                _Conv("branch7x7_2", wide, row),
                _Conv("branch7x7_3", 192, column),
            )
        ),
        _Branch(
            (
                _Conv("branch7x7dbl_1", wide),
                _Conv("branch7x7dbl_2", wide, column),
                _Conv("branch7x7dbl_3", wide, row),
                _Conv("branch7x7dbl_4", wide, column),
                _Conv("branch7x7dbl_5", 192, row),
            )
        ),
        _Branch((_Conv("branch_pool", 192),), pool="mean"),
    )


def _to_8() -> tuple[_Branch, ...]:
    """Return the branches of Mixed_7a, which halve the sides."""
    return (
        _Branch((_Conv("branch3x3_1", 192), _Conv("branch3x3_2", 320, (3, 3), 2))),
        _Branch(
            (
                _Conv("branch7x7x3_1", 192),
                _Conv("branch7x7x3_2", 192, (1, 7)),
                _Conv("branch7x7x3_3", 192, (7, 1)),
                _Conv("branch7x7x3_4", 192, (3, 3), 2),
            )
        ),
        _Branch(pool="halving"),
    )


def _side_8(pool: str) -> tuple[_Branch, ...]:
    """Return the branches of Mixed_7b and 7c: ibid., figure 7."""
    row, column = (1, 3), (3, 1)
    return (
        _Branch((_Conv("branch1x1", 320),)),
        _Branch(
            (_Conv("branch3x3_1", 384),),
            (_Conv("branch3x3_2a", 384, row), _Conv("branch3x3_2b", 384, column)),
        ),
        _Branch(
            (_Conv("branch3x3dbl_1", 448), _Conv("branch3x3dbl_2", 384, (3, 3))),
            (_Conv("branch3x3dbl_3a", 384, row), _Conv("branch3x3dbl_3b", 384, column)),
        ),
        _Branch((_Conv("branch_pool", 192),), pool=pool),
    )


class InceptionV3(nn.Module):
    """The network from pictures `[n, 3, 299, 299]` in [-1, 1] to features `[n, 2048]`."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), 2, padded=False)
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3), padded=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3), padded=False)
        blocks = {
            "5b": _side_35(32),
            "5c": _side_35(64),
            "5d": _side_35(64),
            "6a": _to_17(),
            "6b": _side_17(128),
            "6c": _side_17(160),
            "6d": _side_17(160),
            "6e": _side_17(192),
            "7a": _to_8(),
            "7b": _side_8("mean"),
            "7c": _side_8("maximum"),
        }
        into = 192
        self.order = tuple(f"Mixed_{name}" for name in blocks)
        for name, branches in zip(self.order, blocks.values(), strict=True):
            block = Mixed(into, branches)
            self.add_module(name, block)
            into = block.out

    def forward(self, x: Float32[Tensor, "n 3 h w"]) -> Float32[Tensor, "n 2048"]:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = POOLS["halving"](x)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = POOLS["halving"](x)
        for name in self.order:
            x = self.get_submodule(name)(x)
        return x.mean(dim=(2, 3))


def seen_by_inception(x: Float32[Tensor, "n 3 h w"]) -> Float32[Tensor, "n 3 s s"]:
    """Return pictures in [0, 1] as the network sees them, by the protocol above.

    Args:
        x: colour pictures.
    """
    sized = F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return 2 * sized - 1


def inception(state: Mapping[str, Tensor], path: Path) -> GivenNetwork:
    """Return the feature map with the weights of a state dict.

    Args:
        state: tensors by the names of pytorch-fid and torchvision; those of the classifiers are
            left out.
        path: the file, for messages.

    Raises:
        WganError: a tensor that is missing or another network's.
    """
    with torch.device("meta"):  # random weights would take a second
        net = InceptionV3()
    digest = load_into(net, state, path, UNUSED)
    return GivenNetwork(
        net=net,
        see=seen_by_inception,
        title=f"inceptionv3-{WIDTH}@{SIDE}",
        width=WIDTH,
        digest=digest,
        batch=BATCH,
    )
