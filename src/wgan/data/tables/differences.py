"""Columns of a table that are learned as their difference from an earlier column.

A generator draws the cell of a number in two digits, and other columns see the first of them and a
score. What two columns have to do with each other within a first digit is hardly learned. So a
column is learned as its difference where that is as narrow as first digits are.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from math import sqrt

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from wgan.data.storage import Rows, chunks
from wgan.data.tables.cells import CELLS
from wgan.data.tables.codes import SINGLE_DIGIT
from wgan.data.tables.difference import Difference
from wgan.data.tables.distribution import with_distribution
from wgan.data.tables.rounding import CERTAIN, LEAST_EXCESS, is_multiple
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import equal, rounded
from wgan.data.tables.twins import within

NARROWER = sqrt(CELLS) / 2
"""How many times narrower than a column its differences are. A first digit holds a square root of
the cells, so a column has 32 of them, and differences lie within two. The correlation of two
columns on a line is then above 0.998.
"""
MIDDLE = (0.05, 0.95)
"""Quantiles between which widths are taken. Few rows may lie far off: typing errors, or where the
other column is missing. If more did, their own numbers would be learned worse.
"""
LEAST_ROWS = 100
"""Fewest rows in which a difference is looked for: five of them lie beyond either quantile."""
ROWS_COMPARED = 10_000
"""Training rows, evenly spaced, among which pairs are looked for: 500 of them lie beyond
either quantile.
"""
QUICK_ROWS = 1000
"""Number of these rows that rules most pairs out: widths are then right within a fifth."""
MOST_EARLIER = 100
"""Columns before it that a column is compared with, as with twins."""
LEAST_CORRELATION = 0.5
"""Rank correlation below which a pair is not looked at, which keeps wide tables cheap. If nine
tenths of the rows agree, it is near 1, whatever the others hold.
"""
WORTH = 2.0
"""How many times narrower a factor other than 1 must make the differences. Chance alone makes the
best factor a little better than 1.
"""
DIGITS = 6
"""Digits of a factor at most. A rate has two to four of them, and a seventh would move a number by
less than a thousandth of a range of cells.
"""
ALL_DIGITS = range(1, DIGITS + 1)
Numbers = Float[np.ndarray, " n"]


def as_coded(column: Column) -> Column:
    """Return the numbers of a column that networks see: its differences if it has them."""
    difference = column.difference
    if difference is None:
        return column
    return replace(
        _plain(column),
        spikes=difference.spikes,
        cells=difference.cells,
        shares=difference.shares,
    )


def _plain(column: Column) -> Column:
    """Return a column for the differences of another one, without what is fitted to rows."""
    return Column(
        column.name,
        "numeric",
        "float64",
        missing=column.missing,
        step=column.step,
        unseen_missing=column.unseen_missing,
    )


def without_codes(column: Column, x: Numbers) -> Numbers:
    """Return the numbers of a column, NaN where it has a code.

    Args:
        column: the column.
        x: `[n]` its values.
    """
    codes = (*column.codes, *column.unseen_codes)
    return np.where(np.isin(x, codes), np.nan, x) if codes else x


def apart(
    columns: Sequence[Column], pairs: Mapping[int, int], raw: Float[np.ndarray, "n c"]
) -> Float[np.ndarray, "n c"]:
    """Return rows, with differences in the columns that are learned so.

    Args:
        columns: the learned columns.
        pairs: place of each column with a difference, and that of the other column.
        raw: the rows.
    """
    x = raw.copy() if pairs else raw
    for i, j in pairs.items():
        column = columns[i]
        assert column.difference is not None
        other = without_codes(columns[j], raw[:, j])
        x[:, i] = column.difference.of(raw[:, i], other, column.step)
    return x


def put_together(
    columns: Sequence[Column],
    pair: tuple[int, int],
    difference: Numbers,
    other: Numbers,
    known: Numbers | None,
) -> Numbers:
    """Return the numbers of a column that is learned as a difference.

    A drawn number ends where the column does. If the other column is known, it may lie beyond the
    data, so only bounds of a schema are kept.

    Args:
        columns: the learned columns.
        pair: place of the column, and that of the other one.
        difference: `[n]` differences; NaN: missing.
        other: `[n]` values of the other column.
        known: those of them that are known, and NaN; None: none is known.
    """
    column = columns[pair[0]]
    assert column.difference is not None
    other = without_codes(columns[pair[1]], other)
    x = column.difference.added(difference, other, column.step)
    start = column.difference.start(other, column.step)
    # Not past the other column, so that a difference is never of the other sign.
    low, high = np.minimum(column.ends[0], start), np.maximum(column.ends[-1], start)
    drawn = within(column, x.clip(low, high))
    return column.written(
        drawn if known is None else np.where(np.isnan(known), drawn, within(column, x))
    )


def with_differences(
    columns: list[Column],
    rows: Rows,
    chosen: Bool[np.ndarray, " n"],
    left_out: Set[int] = frozenset(),
) -> list[Column]:
    """Return the columns, with the differences of those that are learned so.

    Args:
        columns: the learned columns, as they are fitted.
        rows: `[n, columns]` rows.
        chosen: which rows they are fitted to.
        left_out: places of columns that have no part in a difference, whatever they hold.
    """
    # Fewer cells are one digit, which is learned value by value.
    fine = [i for i, c in enumerate(columns) if len(c.cells) > SINGLE_DIGIT and i not in left_out]
    if len(fine) < 2:
        return columns
    places = np.flatnonzero(chosen)
    spaced = np.linspace(0, len(places) - 1, min(len(places), ROWS_COMPARED)).astype(np.int64)
    sample = rows[places[spaced]]
    x = np.stack([without_codes(columns[i], sample[:, i]) for i in fine], axis=1)
    near = np.abs(_rank_correlations(x)) >= LEAST_CORRELATION
    found = {}
    for k, i in enumerate(fine):
        # A code would have to be a state beside the differences.
        if columns[i].codes or columns[i].unseen_codes:
            continue
        earlier = [m for m in range(max(0, k - MOST_EARLIER), k) if near[k, m]]
        pairs = [_difference(columns[i], columns[fine[m]], x[:, k], x[:, m]) for m in earlier]
        best = min((pair for pair in pairs if pair), key=lambda pair: pair[0], default=None)
        if best is not None:
            found[i] = best[1]
    return _fitted(columns, found, rows, chosen) if found else columns


def _rank_correlations(x: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "k k"]:
    """Return Spearman's correlations; a missing value has the middle rank."""
    ranks = rankdata(x, axis=0, nan_policy="omit")
    ranks = np.nan_to_num(ranks - np.nanmean(ranks, axis=0))
    # A column of one value correlates with none.
    ranks /= np.maximum(np.sqrt((ranks**2).sum(axis=0)), np.finfo(np.float64).tiny)
    return np.asarray(ranks.T @ ranks)


def _difference(
    column: Column, other: Column, x: Numbers, y: Numbers
) -> tuple[float, Difference] | None:
    """Return how narrow a column's difference from another one is, and the difference.

    None if it is not to be learned.
    """
    if column.kind != other.kind:
        return None
    few = slice(None, None, ROWS_COMPARED // QUICK_ROWS)
    rough = _narrowest(column, other, x[few], y[few], digits=(DIGITS,))
    if rough is not None and rough[0] > WORTH / NARROWER:
        return None
    found = _narrowest(column, other, x, y)
    if found is None or found[0] > 1 / NARROWER or _loses(column, found[1], x, y):
        return None
    return found


def _narrowest(
    column: Column, other: Column, x: Numbers, y: Numbers, digits: Iterable[int] = ALL_DIGITS
) -> tuple[float, Difference] | None:
    """Return the width of the narrowest difference of two columns, and that difference.

    The width is a share of the column's. None if there are too few rows to tell.

    Rows where both are equal do not count: a twin has these, and the rest may be independent.
    """
    rows = ~(np.isnan(x) | equal(x, y, column.step))
    both = rows & ~np.isnan(y)
    width = _width(x[rows]) if both.sum() >= LEAST_ROWS else 0.0
    if not width:
        return None
    # Of the cells, since a median of rows may be the value of a single one.
    middle = float(other.cells.numbers(np.zeros(1), other.step)[0])
    factors = [1.0] if column.kind == "datetime" else [1.0, *_factors(x[both], y[both], digits)]
    tried = [Difference(other.name, factor, middle) for factor in factors]
    shares = [_width(each.of(x[rows], y[rows], column.step)) / width for each in tried]
    # The first of equally good ones has the fewest digits.
    best = min(range(len(tried)), key=shares.__getitem__)
    if WORTH * shares[best] > shares[0]:
        best = 0
    return shares[best], tried[best]


def _factors(x: Numbers, y: Numbers, digits: Iterable[int]) -> list[float]:
    """Return the slope of x over y in some numbers of digits.

    It is the mean of the middle half of slopes between rows that are half of all apart, after
    Theil (1950), which far values do not move.
    """
    order = np.argsort(y, kind="stable")
    half = len(y) // 2
    low, high = order[:half], order[len(y) - half :]
    rise = y[high] - y[low]
    slopes = np.sort((x[high] - x[low])[rise > 0] / rise[rise > 0])
    slope = slopes[len(slopes) // 4 : len(slopes) - len(slopes) // 4].mean() if len(slopes) else 0.0
    found = [float(f"{slope:.{k}g}") for k in digits]
    return [factor for factor in dict.fromkeys(found) if factor]


def _width(x: Numbers) -> float:
    """Return the width of the middle nine tenths."""
    low, high = (round(quantile * (len(x) - 1)) for quantile in MIDDLE)
    ordered = np.partition(x, (low, high))
    return float(ordered[high] - ordered[low])


def _loses(column: Column, difference: Difference, x: Numbers, y: Numbers) -> bool:
    """Return whether differences lose what is special in a column's own numbers.

    That is, rows share them, or they are round.

    Numbers are put together as a generator would, from a row and the difference of the next one in
    the order of the other column. Every second one is looked for among the others.
    """
    present = ~np.isnan(x)
    x, y = x[present], y[present]
    order = np.argsort(y, kind="stable")
    d = difference.of(x, y, column.step)
    d[order] = np.roll(d[order], 1)
    made = difference.added(d, y, column.step)
    others = rounded(x[::2], column.step)
    if _rarer(np.isin(made[1::2], others), np.isin(rounded(x[1::2], column.step), others)):
        return True
    steps = column.cells.rounding.steps[1:]
    return any(_rarer(is_multiple(made, step), is_multiple(x, step)) for step in steps)


def _rarer(made: Bool[np.ndarray, " n"], real: Bool[np.ndarray, " n"]) -> bool:
    """Return whether something is clearly rarer among made numbers than among real ones."""
    noise = np.sqrt((made.var() + real.var()) / len(real))
    return bool(real.mean() - made.mean() > max(LEAST_EXCESS, CERTAIN * noise))


def _fitted(
    columns: list[Column],
    found: Mapping[int, Difference],
    rows: Rows,
    chosen: Bool[np.ndarray, " n"],
) -> list[Column]:
    """Return the columns with differences, and the distributions of these in the chosen rows."""
    names = [column.name for column in columns]
    parts: dict[int, list[Numbers]] = {i: [] for i in found}
    for first, piece in chunks(rows):
        x = piece[chosen[first : first + len(piece)]]
        for i, difference in found.items():
            j = names.index(difference.other)
            other = without_codes(columns[j], x[:, j])
            parts[i].append(difference.of(x[:, i], other, columns[i].step))
    fitted = list(columns)
    for i, difference in found.items():
        d = np.concatenate(parts[i])
        coded = with_distribution(_plain(columns[i]), d[~np.isnan(d)])
        counts = np.bincount(coded.state_of(d), minlength=coded.states)
        difference = replace(
            difference,
            spikes=coded.spikes,
            cells=coded.cells,
            shares=tuple((counts / len(d)).tolist()),
            far_rows=coded.far_rows,
        )
        fitted[i] = replace(columns[i], difference=difference)
    return fitted
