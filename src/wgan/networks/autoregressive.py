"""An autoregressive generator of tables: columns are drawn in turn, each given those before it.

    p(row) = prod_i p(x_i | x_1 ... x_{i-1})

Each column has a network of its own, whose input is the row with all later columns masked
(Larochelle and Murray 2011). One pass gives all conditionals of a known row, and a row is drawn in
one pass in turn. Conditions are columns that are given first, whatever their place:

    p(x_i | x_given, x_1 ... x_{i-1}),

which is learned from masks in which random columns are given (Uria et al. 2014). The two need not
agree, so rows with given columns also come with weights that lead back to the joint distribution.

A draw is a function of uniform numbers Phi(e), where e are numbers of the latent: so is a row.
"""

from collections.abc import Iterator, Sequence
from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.data.tables.codes import ColumnCode
from wgan.networks.heads import ColumnHead

LEAST_UNIFORM = 1e-7
"""Distance of uniform noise from 0 and 1. In single precision the largest number below 1 is
1 - 6e-8.
"""
Choices = Int64[Tensor, "n columns"]


class TableGenerator(nn.Module):
    """G(e, y): coded rows `[n, width]`, whose columns are the choices y where these are given.

    Args:
        codes: the code of each column.
        width: units of the hidden layers of each column.
        depth: hidden layers of each column, 1 or more.
    """

    owner: Tensor

    def __init__(self, codes: Sequence[ColumnCode], width: int, depth: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(ColumnHead(code, width) for code in codes)
        features = [head.features for head in self._heads]
        columns = len(features)
        owner = torch.tensor([i for i, seen in enumerate(features) for _ in range(seen)])
        self.register_buffer("owner", owner, persistent=False)
        # About half of the other columns are seen, and each shows one or two numbers at once.
        self.first_weight = nn.Parameter(torch.randn(columns, sum(features), width))
        self.first_bias = nn.Parameter(torch.zeros(columns, width))
        self.weight = nn.Parameter(torch.randn(max(depth, 1) - 1, columns, width, width))
        self.bias = nn.Parameter(torch.zeros(max(depth, 1) - 1, columns, width))
        with torch.no_grad():
            self.first_weight.div_(sqrt(2 * columns))
            self.weight.mul_(sqrt(2 / width))

    @property
    def _heads(self) -> list[ColumnHead]:
        return [head for head in self.heads if isinstance(head, ColumnHead)]

    def negative_log_likelihood(
        self,
        x: Float[Tensor, "n width"],
        y: Choices | None = None,
        dropout: Float[Tensor, ""] | None = None,
    ) -> Float[Tensor, " n"]:
        """Return -log p(row | given columns) in nats, of cells and not of places in them.

        Args:
            x: coded rows of the data.
            y: choices of the columns that are given, -1 where a column is not; none: no column.
            dropout: share of the hidden units that are dropped; none: they all stay.
        """
        digits = [head.digits_of_rows(x) for head in self._heads]
        seen = []
        for head, (first, second) in zip(self._heads, digits, strict=True):
            score = x[:, head.code.score : head.code.score + head.code.scored].to(x.dtype)
            one_first = F.one_hot(first, head.code.first).to(x.dtype)
            one_second = F.one_hot(second, head.code.second).to(x.dtype)
            seen.append(head.seen(one_first, one_second, score))
        columns = len(digits)
        given = x.new_zeros(len(x), columns) if y is None else (y >= 0).to(x.dtype)
        before = torch.ones(columns, columns, device=x.device, dtype=x.dtype).tril(-1)
        # A given column may see itself: it has no part in the likelihood.
        mask = torch.maximum(before, given.unsqueeze(1))
        masked = torch.cat(seen, dim=1).unsqueeze(1) * mask[:, :, self.owner]
        h = self._all_hidden(masked.transpose(0, 1), dropout)
        total = x.new_zeros(len(x))
        for i, head in enumerate(self._heads):
            total = total - head.log_probability(h[i], *digits[i]) * (1 - given[:, i])
        return total

    def _all_hidden(
        self, x: Float[Tensor, "columns n features"], dropout: Float[Tensor, ""] | None
    ) -> Float[Tensor, "columns n width"]:
        h = F.relu(torch.baddbmm(self.first_bias.unsqueeze(1), x, self.first_weight))
        h = _dropped(h, dropout)
        for weight, bias in zip(self.weight, self.bias, strict=True):
            h = h + F.relu(torch.baddbmm(bias.unsqueeze(1), h, weight))
            h = _dropped(h, dropout)
        return h

    def _layers(self) -> Iterator[list[tuple[Tensor, Tensor]]]:
        """Yield the weights and biases of each column's layers.

        The parameters are taken apart once: a gradient of each part would be as large as the whole.
        """
        first = zip(self.first_weight.unbind(), self.first_bias.unbind(), strict=True)
        rest = [
            zip(weight.unbind(), bias.unbind(), strict=True)
            for weight, bias in zip(self.weight.unbind(), self.bias.unbind(), strict=True)
        ]
        return (list(layers) for layers in zip(first, *rest, strict=True))

    def forward(
        self, z: Float[Tensor, "n noise"], y: Choices | None = None
    ) -> Float[Tensor, "n width"]:
        return self._drawn(z, y, weighted=False)[0]

    def weighted(
        self, z: Float[Tensor, "n noise"], y: Choices
    ) -> tuple[Float[Tensor, "n width"], Float[Tensor, " n"]]:
        """Return rows with their choices given, and log(p(row) / q(row | given)) in nats.

        q draws the rows: columns before a given one have it in sight. p is the joint of all
        columns, in which they have not. Rows that are chosen in proportion to p / q follow
        p(row | given) (sampling importance resampling, Rubin 1987).

        Args:
            z: noise, as for `forward`.
            y: choices of the columns that are given, -1 where a column is free.
        """
        return self._drawn(z, y, weighted=True)

    def _drawn(
        self, z: Float[Tensor, "n noise"], y: Choices | None, weighted: bool
    ) -> tuple[Float[Tensor, "n width"], Float[Tensor, " n"]]:
        uniform = torch.special.ndtr(z.float()).clamp(LEAST_UNIFORM, 1 - LEAST_UNIFORM)
        uniforms = uniform.split([head.numbers for head in self._heads], dim=1)
        if y is None:
            # Not `len(z)`, which would be the number of rows of an exported graph for good.
            seen = [z.new_zeros(z.shape[0], head.features) for head in self._heads]
        else:
            seen = [self._given(i, uniforms[i], y[:, i]) for i in range(len(self._heads))]
        coded = []
        log_weight = z.new_zeros(z.shape[0])
        for i, (head, layers) in enumerate(zip(self._heads, self._layers(), strict=True)):
            before = seen[:i]
            # Of later columns, and of itself, a column sees what is given, and else zeros.
            sees = before if y is None else seen
            h = _hidden(torch.cat([z[:, :0], *sees], dim=1), layers)
            drawn = head.draw(h, uniforms[i], None if y is None else y[:, i])
            if y is not None and weighted:
                digits = (drawn[0].argmax(1), drawn[1].argmax(1))
                free = _hidden(torch.cat([z[:, :0], *before], dim=1), layers)
                log_p = head.log_probability(free, *digits)
                log_q = head.log_probability(h, *digits)
                log_weight = log_weight + torch.where(y[:, i] >= 0, log_p, log_p - log_q)
            seen[i] = head.seen(*drawn)
            coded += head.coded(*drawn)
        return torch.cat(coded, dim=1), log_weight

    def _given(self, i: int, u: Tensor, y: Int64[Tensor, " n"]) -> Float[Tensor, "n features"]:
        """Return what is seen of a column before it is drawn: itself where given, else nothing."""
        head = self._heads[i]
        first, second = head.digits_of_choices(y)
        one_first = F.one_hot(first, head.code.first).to(u.dtype)
        one_second = F.one_hot(second, head.code.second).to(u.dtype)
        score = u.new_zeros(u.shape[0], 1)
        if head.code.scored:
            score = head.score(first, second, one_first, one_second, u[:, -1])
        return head.seen(one_first, one_second, score) * (y >= 0).unsqueeze(1)


def _hidden(
    x: Float[Tensor, "n features"], layers: Sequence[tuple[Tensor, Tensor]]
) -> Float[Tensor, "n width"]:
    """Return the hidden layer of a column, of the columns that it sees: the first ones, or all."""
    (weight, bias), *rest = layers
    h = F.relu(torch.addmm(bias, x, weight[: x.shape[1]]))
    for weight, bias in rest:
        h = h + F.relu(torch.addmm(bias, h, weight))
    return h


def _dropped(
    h: Float[Tensor, "columns n width"], share: Float[Tensor, ""] | None
) -> Float[Tensor, "columns n width"]:
    """Return h with a share of its numbers at zero, and the others larger by as much."""
    # A tensor, since a compiler would compile `F.dropout` anew for each share.
    return h if share is None else h * (torch.rand_like(h) >= share) / (1 - share)
