"""The distribution of one column of a table: digits that a generator draws in turn.

A draw inverts the distribution function at a uniform number u. Its one-hot code goes forward, and
the gradient of the probabilities back (straight-through; Bengio et al. 2013), so that a critic can
train it.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from scipy.special import ndtri
from torch import Tensor, nn

from wgan.data.tables.cells import MARGIN
from wgan.data.tables.codes import ColumnCode

SECOND_WIDTH = 64
"""Hidden units between the first and the second digit of a column: twice as many as most second
digits have values.
"""
FIRST_SCALE = 0.02
"""Standard deviation of the first weights of heads, which then begin near the frequencies of the
data.
"""
LEAST_FREQUENCY = 1e-5
"""Frequency at which a digit that no row has begins, in place of the logarithm of zero."""


def numbers_of(code: ColumnCode) -> int:
    """Return how many uniform numbers draw a column: one a digit, and one for a place in a cell.

    Args:
        code: the column's code.
    """
    return 1 + (code.second > 1) + code.scored


def features_of(code: ColumnCode) -> int:
    """Return how many numbers other columns see of a column.

    They are its digits, or those that `seen` gives for a number.

    Args:
        code: the column's code.
    """
    if not code.scored:
        return code.first + code.second * (code.second > 1)
    return code.first + 2 + code.ranges * (code.second > 1)


class ColumnHead(nn.Module):
    """The distribution of one column, given the hidden layer of its network.

    A first digit is drawn, then a second one if the column has many values (see `ColumnCode`). Then
    the place of an ordinary number in its cell is drawn. It is uniform unless the cell is a single
    number.

    Args:
        code: the column's code.
        width: units of the hidden layer.
    """

    tail: Tensor
    rise: Tensor
    upper: Tensor
    edges: Tensor
    middle: Tensor
    single: Tensor
    range_ends: Tensor
    impossible: Tensor

    def __init__(self, code: ColumnCode, width: int) -> None:
        super().__init__()
        self.code = code
        self.numbers = numbers_of(code)
        self.features = features_of(code)
        self.head = nn.Linear(width, code.first)
        frequencies = torch.tensor(code.first_frequencies)
        with torch.no_grad():
            self.head.weight.normal_(std=FIRST_SCALE)
            self.head.bias.copy_(frequencies.clamp_min(LEAST_FREQUENCY).log())
        if code.second > 1:
            self.to_second = nn.Linear(width, SECOND_WIDTH)
            self.of_first = nn.Embedding(code.first, SECOND_WIDTH)
            self.second_head = nn.Linear(SECOND_WIDTH, code.second)
            self._register("impossible", ~torch.tensor(code.possible))
        if code.scored:
            heights = np.array([0.0, *code.heights])
            pad = code.ranges * code.second - len(code.heights)
            rise = np.pad(np.diff(heights), (0, pad))
            below = np.pad(heights[:-1], (0, pad), constant_values=0.5)
            upper = below >= 0.5
            # Heights are kept as the distance to the nearer end of F, where single precision knows
            # them well: some devices have no other.
            self._register("tail", _single(np.where(upper, 1 - below - rise, below)))
            self._register("rise", _single(rise))
            self._register("upper", torch.from_numpy(upper))
            self._register(
                "single", torch.tensor([*code.singles, *[False] * len(rise)])[: len(rise)]
            )
            # The outermost ranges end in the middle of their last cell: a normal score has no end.
            ends = np.append(heights[:: code.second], 1.0)[: code.ranges + 1]
            ends[0] = heights[1] / 2
            ends[-1] = (heights[-2] + 1) / 2
            self._register("range_ends", _single(ndtri(ends)))
            self._register("edges", _single(ndtri(heights[1:-1])))
            middle = ndtri(below + rise / 2).reshape(code.ranges, code.second)
            self._register("middle", _single(middle))

    def _register(self, name: str, values: Tensor) -> None:
        self.register_buffer(name, values, persistent=False)

    def logits_of_second(
        self, h: Float[Tensor, "n width"], first: Int64[Tensor, " n"]
    ) -> Float[Tensor, "n second"]:
        """Return the logits of the second digit, given the first."""
        logits: Tensor = self.second_head(F.relu(self.to_second(h) + self.of_first(first)))
        return logits.float().masked_fill(self.impossible[first], -torch.inf)

    def log_probability(
        self, h: Float[Tensor, "n width"], first: Int64[Tensor, " n"], second: Int64[Tensor, " n"]
    ) -> Float[Tensor, " n"]:
        """Return log p of digits."""
        found = -F.cross_entropy(self.head(h).float(), first, reduction="none")
        if self.code.second == 1:
            return found
        return found - F.cross_entropy(self.logits_of_second(h, first), second, reduction="none")

    def digits_of_rows(
        self, x: Float[Tensor, "n width"]
    ) -> tuple[Int64[Tensor, " n"], Int64[Tensor, " n"]]:
        """Return the digits of the column in coded rows."""
        code = self.code
        parts = [x[:, start : start + size].argmax(1) for start, size in code.parts]
        if not code.scored:
            nothing = x.new_zeros(len(x), dtype=torch.int64)
            first, second = [*parts, nothing, nothing][:2]
            return first, second
        cell = torch.searchsorted(self.edges, x[:, code.score].float().contiguous())
        if not parts:
            return cell // code.second, cell % code.second
        (state,) = parts
        ordinary = state == 0
        first = torch.where(ordinary, cell // code.second, code.ranges + state - 1)
        return first, torch.where(ordinary, cell % code.second, 0)

    def digits_of_choices(
        self, y: Int64[Tensor, " n"]
    ) -> tuple[Int64[Tensor, " n"], Int64[Tensor, " n"]]:
        """Return the digits of choices; a free one has those of the first."""
        y = y.clamp_min(0)
        cells = self.code.choices - self.code.others
        other = y >= cells
        first = torch.where(other, self.code.ranges + y - cells, y // self.code.second)
        return first, torch.where(other, 0, y % self.code.second)

    def draw(
        self,
        h: Float[Tensor, "n width"],
        u: Float[Tensor, "n numbers"],
        y: Int64[Tensor, " n"] | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return one-hot codes of both digits, and the score, of uniform numbers u.

        Args:
            h: the hidden layer.
            u: uniform noise.
            y: choices that are given, -1 where the column is free; None: it is free.
        """
        code = self.code
        first, one_first = inverted(self.head(h), u[:, 0])
        given = None if y is None else self.digits_of_choices(y)
        if y is not None and given is not None:
            first, one_first = _replaced(first, one_first, given[0], y >= 0)
        second = torch.zeros_like(first)
        one_second = one_first.new_ones(first.shape[0], 1)
        if code.second > 1:
            second, one_second = inverted(self.logits_of_second(h, first), u[:, 1])
            if y is not None and given is not None:
                second, one_second = _replaced(second, one_second, given[1], y >= 0)
        if not code.scored:
            return one_first, one_second, one_first.new_zeros(first.shape[0], 1)
        return one_first, one_second, self.score(first, second, one_first, one_second, u[:, -1])

    def score(
        self, first: Tensor, second: Tensor, one_first: Tensor, one_second: Tensor, u: Tensor
    ) -> Float[Tensor, "n 1"]:
        """Return the normal score of a place u in the drawn cell; 0 for all but ordinary numbers.

        A single number has the score of the middle of its cell.

        Its gradient is that of the middle of the cell, as probabilities of the digits move it.
        """
        code = self.code
        ranges = one_first[:, : code.ranges]
        row = first.clamp_max(code.ranges - 1)
        cell = row * code.second + second
        upper = self.upper[cell]
        # Other columns see a single number in the middle of its cell, as in rows of the data.
        place = torch.where(self.single[cell], 0.5, torch.where(upper, 1 - u, u))
        share = MARGIN + (1 - 2 * MARGIN) * place
        distance = torch.special.ndtri(self.tail[cell] + self.rise[cell] * share)
        hard = torch.where(upper, -distance, distance)
        soft = (ranges * self.middle.T[second]).sum(1) + (one_second * self.middle[row]).sum(1)
        return ((hard + soft - soft.detach()) * ranges.sum(1)).unsqueeze(1)

    def seen(self, one_first: Tensor, one_second: Tensor, score: Tensor) -> Float[Tensor, "n f"]:
        """Return the input of other columns' networks from this column.

        For a number these are the first digit, the score s, s^2 - 1, and the place in its range,
        each range for itself. So a layer can be any broken line of the number (piecewise linear
        encoding; Gorishniy et al. 2022).
        """
        if not self.code.scored:
            return torch.cat([one_first, one_second], 1) if self.code.second > 1 else one_first
        ranges = one_first[:, : self.code.ranges]
        ordinary = ranges.sum(1, keepdim=True)
        features = [one_first, score, (score.square() - 1) * ordinary]
        if self.code.second > 1:
            features.append(ranges * self._place_in_range(ranges, score))
        return torch.cat(features, dim=1)

    @torch.no_grad()
    def _place_in_range(self, ranges: Tensor, score: Tensor) -> Float[Tensor, "n 1"]:
        """Return the place of a score in its range, -1 to 1.

        A critic's gradient passes the score alone: here it would be the larger, the narrower the
        range.
        """
        low = ranges @ self.range_ends[:-1].to(ranges.dtype)
        high = ranges @ self.range_ends[1:].to(ranges.dtype)
        # Rows without an ordinary number have no range.
        place = (2 * score[:, 0] - low - high) / torch.where(high > low, high - low, 1.0)
        return place.clamp(-1, 1).unsqueeze(1)

    def coded(self, one_first: Tensor, one_second: Tensor, score: Tensor) -> list[Tensor]:
        """Return the column as coded rows have it."""
        code = self.code
        if not code.scored:
            return [one_first, one_second][: len(code.sizes)]
        states = [one_first[:, : code.ranges].sum(1, keepdim=True), one_first[:, code.ranges :]]
        return [*states, score] if code.sizes else [score]


def _single(x: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    return torch.from_numpy(x).float()


def inverted(
    logits: Float[Tensor, "n k"], u: Float[Tensor, " n"]
) -> tuple[Int64[Tensor, " n"], Float[Tensor, "n k"]]:
    """Return the numbers at which the distribution function reaches u, and their one-hot codes.

    The codes have the gradient of the probabilities.
    """
    p = F.softmax(logits.float(), dim=1)
    with torch.no_grad():
        heights = p.cumsum(1)
        drawn = (heights < u.unsqueeze(1) * heights[:, -1:]).sum(1).clamp_max(p.shape[1] - 1)
    return drawn, F.one_hot(drawn, p.shape[1]).to(p.dtype) + (p - p.detach())


def _replaced(
    drawn: Tensor, one_hot: Tensor, given: Tensor, is_given: Bool[Tensor, " n"]
) -> tuple[Tensor, Tensor]:
    """Return digits and one-hot codes, those that are given in their place."""
    code = F.one_hot(given, one_hot.shape[1]).to(one_hot.dtype)
    return torch.where(is_given, given, drawn), torch.where(is_given.unsqueeze(1), code, one_hot)
