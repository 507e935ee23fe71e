"""Networks for tables: an autoregressive generator, and a critic that sees packs of rows.

Conditions (Mirza and Osindero 2014) give any number of columns.
"""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.data.tables.codec import TableCodec
from wgan.networks.autoregressive import Choices, TableGenerator
from wgan.networks.config import NetworkConfig
from wgan.networks.heads import features_of, numbers_of
from wgan.networks.layers import OneScore
from wgan.networks.lipschitz import constrained
from wgan.networks.packed import PackedCritic
from wgan.networks.vectors import mlp
from wgan.objectives.constraints import Layers

MOST_WEIGHTS = 2**28
"""Most weights in the first layers of a generator. Each column sees all others, so they grow with
the square of the number of columns. 100 columns of numbers take 65 million at a width of 192, which
are 1.3 GB during training.
"""


def noise(config: NetworkConfig, codec: TableCodec) -> int:
    """Return the number of noise inputs of one row: one for each digit, and one for each score.

    Args:
        config: does not matter.
        codec: the table's codec.
    """
    return sum(map(numbers_of, codec.codes))


def generator(config: NetworkConfig, codec: TableCodec, classes: int) -> nn.Module:
    """Return the autoregressive generator of tables.

    Args:
        config: sizes.
        codec: the table's codec.
        classes: does not matter: tables have conditions in the place of labels.

    Raises:
        WganError: more weights than memory holds.
    """
    weights = config.width * len(codec.codes) * sum(map(features_of, codec.codes))
    if weights > MOST_WEIGHTS:
        least = max(1, MOST_WEIGHTS * config.width // weights)
        raise WganError(
            f"network.width = {config.width}, with {len(codec.codes)} columns: {weights:.1e}"
            f" weights, and training takes 20 bytes of each: choose at most {least}, or leave"
            " columns out"
        )
    return TableGenerator(codec.codes, config.width, config.depth)


def critic(config: NetworkConfig, codec: TableCodec, layers: Layers, classes: int) -> nn.Module:
    """Return the fully connected critic of packs of rows.

    Args:
        config: sizes.
        codec: the table's codec.
        layers: what the critic is built of.
        classes: does not matter: tables have conditions in the place of labels.

    Raises:
        WganError: layers that do not fit the sizes.
    """
    width = config.pack * (codec.shape[0] + len(codec.codes))
    plain = nn.Sequential(*mlp(width, 1, config.width, config.depth), OneScore())
    known = partial(with_given, columns=len(codec.codes))
    return PackedCritic(constrained(plain, (width,), layers), 1, config.pack, known)


def with_given(
    x: Float[Tensor, "n width"], y: Choices | None, columns: int
) -> Float[Tensor, "n inputs"]:
    """Return rows with 1 for each column that is given, and 0 for the others.

    The values of given columns are in x, in real rows as in generated ones.

    Args:
        x: the rows.
        y: the choice of each column, -1 where it is not given; none: no column is given.
        columns: number of columns.
    """
    given = x.new_zeros(len(x), columns) if y is None else (y >= 0).to(x.dtype)
    return torch.cat([x, given], dim=1)
