"""How Lipschitz is a network, for certain? The product of its layers' norms, from the very weights that are evaluated.

|f(x) - f(y)| <= L |x - y| with L = product over layers of L_layer: for a linear layer the largest singular value of its
weight, in float64 and rounded up (Szegedy et al. 2014, section 4.3). Only layers whose constant is known are certified.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from wgan.errors import WganError
from wgan.networks.layers import MaxMin, Reshape, Score

ONE_LIPSCHITZ = (nn.Identity, nn.ReLU, nn.Tanh, nn.Flatten, MaxMin, Reshape, Score)
"""Layers that never stretch a distance, whatever their input."""


@dataclass(frozen=True)
class Certificate:
    """`lipschitz` bounds the network's Lipschitz constant in the Euclidean norm; `layers` are the factors, by name."""

    lipschitz: float
    layers: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        return f"L={self.lipschitz:.6f}"


def certify(net: nn.Module) -> Certificate:
    """Return an upper bound on a network's Lipschitz constant, a chain of layers each of a known kind.

    L = product of L_layer; a linear layer has its largest singular value, ReLU and sorting have 1.

    Args:
        net: a chain of `Linear`, `ReLU`, `LeakyReLU`, `Tanh`, `MaxMin`, `Flatten` and the like, without parametrisations.

    Returns:
        The bound, and each layer's factor (1 is left out).

    Raises:
        WganError: a layer of a kind that is not known, a hook, a parametrisation, or weights that are not finite.

    Source: Szegedy et al. (2014), section 4.3; the rounding of the singular values: LAPACK Users' Guide (1999), section 4.9.

    >>> certify(nn.Sequential(nn.Linear(2, 1, bias=False))).lipschitz > 0
    True
    """
    layers = tuple(_factors("", net))
    bound = 1.0
    for _, factor in layers:
        bound = float(np.nextafter(bound * factor, np.inf))
    return Certificate(bound, tuple((name, factor) for name, factor in layers if factor != 1.0))


def _factors(name: str, module: nn.Module) -> list[tuple[str, float]]:
    """Return (name, Lipschitz bound) for each layer. Types must match exactly: a subclass may compute something else."""
    if any(getattr(module, hooks) for hooks in ("_forward_hooks", "_forward_pre_hooks")) or "forward" in vars(module):
        raise WganError(f"layer {name or type(module).__name__} has a forward hook, which may change its output: remove it to certify")
    if type(module) is nn.Sequential:
        return [factor for child, inner in module._modules.items() if inner is not None for factor in _factors(f"{name}.{child}".lstrip("."), inner)]
    if type(module) in ONE_LIPSCHITZ:
        return [(name, 1.0)]
    if type(module) is nn.LeakyReLU:
        return [(name, max(1.0, abs(module.negative_slope)))]
    if type(module) is nn.Linear:
        return [(name, spectral_norm(module.weight.detach().cpu().double().numpy(), name))]
    raise WganError(f"layer {name or '(the network)'} is a {type(module).__name__}, whose Lipschitz constant is not known here: nothing is certified")


def spectral_norm(weight: Float[np.ndarray, "out in"], name: str = "weight") -> float:
    """Return an upper bound on the largest singular value: LAPACK's value, raised by the error it may have."""
    if not np.isfinite(weight).all():
        raise WganError(f"layer {name} holds NaN or infinite weights: nothing is certified")
    rounding = 1 + 16 * max(weight.shape) * np.finfo(np.float64).eps
    return float(np.nextafter(np.linalg.svd(weight, compute_uv=False)[0] * rounding, np.inf))


def frozen(net: nn.Module) -> nn.Module:
    """Make a network's parametrised weights plain, in float64, never to be trained again; the same network is returned."""
    for module in net.modules():
        if nn.utils.parametrize.is_parametrized(module):
            for tensor in list(module.parametrizations):  # type: ignore[arg-type]
                nn.utils.parametrize.remove_parametrizations(module, tensor, leave_parametrized=True)
    return net.to(torch.float64).eval().requires_grad_(False)
