"""Tails of numbers: how far and how often values lie beyond a high quantile, and repeated ends.

The excess of a tail beyond u is E max(0, x - u), the mean excess (Embrechts, Klueppelberg and
Mikosch 1997, section 6.2.2) times the share of rows beyond u. A lighter tail, a shorter one and a
missing one all lessen it.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from wgan.base.seeding import numpy_generator
from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.counts import ERROR, p_values
from wgan.evaluation.metrics.rows import SETS, TableReference, of_held_out

# The 99.9 % quantile, or that of 20 rows (of the smaller side) where these are more.
BEYOND = 1e-3
LEAST_ROWS = 20
# An end that more rows share is no tail, such as the zeros of a column of zeros.
MOST_BEYOND = 0.05
# A tail that is missing has an infinite ratio, and counts as one that is ten times as light. That
# is three times the noise of 20 rows.
MOST_RATIO = 10.0
# Tests of a tail: rows beyond u, rows beyond the training extreme, and ranks beyond u.
TESTS = 3
# A tail that surely differs is reported where its weight is also off by this factor, beyond the
# noise of the held-out weight; 20 rows of an exponential tail leave a factor of 1.8.
FACTOR = 1.5
# Bootstrap samples of the held-out rows, for an interval of 95 %.
BOOTSTRAP = 400
INTERVAL = (0.025, 0.975)
# Rows that repeat a training extreme, which real rows do once or twice.
ENDS_ROWS = 20
# A column of fewer numbers has levels, and its ends are among them.
LEAST_NUMBERS = 100


class Tail(NamedTuple):
    """One side of a column, as rows with x sign > u (u has the sign too), and held-out excess."""

    place: int
    sign: float
    u: float
    held_out: float


class End(NamedTuple):
    """The least or the largest number of a column among training rows."""

    place: int
    value: float


def threshold(x: Float[np.ndarray, " n"], rows: int) -> float | None:
    """Return the largest number that at least so many others exceed; None where it is not a tail.

    It is none where more than 5 % of the numbers exceed it.

    Args:
        x: numbers without missing ones.
        rows: how many numbers exceed it.

    >>> threshold(np.arange(1000.0), 20)
    979.0
    >>> threshold(np.repeat([0.0, 1.0], 500), 20) is None
    True
    """
    values, counts = np.unique(x, return_counts=True)
    beyond = len(x) - np.cumsum(counts)
    enough = np.flatnonzero(beyond >= rows)
    if not len(enough) or beyond[enough[-1]] > MOST_BEYOND * len(x):
        return None
    return float(values[enough[-1]])


def excess(x: Float[np.ndarray, " n"], u: float) -> float:
    """Return E max(0, x - u); missing values exceed nothing.

    >>> excess(np.array([1.0, 4.0, np.nan, 0.0]), 2.0)
    0.5
    """
    return float(np.nan_to_num(np.maximum(x - u, 0)).mean())


def _plain(reference: TableReference, place: int, x: np.ndarray) -> np.ndarray:
    """Return numbers of a column; codes, which lie far from all others, count as missing."""
    codes = reference.columns[place].codes
    return np.where(np.isin(x, codes), np.nan, x) if codes else x


def _tails(reference: TableReference) -> list[Tail]:
    smaller = min(len(reference.train), len(reference.held_out))
    part = max(BEYOND, LEAST_ROWS / smaller)
    found = []
    for place, column in enumerate(reference.columns):
        if column.kind != "numeric":
            continue
        x = _plain(reference, place, reference.train[:, place])
        y = _plain(reference, place, reference.held_out[:, place])
        known = x[~np.isnan(x)]
        for sign in (-1.0, 1.0):
            u = threshold(sign * known, int(np.ceil(part * len(x))))
            if u is not None and (held_out := excess(sign * y, u)) > 0:
                found.append(Tail(place, sign, u, held_out))
    return found


def tail_ratios(c: Comparison[TableReference]) -> Float[np.ndarray, " tails"]:
    """Return the excess of a set over that of held-out rows, for each tail; at most 10."""
    ratios = []
    for tail in c.reference.once(_tails):
        x = _plain(c.reference, tail.place, c.raw[:, tail.place])
        ratios.append(excess(tail.sign * x, tail.u) / tail.held_out)
    return np.minimum(np.array(ratios), MOST_RATIO)


def tail_figures(c: Comparison[TableReference]) -> Float[np.ndarray, "tails 2"]:
    """Return the ratio of each tail, and 1 where the tail surely differs from training rows.

    Tests of counts and ranks have the same error rate for all distributions. A test of a mean
    excess would not, since single rows of a heavy tail can weigh more than all others.
    """
    tails = c.reference.once(_tails)
    least = ERROR / (SETS * TESTS * max(len(tails), 1))
    sure = [_p_value(c, tail) < least for tail in tails]
    return np.stack([c.once(tail_ratios), np.array(sure, dtype=np.float64)], axis=1)


def _p_value(c: Comparison[TableReference], tail: Tail) -> float:
    """Return the least p value of the tests of a tail."""
    from scipy import stats  # takes a second to import

    place, sign, u, _ = tail
    x = sign * _plain(c.reference, place, c.raw[:, place])
    train = sign * _plain(c.reference, place, c.reference.train[:, place])
    beyond, train_beyond = x[x > u], train[train > u]
    further = (beyond > train_beyond.max()).sum()
    counts = np.array([len(beyond), further]), np.array([len(train_beyond), 0])
    p = p_values(counts[0], len(x), counts[1], len(train)).min()
    if not len(beyond):
        return float(p)
    return float(min(p, stats.mannwhitneyu(beyond, train_beyond).pvalue))


def _held_out_interval(reference: TableReference, tail: Tail) -> tuple[float, float]:
    """Return a bootstrap interval of the excess of held-out rows; each row has a Poisson weight."""
    y = tail.sign * _plain(reference, tail.place, reference.held_out[:, tail.place])
    over = y[y > tail.u] - tail.u
    random = numpy_generator(reference.seed, "tails")
    low, high = np.quantile(random.poisson(1, (BOOTSTRAP, len(over))) @ over / len(y), INTERVAL)
    return float(low), float(high)


def _is_off(reference: TableReference, tail: Tail, ratio: float, sure: float) -> bool:
    """Return whether most sets surely differ, and the weight does by a factor beyond its noise."""
    low, high = _held_out_interval(reference, tail)
    weight = ratio * tail.held_out
    return bool(sure > 0.5 and (weight > FACTOR * high or weight * FACTOR < low))


def _error(c: Comparison[TableReference]) -> float | None:
    """Return the mean over tails of |log ratio|, a ratio below a tenth counting as a tenth."""
    ratios = c.once(tail_ratios)
    if not len(ratios):
        return None
    return float(np.abs(np.log(np.maximum(ratios, 1 / MOST_RATIO))).mean())


def tail_details(
    reference: TableReference, means: Float[np.ndarray, "tails 2"]
) -> dict[str, dict[str, Any]]:
    """Return the threshold and the ratio of each tail, and whether it is surely off.

    Args:
        reference: the real rows.
        means: figures of generated rows, as means over sets.
    """
    details = {}
    for tail, (ratio, sure) in zip(reference.once(_tails), means, strict=True):
        sign = ">" if tail.sign > 0 else "<"
        name = f"{reference.columns[tail.place].name} {sign} {tail.sign * tail.u:.6g}"
        off = _is_off(reference, tail, ratio, sure)
        details[name] = {"ratio": float(ratio), "off": off}
    return details


def _ends(reference: TableReference) -> list[End]:
    """Return the ends of numbers of many values, without those that are levels."""
    found = []
    for place, column in enumerate(reference.columns):
        x = _plain(reference, place, reference.train[:, place])
        values, counts = np.unique(x[~np.isnan(x)], return_counts=True)
        if column.kind == "numeric" and len(values) >= LEAST_NUMBERS:
            ends = (i for i in (0, -1) if counts[i] < LEAST_ROWS)
            found += [End(place, float(values[i])) for i in ends]
    return found


def repeated_ends(c: Comparison[TableReference]) -> Float[np.ndarray, " ends"]:
    """Return the share of rows that have each end of the training rows exactly."""
    return np.array([(c.raw[:, p] == value).mean() for p, value in c.reference.once(_ends)])


def _any_end(c: Comparison[TableReference]) -> float | None:
    ends = c.reference.once(_ends)
    if not ends:
        return None
    return float(np.any([c.raw[:, place] == value for place, value in ends], axis=0).mean())


def end_details(
    reference: TableReference, means: Float[np.ndarray, " ends"]
) -> dict[str, dict[str, Any]]:
    """Return how many generated and training rows have each end exactly.

    Ends of more than 20 generated rows, surely more than the training rows' share explains, are
    repeated.

    Args:
        reference: the training rows.
        means: shares of generated rows, as means over sets.
    """
    details = {}
    ends = reference.once(_ends)
    train = np.array([(reference.train[:, place] == value).sum() for place, value in ends])
    n, m = reference.n, len(reference.train)
    more = (means * n > ENDS_ROWS) & (means > train / m)
    surely = p_values(means * n, n, train, m) < ERROR / (SETS * max(len(ends), 1))
    for i, (place, value) in enumerate(ends):
        name = f"{reference.columns[place].name} = {value:.10g}"
        details[name] = {
            "generated": float(means[i] * n),
            "training": float(train[i]),
            "repeated": bool(more[i] and surely[i]),
        }
    return details


TAILS = Metric("tail-error", "tails, |log ratio|", "", LOW, _error)
ENDS = Metric(
    "ends-repeated",
    "extremes repeated",
    "%",
    "as real",
    _any_end,
    floor=of_held_out(_any_end),
)
