"""Links of a critic that is linear between its kinks, and the formulas of one link.

A link is a layer with the (leaky) ReLU after it, a (leaky) ReLU alone, a fixed linear map, or the
sum of two chains of links. The formulas are those that a `Sweep` chains: forward, back to the
input, back to the weights. Each d is the gradient of a sum of scores to the link's output, before
the activation if it has one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from wgan.base.bfloat16 import computes_in_bfloat16

aten = torch.ops.aten

# Up to so many positions, a bfloat16 matrix product over patches is faster on a CPU than the
# library's gradient to a convolution's weights: measured at 9 and 16 positions, where it runs at
# 165 GFLOP/s against 88 to 125. At 49 positions the copy into patches costs more than it saves.
FEW_POSITIONS = 16


@dataclass(frozen=True)
class Block:
    """A linear or convolutional layer, and the leaky ReLU after it (slope 0: ReLU; 1: none)."""

    layer: nn.Linear | nn.Conv2d
    slope: float = 1.0

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return W x + b, before the activation."""
        if isinstance(self.layer, nn.Conv2d):
            layer = self.layer
            padding, groups = layer.padding, layer.groups
            return torch.conv2d(x, weight, bias, layer.stride, padding, groups=groups)
        return nn.functional.linear(x.flatten(1), weight, bias)

    def to_input(self, d: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """Return W' d, of the shape of x."""
        if isinstance(self.layer, nn.Conv2d):
            return self._backward(d, x, weight, (True, False, False))[0]
        return (d @ weight).reshape(x.shape)

    def to_weight(self, d: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """Return the sum over samples of d x'."""
        if not isinstance(self.layer, nn.Conv2d):
            return d.t() @ x.flatten(1)
        on_cpu_in_bfloat16 = d.dtype == torch.bfloat16 and d.device.type == "cpu"
        few = d.shape[2] * d.shape[3] <= FEW_POSITIONS and self.layer.groups == 1
        if on_cpu_in_bfloat16 and few:
            outputs = d.permute(0, 2, 3, 1).flatten(0, 2)
            product = outputs.t() @ patches(x, self.layer)
            return product.view(len(weight), *weight.shape[2:], -1).permute(0, 3, 1, 2)
        if on_cpu_in_bfloat16 and not computes_in_bfloat16(d.device):
            # The library emulates it by a sum over samples in bfloat16, whose error grows with
            # their number: 2 % of the gradient with 256 of them.
            d, x, weight = d.float(), x.float(), weight.float()
        return self._backward(d, x, weight, (False, True, False))[1]

    def to_bias(self, d: Tensor) -> Tensor:
        """Return the sum over samples and positions of d."""
        return d.sum((0, 2, 3) if d.ndim == 4 else 0)

    def _backward(
        self, d: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, bool, bool]
    ) -> Any:
        """Return a convolution's gradients to input, weight and bias, as far as they are wanted."""
        layer = self.layer
        return aten.convolution_backward(
            d,
            x,
            weight,
            None,
            layer.stride,
            layer.padding,
            (1, 1),
            False,
            (0, 0),
            layer.groups,
            wanted,
        )


@dataclass(frozen=True)
class Activation:
    """A (leaky) ReLU that follows no layer."""

    slope: float


@dataclass(frozen=True)
class FixedMap:
    """A linear map without weights, such as the mean over pixels."""

    layer: nn.Module

    def to_input(self, d: Tensor, x: Tensor) -> Tensor:
        """Return the transposed map of d, of the shape of x."""
        with torch.enable_grad():
            at = x.detach().requires_grad_()
            (found,) = torch.autograd.grad(self.layer(at), at, d)
        return found


@dataclass(frozen=True)
class Paths:
    """The sum of two chains of one input; an empty one is the input itself."""

    first: tuple["Link", ...]
    second: tuple["Link", ...]


Link = Block | Activation | FixedMap | Paths
Chain = tuple[Link, ...]


def layers_of(chain: Chain) -> Iterator[nn.Linear | nn.Conv2d]:
    """Yield the layers with weights, in the order of a chain.

    A sum yields its first path before its second.
    """
    for link in chain:
        if isinstance(link, Block):
            yield link.layer
        elif isinstance(link, Paths):
            yield from layers_of(link.first)
            yield from layers_of(link.second)


def masked(d: Tensor, a: Tensor, slope: float, out: Tensor) -> Tensor:
    """Write d times the slope of a (leaky) ReLU with the result a to `out`, which may be d or a."""
    written: Tensor = aten.leaky_relu_backward.grad_input(d, a, slope, True, grad_input=out)
    return written


def patches(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """Return the input of each position of a convolution, from channels-last x.

    The shape is `[n h w, kernel height x kernel width x channels]`.
    """
    assert not isinstance(layer.padding, str)
    kernel_height, kernel_width = layer.kernel_size
    step_down, step_right = layer.stride
    pad_height, pad_width = layer.padding
    x = x.permute(0, 2, 3, 1)
    x = nn.functional.pad(x, (0, 0, pad_width, pad_width, pad_height, pad_height))
    n, height, width, channels = x.shape
    rows = (height - kernel_height) // step_down + 1
    columns = (width - kernel_width) // step_right + 1
    per_sample, per_row, per_pixel, _ = x.stride()
    # A row of a patch is one run of numbers in memory, since channels come last.
    seen = x.as_strided(
        (n, rows, columns, kernel_height, kernel_width * channels),
        (per_sample, step_down * per_row, step_right * per_pixel, per_row, 1),
    )
    return seen.reshape(-1, kernel_height * kernel_width * channels)
