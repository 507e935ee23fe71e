"""Networks for vectors: fully connected layers, as in the toy experiments of WGAN-GP.

Layout: Gulrajani et al. (2017), section 4.1 (three hidden layers of 512, ReLU). Initial weights:
He et al. (2015), equation 10.
"""

import torch
from torch import nn

from wgan.base.seeding import derive
from wgan.data.codec import Codec
from wgan.networks.config import NetworkConfig
from wgan.networks.labelled import labelled_critic, labelled_generator
from wgan.networks.layers import OneScore, he
from wgan.networks.lipschitz import constrained
from wgan.objectives.constraints import Layers


def mlp(inputs: int, outputs: int, width: int, depth: int) -> nn.Sequential:
    """Return hidden layers with ReLU, then a linear layer: `[n, inputs] -> [n, outputs]`.

    Args:
        inputs: numbers of a sample.
        outputs: numbers that come out.
        width: units of a hidden layer.
        depth: number of hidden layers.
    """
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), nn.ReLU()]
    layers.append(nn.Linear(width if depth else inputs, outputs))
    net = nn.Sequential(*layers)
    for layer in net:
        he(layer, slope=0.0)
    return net


def generator(config: NetworkConfig, codec: Codec, classes: int) -> nn.Module:
    """Return the fully connected generator of vectors."""
    return labelled_generator(
        lambda c, shape, inputs: mlp(inputs, shape[0], c.width, c.depth), config, codec, classes
    )


def critic(config: NetworkConfig, codec: Codec, layers: Layers, classes: int) -> nn.Module:
    """Return the fully connected critic of vectors."""
    return labelled_critic(
        lambda c, shape: mlp(shape[0], 1, c.width, c.depth), config, codec, layers, classes
    )


def mlp_critic(
    d: int, width: int, depth: int, seed: int = 0, layers: Layers = "plain"
) -> nn.Sequential:
    """Return a critic of points `[n, d] -> [n]`.

    It is the critic of vectors without a codec, for samples that are in no data set.

    Args:
        d: numbers of a sample.
        width: units of a hidden layer.
        depth: number of hidden layers.
        seed: random seed; the same seed gives the same weights.
        layers: what the critic is built of.

    Raises:
        WganError: layers that do not fit the sizes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "critic"))
        plain = nn.Sequential(*mlp(d, 1, width, depth), OneScore())
        return constrained(plain, (d,), layers)


def mlp_generator(latent: int, d: int, width: int, depth: int, seed: int = 0) -> nn.Sequential:
    """Return a generator of points `[n, latent] -> [n, d]`.

    Args:
        latent: numbers of noise for one sample.
        d: numbers of a sample.
        width: units of a hidden layer.
        depth: number of hidden layers.
        seed: random seed; the same seed gives the same weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "generator"))
        return mlp(latent, d, width, depth)
