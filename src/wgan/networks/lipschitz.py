"""Layers of critics that variants ask for: spectral norm, orthonormal weights, sorting, dropout.

The spectral norm (Miyato et al. 2018, section 2.1) is that of the convolution as an operator, with
its padding and stride. The norm of the reshaped kernel bounds nothing. Orthonormal layers follow
Anil et al. (2019). Orthonormal convolutions are shifts and orthonormal mixings of channels (Li et
al. 2019, section 3).

A residual block x + f(x) of 1-Lipschitz paths is 2-Lipschitz, so their mean takes its place. A mean
over k pixels has norm 1 / sqrt(k), and is multiplied by sqrt(k).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.grad import conv2d_input
from torch.nn.utils import parametrizations, parametrize

from wgan.base.errors import WganError
from wgan.networks.bottleneck import BottleneckBlock, Level
from wgan.networks.layers import MaxMin, OneScore, Resized
from wgan.networks.residual import ResidualBlock, WindowMeans
from wgan.objectives.constraints import Layers

Pair = tuple[int, int]
START_ITERATIONS = 50
"""Power iterations before training. Each shrinks the error by the squared ratio of the two largest
singular values, so too few would let the first steps exceed the norm; they run once.
"""
DROPOUT = 0.5
"""Share of units that are dropped after each activation: the convolutional critics that Wei et al.
(2018) published for MNIST and for 1,000 pictures of CIFAR-10.
"""
BLOCK_DROPOUTS = (0.0, 0.2, 0.5)
"""Shares that are dropped after the first, the second and each later residual block: their critic
for CIFAR-10, which has four.
"""
LEAST_LENGTH = 1e-12
"""Keeps a vector of zeros from a division by zero; the value is that of `F.normalize`."""


def constrained(critic: nn.Sequential, shape: tuple[int, ...], layers: Layers) -> nn.Sequential:
    """Return a fresh critic with its layers replaced; weights are made from those that it had.

    - `plain` changes nothing.
    - `dropout` drops half of the units after each activation. In residual critics it drops a fifth
      after the second block, or level of bottleneck blocks, and half after later ones instead.
    - `spectral` divides each weight by the norm of its operator.
    - `spectral-sorting` also replaces activations by MaxMin.
    - `orthonormal` makes weights orthonormal and replaces activations by MaxMin.

    The last three take the mean of a residual block's two paths, and means over pixels times what
    makes their norm 1.

    Args:
        critic: a chain of layers that is not trained yet.
        shape: the shape of one sample.
        layers: what to build the critic of.

    Raises:
        WganError: a network that is no plain chain of linear and convolutional layers.
    """
    if layers == "plain":
        return critic
    if layers == "dropout":
        return _with_dropout(critic)
    with torch.no_grad():
        rebuilt, _ = _rebuilt("", critic, torch.zeros(1, *shape), layers)
    return rebuilt


def _with_dropout(critic: nn.Sequential) -> nn.Sequential:
    rebuilt: list[nn.Module] = []
    blocks = 0
    is_residual = any(isinstance(layer, ResidualBlock | Level) for layer in critic)
    for layer in critic:
        rebuilt.append(layer)
        if isinstance(layer, ResidualBlock | Level):
            share = BLOCK_DROPOUTS[min(blocks, len(BLOCK_DROPOUTS) - 1)]
            blocks += 1
            if share:
                rebuilt.append(nn.Dropout(share))
        elif isinstance(layer, nn.ReLU | nn.LeakyReLU) and not is_residual:
            rebuilt.append(nn.Dropout(DROPOUT))
    return nn.Sequential(*rebuilt)


def _rebuilt(
    name: str, chain: nn.Sequential, x: Tensor, layers: Layers
) -> tuple[nn.Sequential, Tensor]:
    """Return the constrained chain in the place of `chain`, and what comes out for x."""
    rebuilt = []
    for child, layer in chain.named_children():
        replaced = _replaced(f"{name}.{child}".lstrip("."), layer, x, layers)
        rebuilt.append(replaced)
        x = replaced(x)
    return nn.Sequential(*rebuilt), x


def _replaced(name: str, layer: nn.Module, x: Tensor, layers: Layers) -> nn.Module:
    """Return the constrained layer in the place of `layer`, which reads inputs like x."""
    if isinstance(layer, Level):
        return _rebuilt(name, layer, x, layers)[0]
    if isinstance(layer, ResidualBlock | BottleneckBlock):
        paths = (_rebuilt(name, path, x, layers)[0] for path in layer.paths())
        return MeanOfPaths(*paths)
    if isinstance(layer, Resized | WindowMeans):
        if (x.shape[2], x.shape[3]) == layer.size:
            return nn.Identity()
        return UnitMean((x.shape[2], x.shape[3]), layer.size)
    if isinstance(layer, nn.ReLU | nn.LeakyReLU):
        return layer if layers == "spectral" else MaxMin()
    if isinstance(layer, nn.Flatten | OneScore):
        return layer
    if isinstance(layer, nn.Linear | nn.Conv2d):
        units = layer.weight.shape[0]
        if layers != "spectral" and units % 2 and units > 1:
            raise WganError(
                f"the critic's layer {name} has {units} units, and sorting takes them in pairs:"
                " give an even network.width"
            )
        if layers != "orthonormal":
            parametrize.register_parametrization(layer, "weight", SpectralNorm(layer, x))
            return layer
        return _orthonormal(layer)
    raise WganError(
        f"the critic's layer {name} ({type(layer).__name__}) cannot be made Lipschitz: use a"
        " network.kind of the package with this variant"
    )


def _orthonormal(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """Return an orthonormal layer of the same inputs and outputs."""
    if isinstance(layer, nn.Conv2d):
        stride = (int(layer.stride[0]), int(layer.stride[1]))
        shifts = layer.kernel_size != layer.stride  # a patch alone needs no pixels around it
        has_bias = layer.bias is not None
        return OrthonormalConv2d(layer.in_channels, layer.out_channels, stride, shifts, has_bias)
    if layer.out_features == 1:
        parametrize.register_parametrization(layer, "weight", UnitNorm())
        return layer
    parametrizations.orthogonal(layer, orthogonal_map="cayley")
    return layer


class UnitNorm(nn.Module):
    """A parametrisation: the weight `[1, width]` divided by its Euclidean norm."""

    def forward(self, weight: Float[Tensor, "1 width"]) -> Float[Tensor, "1 width"]:
        return weight / torch.linalg.vector_norm(weight)


class SpectralNorm(nn.Module):
    """A parametrisation: the weight divided by the largest singular value of its layer's operator.

    The operator is x -> W x, or the convolution with its stride and padding, on inputs of a shape.
    Power iteration follows its singular value, one step a forward pass while training.

    Args:
        layer: the layer.
        x: an input `[1, ...]`, for its shape.

    Reference: Miyato et al. (2018), algorithm 1.
    """

    v: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d, x: Tensor) -> None:
        super().__init__()
        self.geometry = (layer.stride, layer.padding) if isinstance(layer, nn.Conv2d) else None
        # A generator of its own, so that the weights of later layers do not depend on this draw.
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("v", _unit(torch.randn(x.shape, generator=generator)))
        with torch.no_grad():
            for _ in range(START_ITERATIONS):
                self._iterate(layer.weight)

    def forward(self, weight: Float[Tensor, "out *in"]) -> Float[Tensor, "out *in"]:
        if self.training:
            with torch.no_grad():
                self._iterate(weight)
        # A copy: the next forward pass changes v in place, before this one's backward pass.
        v = self.v.clone()
        u = _unit(self._apply_to(weight, v).detach())
        return weight / (u * self._apply_to(weight, v)).sum()

    def _iterate(self, weight: Tensor) -> None:
        """Iterate v <- A^T A v, normalised."""
        out = self._apply_to(weight, self.v)
        if self.geometry is None:
            adjoint = out @ weight
        else:
            adjoint = conv2d_input(self.v.shape, weight, out, *self.geometry)
        self.v.copy_(_unit(adjoint))

    def _apply_to(self, weight: Tensor, v: Tensor) -> Tensor:
        """Return A v."""
        if self.geometry is None:
            return F.linear(v, weight)
        stride, padding = self.geometry
        return F.conv2d(v, weight, None, stride, padding)


def _unit(x: Tensor) -> Tensor:
    return x / torch.linalg.vector_norm(x).clamp_min(LEAST_LENGTH)


class OrthonormalConv2d(nn.Module):
    """A 1-Lipschitz convolution: shifts of channels, then an orthonormal matrix that mixes them.

    With stride, the pixels of each patch become channels first, which is an isometry; rows and
    columns that fill no patch are cut. Then nine groups of channels move by one pixel, each in a
    direction of a 3 x 3 kernel. The norm of the input is kept where the outputs are no fewer than
    the channels and nothing is shifted over the edge.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        stride: pixels of a patch, down and across.
        shifts: whether channels are moved; without, no pixels around a patch are seen.
        bias: whether outputs have a bias.

    Reference: orthogonal convolutions are made of such shifts and mixings (Li et al. 2019, section
    3).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: Pair = (1, 1),
        shifts: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.shifts = shifts
        self.mix = nn.Linear(inputs * stride[0] * stride[1], outputs, bias)
        parametrizations.orthogonal(self.mix, orthogonal_map="cayley")

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        x = patches(x, self.stride)
        if self.shifts:
            x = shifted(x)
        return F.conv2d(x, self.mix.weight[:, :, None, None], self.mix.bias)


class MeanOfPaths(nn.Module):
    """x -> (s(x) + f(x)) / 2, whose Lipschitz constant is at most the mean of those of s and f.

    Args:
        shortcut: s; an empty chain is the identity.
        branch: f.
    """

    def __init__(self, shortcut: nn.Sequential, branch: nn.Sequential) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.branch = branch

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        y: Tensor = (self.shortcut(x) + self.branch(x)) / 2
        return y


class UnitMean(nn.Module):
    """Means over the pixels that each new pixel covers, divided by the norm of this map.

    Args:
        before: height and width of the input.
        after: those of the output.
    """

    def __init__(self, before: Pair, after: Pair) -> None:
        super().__init__()
        self.before = before
        self.after = after
        self.scale = 1 / mean_norm(before, after)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        return F.adaptive_avg_pool2d(x, self.after) * self.scale


def mean_norm(before: Pair, after: Pair) -> float:
    """Return the largest singular value of the means that take pictures to another size.

    Means over rows and over columns are one map each, and the norm is the product of theirs. It is
    1 / sqrt(k) where each new pixel has k pixels of its own.

    Args:
        before: height and width of the input.
        after: those of the output.

    >>> round(mean_norm((8, 6), (4, 3)), 12)
    0.5
    """
    norm = 1.0
    for side, smaller in zip(before, after, strict=True):
        means = F.adaptive_avg_pool1d(torch.eye(side, dtype=torch.float64)[None], smaller)[0]
        norm *= float(torch.linalg.matrix_norm(means, ord=2))
    return norm


def patches(x: Float[Tensor, "n c h w"], stride: Pair) -> Float[Tensor, "n c2 h2 w2"]:
    """Return non-overlapping patches with their pixels as channels.

    Args:
        x: pictures; rows and columns that fill no patch are cut.
        stride: pixels of a patch, down and across.
    """
    a, b = stride
    n, c, h, w = x.shape
    x = x[:, :, : h // a * a, : w // b * b].reshape(n, c, h // a, a, w // b, b)
    return x.permute(0, 1, 3, 5, 2, 4).reshape(n, c * a * b, h // a, w // b)


def shifted(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return pictures with nine groups of channels moved by one pixel, each in its direction.

    What is moved over the edge is lost, and zeros enter.
    """
    h, w = x.shape[2:]
    groups = F.pad(x, (1, 1, 1, 1)).tensor_split(len(DIRECTIONS), dim=1)
    moved = []
    for group, (dy, dx) in zip(groups, DIRECTIONS, strict=True):
        moved.append(group[:, :, dy : dy + h, dx : dx + w])
    return torch.cat(moved, dim=1)


DIRECTIONS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2), (0, 0), (0, 2), (2, 0), (2, 2))
"""Offsets in a 3 x 3 kernel, the centre first, so that a single channel stays where it is."""
