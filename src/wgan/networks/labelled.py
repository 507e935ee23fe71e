"""Pairs made of plain chains of layers, with packs, and class labels where there are any."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from wgan.data.codec import Codec
from wgan.networks.conditional import ConditionalGenerator, ProjectionCritic, with_one_hot
from wgan.networks.config import NetworkConfig
from wgan.networks.layers import OneScore
from wgan.networks.lipschitz import constrained
from wgan.networks.packed import PackedCritic, samples_alone
from wgan.objectives.constraints import Layers, is_bounded

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

    The samples of a pack are more columns, or more channels, of one input.

    Args:
        chain: builds the layers.
        config: architecture and sizes, with the samples of a pack.
        codec: the codec of the data.
        layers: what the critic is built of.
        classes: number of classes; 0: no labels.

    Raises:
        WganError: layers that cannot be constrained.
    """
    channels, *space = codec.shape
    axes = len(codec.shape)
    concatenates = bool(classes) and config.condition == "concatenation"
    shape = (config.pack * (channels + classes * concatenates), *space)
    plain = nn.Sequential(*chain(config, shape), OneScore())
    if classes and not concatenates:
        *features, last, _ = plain
        assert isinstance(last, nn.Linear)
        hidden = constrained(nn.Sequential(*features), shape, layers)
        # The last layer is not constrained by `layers`; unit directions bound it for each class.
        return ProjectionCritic(hidden, last, classes, is_bounded(layers), axes, config.pack)
    critic = constrained(plain, shape, layers)
    if config.pack == 1 and not classes:
        return critic
    known = partial(with_one_hot, classes=classes) if classes else samples_alone
    return PackedCritic(critic, axes, config.pack, known)
