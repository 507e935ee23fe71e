"""Cells: the distribution of the ordinary numbers of a column, as ranges and single numbers.

A cell is one number that many rows have, or a range of numbers that are uniform within it. F rises
by each cell's share of the rows, so a single number is a step of F, and what lies between two of
them stays between. Cells are smaller in the tails, where a range of a thousandth of the rows would
be one straight line.

No stored number is the value of fewer than `LEAST_HOLDERS` rows. Two ranges meet halfway between
two values, and a range meets a single number beside it at that number. The outermost ends are means
of several rows. So no row's own value can be told from the stored numbers, unless an end is rounded
to a whole step. The extremes of a column are not given back.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.special import ndtr, ndtri

from wgan.data.tables.rounding import NO_ROUNDING, Rounding, fit_rounding, round_within
from wgan.data.tables.steps import rounded

CELLS = 1000
"""A range holds a thousandth of the rows. The shape error of trained generators is some five times
as large, and the saved schema stays small.
"""
LEAST_ROWS = 10
"""Fewest rows of a range. With fewer, the ranges would follow chance."""
ATOM = 0.25
"""A number with a quarter of the rows of a range is a cell of its own, such as a round sum of
money. Rarer repeats cannot be told from chance.
"""
LEAST_HOLDERS = 5
"""Rows that share a stored number, or the mean that is stored: the usual least size of a published
group in official statistics.
"""
REPEATS = 5
"""Rows of each number, on average, from which on at most `CELLS` different numbers are taken for
all there are, and no number between them is made. With fewer rows, unseen numbers are likely.
Numbers of fewer than `LEAST_HOLDERS` rows count as the nearest other one, if they are a `CELLS`th
of the rows at most. If there are more, this would cut off a tail, so ranges are made.
"""
MARGIN = 1e-3
"""Share of a cell's rise of F that is kept free on either side, so that the least number has a
finite score.
"""
Numbers = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Cells:
    """The distribution of ordinary numbers: cells i with numbers from lows_i to highs_i.

    Attributes:
        lows: least numbers, rising; a single number has the same low and high.
        highs: largest numbers.
        heights: F at the upper end of each cell; the last is 1.
        rounding: how round numbers in ranges are, see `Rounding`.
    """

    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    rounding: Rounding = NO_ROUNDING

    def __len__(self) -> int:
        return len(self.heights)

    @property
    def discrete(self) -> bool:
        """Whether all cells are single numbers."""
        return self.lows == self.highs

    @cached_property
    def _ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Lows, highs, and F below and above each cell."""
        heights = np.asarray(self.heights)
        below = np.concatenate([[0.0], heights[:-1]])
        return np.asarray(self.lows), np.asarray(self.highs), below, heights

    def of(self, x: Numbers) -> Int64[np.ndarray, " n"]:
        """Return the number of the cell of each x; one between two cells is of the nearer.

        Args:
            x: `[n]` numbers.
        """
        lows, highs, _, _ = self._ends
        cell = np.searchsorted(highs[:-1] / 2 + lows[1:] / 2, x)
        # A range may end at a single number, which is a cell of its own.
        above = (cell + 1).clip(max=len(lows) - 1)
        single = (lows[above] == x) & (highs[above] == x)
        return np.where(single, above, cell).astype(np.int64)

    def scores(self, x: Numbers, step: float) -> Numbers:
        """Return the normal score Phi^-1(F(x)) of numbers.

        A single number has the score of the middle of its step.

        Args:
            x: `[n]` numbers; those beyond the cells count as the nearest end.
            step: numbers are multiples of it; 0: any number.
        """
        lows, highs, below, above = self._ends
        cell = self.of(x)
        width = highs[cell] - lows[cell] + step
        single = lows[cell] == highs[cell]
        inside = (x - lows[cell] + step / 2) / np.where(single, 1.0, width)
        share = np.where(single, 0.5, self.rounding.placed(inside.clip(0, 1), x))
        rise = above[cell] - below[cell]
        return ndtri(below[cell] + rise * (MARGIN + (1 - 2 * MARGIN) * share))

    def numbers(self, score: Numbers, step: float) -> Numbers:
        """Return the numbers of scores, each in its cell and in whole steps.

        Args:
            score: `[n]` normal scores.
            step: as in `scores`.
        """
        lows, highs, below, above = self._ends
        height = ndtr(score)
        cell = np.searchsorted(above[:-1], height)
        share = (height - below[cell]) / (above[cell] - below[cell])
        share = ((share - MARGIN) / (1 - 2 * MARGIN)).clip(0, 1)
        share, steps = self.rounding.read(share, step)
        x = lows[cell] - step / 2 + share * (highs[cell] - lows[cell] + step)
        plain = rounded(x, step).clip(lows[cell], highs[cell])
        return round_within(x, steps, plain, lows[cell], highs[cell])


def fit_cells(
    values: Float[np.ndarray, " k"],
    counts: Int64[np.ndarray, " k"],
    step: float = 0.0,
    low: float | None = None,
    high: float | None = None,
) -> Cells:
    """Return the cells of numbers.

    Args:
        values: the different numbers, rising.
        counts: how many rows have each.
        step: numbers are multiples of it; 0: any number.
        low: a bound below all numbers, which may be reached; None: numbers end where the data do.
        high: likewise above them.

    >>> fit_cells(np.arange(3.0), np.array([5, 10, 5])).heights
    (0.25, 0.75, 1.0)
    """
    n = int(counts.sum())
    bounded = low is not None or high is not None
    rare = int(counts[counts < LEAST_HOLDERS].sum())
    few = len(values) <= CELLS and n >= REPEATS * len(values) and rare <= n / CELLS
    if few and not bounded:
        lows = highs = values[counts >= LEAST_HOLDERS]
        nearest = np.searchsorted(lows[:-1] / 2 + lows[1:] / 2, values)
        sizes = np.bincount(nearest, weights=counts)
    else:
        single = counts >= max(ATOM * _rows_of_a_range(n), LEAST_HOLDERS)
        values, counts, single = _without_rare_ends(values, counts, single)
        values, counts, single = _without_lone_steps(values, counts, single, step)
        first, last = _groups(counts, single)
        sizes = np.add.reduceat(counts, first)
        lows, highs = _ends_of(values, counts, first, last, step)
    # A bound beyond the data is reached by half a row. One between two steps is the inner step.
    if step and low is not None:
        low = float(rounded(np.ceil([low / step - 1e-4]) * step, step)[0])
    if step and high is not None:
        high = float(rounded(np.floor([high / step + 1e-4]) * step, step)[0])
    if low is not None and low < lows[0]:
        highs = np.insert(highs, 0, max(low, lows[0] - step))
        lows = np.insert(lows, 0, low)
        sizes = np.insert(sizes.astype(np.float64), 0, 0.5)
    if high is not None and high > highs[-1]:
        lows = np.append(lows, min(high, highs[-1] + step))
        highs = np.append(highs, high)
        sizes = np.append(sizes.astype(np.float64), 0.5)
    heights = np.cumsum(sizes) / sizes.sum()
    heights[-1] = 1.0
    cells = Cells(tuple(lows.tolist()), tuple(highs.tolist()), tuple(heights.tolist()))
    in_ranges = (lows < highs)[cells.of(values)]
    return replace(cells, rounding=fit_rounding(values[in_ranges], counts[in_ranges], step))


def _rows_of_a_range(n: int) -> float:
    """Return how many rows a range has, away from the tails."""
    return max(n / CELLS, LEAST_ROWS)


def _without_rare_ends(
    values: Float[np.ndarray, " k"], counts: Int64[np.ndarray, " k"], single: Bool[np.ndarray, " k"]
) -> tuple[Float[np.ndarray, " l"], Int64[np.ndarray, " l"], Bool[np.ndarray, " l"]]:
    """Return the numbers without rare ends.

    Numbers beyond which fewer than `LEAST_HOLDERS` rows lie count as the next single number.

    Such a number would be the mean of the outermost rows, or nearly so.
    """
    counts = counts.copy()
    first, last = _outer(counts)
    if single[first]:
        counts[first] += counts[:first].sum()
    else:
        first = 0
    if single[last]:
        counts[last] += counts[last + 1 :].sum()
    else:
        last = len(counts) - 1
    kept = slice(first, last + 1)
    return values[kept], counts[kept], single[kept]


def _without_lone_steps(
    values: Float[np.ndarray, " k"],
    counts: Int64[np.ndarray, " k"],
    single: Bool[np.ndarray, " k"],
    step: float,
) -> tuple[Float[np.ndarray, " l"], Int64[np.ndarray, " l"], Bool[np.ndarray, " l"]]:
    """Return the numbers without a lone step of fewer than `LEAST_HOLDERS` rows.

    Such a number is the only multiple of the step between two single numbers, so a range of it
    would store it. It counts as the single number below.
    """
    lone = np.zeros(len(values), dtype=bool)
    # Half a step more than two, so that rounding errors do not matter.
    within = values[2:] - values[:-2] < 2.5 * step
    lone[1:-1] = ~single[1:-1] & single[:-2] & single[2:] & within & (counts[1:-1] < LEAST_HOLDERS)
    counts = counts.copy()
    counts[:-1] += np.where(lone, counts, 0)[1:]
    return values[~lone], counts[~lone], single[~lone]


def _outer(counts: Int64[np.ndarray, " k"]) -> tuple[int, int]:
    """Return the places, from either side, at which `LEAST_HOLDERS` rows are reached.

    If there are fewer rows, they are the last ones.
    """
    most = len(counts) - 1
    first = min(int(np.searchsorted(np.cumsum(counts), LEAST_HOLDERS)), most)
    last = most - min(int(np.searchsorted(np.cumsum(counts[::-1]), LEAST_HOLDERS)), most)
    return first, last


def _groups(
    counts: Int64[np.ndarray, " k"], single: Bool[np.ndarray, " k"]
) -> tuple[Int64[np.ndarray, " cells"], Int64[np.ndarray, " cells"]]:
    """Return the first and the last number of each cell, by their places.

    Args:
        counts: rows of each number.
        single: which numbers are cells of their own.
    """
    n = int(counts.sum())
    rows = _rows_of_a_range(n)
    before = np.cumsum(counts) - counts  # rows below each number
    first = []
    filled = wanted = 0.0
    for i, count in enumerate(counts.tolist()):
        if i == 0 or single[i] or single[i - 1] or filled >= wanted:
            first.append(i)
            filled = 0.0
            # As many rows as lie beyond the cell; above, those are half of what is left.
            outside = min(before[i], (n - before[i]) / 2)
            wanted = min(max(outside, LEAST_ROWS), rows)
        filled += count
    starts = np.array(first, dtype=np.int64)
    # Too few rows for a cell, behind a range, are part of it. Between two single numbers they are
    # a range from one to the other.
    few = np.add.reduceat(counts, starts) < LEAST_HOLDERS
    few[1:] &= ~single[starts[1:] - 1]
    few[0] = False
    starts = starts[~few]
    # The outermost rows, of which a mean is stored, are of one cell.
    starts = starts[starts <= _outer(counts)[1]]
    return starts, np.append(starts[1:], len(counts)) - 1


def _ends_of(
    values: Float[np.ndarray, " k"],
    counts: Int64[np.ndarray, " k"],
    first: Int64[np.ndarray, " cells"],
    last: Int64[np.ndarray, " cells"],
    step: float,
) -> tuple[Float[np.ndarray, " cells"], Float[np.ndarray, " cells"]]:
    """Return the ends of cells, in whole steps.

    Ranges end halfway to the next range, beside the next single number, or at a mean of the
    outermost rows. Halfway to a single number would tell the range's own outermost value.
    """
    single = (first == last) & (counts[first] >= LEAST_HOLDERS)
    before = np.append(False, single[:-1])
    behind = np.append(single[1:], False)
    middle = values[:-1] / 2 + values[1:] / 2
    low, high = slice(first[0], last[0] + 1), slice(first[-1], last[-1] + 1)
    inner_low = middle[last[0]] if len(first) > 1 else values[-1]
    inner_high = middle[first[-1] - 1] if len(first) > 1 else values[0]
    least = -_end(-values[low][::-1], counts[low][::-1], -inner_low)
    most = _end(values[high], counts[high], inner_high)
    lows = np.concatenate([[least], middle])[first]
    highs = np.concatenate([middle, [most]])[last]
    lows = np.where(before, values[first - 1], lows)
    highs = np.where(behind, values[np.minimum(last + 1, len(values) - 1)], highs)
    if step:
        # A ten-thousandth of a step takes rounding errors up to the whole step that they are of.
        highs = np.floor(highs / step + 1e-4) - (behind & ~single)
        highs = np.where(single, np.rint(values[last] / step), highs)
        # A multiple halfway between two values is of the lower cell alone.
        lows = np.concatenate([np.ceil(lows[:1] / step - 1e-4), highs[:-1] + 1])
        lows, highs = rounded(lows * step, step), rounded(highs * step, step)
    else:
        # Ranges are open beside single numbers, so that none of these is in two cells.
        gap = MARGIN * highs - MARGIN * lows
        lows = np.where(before, np.maximum(lows + gap, np.nextafter(lows, np.inf)), lows)
        highs = np.where(behind, np.minimum(highs - gap, np.nextafter(highs, -np.inf)), highs)
    lows = np.where(single, values[first], lows)
    highs = np.where(single, values[last], np.maximum(highs, lows))
    return lows, highs


def _end(values: Float[np.ndarray, " k"], counts: Int64[np.ndarray, " k"], inner: float) -> float:
    """Return the upper end of the uppermost range.

    It is where numbers uniform from the inner end have the mean of the rows, so that the tail is as
    heavy as it was. Beyond the largest number, it is the mean of the outermost rows.
    """
    rows = np.repeat(values, counts)
    end = inner + 2 * (rows - inner).mean()
    outermost = rows[-LEAST_HOLDERS:]
    return float(end if end < values[-1] else values[-1] + (outermost - values[-1]).mean())
