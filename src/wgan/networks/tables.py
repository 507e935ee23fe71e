"""Networks for tables: an autoregressive generator, and a critic that sees packs of rows.

Packs of rows are those of PacGAN (Lin et al. 2018, section 3). Conditions (Mirza and Osindero 2014)
give any number of columns.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.codes import ColumnCode
from wgan.networks.autoregressive import Choices, TableGenerator
from wgan.networks.config import NetworkConfig
from wgan.networks.heads import features_of, numbers_of
from wgan.networks.layers import OneScore, linear_of
from wgan.networks.lipschitz import constrained
from wgan.networks.vectors import mlp
from wgan.objectives.constraints import Layers

MOST_WEIGHTS = 2**28
"""Weights of the first layers of a generator at most. Each column sees all others, so they grow
with the square of the number of columns: 100 columns of numbers take 65 million at a width of 192,
which are 1.3 GB while they are trained.
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
    return TableCritic(constrained(plain, (width,), layers), codec.codes, config.pack)


class TableCritic(nn.Module):
    """f(x, y) = net of the concatenated [x, c(y)] of `pack` rows: one score a pack.

    c(y) `[columns]` is 1 where a column is given. Its value is in x, in real rows as in generated
    ones. f's slope in x is at most net's.

    Inputs are rows `[n, width]`, or packs `[n / pack, pack, width]`.

    Args:
        net: a chain that ends in a linear layer and `OneScore`.
        codes: the place of each column in a coded row.
        pack: rows that are scored together.
    """

    chained = True

    def __init__(self, net: nn.Sequential, codes: Sequence[ColumnCode], pack: int) -> None:
        super().__init__()
        self.features = net[:-2]
        self.head = net[-2:]
        self.pack = pack
        self.columns = len(codes)

    def inputs(
        self, x: Float[Tensor, "samples *rows"], y: Choices | None = None
    ) -> Float[Tensor, "packs inputs"]:
        """Return what the first layer sees."""
        rows = x.reshape(-1, x.shape[-1])
        fixed = rows.new_zeros(len(rows), self.columns) if y is None else (y >= 0).to(rows.dtype)
        return torch.cat([rows, fixed], dim=1).reshape(len(rows) // self.pack, -1)

    def direction(self, y: Choices | None = None) -> tuple[Float[Tensor, "1 hidden"], Tensor]:
        """Return (w, b) where f = w h + b, h the last hidden layer."""
        return linear_of(self.head)

    def hidden(
        self, x: Float[Tensor, "samples *rows"], y: Choices | None = None
    ) -> Float[Tensor, "packs hidden"]:
        """Return the last hidden layer."""
        h: Tensor = self.features(self.inputs(x, y))
        return h

    def score(
        self, h: Float[Tensor, "packs hidden"], y: Choices | None = None
    ) -> Float[Tensor, " packs"]:
        """Return the scores of hidden layers."""
        f: Tensor = self.head(h)
        return f

    def forward(
        self, x: Float[Tensor, "samples *rows"], y: Choices | None = None
    ) -> Float[Tensor, " packs"]:
        return self.score(self.hidden(x, y), y)
