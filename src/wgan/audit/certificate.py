"""How Lipschitz is a network, for certain? The product of its layers' norms, from the very weights
that are evaluated.

|f(x) - f(y)| <= L |x - y| with L = product over layers of L_layer: for a linear layer the largest
singular value of its weight, in float64 and rounded up (Szegedy et al. 2014, section 4.3); for a
convolution that of its operator, padding and stride included. The norm of a reshaped kernel is not
used: it is no bound. Only layers whose constant is known are certified.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import nn

from wgan.base.errors import WganError
from wgan.networks.layers import MaxMin, OneScore, Reshape
from wgan.networks.lipschitz import OrthonormalConv2d

ONE_LIPSCHITZ = (nn.Identity, nn.ReLU, nn.Tanh, nn.Flatten, MaxMin, Reshape, OneScore)
"""Layers that never stretch a distance, whatever their input."""

DENSE = 1024
"""Operators on so many numbers are written out as a matrix."""


@dataclass(frozen=True)
class Certificate:
    """`lipschitz` bounds the network's Lipschitz constant in the Euclidean norm; `layers` are the
    factors, by name.
    """

    lipschitz: float
    layers: tuple[tuple[str, float], ...]


def certify(net: nn.Module, shape: tuple[int, ...]) -> Certificate:
    """Return an upper bound on a network's Lipschitz constant, a chain of layers each of a known
    kind.

    L = product of L_layer; a linear layer has its largest singular value, a convolution its
    operator's (`conv_norm`), ReLU and sorting have 1.

    Args:
        net: a chain of `Linear`, `Conv2d`, `OrthonormalConv2d`, `ReLU`, `LeakyReLU`, `Tanh`,
            `MaxMin`, `Flatten` and the like, without parametrisations (see `frozen`).
        shape: of one sample, which a convolution's operator depends on.

    Returns:
        The bound, and each layer's factor (1 is left out).

    Raises:
        WganError: a layer of a kind that is not known, a hook, a parametrisation, or weights that
            are not finite.

    Source: Szegedy et al. (2014), section 4.3; the rounding of the singular values: LAPACK Users'
    Guide (1999), section 4.9.

    >>> certify(nn.Sequential(nn.Linear(2, 1, bias=False)), (2,)).lipschitz > 0
    True
    """
    layers, _ = _factors("", net, (1, *shape))
    bound = 1.0
    for _, factor in layers:
        bound = float(np.nextafter(bound * factor, np.inf))
    return Certificate(bound, tuple((name, factor) for name, factor in layers if factor != 1.0))


def _factors(
    name: str, module: nn.Module, shape: tuple[int, ...]
) -> tuple[list[tuple[str, float]], tuple[int, ...]]:
    """Return (name, Lipschitz bound) for each layer, and the shape that comes out. Types must match
    exactly: a subclass may differ.
    """
    if any(
        getattr(module, hooks) for hooks in ("_forward_hooks", "_forward_pre_hooks")
    ) or "forward" in vars(module):
        raise WganError(
            f"layer {name or type(module).__name__} has a forward hook, which may change its"
            " output: remove it to certify"
        )
    if type(module) is nn.Sequential:
        found = []
        for (
            child,
            inner,
        ) in module._modules.items():  # `named_children` leaves out what stands twice
            assert inner is not None
            factors, shape = _factors(f"{name}.{child}".lstrip("."), inner, shape)
            found += factors
        return found, shape
    return [(name, _factor(name, module, shape))], _shape_after(module, shape)


def _factor(name: str, module: nn.Module, shape: tuple[int, ...]) -> float:
    if type(module) in ONE_LIPSCHITZ:
        return 1.0
    if type(module) is nn.LeakyReLU:
        return max(1.0, abs(module.negative_slope))
    if type(module) is nn.Linear:
        return spectral_norm(_array(module.weight), name)
    if type(module) is OrthonormalConv2d and type(module.mix) is nn.Linear:
        return spectral_norm(_array(module.mix.weight), name)  # patches and shifts lengthen nothing
    if (
        type(module) is nn.Conv2d
        and module.dilation == (1, 1)
        and module.groups == 1
        and module.padding_mode == "zeros"
    ):
        return conv_norm(module, (shape[1], shape[2], shape[3]), name)
    raise WganError(
        f"layer {name or '(the network)'} is a {type(module).__name__}, whose Lipschitz constant is"
        " not known here: nothing is certified"
    )


@torch.no_grad()
def _shape_after(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    parameter = next(module.parameters(), torch.zeros(()))
    return tuple(module(torch.zeros(shape, dtype=parameter.dtype, device=parameter.device)).shape)


def _array(weight: torch.Tensor) -> Float[np.ndarray, "*shape"]:
    return weight.detach().cpu().double().numpy()


def conv_norm(layer: nn.Conv2d, shape: tuple[int, int, int], name: str = "convolution") -> float:
    """Return an upper bound on the largest singular value of a convolution as it acts on samples of
    a shape (c, h, w).

    Small operators are written out as a matrix. A larger one, with zeros around, is part of a
    circular convolution on a grid that it never reaches around, whose singular values are those of
    one small matrix a frequency (Sedghi et al. 2019, theorem 6); a stride becomes more channels,
    each patch's pixels (polyphase). The bound exceeds the norm by what the edges lack.
    """
    weight, (a, b) = _array(layer.weight), (int(layer.stride[0]), int(layer.stride[1]))
    if not np.isfinite(weight).all():
        raise WganError(f"layer {name} holds NaN or infinite weights: nothing is certified")
    if int(np.prod(shape)) <= DENSE:
        with torch.no_grad():
            basis = torch.eye(int(np.prod(shape)), dtype=torch.float64).reshape(-1, *shape)
            columns = (
                F.conv2d(basis, torch.from_numpy(weight), None, layer.stride, layer.padding)
                .flatten(1)
                .numpy()
            )
        return spectral_norm(columns.T, name)
    out, c, kh, kw = weight.shape
    weight = np.pad(weight, ((0, 0), (0, 0), (0, -kh % a), (0, -kw % b)))
    phases = weight.reshape(out, c, weight.shape[2] // a, a, weight.shape[3] // b, b).transpose(
        0, 1, 3, 5, 2, 4
    )
    phases = phases.reshape(out, c * a * b, *phases.shape[4:])
    pad_h, pad_w = (int(p) for p in layer.padding)
    grid = [
        -(-(side + 2 * pad) // step) + taps
        for side, pad, step, taps in (
            (shape[1], pad_h, a, phases.shape[2]),
            (shape[2], pad_w, b, phases.shape[3]),
        )
    ]
    spectrum = np.fft.rfft2(phases, grid).transpose(2, 3, 0, 1)
    largest = np.linalg.svd(spectrum, compute_uv=False)[..., 0].max()
    return _rounded_up(float(largest), max(out, c * a * b) * int(np.log2(grid[0] * grid[1]) + 1))


def spectral_norm(weight: Float[np.ndarray, "out in"], name: str = "weight") -> float:
    """Return an upper bound on the largest singular value: LAPACK's value, raised by the error it
    may have.
    """
    if not np.isfinite(weight).all():
        raise WganError(f"layer {name} holds NaN or infinite weights: nothing is certified")
    return _rounded_up(float(np.linalg.svd(weight, compute_uv=False)[0]), max(weight.shape))


def _rounded_up(value: float, operations: int) -> float:
    """Raise a computed norm by more than the rounding errors of so many operations in float64."""
    return float(np.nextafter(value * (1 + 16 * operations * np.finfo(np.float64).eps), np.inf))


def frozen(net: nn.Module) -> nn.Module:
    """Make a network's parametrised weights plain, in float64, never to be trained again; the same
    network is returned.

    Not for a copy of a network that goes on: torch gives a copied layer the original's class, and
    would undo that too.
    """
    net.eval()
    for module in list(net.modules()):
        if nn.utils.parametrize.is_parametrized(module):
            for tensor in list(module.parametrizations):  # type: ignore[arg-type]
                nn.utils.parametrize.remove_parametrizations(
                    module, tensor, leave_parametrized=True
                )
    return net.to(torch.float64).requires_grad_(False)
