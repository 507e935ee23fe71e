"""Twins: columns of numbers that are the same as another column in many rows.

A payment may be the bill in one row of seven. Scores of two columns are almost never equal. So "the
same as the other column" is a state of its own, and its value is the decoded value of the other
column.
"""

from collections.abc import Set
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from wgan.data.storage import Rows, chunks
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import equal, rounded

LEAST_SHARE = 0.01
"""Share of the rows from which on a twin is a state. Rarer ones would be learned from few rows."""
LEAST_ROWS = 20
"""Fewest rows of a twin. The share of fewer is known to a factor of two at best."""
TIMES_CHANCE = 5
"""How many times more often values agree than by chance, and than they are a step apart.

The chance is that of independent columns. Ordinary numbers of close columns, such as rooms and
bedrooms, agree as often as they are a step apart, whatever the twin's state does. A state for that
would count such rows twice. Five times keeps the error below a fifth.
"""
ROWS_COMPARED = 10_000
"""Training rows, evenly spaced, among which pairs are looked for: a twin has a hundred of them.
Pairs that may be twins are then counted among all.
"""
MOST_EARLIER = 100
"""Columns before it that a column is compared with, so that tables of a thousand columns take
100,000 comparisons, some ten seconds.
"""
Numbers = Float[np.ndarray, " n"]


def within(column: Column, other: Numbers) -> Numbers:
    """Return a twin's values where the other column is known, and so may lie beyond its cells.

    Args:
        column: the twin.
        other: `[n]` values of the other column.
    """
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    return rounded(other, column.step).clip(low, high)


def with_twins(
    columns: list[Column], rows: Rows, chosen: Bool[np.ndarray, " n"], computed: Set[int]
) -> list[Column]:
    """Return the columns, with those that are twins of an earlier one.

    Args:
        columns: the learned columns, as they are fitted.
        rows: `[n, columns]` rows.
        chosen: which rows they are fitted to.
        computed: places of columns that are not learned but computed.
    """
    scored = [i for i, column in enumerate(columns) if column.scored and i not in computed]
    pairs = _candidates(columns, scored, rows, chosen)
    if not pairs:
        return columns
    counts = dict.fromkeys(pairs, 0)
    for start, piece in chunks(rows):
        x = piece[chosen[start : start + len(piece)]]
        for i, j in pairs:
            counts[i, j] += int(_shared(columns[i], x[:, i], x[:, j]).sum())
    n = int(chosen.sum())
    found = list(columns)
    for i in {i for i, _ in pairs}:
        # The nearest of equally good ones is the first.
        j = max((j for k, j in pairs if k == i), key=lambda j: (counts[i, j], -j))
        if counts[i, j] >= max(LEAST_SHARE * n, LEAST_ROWS, TIMES_CHANCE * pairs[i, j] * n):
            found[i] = _twin(columns[i], columns[j].name, counts[i, j] / n)
    return found


def _candidates(
    columns: list[Column], scored: list[int], rows: Rows, chosen: Bool[np.ndarray, " n"]
) -> dict[tuple[int, int], float]:
    """Return pairs of columns that may be twins, with the share that chance alone would give."""
    places = np.flatnonzero(chosen)
    spaced = np.linspace(0, len(places) - 1, min(len(places), ROWS_COMPARED)).astype(np.int64)
    x = rows[places[spaced]]
    pairs = {}
    for k, i in enumerate(scored):
        if columns[i].difference:  # of which equality is a difference of zero
            continue
        ordinary = columns[i].state_of(x[:, i]) == 0
        for j in scored[max(0, k - MOST_EARLIER) : k]:
            if columns[i].kind != columns[j].kind:
                continue
            same = equal(x[:, i], x[:, j], columns[i].step) & ordinary
            # Half the share: the sample may have fewer than all rows have.
            if np.mean(same) >= LEAST_SHARE / 2:
                alone = _by_chance(x[ordinary, i], x[:, j]) * float(ordinary.mean())
                pairs[i, j] = max(alone, _a_step_apart(columns[i], x[:, i], x[:, j]))
    return pairs


def _shared(column: Column, x: Numbers, other: Numbers) -> Bool[np.ndarray, " n"]:
    """Return where a column has an ordinary number that the other column has too."""
    same = equal(x, other, column.step)
    same[same] = column.state_of(x[same]) == 0
    return same


def _by_chance(x: Float[np.ndarray, " n"], other: Float[np.ndarray, " m"]) -> float:
    """Return how often independent columns with these values would agree."""
    values, counts = np.unique(x, return_counts=True)
    others, other_counts = np.unique(other[~np.isnan(other)], return_counts=True)
    _, i, j = np.intersect1d(values, others, return_indices=True)
    return float(counts[i] @ (other_counts[j] / (len(x) * len(other))))


def _a_step_apart(column: Column, x: Numbers, other: Numbers) -> float:
    """Return how often a column is one step above the other, or below, whichever is more often.

    It is 0 in a column without a step, in which values are equal or far more than a step apart.
    """
    steps = (x - other) / column.step if column.step else np.zeros(0)
    # A half step on either side, as rounding errors are far smaller.
    above, below = ((np.abs(steps - side) < 0.5).sum() for side in (1, -1))
    return float(max(above, below)) / len(x)


def _twin(column: Column, name: str, share: float) -> Column:
    """Return a column with the state of a twin, which takes its share from ordinary numbers."""
    ordinary, *others = column.shares or (1.0,)
    k = len(column.spikes)
    shares = (max(ordinary - share, 0.0), *others[:k], share, *others[k:])
    return replace(column, twin=name, shares=shares)
