"""Which networks serve tables? A generator with a head a column, and a critic that sees packs of
rows; both know which states are asked for.

Heads: a category is drawn inside the generator, by Gumbel noise that is part of the latent, so that
a sample is a function of its latent alone; the critic sees the one-hot code, and the gradient
passes straight through to the probabilities (Jang et al. 2017, section 2.2). Packs: Lin et al.
(2018), section 3 (PacGAN). Conditions: Mirza and Osindero (2014), here any number of columns at
once, and exact, for what is asked for replaces what the head would say.
"""

from collections.abc import Sequence
from math import sqrt

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

SMALLEST = 1e-7
FIRST_SCALE, LEAST_FREQUENCY = 0.1, 1e-5
States = Int64[Tensor, "n columns"]


def noise(config: NetworkConfig, codec: TableCodec) -> int:
    """Return the numbers of noise of one row: the latent, and one for each state."""
    return config.latent + units(codec.codes)


def generator(config: NetworkConfig, codec: TableCodec, classes: int) -> nn.Module:
    """Return the fully connected generator of tables."""
    inputs = config.latent + units(codec.codes)
    net = mlp(inputs, codec.shape[0], config.width, config.depth)
    return TableGenerator(net, codec.codes, config.latent)


def critic(config: NetworkConfig, codec: TableCodec, layers: Layers, classes: int) -> nn.Module:
    """Return the fully connected critic of packs of rows."""
    width = config.pack * (codec.shape[0] + len(codec.codes))
    plain = nn.Sequential(*mlp(width, 1, config.width, config.depth), OneScore())
    return TableCritic(constrained(plain, (width,), layers), codec.codes, config.pack)


def units(codes: Sequence[ColumnCode]) -> int:
    """Return how many numbers of a coded row are one-hot codes."""
    return sum(sum(code.sizes) for code in codes)


class Conditions(nn.Module):
    """States asked for -> one-hot codes `[n, units]`; zeros where a column is free (-1)."""

    column: Tensor
    step: Tensor
    size: Tensor
    start: Tensor

    def __init__(self, codes: Sequence[ColumnCode]) -> None:
        super().__init__()
        parts = [
            (i, code.sizes[1] if place == 0 and len(code.sizes) == 2 else 1, size)
            for i, code in enumerate(codes)
            for place, size in enumerate(code.sizes)
        ]
        sizes = torch.tensor([size for _, _, size in parts], dtype=torch.int64)
        for name, values in (
            ("column", torch.tensor([i for i, _, _ in parts], dtype=torch.int64)),
            ("step", torch.tensor([step for _, step, _ in parts], dtype=torch.int64)),
            ("size", sizes),
            ("start", sizes.cumsum(0) - sizes),
        ):
            self.register_buffer(name, values, persistent=False)
        self.units = int(sizes.sum())

    def forward(self, y: States) -> Float[Tensor, "n units"]:
        asked = y[:, self.column]
        digit = asked.clamp_min(0) // self.step % self.size
        codes = torch.zeros(len(y), self.units, device=y.device)
        return codes.scatter(1, self.start + digit, (asked >= 0).to(codes.dtype))


class TableGenerator(nn.Module):
    """[latent, normal numbers that become Gumbel noise] -> coded rows, with the states y asked for.
    It begins at the columns' own frequencies.

    The largest of logits + Gumbel noise is a draw from softmax(logits): its one-hot code goes
    forward, and the gradient of softmax(logits + noise) back. A score counts where the first state,
    an ordinary number, is drawn.
    """

    def __init__(self, net: nn.Sequential, codes: Sequence[ColumnCode], latent: int) -> None:
        super().__init__()
        self.net, self.latent, self.conditions = net, latent, Conditions(codes)
        self.codes = [(list(code.sizes), code.scored) for code in codes]
        last = net[-1]
        assert isinstance(last, nn.Linear)
        with (
            torch.no_grad()
        ):  # else a rare state may be lost in the first steps, and its gradient with it
            for code in codes:
                for (start, size), frequency in zip(code.parts, code.frequencies, strict=True):
                    last.weight[start : start + size] *= FIRST_SCALE
                    last.bias[start : start + size] = (
                        torch.tensor(frequency).clamp_min(LEAST_FREQUENCY).log()
                    )

    def forward(
        self, z: Float[Tensor, "n latent_and_noise"], y: States | None = None
    ) -> Float[Tensor, "n width"]:
        z, noise = z[:, : self.latent], z[:, self.latent :]
        asked = self.conditions(y) if y is not None else z.new_zeros(len(z), self.conditions.units)
        logits = self.net(torch.cat([z, sqrt(self.latent) * asked], dim=1)).float()
        uniform = torch.special.ndtr(noise).clamp(SMALLEST, 1 - SMALLEST)
        gumbel = -torch.log(-torch.log(uniform))
        parts, out, unit = [], 0, 0
        for sizes, scored in self.codes:
            first = None
            for size in sizes:
                here = asked[:, unit : unit + size]
                state = _drawn(logits[:, out : out + size] + gumbel[:, unit : unit + size])
                state = here + (1 - here.sum(1, keepdim=True)) * state
                first = state[:, :1] if first is None else first
                parts.append(state)
                out, unit = out + size, unit + size
            if scored:
                score = logits[:, out : out + 1]
                parts.append(score if first is None else score * first)
                out += 1
        return torch.cat(parts, dim=1)


def _drawn(perturbed: Float[Tensor, "n states"]) -> Float[Tensor, "n states"]:
    """Return one-hot codes of the largest, with the gradient of the softmax."""
    soft = F.softmax(perturbed, dim=1)
    hard = F.one_hot(perturbed.argmax(1), perturbed.shape[1]).to(soft.dtype)
    return hard + (soft - soft.detach())


class TableCritic(nn.Module):
    """f(x, y) for packs of rows: net([x, which columns were asked for] of `pack` rows, side by
    side) -> one score a pack.

    What was asked for stands in x itself, in real rows as in generated ones. x is rows `[n,
    width]`, or packs `[n / pack, pack, width]`. A bound on net's slope bounds f's slope in x.
    """

    chained = True

    def __init__(self, net: nn.Sequential, codes: Sequence[ColumnCode], pack: int) -> None:
        super().__init__()
        self.features, self.head, self.pack, self.columns = net[:-2], net[-2:], pack, len(codes)

    def inputs(
        self, x: Float[Tensor, "samples *rows"], y: States | None = None
    ) -> Float[Tensor, "packs inputs"]:
        """Return what the first layer sees."""
        rows = x.reshape(-1, x.shape[-1])
        asked = (
            (y >= 0).to(rows.dtype) if y is not None else rows.new_zeros(len(rows), self.columns)
        )
        return torch.cat([rows, asked], dim=1).reshape(len(rows) // self.pack, -1)

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
