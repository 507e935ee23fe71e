"""Noise to sample, sample to score: which pair of networks fits data of this shape?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from wgan.base.errors import WganError
from wgan.base.seeding import derive
from wgan.data.tables.codec import Head
from wgan.networks import images, tables, vectors
from wgan.networks.conditional import ConcatenationCritic, ConditionalGenerator, ProjectionCritic
from wgan.networks.layers import OneScore
from wgan.networks.lipschitz import constrained
from wgan.networks.tables import TableCritic, TableGenerator
from wgan.objectives.constraints import Layers

__all__ = [
    "NetworkConfig",
    "build_critic",
    "build_generator",
    "count_parameters",
    "noise_numbers",
]


NetworkKind = Literal["auto", "mlp", "conv", "residual"]
Condition = Literal["projection", "concatenation"]


@dataclass(frozen=True)
class NetworkConfig:
    """The pair of networks."""

    kind: NetworkKind = "auto"
    """mlp for vectors and tables, conv or residual for pictures; auto takes mlp or conv."""
    width: int = 64
    """Units of a hidden layer (mlp), channels at half size (conv), channels throughout (residual).
    """
    depth: int = 3
    """Hidden layers (mlp)."""
    latent: int = 128
    """Numbers of noise for one sample."""
    pack: int = 1
    """Rows of a table that the critic scores together."""
    condition: Condition = "projection"
    """How the critic takes class labels, where data.labels gives any."""

    def __post_init__(self) -> None:
        for name, choices in (("kind", get_args(NetworkKind)), ("condition", get_args(Condition))):
            if getattr(self, name) not in choices:
                raise WganError(
                    f"network.{name} = {getattr(self, name)!r}: choose one of {', '.join(choices)}"
                )
        for name, least in (("width", 1), ("depth", 0), ("latent", 1), ("pack", 1)):
            if getattr(self, name) < least:
                raise WganError(f"network.{name} = {getattr(self, name)}: give {least} or more")


def _kind(config: NetworkConfig, shape: tuple[int, ...]) -> str:
    if config.kind == "auto":
        return "mlp" if len(shape) == 1 else "conv"
    if config.kind == "mlp" and len(shape) != 1:
        raise WganError(
            "network.kind = 'mlp' serves vectors and tables, and the data are pictures: choose conv"
            " or residual"
        )
    if config.kind != "mlp" and len(shape) == 1:
        raise WganError(
            f"network.kind = '{config.kind}' serves pictures, and the data are rows: choose mlp"
        )
    return config.kind


def noise_numbers(config: NetworkConfig, heads: Sequence[Head] = ()) -> int:
    """Return how many standard normal numbers a generator takes for one sample: the latent, and of
    tables one for each state.
    """
    return config.latent + tables.units(heads)


def build_generator(
    config: NetworkConfig,
    shape: tuple[int, ...],
    seed: int = 0,
    classes: int = 0,
    heads: Sequence[Head] = (),
) -> nn.Module:
    """Return a network `[n, noise_numbers] -> [n, *shape]` whose weights are a function of `seed`.

    With `classes`, it takes labels too; with `heads`, the columns of a table, it takes the states
    asked for.
    """
    kind, inputs = _kind(config, shape), config.latent + classes + tables.units(heads)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "generator"))
        if kind == "mlp":
            net = vectors.mlp(inputs, shape[0], config.width, config.depth)
        else:
            build = images.residual_generator if kind == "residual" else images.conv_generator
            net = build((shape[0], shape[1], shape[2]), inputs, config.width)
        if heads:
            return TableGenerator(net, heads, config.latent)
        return ConditionalGenerator(net, classes) if classes else net


def build_critic(
    config: NetworkConfig,
    shape: tuple[int, ...],
    seed: int = 0,
    layers: Layers = "plain",
    classes: int = 0,
    heads: Sequence[Head] = (),
) -> nn.Module:
    """Return a network `[n, *shape] -> [n]` whose weights are a function of `seed`; `layers` may
    keep it Lipschitz.

    With `classes` it takes labels too, as `config.condition` says, and the constraint holds for
    each class. With `heads`, the columns of a table, it takes the states asked for, and gives a
    score to each pack of `config.pack` rows.

    Raises:
        WganError: a kind that does not serve the shape, or whose layers cannot be constrained.
    """
    kind = _kind(config, shape)
    if heads:
        shape = (config.pack * (shape[0] + len(heads)),)
    if classes and config.condition == "concatenation":
        shape = (shape[0] + classes, *shape[1:])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "critic"))
        if kind == "mlp":
            plain = nn.Sequential(*vectors.mlp(shape[0], 1, config.width, config.depth), OneScore())
        else:
            build = images.residual_critic if kind == "residual" else images.conv_critic
            plain = nn.Sequential(*build((shape[0], shape[1], shape[2]), config.width), OneScore())
        if classes and config.condition == "projection":
            *features, last, _ = plain
            assert isinstance(last, nn.Linear)
            return ProjectionCritic(
                constrained(nn.Sequential(*features), shape, layers),
                last,
                classes,
                unit=layers not in ("plain", "dropout"),
            )
        critic = constrained(plain, shape, layers)
        if heads:
            return TableCritic(critic, heads, config.pack)
        return ConcatenationCritic(critic, classes) if classes else critic


def count_parameters(net: nn.Module) -> int:
    """Return the number of trained numbers in a network."""
    return sum(p.numel() for p in net.parameters())
