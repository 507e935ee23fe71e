"""Round numbers in ranges: how often a number is a multiple of 10, of 100, of 1,000, ...

Sums that people name are round, but uniform numbers in a range hardly ever are. So a number in a
range is drawn as a multiple of one of some steps. The probabilities of the steps give the multiples
of each the share of rows that they have in the data.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int64

from wgan.data.tables.steps import rounded

FACTORS = (5, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
"""Steps that are tried, in steps of the column. Each divides the next."""
LEAST_EXCESS = 0.02
"""Multiples of a step count as round where their share of the rows is larger by so much than among
uniform numbers: then a classifier can tell the difference.
"""
CERTAIN = 4.0
"""Standard errors that the excess must have besides: of a dozen steps that are tried in each of a
hundred columns of uniform numbers, none is then taken for round.
"""
SAME = 1e-6
"""Distance from a whole multiple, in multiples, below which a number is one."""
END = 1e-9
"""Share of a part that is kept free at its end: more than rounding errors of a double."""
Numbers = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Rounding:
    """Steps of which numbers in ranges are multiples, and how often each is taken.

    Attributes:
        steps: rising; each divides the next. The first is the column's own. Empty: numbers are
            uniform.
        shares: the probability of each.
    """

    steps: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    @cached_property
    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Sums of shares, below and above each step."""
        above = np.cumsum(self.shares)
        return above - self.shares, above

    def placed(self, inside: Numbers, x: Numbers) -> Numbers:
        """Return the place in its cell of each number x, which is so far up in its range.

        Each step has a part of the cell: a multiple is placed in that of the largest step.

        Args:
            inside: `[n]` from 0 to 1, how far up each number lies.
            x: `[n]` the numbers.
        """
        if not self.steps:
            return inside
        below, _ = self._ends
        shares = np.asarray(self.shares)
        taken = np.zeros(len(x), dtype=np.int64)
        for i, step in enumerate(self.steps[1:], start=1):
            taken[is_multiple(x, step)] = i
        # Not the very end, which is the beginning of the next part.
        return below[taken] + shares[taken] * inside.clip(0, 1 - END)

    def read(self, place: Numbers, step: float) -> tuple[Numbers, Numbers]:
        """Return how far up numbers lie in their ranges, and the steps that they are multiples of.

        Args:
            place: `[n]` places in cells.
            step: the step of the column, where numbers are uniform.
        """
        if not self.steps:
            return place, np.full(len(place), step)
        below, above = self._ends
        taken = np.searchsorted(above[:-1], place, side="right")
        share = np.asarray(self.shares)[taken]
        inside = (place - below[taken]) / np.where(share > 0, share, 1.0)
        return inside.clip(0, 1), np.asarray(self.steps)[taken]


NO_ROUNDING = Rounding()


def is_multiple(x: Numbers, step: float) -> np.ndarray:
    """Return which numbers are whole multiples of a step."""
    multiples = x / step
    return np.abs(multiples - np.rint(multiples)) < SAME


def round_within(
    x: Numbers, steps: Numbers, plain: Numbers, lows: Numbers, highs: Numbers
) -> Numbers:
    """Return the nearest multiples within ranges; `plain` where a range has none.

    Args:
        x: `[n]` numbers.
        steps: `[n]` the steps.
        plain: `[n]` the numbers in steps of the column.
        lows: `[n]` least numbers of the ranges.
        highs: `[n]` largest numbers of the ranges.
    """
    result = plain.copy()
    for step in np.unique(steps[steps > 0]).tolist():
        here = steps == step
        first = np.ceil(lows[here] / step - SAME)
        last = np.floor(highs[here] / step + SAME)
        multiple = rounded(np.rint(x[here] / step).clip(first, last) * step, step)
        result[here] = np.where(first <= last, multiple, plain[here])
    return result


def fit_rounding(
    values: Float[np.ndarray, " k"], counts: Int64[np.ndarray, " k"], step: float
) -> Rounding:
    """Return how round numbers are, where they are more often round than uniform ones.

    With probabilities q_j of the steps c_j, multiples of c_k have the share

        S_k = sum_{j >= k} q_j + sum_{j < k} q_j c_j / c_k,

    since a multiple of c_j is one of c_k by chance too. The q_j are solved for.

    Args:
        values: the different numbers in ranges.
        counts: how many rows have each.
        step: the step of the column; 0: numbers have none, and none is round.

    >>> fit_rounding(np.arange(1000.0), np.full(1000, 1), 1.0)
    Rounding(steps=(), shares=())
    >>> fit_rounding(10 * np.arange(100.0), np.full(100, 3), 1.0)
    Rounding(steps=(10.0,), shares=(1.0,))
    """
    n = int(counts.sum())
    if not step or not n:
        return NO_ROUNDING
    steps = [step]
    found = [1.0]
    for factor in FACTORS:
        larger = factor * step
        share = counts[is_multiple(values, larger)].sum() / n
        by_chance = found[-1] * steps[-1] / larger
        noise = np.sqrt(by_chance * (1 - by_chance) / n)
        if share - by_chance >= max(LEAST_EXCESS, CERTAIN * noise):
            steps.append(larger)
            found.append(float(share))
    if len(steps) == 1:
        return NO_ROUNDING
    c = np.asarray(steps)
    # At [k, j]: the probability that a multiple of c_j is one of c_k.
    chance = np.minimum(c[None, :] / c[:, None], 1.0)
    shares = np.linalg.solve(chance, np.asarray(found)).clip(0)
    # Numbers that are no multiples of a larger step are of the first: none may be without a place.
    shares[0] = max(shares[0], 1 - found[1])
    kept = shares > 0
    shares = shares[kept] / shares.sum()
    return Rounding(tuple(c[kept].tolist()), tuple(shares.tolist()))
