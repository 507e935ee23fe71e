"""Noise to sample, sample to score: which pair of networks fits data of this shape?"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from wgan.errors import WganError
from wgan.networks import images, vectors
from wgan.networks.conditional import ConcatenationCritic, ConditionalGenerator, ProjectionCritic
from wgan.networks.layers import Score
from wgan.networks.lipschitz import Layers, constrained
from wgan.seeding import derive

__all__ = ["Layers", "NetworkConfig", "build_critic", "build_generator", "count_parameters"]


NetworkKind = Literal["auto", "mlp", "conv", "residual"]
Condition = Literal["projection", "concatenation"]


@dataclass(frozen=True)
class NetworkConfig:
    """The pair of networks."""

    kind: NetworkKind = "auto"
    """mlp for vectors, conv or residual for pictures; auto takes mlp or conv."""
    width: int = 64
    """Units of a hidden layer (mlp), channels at half size (conv), channels throughout (residual)."""
    depth: int = 3
    """Hidden layers (mlp)."""
    latent: int = 128
    """Numbers of noise for one sample."""
    condition: Condition = "projection"
    """How the critic takes class labels, where data.labels gives any."""

    def __post_init__(self) -> None:
        for name, choices in (("kind", get_args(NetworkKind)), ("condition", get_args(Condition))):
            if getattr(self, name) not in choices:
                raise WganError(f"network.{name} = {getattr(self, name)!r}: choose one of {', '.join(choices)}")
        for name, least in (("width", 1), ("depth", 0), ("latent", 1)):
            if getattr(self, name) < least:
                raise WganError(f"network.{name} = {getattr(self, name)}: give {least} or more")


def _kind(config: NetworkConfig, shape: tuple[int, ...]) -> str:
    if config.kind == "auto":
        return "mlp" if len(shape) == 1 else "conv"
    if config.kind == "mlp" and len(shape) != 1:
        raise WganError("network.kind = 'mlp' serves vectors, and the data are pictures: choose conv or residual")
    if config.kind != "mlp" and len(shape) == 1:
        raise WganError(f"network.kind = '{config.kind}' serves pictures, and the data are vectors: choose mlp")
    return config.kind


def build_generator(config: NetworkConfig, shape: tuple[int, ...], seed: int = 0, classes: int = 0) -> nn.Module:
    """Return a network `[n, latent] -> [n, *shape]` whose weights are a function of `seed`; with `classes`, it takes labels too."""
    kind, inputs = _kind(config, shape), config.latent + classes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "generator"))
        if kind == "mlp":
            net = vectors.mlp(inputs, shape[0], config.width, config.depth)
        else:
            build = images.residual_generator if kind == "residual" else images.conv_generator
            net = build((shape[0], shape[1], shape[2]), inputs, config.width)
        return ConditionalGenerator(net, classes) if classes else net


def build_critic(config: NetworkConfig, shape: tuple[int, ...], seed: int = 0, layers: Layers = "plain", classes: int = 0) -> nn.Module:
    """Return a network `[n, *shape] -> [n]` whose weights are a function of `seed`; `layers` may keep it Lipschitz.

    With `classes` it takes labels too, as `config.condition` says, and the constraint holds for each class.

    Raises:
        WganError: a kind that does not serve the shape, or whose layers cannot be constrained.
    """
    kind = _kind(config, shape)
    if classes and config.condition == "concatenation":
        shape = (shape[0] + classes, *shape[1:])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "critic"))
        if kind == "mlp":
            plain = nn.Sequential(*vectors.mlp(shape[0], 1, config.width, config.depth), Score())
        else:
            build = images.residual_critic if kind == "residual" else images.conv_critic
            plain = nn.Sequential(*build((shape[0], shape[1], shape[2]), config.width), Score())
        if classes and config.condition == "projection":
            *features, last, _ = plain
            assert isinstance(last, nn.Linear)
            return ProjectionCritic(constrained(nn.Sequential(*features), shape, layers), last, classes, unit=layers not in ("plain", "dropout"))
        critic = constrained(plain, shape, layers)
        return ConcatenationCritic(critic, classes) if classes else critic


def count_parameters(net: nn.Module) -> int:
    """Return the number of trained numbers in a network."""
    return sum(p.numel() for p in net.parameters())
