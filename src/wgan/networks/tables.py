"""Networks for tables: a generator with a head a column, and a critic that sees packs of rows.

A head draws a category inside the generator. It uses Gumbel noise that is part of the generator's
input, so that a sample is a function of this input alone. The critic sees the one-hot code, and the
gradient passes straight through to the probabilities (Jang et al. 2017, section 2.2). Packs of rows
are those of PacGAN (Lin et al. 2018, section 3). Conditions (Mirza and Osindero 2014) fix the
states of any number of columns. They hold exactly, since a state replaces what the head would draw.
"""

from collections.abc import Sequence
from math import prod, sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.data.tables.codec import ColumnCode, TableCodec
from wgan.networks.config import NetworkConfig
from wgan.networks.layers import OneScore, linear_of
from wgan.networks.lipschitz import constrained
from wgan.networks.vectors import mlp
from wgan.objectives.constraints import Layers

LEAST_UNIFORM = 1e-7
"""Distance of uniform noise from 0 and 1, where Gumbel noise would be infinite. In single precision
the largest number below 1 is 1 - 6e-8.
"""
FIRST_SCALE = 0.1
"""Factor of the first weights of heads, which then begin near the frequencies of the data. At 1, a
rare state may be lost in the first steps, and its gradient with it (LOG.md, "Rare states die under
a two-sided penalty"). At 0, hidden layers would get no gradient from states.
"""
LEAST_FREQUENCY = 1e-5
"""Frequency at which a state that no row has begins, in place of the logarithm of zero."""
States = Int64[Tensor, "n columns"]


def noise(config: NetworkConfig, codec: TableCodec) -> int:
    """Return the number of noise inputs of one row: the latent, and one for each state.

    Args:
        config: sizes.
        codec: the table's codec.
    """
    return config.latent + units(codec.codes)


def generator(config: NetworkConfig, codec: TableCodec, classes: int) -> nn.Module:
    """Return the fully connected generator of tables.

    Args:
        config: sizes.
        codec: the table's codec.
        classes: does not matter: tables have conditions in the place of labels.
    """
    inputs = config.latent + units(codec.codes)
    net = mlp(inputs, codec.shape[0], config.width, config.depth)
    return TableGenerator(net, codec.codes, config.latent)


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


def units(codes: Sequence[ColumnCode]) -> int:
    """Return how many numbers of a coded row are one-hot codes."""
    return sum(sum(code.sizes) for code in codes)


class Conditions(nn.Module):
    """Conditions `[n, columns]` -> one-hot codes `[n, units]`, zeros where a column is free (-1).

    Args:
        codes: the place of each column in a coded row.
    """

    column: Tensor
    step: Tensor
    size: Tensor
    start: Tensor

    def __init__(self, codes: Sequence[ColumnCode]) -> None:
        super().__init__()
        # For each digit of each column: the column, the digit's value, and its number of states.
        columns: list[int] = []
        steps: list[int] = []
        sizes: list[int] = []
        for i, code in enumerate(codes):
            for place, size in enumerate(code.sizes):
                columns.append(i)
                steps.append(prod(code.sizes[place + 1 :]))
                sizes.append(size)
        self._register("column", columns)
        self._register("step", steps)
        self._register("size", sizes)
        self._register("start", [sum(sizes[:k]) for k in range(len(sizes))])
        self.units = sum(sizes)

    def _register(self, name: str, values: list[int]) -> None:
        self.register_buffer(name, torch.tensor(values, dtype=torch.int64), persistent=False)

    def forward(self, y: States) -> Float[Tensor, "n units"]:
        state = y[:, self.column]
        digit = state.clamp_min(0) // self.step % self.size
        codes = torch.zeros(len(y), self.units, device=y.device)
        return codes.scatter(1, self.start + digit, (state >= 0).to(codes.dtype))


class TableGenerator(nn.Module):
    """G([z, e], y): coded rows whose columns have the states y.

    z is the latent, and e are normal numbers that become Gumbel noise: with u = Phi(e),

        g = -log(-log u),  state = argmax(logits + g),

    which is a draw from softmax(logits). Its one-hot code goes forward, and the gradient of
    softmax(logits + g) back. A score counts where the first state, an ordinary number, is drawn.
    The generator begins at the frequencies of the columns.

    Args:
        net: a chain `[n, latent + units] -> [n, width]` that ends in a linear layer.
        codes: the place of each column in a coded row.
        latent: numbers of z.
    """

    def __init__(self, net: nn.Sequential, codes: Sequence[ColumnCode], latent: int) -> None:
        super().__init__()
        self.net = net
        self.latent = latent
        self.conditions = Conditions(codes)
        self.codes = [(list(code.sizes), code.scored) for code in codes]
        last = net[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            for code in codes:
                for (start, size), frequency in zip(code.parts, code.frequencies, strict=True):
                    logits = torch.tensor(frequency).clamp_min(LEAST_FREQUENCY).log()
                    last.weight[start : start + size] *= FIRST_SCALE
                    last.bias[start : start + size] = logits

    def forward(
        self, z: Float[Tensor, "n latent_and_noise"], y: States | None = None
    ) -> Float[Tensor, "n width"]:
        latent = z[:, : self.latent]
        noise = z[:, self.latent :]
        fixed = z.new_zeros(len(z), self.conditions.units) if y is None else self.conditions(y)
        # sqrt(latent) as in `ConditionalGenerator`: conditions and noise weigh the same.
        logits = self.net(torch.cat([latent, sqrt(self.latent) * fixed], dim=1)).float()
        uniform = torch.special.ndtr(noise).clamp(LEAST_UNIFORM, 1 - LEAST_UNIFORM)
        gumbel = -torch.log(-torch.log(uniform))
        parts = []
        out = 0  # places in logits and in a coded row
        unit = 0  # places in one-hot codes alone
        for sizes, scored in self.codes:
            first = None
            for size in sizes:
                here = fixed[:, unit : unit + size]
                state = _one_hot_draw(logits[:, out : out + size] + gumbel[:, unit : unit + size])
                state = here + (1 - here.sum(1, keepdim=True)) * state
                if first is None:
                    first = state[:, :1]
                parts.append(state)
                out += size
                unit += size
            if scored:
                score = logits[:, out : out + 1]
                parts.append(score if first is None else score * first)
                out += 1
        return torch.cat(parts, dim=1)


def _one_hot_draw(perturbed: Float[Tensor, "n states"]) -> Float[Tensor, "n states"]:
    """Return the one-hot code of the largest number, with the gradient of the softmax."""
    soft = F.softmax(perturbed, dim=1)
    hard = F.one_hot(perturbed.argmax(1), perturbed.shape[1]).to(soft.dtype)
    return hard + (soft - soft.detach())


class TableCritic(nn.Module):
    """f(x, y) = net of the concatenated [x, c(y)] of `pack` rows: one score a pack.

    c(y) `[columns]` is 1 where a condition fixes a column. The state itself is in x, in real rows
    as in generated ones. f's slope in x is at most net's.

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
        self, x: Float[Tensor, "samples *rows"], y: States | None = None
    ) -> Float[Tensor, "packs inputs"]:
        """Return what the first layer sees."""
        rows = x.reshape(-1, x.shape[-1])
        fixed = rows.new_zeros(len(rows), self.columns) if y is None else (y >= 0).to(rows.dtype)
        return torch.cat([rows, fixed], dim=1).reshape(len(rows) // self.pack, -1)

    def direction(self, y: States | None = None) -> tuple[Float[Tensor, "1 hidden"], Tensor]:
        """Return (w, b) where f = w h + b, h the last hidden layer."""
        return linear_of(self.head)

    def hidden(
        self, x: Float[Tensor, "samples *rows"], y: States | None = None
    ) -> Float[Tensor, "packs hidden"]:
        """Return the last hidden layer."""
        h: Tensor = self.features(self.inputs(x, y))
        return h

    def score(
        self, h: Float[Tensor, "packs hidden"], y: States | None = None
    ) -> Float[Tensor, " packs"]:
        """Return the scores of hidden layers."""
        f: Tensor = self.head(h)
        return f

    def forward(
        self, x: Float[Tensor, "samples *rows"], y: States | None = None
    ) -> Float[Tensor, " packs"]:
        return self.score(self.hidden(x, y), y)
