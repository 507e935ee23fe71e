"""Real rows of a table that generated rows are compared with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from wgan.base.seeding import numpy_generator
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import equal
from wgan.evaluation.metric import Comparison, Measured, Reference

# Three sets of generated rows: each trains six models, and sets of thousands of rows differ little.
SETS = 3
# Columns of a sort (numbers, or few values) among which pairs are searched for rules: 4,950 pairs
# take seconds. Those that come first in the table are taken.
MOST_SEARCHED = 100
# Training rows that rule out most pairs, so that few are looked at in all rows.
SCREENED = 2000


@dataclass(frozen=True, eq=False, kw_only=True)
class TableReference(Reference):
    """A reference whose samples are rows of a table.

    A table is a matrix `[n, columns]` as its codec stores it. It holds numbers, seconds and numbers
    of levels, and NaN where a value is missing.

    Args:
        columns: the columns of a row.
        train: training rows.
        target: place of the column that models predict.
    """

    columns: tuple[Column, ...]
    train: Float[np.ndarray, "n c"]
    target: int

    @property
    def target_name(self) -> str:
        """Name of the column that models predict."""
        return self.columns[self.target].name

    @cached_property
    def shuffled(self) -> Float[np.ndarray, "n c"]:
        """Training rows with each column shuffled by itself: the broken samples of a table."""
        return shuffled(self.train, numpy_generator(self.seed, "shuffled"))


def shuffled(x: Float[np.ndarray, "n c"], random: np.random.Generator) -> Float[np.ndarray, "n c"]:
    """Return x with each column in an order of its own.

    Distributions of columns stay; all that goes together is lost.

    Args:
        x: rows of a table.
        random: the generator of the orders.

    >>> shuffled(np.array([[1.0, 2.0]]), np.random.default_rng(0))
    array([[1., 2.]])
    """
    return np.stack([random.permutation(x[:, i]) for i in range(x.shape[1])], axis=1)


def of_held_out(
    measure: Callable[[Comparison[TableReference]], Measured],
) -> Callable[[TableReference], Measured]:
    """Return the floor of a metric that compares with training rows: held-out rows are measured.

    Args:
        measure: the metric's function of one comparison.
    """
    return lambda reference: measure(Comparison(reference, reference.held_out, "held-out rows"))


def places_in(
    values: Float[np.ndarray, " k"], x: Float[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    """Return the place of each number of x among values; -1 where it is none of them, or missing.

    Args:
        values: rising numbers.
        x: numbers; NaN: missing.

    >>> places_in(np.array([0.3, 1.0]), np.array([0.1 + 0.2, 2.0, np.nan]))
    array([ 0, -1, -1])
    """
    if not len(values):
        return np.full(len(x), -1)
    known = np.nan_to_num(x)
    place = np.searchsorted((values[:-1] + values[1:]) / 2, known)
    same = equal(known, values[place], 0.0) & ~np.isnan(x)
    return np.where(same, place, -1)


class Broken(NamedTuple):
    """Rules that rows break: the share of rows that breaks each, and the rows that break any."""

    shares: Float[np.ndarray, " rules"]
    rows: Bool[np.ndarray, " n"]

    @property
    def any_share(self) -> float | None:
        """Share of rows that break any rule; None without rules."""
        return float(self.rows.mean()) if len(self.shares) else None


def broken(rules: Iterable[Bool[np.ndarray, " n"]], n: int) -> Broken:
    """Return the rules that rows break, with one rule in memory at a time: there may be thousands.

    Args:
        rules: which rows break a rule, for each.
        n: rows.

    >>> broken([np.array([True, False]), np.array([True, False])], 2).any_share
    0.5
    """
    rows = np.zeros(n, dtype=bool)
    shares = []
    for breaking in rules:
        rows |= breaking
        shares.append(breaking.mean())
    return Broken(np.array(shares, dtype=np.float64), rows)


def number_places(reference: TableReference) -> list[int]:
    """Return places of numbers and times, at most 100, among which pairs are searched."""
    places = [i for i, column in enumerate(reference.columns) if column.is_number]
    return places[:MOST_SEARCHED]
