"""Differences: numbers of a column as their distance from a multiple of an earlier column.

A delivery is some days after its order, and a gross price a fifth above the net one. Cells of the
delivery, or of the gross price, are far wider than what is left beside the other column:

    x = round(factor * other) + difference

Rounding to the steps of x keeps the differences in these steps, whatever the factor is.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.data.tables.cells import Cells
from wgan.data.tables.steps import rounded

NO_CELLS = Cells()
Numbers = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Difference:
    """How a column is computed from an earlier one, and the distribution of the difference.

    Attributes:
        other: name of the earlier column.
        factor: what it is multiplied by; 1 for times.
        middle: the number that stands for it where it is missing, or a code such as -999.
        spikes: differences that are states of their own.
        cells: the distribution of the others.
        shares: the frequency of each state.
        far_rows: the number of rows whose difference lies far from all others, and counts as the
            nearest end.
    """

    other: str
    factor: float = 1.0
    middle: float = 0.0
    spikes: tuple[float, ...] = ()
    cells: Cells = NO_CELLS
    shares: tuple[float, ...] = ()
    far_rows: int = 0

    def start(self, other: Numbers, step: float) -> Numbers:
        """Return the numbers to which the difference is added.

        Args:
            other: `[n]` values of the earlier column; NaN where it has none.
            step: the step of the column.
        """
        known = np.where(np.isnan(other), self.middle, other)
        return rounded(self.factor * known, step)

    def of(self, x: Numbers, other: Numbers, step: float) -> Numbers:
        """Return the differences of numbers.

        Args:
            x: `[n]` numbers; NaN: missing.
            other: as in `start`.
            step: as in `start`.
        """
        return rounded(x - self.start(other, step), step)

    def added(self, difference: Numbers, other: Numbers, step: float) -> Numbers:
        """Return the numbers of differences: the inverse of `of`.

        Args:
            difference: `[n]` differences; NaN: missing.
            other: as in `start`.
            step: as in `start`.
        """
        return rounded(self.start(other, step) + difference, step)

    def undone(self, x: Numbers, difference: Numbers, step: float) -> Numbers:
        """Return the values of the earlier column that give numbers their differences.

        Args:
            x: `[n]` numbers.
            difference: `[n]` their differences.
            step: the step of the earlier column.
        """
        return rounded((x - difference) / self.factor, step)

    def __str__(self) -> str:
        times = "" if self.factor == 1 else f"{self.factor:g} times "
        return f"distance from {times}'{self.other}'"
