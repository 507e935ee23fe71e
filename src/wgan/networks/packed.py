"""A critic that scores packs: several samples, with what is known of each, side by side.

PacGAN (Lin et al. 2018, section 3): a pack of m samples is one input of m times as many columns, or
channels. A pack of one sample is the sample.
"""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from wgan.networks.layers import linear_of

Known = Callable[[Tensor, Any], Tensor]
"""(samples `[n, *shape]`, conditions) -> `[n, c, *space]`, samples with what is known of them."""


def samples_alone(x: Float[Tensor, "n c *space"], y: Tensor | None) -> Float[Tensor, "n c *space"]:
    """Return samples of which nothing is known.

    Args:
        x: the samples.
        y: does not matter.
    """
    return x


def side_by_side(
    x: Float[Tensor, "n c *space"], pack: int
) -> Float[Tensor, "packs channels *space"]:
    """Return packs of samples, one after another along the first axis of a sample.

    Args:
        x: samples; those of a pack follow each other.
        pack: samples of a pack.

    >>> import torch
    >>> side_by_side(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 2)
    tensor([[1., 2., 3., 4.]])
    """
    return x if pack == 1 else x.reshape(-1, pack * x.shape[1], *x.shape[2:])


def single(x: Float[Tensor, "samples *any"], axes: int) -> Float[Tensor, "n *shape"]:
    """Return samples, each by itself, of samples or of packs of them.

    Args:
        x: samples, or packs with one axis more.
        axes: axes of one sample.
    """
    return x if x.ndim == axes + 1 else x.flatten(0, 1)


class PackedCritic(nn.Module):
    """f(x, y) = net of [x, k(x, y)] of `pack` samples, side by side: one score a pack.

    k is what is known of a sample, such as its class as a one-hot label. f's slope in x is at most
    net's.

    Inputs are samples `[n, *shape]`, or packs of them `[n / pack, pack, *shape]`.

    Args:
        net: a chain that ends in a linear layer and `OneScore`.
        axes: axes of one sample.
        pack: samples that are scored together.
        known: what the first layer sees of each sample.
    """

    chained = True

    def __init__(
        self, net: nn.Sequential, axes: int, pack: int = 1, known: Known = samples_alone
    ) -> None:
        super().__init__()
        self.features = net[:-2]
        self.head = net[-2:]
        self.axes = axes
        self.pack = pack
        self.known = known

    def inputs(
        self, x: Float[Tensor, "samples *any"], y: Tensor | None = None
    ) -> Float[Tensor, "packs *inputs"]:
        """Return the input of the first layer."""
        return side_by_side(self.known(single(x, self.axes), y), self.pack)

    def direction(self, y: Tensor | None = None) -> tuple[Float[Tensor, "1 hidden"], Tensor]:
        """Return (w, b) where f = w h + b, h the last hidden layer."""
        return linear_of(self.head)

    def hidden(
        self, x: Float[Tensor, "samples *any"], y: Tensor | None = None
    ) -> Float[Tensor, "packs *hidden"]:
        """Return the last hidden layer."""
        h: Tensor = self.features(self.inputs(x, y))
        return h

    def score(
        self, h: Float[Tensor, "packs *hidden"], y: Tensor | None = None
    ) -> Float[Tensor, " packs"]:
        """Return the scores of hidden layers."""
        f: Tensor = self.head(h)
        return f

    def forward(
        self, x: Float[Tensor, "samples *any"], y: Tensor | None = None
    ) -> Float[Tensor, " packs"]:
        return self.score(self.hidden(x, y), y)
