"""Pairs made of plain chains of layers, with class labels where there are any."""

from collections.abc import Callable
from typing import Any

from torch import nn

from wgan.data.codec import Codec
from wgan.networks.conditional import ConcatenationCritic, ConditionalGenerator, ProjectionCritic
from wgan.networks.config import NetworkConfig
from wgan.networks.layers import OneScore
from wgan.networks.lipschitz import constrained
from wgan.objectives.constraints import Layers

GeneratorChain = Callable[[NetworkConfig, Any, int], nn.Sequential]
"""(config, shape of a sample, inputs) -> chain `[n, inputs] -> [n, *shape]`."""
CriticChain = Callable[[NetworkConfig, Any], nn.Sequential]
"""(config, shape of a sample) -> chain `[n, *shape] -> [n, 1]` that ends in a linear layer."""


def labelled_generator(
    chain: GeneratorChain, config: NetworkConfig, codec: Codec, classes: int
) -> nn.Module:
    """Return the generator of a chain; labels, if any, are concatenated with the latent.

    Args:
        chain: builds the layers.
        config: architecture and sizes.
        codec: the codec of the data.
        classes: number of classes; 0: no labels.
    """
    net = chain(config, codec.shape, config.latent + classes)
    return ConditionalGenerator(net, classes) if classes else net


def labelled_critic(
    chain: CriticChain, config: NetworkConfig, codec: Codec, layers: Layers, classes: int
) -> nn.Module:
    """Return the critic of a chain; labels, if any, enter as `config.condition` says.

    Args:
        chain: builds the layers.
        config: architecture and sizes.
        codec: the codec of the data.
        layers: what the critic is built of.
        classes: number of classes; 0: no labels.

    Raises:
        WganError: layers that cannot be constrained.
    """
    shape = codec.shape
    if classes and config.condition == "concatenation":
        shape = (shape[0] + classes, *shape[1:])
    plain = nn.Sequential(*chain(config, shape), OneScore())
    if classes and config.condition == "projection":
        *features, last, _ = plain
        assert isinstance(last, nn.Linear)
        hidden = constrained(nn.Sequential(*features), shape, layers)
        # The last layer is not constrained by `layers`; unit directions bound it for each class.
        unit = layers not in ("plain", "dropout")
        return ProjectionCritic(hidden, last, classes, unit)
    critic = constrained(plain, shape, layers)
    return ConcatenationCritic(critic, classes) if classes else critic
