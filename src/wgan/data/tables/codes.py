"""The place of a column in what networks see, and the digits in which a generator draws it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt

import numpy as np
from jaxtyping import Int64

from wgan.data.tables.schema import UNSEEN

SINGLE_DIGIT = 40
"""Cells that one digit tells apart. More are two digits of about the square root each: networks of
1,000 outputs would be slow, and would learn each value by itself.
"""


@dataclass(frozen=True)
class ColumnCode:
    """The place of one column in what networks see, and its choices.

    A choice is what a generator draws of a column: a level, a spike, a missing value, or the cell
    of an ordinary number. Cells are numbered first, and the others behind them. A choice is drawn
    as one or two digits. Among cells or levels, choice = second * first digit + second digit. Each
    spike, and a missing value beside cells, is a first digit of its own.

    Attributes:
        start: the first number of the column in coded rows.
        sizes: sizes of its one-hot codes, which begin at `start`.
        frequencies: frequency of each choice.
        heights: F at the upper end of each cell; with any, a normal score follows the codes.
        singles: which cells are a single number; (): none.
    """

    start: int
    sizes: tuple[int, ...]
    frequencies: tuple[float, ...] = (1.0,)
    heights: tuple[float, ...] = ()
    singles: tuple[bool, ...] = ()

    @property
    def scored(self) -> bool:
        """Whether a normal score follows the codes."""
        return len(self.heights) > 0

    @property
    def score(self) -> int:
        """Place of the score."""
        return self.start + sum(self.sizes)

    @property
    def parts(self) -> Iterator[tuple[int, int]]:
        """Yield the first place and the size of each one-hot code."""
        start = self.start
        for size in self.sizes:
            yield start, size
            start += size

    @property
    def choices(self) -> int:
        """Number of choices."""
        return len(self.frequencies)

    @property
    def others(self) -> int:
        """Number of choices that are neither cells nor levels without cells beside them."""
        return self.choices - len(self.heights) if self.scored else 0

    @property
    def second(self) -> int:
        """Number of second digits; 1: the first says all."""
        if not self.scored:
            return self.sizes[1] if len(self.sizes) == 2 else 1
        return 1 if len(self.heights) <= SINGLE_DIGIT else ceil(sqrt(len(self.heights)))

    @property
    def ranges(self) -> int:
        """Number of first digits that stand for cells, or for levels."""
        return -(-(self.choices - self.others) // self.second)

    @property
    def first(self) -> int:
        """Number of first digits."""
        return self.ranges + self.others

    @cached_property
    def _grid(self) -> np.ndarray:
        """Frequency of each pair of digits."""
        grid = np.full((self.first, self.second), np.nan)
        cells = self.choices - self.others
        grid.flat[:cells] = self.frequencies[:cells]
        grid[self.ranges :, 0] = self.frequencies[cells:]
        return grid

    @property
    def possible(self) -> list[list[bool]]:
        """Second digits that exist after each first one."""
        possible: list[list[bool]] = (~np.isnan(self._grid)).tolist()
        return possible

    @property
    def first_frequencies(self) -> list[float]:
        """Frequency of each first digit."""
        frequencies: list[float] = np.nansum(self._grid, axis=1).tolist()
        return frequencies


def digits_of(
    state: Int64[np.ndarray, " n"], sizes: tuple[int, ...]
) -> list[Int64[np.ndarray, " n"]]:
    """Return each state as one digit, or as two of which the last counts units.

    Args:
        state: `[n]` states, -1 for one that is unseen.
        sizes: how many values each digit has.
    """
    if len(sizes) == 1:
        return [state]
    unseen = state == UNSEEN
    return [np.where(unseen, UNSEEN, part) for part in np.divmod(state, sizes[1])]
