"""How is a critic built for a variant that asks for other layers? Spectral norm, orthonormal
weights and sorting, dropout.

Spectral norm of the operator: Miyato et al. (2018), section 2.1, taken of the convolution itself,
padding and stride included, not of its reshaped kernel, whose norm bounds nothing. Orthonormal
layers: Anil et al. (2019); convolutions as shifts and orthonormal mixing of channels: Li et al.
(2019), section 3.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.grad import conv2d_input
from torch.nn.utils import parametrizations, parametrize

from wgan.base.errors import WganError
from wgan.networks.layers import MaxMin, OneScore
from wgan.networks.residual import ResidualBlock
from wgan.objectives.constraints import Layers

Pair = tuple[int, int]
START_ITERATIONS = 50


def constrained(critic: nn.Sequential, shape: tuple[int, ...], layers: Layers) -> nn.Sequential:
    """Return a fresh critic with its layers replaced; weights are made from those that it had.

    `spectral` divides each weight by its operator's norm; `spectral-sorting` also replaces
    activations by MaxMin; `orthonormal` makes weights orthonormal and replaces activations by
    MaxMin; `dropout` drops units after each activation or block, a fifth after the first and half
    after the others (Wei et al. 2018, appendix).

    Raises:
        WganError: a network that is no plain chain of linear and convolutional layers.
    """
    if layers == "plain":
        return critic
    if layers == "dropout":
        return _with_dropout(critic)
    x, rebuilt = torch.zeros(1, *shape), []
    with torch.no_grad():
        for name, layer in critic.named_children():
            rebuilt.append(_replaced(name, layer, x, layers))
            x = layer(x)
    return nn.Sequential(*rebuilt)


def _with_dropout(critic: nn.Sequential) -> nn.Sequential:
    rebuilt: list[nn.Module] = []
    for layer in critic:
        rebuilt.append(layer)
        if isinstance(layer, nn.ReLU | nn.LeakyReLU | ResidualBlock):
            rebuilt.append(
                nn.Dropout(
                    0.5 if any(isinstance(before, nn.Dropout) for before in rebuilt) else 0.2
                )
            )
    return nn.Sequential(*rebuilt)


def _replaced(name: str, layer: nn.Module, x: Tensor, layers: Layers) -> nn.Module:
    if isinstance(layer, nn.ReLU | nn.LeakyReLU):
        return layer if layers == "spectral" else MaxMin()
    if isinstance(layer, nn.Flatten | OneScore):
        return layer
    if isinstance(layer, nn.Linear | nn.Conv2d):
        if layers != "spectral" and layer.weight.shape[0] % 2 and layer.weight.shape[0] > 1:
            raise WganError(
                f"the critic's layer {name} has {layer.weight.shape[0]} units, and sorting takes"
                " them in pairs: give an even network.width"
            )
        if layers != "orthonormal":
            parametrize.register_parametrization(layer, "weight", SpectralNorm(layer, x))
            return layer
        return _orthonormal(layer)
    raise WganError(
        f"the critic's layer {name} ({type(layer).__name__}) cannot be made Lipschitz: use"
        " network.kind mlp or conv with this variant"
    )


def _orthonormal(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    if isinstance(layer, nn.Conv2d):
        stride = (int(layer.stride[0]), int(layer.stride[1]))
        return OrthonormalConv2d(layer.in_channels, layer.out_channels, stride)
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
    """A parametrisation: the weight divided by the largest singular value of its layer's linear
    operator.

    The value is followed by power iteration, one step a forward pass while training (Miyato et al.
    2018, algorithm 1), on the operator as it acts on inputs of this shape: x -> W x, or the
    convolution with its stride and padding.
    """

    v: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d, x: Tensor) -> None:
        super().__init__()
        self.geometry = (layer.stride, layer.padding) if isinstance(layer, nn.Conv2d) else None
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("v", _unit(torch.randn(x.shape, generator=generator)))
        with torch.no_grad():
            for _ in range(START_ITERATIONS):
                self._iterate(layer.weight)

    def forward(self, weight: Float[Tensor, "out *in"]) -> Float[Tensor, "out *in"]:
        if self.training:
            with torch.no_grad():
                self._iterate(weight)
        v = self.v.clone()
        u = _unit(self._apply_to(weight, v).detach())
        return weight / (u * self._apply_to(weight, v)).sum()

    def _iterate(self, weight: Tensor) -> None:
        """v <- A^T A v, normalised."""
        out = self._apply_to(weight, self.v)
        adjoint = (
            out @ weight
            if self.geometry is None
            else conv2d_input(self.v.shape, weight, out, *self.geometry)
        )
        self.v.copy_(_unit(adjoint))

    def _apply_to(self, weight: Tensor, v: Tensor) -> Tensor:
        if self.geometry is None:
            return F.linear(v, weight)
        stride, padding = self.geometry
        return F.conv2d(v, weight, None, stride, padding)


def _unit(x: Tensor) -> Tensor:
    return x / torch.linalg.vector_norm(x).clamp_min(1e-12)


class OrthonormalConv2d(nn.Module):
    """A convolution that never lengthens its input, and keeps its length where channels do not drop
    and nothing leaves the edge.

    With stride, each patch's pixels become channels, which is an isometry (odd edges are cut). Then
    nine groups of channels move by one pixel, each in a direction of a 3 x 3 kernel, and an
    orthonormal matrix mixes the channels. Of such shifts and mixings orthogonal convolutions are
    made (Li et al. 2019, section 3).
    """

    def __init__(self, inputs: int, outputs: int, stride: Pair = (1, 1)) -> None:
        super().__init__()
        self.stride = stride
        self.mix = nn.Linear(inputs * stride[0] * stride[1], outputs)
        parametrizations.orthogonal(self.mix, orthogonal_map="cayley")

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        x = shifted(patches(x, self.stride))
        return F.conv2d(x, self.mix.weight[:, :, None, None], self.mix.bias)


def patches(x: Float[Tensor, "n c h w"], stride: Pair) -> Float[Tensor, "n c2 h2 w2"]:
    """Return non-overlapping patches with their pixels as channels; rows and columns that fill no
    patch are cut.
    """
    (a, b), (n, c, h, w) = stride, x.shape
    x = x[:, :, : h // a * a, : w // b * b].reshape(n, c, h // a, a, w // b, b)
    return x.permute(0, 1, 3, 5, 2, 4).reshape(n, c * a * b, h // a, w // b)


def shifted(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return x with nine groups of channels, each moved by one pixel in its direction of a 3 x 3
    kernel; what leaves is lost, zeros enter.
    """
    h, w = x.shape[2:]
    parts = F.pad(x, (1, 1, 1, 1)).tensor_split(len(DIRECTIONS), dim=1)
    return torch.cat(
        [
            part[:, :, dy : dy + h, dx : dx + w]
            for part, (dy, dx) in zip(parts, DIRECTIONS, strict=True)
        ],
        dim=1,
    )


DIRECTIONS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2), (0, 0), (0, 2), (2, 0), (2, 2))
"""The centre first, so that a single channel stays where it is."""
