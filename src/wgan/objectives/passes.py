"""The passes of a sweep through the links of a chain, each with what it keeps between them.

A link goes forward with samples and points, sends d down, takes tangents along, and then has the
gradients of its weights. The first points stand after the last sample.
"""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from wgan.objectives.blocks import Activation, Block, Chain, FixedMap, Link, masked


@runtime_checkable
class _Pass(Protocol):
    """One link in one sweep, with what it keeps between the passes."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the result for samples and points."""

    def down(self, d: Tensor, part: slice, to_input: bool = True) -> Tensor:
        """Return what is sent down to the input by d, of a part of the samples and points.

        Args:
            d: what is sent down to the result.
            part: which samples and points.
            to_input: whether the answer is wanted; without, it may be anything.
        """

    def along(self, t: Tensor, k: int) -> Tensor:
        """Return the tangent of the result at the points, of the tangent t of the input.

        Args:
            t: tangents of the points, of which the first has number k.
            k: how many samples come before.
        """

    def gradients(self, k: int) -> Iterator[Tensor | None]:
        """Yield the gradients to weight and bias of each layer, when all passes are over.

        Args:
            k: how many samples come before the points.
        """


class _BlockPass:
    def __init__(self, block: Block, weight: Tensor, bias: Tensor | None) -> None:
        self.block = block
        self.weight = weight
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        self.a = self.block.forward(x, self.weight, self.bias)
        if self.block.slope != 1:
            nn.functional.leaky_relu_(self.a, self.block.slope)
        self.d = torch.empty_like(self.a)
        return self.a

    def down(self, d: Tensor, part: slice, to_input: bool = True) -> Tensor:
        kept = self.d[part]
        if self.block.slope == 1:
            kept.copy_(d)
        else:
            masked(d, self.a[part], self.block.slope, out=kept)
        return self.block.to_input(kept, self.x[part], self.weight) if to_input else d

    def along(self, t: Tensor, k: int) -> Tensor:
        # Tangents take the place of the points, so that one pass to the weight serves both.
        points = self.x[k:]
        if points.data_ptr() != t.data_ptr():
            points.copy_(t)
        t = self.block.forward(points, self.weight, None)
        if self.block.slope == 1:
            return t
        return masked(t, self.a[k:], self.block.slope, out=self.a[k:])

    def gradients(self, k: int) -> Iterator[Tensor | None]:
        yield self.block.to_weight(self.d, self.x, self.weight)
        yield None if self.bias is None else self.block.to_bias(self.d[:k])


class _ActivationPass:
    def __init__(self, slope: float) -> None:
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        self.a = nn.functional.leaky_relu(x, self.slope)
        return self.a

    def down(self, d: Tensor, part: slice, to_input: bool = True) -> Tensor:
        return masked(d, self.a[part], self.slope, out=torch.empty_like(d))

    def along(self, t: Tensor, k: int) -> Tensor:
        return masked(t, self.a[k:], self.slope, out=self.a[k:])

    def gradients(self, k: int) -> Iterator[Tensor | None]:
        return iter(())


class _MapPass:
    def __init__(self, link: FixedMap) -> None:
        self.link = link

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        y: Tensor = self.link.layer(x)
        return y

    def down(self, d: Tensor, part: slice, to_input: bool = True) -> Tensor:
        return self.link.to_input(d, self.x[part])

    def along(self, t: Tensor, k: int) -> Tensor:
        y: Tensor = self.link.layer(t)
        return y

    def gradients(self, k: int) -> Iterator[Tensor | None]:
        return iter(())


class _PathsPass:
    def __init__(self, first: "ChainPass", second: "ChainPass") -> None:
        self.first = first
        self.second = second

    def forward(self, x: Tensor) -> Tensor:
        return self.first.forward(x) + self.second.forward(x)

    def down(self, d: Tensor, part: slice, to_input: bool = True) -> Tensor:
        first, second = (path.down(d, part, to_input) for path in (self.first, self.second))
        return first + second if to_input else d

    def along(self, t: Tensor, k: int) -> Tensor:
        return self.first.along(t, k) + self.second.along(t, k)

    def gradients(self, k: int) -> Iterator[Tensor | None]:
        yield from self.first.gradients(k)
        yield from self.second.gradients(k)


class ChainPass:
    """The passes of the links of a chain, one after another.

    Args:
        chain: the links.
        weights: weight and bias of each layer in turn, in the number type of the sweep.
    """

    def __init__(self, chain: Chain, weights: Iterator[Tensor | None]) -> None:
        self.links = [_pass_of(link, weights) for link in chain]

    def forward(self, x: Tensor) -> Tensor:
        for link in self.links:
            x = link.forward(x)
        return x

    def down(self, d: Tensor, part: slice, to_input: bool = True) -> Tensor:
        for link in reversed(self.links):
            d = link.down(d, part, to_input or link is not self.links[0])
        return d

    def along(self, t: Tensor, k: int) -> Tensor:
        for link in self.links:
            t = link.along(t, k)
        return t

    def gradients(self, k: int) -> Iterator[Tensor | None]:
        for link in self.links:
            yield from link.gradients(k)


def _pass_of(link: Link, weights: Iterator[Tensor | None]) -> _Pass:
    """Return a link's passes, with the next weights if it has layers."""
    if isinstance(link, Block):
        weight, bias = next(weights), next(weights)
        assert weight is not None
        return _BlockPass(link, weight, bias)
    if isinstance(link, Activation):
        return _ActivationPass(link.slope)
    if isinstance(link, FixedMap):
        return _MapPass(link)
    return _PathsPass(ChainPass(link.first, weights), ChainPass(link.second, weights))
