"""Certified upper bounds on a network's Lipschitz constant, from the weights that are evaluated.

|f(x) - f(y)| <= L |x - y| with L = product over layers of L_layer (Szegedy et al. 2014, section
4.3). A linear layer has the largest singular value of its weight, in float64 and rounded up. A
convolution has that of its operator, padding and stride included: the norm of a reshaped kernel is
not a bound. A mean of two paths has the mean of their constants. Only layers whose constant is
known are certified.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import nn

from wgan.base.errors import WganError
from wgan.networks.layers import MaxMin, OneScore, Reshape
from wgan.networks.lipschitz import MeanOfPaths, OrthonormalConv2d, UnitMean, mean_norm
from wgan.objectives.chains import has_global_hooks, is_altered

# Layers that never stretch a distance, whatever their input.
ONE_LIPSCHITZ = (nn.Identity, nn.ReLU, nn.Tanh, nn.Flatten, MaxMin, Reshape, OneScore)

# Operators on up to so many numbers are written out as a matrix, whose norm is exact. The singular
# values of a square matrix of 1,024 take 0.2 s on one core, and the time grows with the cube.
DENSE = 1024


@dataclass(frozen=True)
class Certificate:
    """An upper bound on a network's Lipschitz constant in the Euclidean norm.

    Attributes:
        lipschitz: the bound, the product of all layers' factors.
        layers: (name, factor) of each layer whose factor is not 1.
    """

    lipschitz: float
    layers: tuple[tuple[str, float], ...]


def certify(net: nn.Module, shape: tuple[int, ...]) -> Certificate:
    """Return an upper bound on the Lipschitz constant of a chain of layers of known kinds.

    L = product of L_layer. A linear layer has its largest singular value, a convolution its
    operator's (`conv_norm`), a mean of two paths half of the sum of their products. ReLU and
    sorting have 1.

    Args:
        net: a chain of `Linear`, `Conv2d`, `OrthonormalConv2d`, `MeanOfPaths`, `UnitMean`, `ReLU`,
            `LeakyReLU`, `Tanh`, `MaxMin`, `Flatten` and the like, without parametrisations (see
            `frozen`).
        shape: of one sample, which a convolution's operator depends on.

    Returns:
        The bound, and each layer's factor (1 is left out).

    Raises:
        WganError: a layer of a kind that is not known, a hook on a module or on all, a replaced
            method, a parametrisation, weights that are not finite, or a shape that a layer does not
            take.

    Source: Szegedy et al. (2014), section 4.3; the rounding of the singular values: LAPACK Users'
    Guide (1999), section 4.9.

    See also:
        dual: readings divided by this constant.

    >>> certify(nn.Sequential(nn.Linear(2, 1, bias=False)), (2,)).lipschitz > 0
    True
    """
    if has_global_hooks():
        raise WganError(
            "torch has global module hooks, which may change any layer's output: remove them to"
            " certify"
        )
    layers, _ = _factors("", net, (1, *shape))
    bounded = tuple((name, factor) for name, factor in layers if factor != 1.0)
    return Certificate(_product(layers), bounded)


def _product(layers: Sequence[tuple[str, float]]) -> float:
    """Return the product of factors, rounded up."""
    bound = 1.0
    for _, factor in layers:
        bound = float(np.nextafter(bound * factor, np.inf))
    return bound


def _factors(
    name: str, module: nn.Module, shape: tuple[int, ...]
) -> tuple[list[tuple[str, float]], tuple[int, ...]]:
    """Return (name, Lipschitz bound) for each layer, and the shape that comes out.

    Types must match exactly: a subclass may be another function.
    """
    if is_altered(module):
        raise WganError(
            f"layer {name or type(module).__name__} has a forward hook or a replaced method, which"
            " may change its output: remove it to certify"
        )
    if type(module) is MeanOfPaths:
        shortcut, after = _factors(f"{name}.shortcut", module.shortcut, shape)
        branch, same = _factors(f"{name}.branch", module.branch, shape)
        if after != same:  # one path would be repeated along an axis, which is another map
            raise WganError(
                f"layer {name} has paths to shapes {after[1:]} and {same[1:]}: nothing is certified"
            )
        total = float(np.nextafter(_product(shortcut) + _product(branch), np.inf))
        return [(name, total / 2)], after
    if type(module) is not nn.Sequential:
        return [(name, _factor(name, module, shape))], _shape_after(name, module, shape)
    found = []
    for child, inner in module._modules.items():  # `named_children` skips a layer's second place
        assert inner is not None
        factors, shape = _factors(f"{name}.{child}".lstrip("."), inner, shape)
        found += factors
    return found, shape


def _factor(name: str, module: nn.Module, shape: tuple[int, ...]) -> float:
    """Return an upper bound on the Lipschitz constant of one layer."""
    if type(module) in ONE_LIPSCHITZ:
        return 1.0
    if type(module) is nn.LeakyReLU:
        return max(1.0, abs(module.negative_slope))
    if type(module) is nn.Linear:
        return spectral_norm(_array(module.weight), name)
    if type(module) is OrthonormalConv2d and type(module.mix) is nn.Linear:
        return spectral_norm(_array(module.mix.weight), name)  # patches and shifts lengthen nothing
    if type(module) is nn.Conv2d or type(module) is UnitMean:
        match shape:
            case (_, c, h, w) if type(module) is nn.Conv2d:
                return conv_norm(module, (c, h, w), name)
            case (_, _, h, w) if type(module) is UnitMean:
                norm = mean_norm((h, w), module.after)
                return _rounded_up(abs(module.scale) * norm, max(h, w))
            case _:
                raise WganError(_wrong_shape(name, module, shape))
    raise WganError(
        f"layer {name or '(the network)'} is a {type(module).__name__}, whose Lipschitz constant is"
        " not known here: nothing is certified"
    )


@torch.no_grad()
def _shape_after(name: str, module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that a layer makes of a shape."""
    parameter = next(module.parameters(), torch.zeros(()))
    x = torch.zeros(shape, dtype=parameter.dtype, device=parameter.device)
    try:
        return tuple(module(x).shape)
    except RuntimeError as error:
        raise WganError(_wrong_shape(name, module, shape)) from error


def _wrong_shape(name: str, module: nn.Module, shape: tuple[int, ...]) -> str:
    return (
        f"layer {name or '(the network)'} ({type(module).__name__}) does not take samples of shape"
        f" {shape[1:]}: give the shape of one sample that the network takes"
    )


def _array(weight: torch.Tensor) -> Float[np.ndarray, "*shape"]:
    return weight.detach().cpu().double().numpy()


def conv_norm(layer: nn.Conv2d, shape: tuple[int, int, int], name: str = "convolution") -> float:
    """Return an upper bound on a convolution's largest singular value on samples of one shape.

    Small operators are written out as a matrix, whose largest singular value is the norm. For
    larger ones see `_circular_norm`.

    Args:
        layer: a convolution with one group, no dilation and zeros as padding, by numbers or by
            "same" or "valid".
        shape: of a sample, (channels, height, width).
        name: of the layer, for error messages.

    Raises:
        WganError: another kind of convolution, weights that are not finite, or a shape that it does
            not take.
    """
    if layer.groups != 1 or layer.dilation != (1, 1) or layer.padding_mode != "zeros":
        raise WganError(
            f"layer {name} is a convolution with groups, dilation or a padding other than zeros,"
            " whose Lipschitz constant is not known here: nothing is certified"
        )
    weight = _array(layer.weight)
    if not np.isfinite(weight).all():
        raise WganError(f"layer {name} holds NaN or infinite weights: nothing is certified")
    height_around, width_around = _zeros_around(layer)
    fits = (
        shape[0] == weight.shape[1]
        and shape[1] + height_around >= weight.shape[2]
        and shape[2] + width_around >= weight.shape[3]
    )
    if not fits:
        raise WganError(_wrong_shape(name, layer, (1, *shape)))
    if int(np.prod(shape)) > DENSE:
        padded = (shape[1] + height_around, shape[2] + width_around)
        return _circular_norm(weight, padded, (int(layer.stride[0]), int(layer.stride[1])))
    with torch.no_grad():
        basis = torch.eye(int(np.prod(shape)), dtype=torch.float64).reshape(-1, *shape)
        columns = F.conv2d(basis, torch.from_numpy(weight), None, layer.stride, layer.padding)
    return spectral_norm(columns.flatten(1).numpy().T, name)


def _zeros_around(layer: nn.Conv2d) -> tuple[int, int]:
    """Return how many rows and columns of zeros a convolution adds, on both sides together."""
    if layer.padding == "valid":
        return 0, 0
    if layer.padding == "same":
        return layer.kernel_size[0] - 1, layer.kernel_size[1] - 1
    return 2 * int(layer.padding[0]), 2 * int(layer.padding[1])


def _circular_norm(
    weight: Float[np.ndarray, "out c kh kw"], padded: tuple[int, int], stride: tuple[int, int]
) -> float:
    """Return an upper bound on the norm of a convolution of images that zeros surround.

    The convolution is part of a circular one, on a grid so large that it never reaches around. The
    singular values of that are those of one small matrix per frequency (Sedghi et al. 2019, theorem
    6). A stride becomes more channels, the pixels of each patch (polyphase). The bound exceeds the
    norm by what the edges lack.
    """
    (out, c, kh, kw), (a, b) = weight.shape, stride
    weight = np.pad(weight, ((0, 0), (0, 0), (0, -kh % a), (0, -kw % b)))
    phases = weight.reshape(out, c, weight.shape[2] // a, a, weight.shape[3] // b, b)
    phases = phases.transpose(0, 1, 3, 5, 2, 4)
    phases = phases.reshape(out, c * a * b, *phases.shape[4:])
    # One period of the grid holds all patches and one kernel more, so nothing wraps around.
    rows = -(-padded[0] // a) + phases.shape[2]
    columns = -(-padded[1] // b) + phases.shape[3]
    spectrum = np.fft.rfft2(phases, (rows, columns)).transpose(2, 3, 0, 1)
    largest = np.linalg.svd(spectrum, compute_uv=False)[..., 0].max()
    # A fast Fourier transform of m numbers adds log2(m) rounding errors to each.
    return _rounded_up(float(largest), max(out, c * a * b) * int(np.log2(rows * columns) + 1))


def spectral_norm(weight: Float[np.ndarray, "out in"], name: str = "weight") -> float:
    """Return an upper bound on a weight's largest singular value.

    It is LAPACK's value, raised by the error that it may have.

    Args:
        weight: a matrix.
        name: of the layer, for error messages.

    Raises:
        WganError: a weight that is not finite.
    """
    if not np.isfinite(weight).all():
        raise WganError(f"layer {name} holds NaN or infinite weights: nothing is certified")
    return _rounded_up(float(np.linalg.svd(weight, compute_uv=False)[0]), max(weight.shape))


def _rounded_up(value: float, operations: int) -> float:
    """Raise a computed norm by more than the rounding errors of this many operations in float64."""
    # LAPACK bounds the error by p(n) eps times the norm, with p a modest function of the dimension
    # (LAPACK Users' Guide 1999, section 4.9). 16 n is far more than is ever seen.
    return float(np.nextafter(value * (1 + 16 * operations * np.finfo(np.float64).eps), np.inf))


def frozen(net: nn.Module) -> nn.Module:
    """Make a network's parametrised weights plain, in float64, for good, and return the network.

    Use it on a network that is not trained any more. Do not use it on a copy of one that is: torch
    gives a copied layer the original's class, so the original would change too.

    Args:
        net: the network, which is changed in place.
    """
    net.eval()
    for module in list(net.modules()):
        if nn.utils.parametrize.is_parametrized(module):
            for tensor in list(module.parametrizations):  # type: ignore[arg-type]
                nn.utils.parametrize.remove_parametrizations(
                    module, tensor, leave_parametrized=True
                )
    return net.to(torch.float64).requires_grad_(False)
