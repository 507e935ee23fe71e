"""How do networks take a class label? The generator beside its noise; the critic beside its input,
or by a projection.

Concatenation: Mirza and Osindero (2014), section 3.2. Projection: Miyato and Koyama (2018),
equation 3. A label is a number 0..k-1, and is not part of what a gradient penalty differentiates
by.
"""

from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.networks.layers import linear_of

Labels = Int64[Tensor, " n"]


def beside(
    x: Float[Tensor, "n c *space"], y: Labels, classes: int, scale: float = 1.0
) -> Float[Tensor, "n c2 *space"]:
    """Return x with its one-hot label, times `scale`, as more columns; of pictures, as more
    channels, the same at each pixel.
    """
    one_hot = F.one_hot(y, classes).to(x.dtype) * scale
    planes = one_hot.reshape(*one_hot.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, planes], dim=1)


class ConditionalGenerator(nn.Module):
    """(z, y) -> net([z, sqrt(latent) one-hot y]): at the first step, label and noise weigh the
    same.

    In a network that begins with a linear layer, this adds a vector a class to that layer.
    """

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.net, self.classes = net, classes

    def forward(self, z: Float[Tensor, "n latent"], y: Labels) -> Float[Tensor, "n *shape"]:
        x: Tensor = self.net(beside(z, y, self.classes, sqrt(z.shape[1])))
        return x


class ConcatenationCritic(nn.Module):
    """f(x, y) = net([x, one-hot y]). A bound on net's slope bounds f's slope in x."""

    chained = True

    def __init__(self, net: nn.Sequential, classes: int) -> None:
        super().__init__()
        self.features, self.head, self.classes = net[:-2], net[-2:], classes

    def inputs(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, "n *inputs"]:
        """Return what the first layer sees."""
        return beside(x, y, self.classes)

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
    """f(x, y) = <v + e_y, h(x)> + b: one hidden layer h for all classes, and a direction for each.

    With `unit`, each v + e_y is divided by its length, so that f's slope in x is at most h's.
    """

    chained = True

    def __init__(self, features: nn.Sequential, last: nn.Linear, classes: int, unit: bool) -> None:
        super().__init__()
        self.features, self.shared, self.unit = features, last, unit
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
        """Return (w, b) where f = w h + b, one w for each label."""
        return self.directions()[y], self.shared.bias

    def hidden(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, "n hidden"]:
        """Return the last hidden layer, which no label reaches."""
        h: Tensor = self.features(x)
        return h

    def score(self, h: Float[Tensor, "n hidden"], y: Labels) -> Float[Tensor, " n"]:
        """Return the scores of hidden layers."""
        return (h * self.directions()[y]).sum(1) + self.shared.bias

    def forward(self, x: Float[Tensor, "n *shape"], y: Labels) -> Float[Tensor, " n"]:
        return self.score(self.hidden(x, y), y)
