"""Networks that take a class label: concatenated with their input, or by a projection.

A generator takes the label with its noise (concatenation; Mirza and Osindero 2014, section 3.2). A
critic takes it with its input, or by a projection (Miyato and Koyama 2018, equation 3). A label is
a number 0..k-1; generators also take shares of the classes. Gradient penalties differentiate by the
sample, and not by the label.
"""

from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.networks.packed import side_by_side, single

Labels = Int64[Tensor, " n"]
Shares = Float[Tensor, "n classes"]


def with_one_hot(
    x: Float[Tensor, "n c *space"], y: Labels | Shares, classes: int, scale: float = 1.0
) -> Float[Tensor, "n c2 *space"]:
    """Return x with its one-hot label as more columns, or as more channels of pictures.

    Args:
        x: the samples.
        y: their labels, the same at each pixel of a picture; or shares of the classes `[n,
            classes]`, which take the place of one-hot labels.
        classes: number of classes.
        scale: factor of the one-hot label.
    """
    shares = y if y.is_floating_point() else F.one_hot(y, classes)
    one_hot = shares.to(x.dtype) * scale
    planes = one_hot.reshape(*one_hot.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, planes], dim=1)


class ConditionalGenerator(nn.Module):
    """G(z, y) = net([z, sqrt(latent) one-hot y]).

    Since |z| is about sqrt(latent), label and noise weigh the same at the first step. In a network
    that begins with a linear layer, the label adds a vector to that layer. So shares of classes
    `[n, classes]` in the place of labels add the mean of their vectors.

    Args:
        net: a network `[n, latent + classes] -> [n, *shape]`.
        classes: number of classes.
    """

    blends = True

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.net = net
        self.classes = classes

    def forward(
        self, z: Float[Tensor, "n latent"], y: Labels | Shares
    ) -> Float[Tensor, "n *shape"]:
        x: Tensor = self.net(with_one_hot(z, y, self.classes, sqrt(z.shape[1])))
        return x


class ProjectionCritic(nn.Module):
    """f(x, y) = <v + sum_j e_{j, y_j}, h(x)> + b, with y_j the class of sample j of a pack.

    There is one hidden layer h for all classes, and a direction for each class at each place of a
    pack. Miyato and Koyama (2018), equation 3, take a projection of h for log p(y | x). The classes
    of a pack are independent, so that log p(y_1 ... y_m | x) is the sum of one projection a place.

    Args:
        features: h, a chain of layers.
        last: the linear layer with v and b.
        classes: number of classes; all e begin at zero.
        unit: whether the direction is divided by its length, so that f's slope in x is at most h's.
        axes: axes of one sample.
        pack: samples that are scored together.
    """

    chained = True

    def __init__(
        self,
        features: nn.Sequential,
        last: nn.Linear,
        classes: int,
        unit: bool,
        axes: int,
        pack: int = 1,
    ) -> None:
        super().__init__()
        self.features = features
        self.shared = last
        self.unit = unit
        self.classes = classes
        self.axes = axes
        self.pack = pack
        self.by_class = nn.Embedding(pack * classes, last.in_features)
        nn.init.zeros_(self.by_class.weight)

    def inputs(self, x: Float[Tensor, "samples *any"], y: Labels) -> Float[Tensor, "packs *inputs"]:
        """Return the input of the first layer: samples alone."""
        return side_by_side(single(x, self.axes), self.pack)

    def direction(self, y: Labels) -> tuple[Float[Tensor, "packs hidden"], Tensor]:
        """Return (w, b) where f = w h + b, with one w for the labels of each pack."""
        if self.pack == 1:
            directions = self.shared.weight + self.by_class.weight
            if self.unit:
                directions = F.normalize(directions, dim=1)
            return directions[y], self.shared.bias
        places = self.classes * torch.arange(self.pack, device=y.device)
        w = self.shared.weight + self.by_class(y.view(-1, self.pack) + places).sum(1)
        return F.normalize(w, dim=1) if self.unit else w, self.shared.bias

    def hidden(self, x: Float[Tensor, "samples *any"], y: Labels) -> Float[Tensor, "packs hidden"]:
        """Return the last hidden layer, which does not depend on labels."""
        h: Tensor = self.features(self.inputs(x, y))
        return h

    def score(self, h: Float[Tensor, "packs hidden"], y: Labels) -> Float[Tensor, " packs"]:
        """Return the scores of hidden layers."""
        w, b = self.direction(y)
        return (h * w).sum(1) + b

    def forward(self, x: Float[Tensor, "samples *any"], y: Labels) -> Float[Tensor, " packs"]:
        return self.score(self.hidden(x, y), y)
