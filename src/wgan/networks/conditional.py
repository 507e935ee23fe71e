"""Networks that take a class label: concatenated with their input, or by a projection.

A generator takes the label with its noise (concatenation; Mirza and Osindero 2014, section 3.2). A
critic takes it with its input, or by a projection (Miyato and Koyama 2018, equation 3). A label is
a number 0..k-1. Gradient penalties differentiate by the sample, and not by the label.
"""

from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.networks.layers import linear_of

Labels = Int64[Tensor, " n"]


def with_one_hot(
    x: Float[Tensor, "n c *space"], y: Labels, classes: int, scale: float = 1.0
) -> Float[Tensor, "n c2 *space"]:
    """Return x with its one-hot label as more columns, or as more channels of pictures.

    Args:
        x: the samples.
        y: their labels; of pictures, the same at each pixel.
        classes: number of classes.
        scale: factor of the one-hot label.
    """
    one_hot = F.one_hot(y, classes).to(x.dtype) * scale
    planes = one_hot.reshape(*one_hot.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, planes], dim=1)


class ConditionalGenerator(nn.Module):
    """G(z, y) = net([z, sqrt(latent) one-hot y]).

    Since |z| is about sqrt(latent), label and noise weigh the same at the first step. In a network
    that begins with a linear layer, the label adds a vector to that layer.

    Args:
        net: a network `[n, latent + classes] -> [n, *shape]`.
        classes: number of classes.
    """

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.net = net
        self.classes = classes

    def forward(self, z: Float[Tensor, "n latent"], y: Labels) -> Float[Tensor, "n *shape"]:
        x: Tensor = self.net(with_one_hot(z, y, self.classes, sqrt(z.shape[1])))
        return x


class ConcatenationCritic(nn.Module):
    """f(x, y) = net([x, one-hot y]), whose slope in x is at most net's.

    Args:
        net: a chain that ends in a linear layer and `OneScore`.
        classes: number of classes.
    """

    chained = True

    def __init__(self, net: nn.Sequential, classes: int) -> None:
        super().__init__()
        self.features = net[:-2]
        self.head = net[-2:]
        self.classes = classes

    def inputs(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, "n *inputs"]:
        """Return what the first layer sees."""
        return with_one_hot(x, y, self.classes)

    def direction(self, y: Labels) -> tuple[Float[Tensor, "1 hidden"], Tensor]:
        """Return (w, b) where f = w h + b, h the last hidden layer."""
        return linear_of(self.head)

    def hidden(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, "n *hidden"]:
        """Return the last hidden layer."""
        h: Tensor = self.features(self.inputs(x, y))
        return h

    def score(self, h: Float[Tensor, "n *hidden"], y: Labels) -> Float[Tensor, " n"]:
        """Return the scores of hidden layers."""
        f: Tensor = self.head(h)
        return f

    def forward(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, " n"]:
        return self.score(self.hidden(x, y), y)


class ProjectionCritic(nn.Module):
    """f(x, y) = <v + e_y, h(x)> + b: one hidden layer h for all classes, one direction for each.

    Args:
        features: h, a chain of layers.
        last: the linear layer with v and b.
        classes: number of classes; all e_y begin at zero.
        unit: whether v + e_y is divided by its length, so that f's slope in x is at most h's.
    """

    chained = True

    def __init__(self, features: nn.Sequential, last: nn.Linear, classes: int, unit: bool) -> None:
        super().__init__()
        self.features = features
        self.shared = last
        self.unit = unit
        self.by_class = nn.Embedding(classes, last.in_features)
        nn.init.zeros_(self.by_class.weight)

    def directions(self) -> Float[Tensor, "classes hidden"]:
        """Return v + e_y for each class y."""
        directions = self.shared.weight + self.by_class.weight
        return F.normalize(directions, dim=1) if self.unit else directions

    def inputs(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, "n *shape"]:
        """Return what the first layer sees: samples alone."""
        return x

    def direction(self, y: Labels) -> tuple[Float[Tensor, "n hidden"], Tensor]:
        """Return (w, b) where f = w h + b, with one w for each label."""
        return self.directions()[y], self.shared.bias

    def hidden(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, "n hidden"]:
        """Return the last hidden layer, which does not depend on labels."""
        h: Tensor = self.features(x)
        return h

    def score(self, h: Float[Tensor, "n hidden"], y: Labels) -> Float[Tensor, " n"]:
        """Return the scores of hidden layers."""
        return (h * self.directions()[y]).sum(1) + self.shared.bias

    def forward(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, " n"]:
        return self.score(self.hidden(x, y), y)
