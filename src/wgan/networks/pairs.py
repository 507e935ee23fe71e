"""The table of network pairs: generator, critic and noise for each kind of data.

`build_generator` and `build_critic` are the only ways to make a network of the package. Weights are
a function of the random seed alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import nn

from wgan.base.errors import WganError
from wgan.base.seeding import derive
from wgan.data.codec import Codec
from wgan.networks import images, series, series_planes, tables, vectors
from wgan.networks.config import NetworkConfig, NetworkKind
from wgan.objectives.constraints import Layers

BuildGenerator = Callable[[NetworkConfig, Any, int], nn.Module]
"""(config, codec, number of classes) -> network `[n, noise numbers] -> [n, *shape]`."""
BuildCritic = Callable[[NetworkConfig, Any, Layers, int], nn.Module]
"""(config, codec, layers, number of classes) -> network `[n, *shape] -> [n]`."""


def latent_alone(config: NetworkConfig, codec: Codec) -> int:
    """Return the number of noise inputs of a generator that takes its latent alone.

    Args:
        config: sizes.
        codec: does not matter.
    """
    return config.latent


def always(codec: Codec) -> bool:
    """Return True for every codec.

    Args:
        codec: does not matter.
    """
    return True


def never(codec: Codec) -> bool:
    """Return False for every codec.

    Args:
        codec: does not matter.
    """
    return False


@dataclass(frozen=True)
class Pair:
    """The networks of one kind of data.

    Attributes:
        architectures: values of `network.kind` that serve the kind; `auto` takes the first.
        generator: builds the generator.
        critic: builds the critic.
        noise: returns how many standard normal numbers a generator takes for one sample.
        packs: whether a critic scores `network.pack` samples together, a number that it has as
            `pack`.
        continuous: whether a generator's samples are a continuous function of its noise, so that
            noise may be shrunk, interpolated and searched; noise that decides levels is not.
    """

    architectures: tuple[str, ...]
    generator: BuildGenerator
    critic: BuildCritic
    noise: Callable[[NetworkConfig, Any], int] = latent_alone
    packs: bool = False
    continuous: Callable[[Any], bool] = always


PAIRS: dict[str, Pair] = {
    "vectors": Pair(("mlp",), vectors.generator, vectors.critic, packs=True),
    "images": Pair(tuple(images.ARCHITECTURES), images.generator, images.critic, packs=True),
    "series": Pair(
        ("conv",),
        series.generator,
        series.critic,
        series_planes.noise,
        packs=True,
        continuous=series_planes.is_continuous,
    ),
    "tables": Pair(
        ("mlp",), tables.generator, tables.critic, tables.noise, packs=True, continuous=never
    ),
}


def find_pair(codec: Codec) -> Pair:
    """Return the pair that serves a codec's kind.

    Raises:
        WganError: a kind without networks.
    """
    if codec.kind not in PAIRS:
        raise WganError(f"no networks serve {codec.kind}: add a line to networks.pairs.PAIRS")
    return PAIRS[codec.kind]


def noise_numbers(config: NetworkConfig, codec: Codec, net: nn.Module | None = None) -> int:
    """Return how many standard normal numbers a generator takes for one sample.

    A generator of the user's own has that number as `noise`.
    """
    own = getattr(net, "noise", None)
    return own if isinstance(own, int) else find_pair(codec).noise(config, codec)


def build_generator(
    config: NetworkConfig,
    codec: Codec,
    seed: int = 0,
    classes: int = 0,
    pair: Pair | None = None,
) -> nn.Module:
    """Return a network `[n, noise_numbers] -> [n, *shape]`.

    Args:
        config: architecture and sizes.
        codec: the codec of the data.
        seed: random seed of the weights.
        classes: number of classes; with any, the network takes labels too.
        pair: the builders; None: those of the codec's kind.

    Raises:
        WganError: an architecture or packs that do not serve the kind.
    """
    own = pair is not None
    pair = pair or find_pair(codec)
    config = _checked(config, codec, pair)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "generator"))
        net = pair.generator(config, codec, classes)
    if own and not hasattr(net, "noise"):
        net.noise = pair.noise(config, codec)  # type: ignore[assignment]
    return net


def build_critic(
    config: NetworkConfig,
    codec: Codec,
    seed: int = 0,
    layers: Layers = "plain",
    classes: int = 0,
    pair: Pair | None = None,
) -> nn.Module:
    """Return a network `[n, *shape] -> [n]`, one score a sample, or one a pack of samples.

    Args:
        config: architecture and sizes.
        codec: the codec of the data.
        seed: random seed of the weights.
        layers: what the critic is built of; some keep it Lipschitz.
        classes: number of classes; with any, the network takes labels too, as `config.condition`
            says, and `layers` bound it for each class.
        pair: the builders; None: those of the codec's kind.

    Raises:
        WganError: an architecture or packs that do not serve the kind, or layers that cannot be
            constrained.
    """
    pair = pair or find_pair(codec)
    config = _checked(config, codec, pair)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "critic"))
        return pair.critic(config, codec, layers, classes)


def _checked(config: NetworkConfig, codec: Codec, pair: Pair) -> NetworkConfig:
    """Return the configuration with an architecture that serves the kind, or refuse it."""
    if config.pack > 1 and not pair.packs:
        raise WganError(
            f"network.pack = {config.pack}: this pair's critic takes no packs: leave it out, or"
            " build a critic of packs and give the pair packs=True"
        )
    known = [each for each in pair.architectures if each in get_args(NetworkKind)]
    if not known:  # a pair of the user's own, whose architecture no setting names
        return config
    if config.kind == "auto":
        return config.with_kind(known[0])
    if config.kind not in pair.architectures:
        *others, last = pair.architectures
        choice = f"{', '.join(others)} or {last}" if others else last
        raise WganError(
            f"network.kind = '{config.kind}' does not serve {codec.kind}: choose {choice}"
        )
    return config


def count_parameters(net: nn.Module) -> int:
    """Return the number of parameters of a network."""
    return sum(p.numel() for p in net.parameters())
