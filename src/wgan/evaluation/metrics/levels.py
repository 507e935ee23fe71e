"""Levels that a generator has lost, or makes far too often or too rarely, by name.

A level is a value that at least 20 training rows share in a column: a category, a number such as 0
or 99999, or a missing value. Its count g among N generated rows is compared with its count t among
M training rows by an exact test. Bonferroni's correction, over all levels and sets, holds a perfect
generator to none flagged in 95 % of evaluations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, Shaped

from wgan.data.tables.schema import Column
from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.counts import ERROR, p_values
from wgan.evaluation.metrics.rows import SETS, TableReference, of_held_out, places_in

# A right generator draws none of a level of 20 rows with probability 2^-20, as many rows given.
LEAST_ROWS = 20
# A share that is off by less is a difference of shape, which the shape error measures.
FACTOR = 2.0
# Levels of a sort that are named in a file; a table of cities may lose hundreds.
NAMED = 50


@dataclass(frozen=True)
class Levels:
    """Levels of a table, in the order of columns, and their counts among the training rows.

    Attributes:
        values: rising values of each column that are levels; not the missing one.
        missing: whether a missing value is a level, of each column.
        names: of all levels, a missing value the last of its column.
        counts: training rows of each level.
        n: training rows.
    """

    values: tuple[Float[np.ndarray, " _"], ...]
    missing: tuple[bool, ...]
    names: tuple[str, ...]
    counts: Int64[np.ndarray, " levels"]
    n: int

    def count(self, x: Float[np.ndarray, "n c"]) -> Int64[np.ndarray, " levels"]:
        """Return how many rows of x have each level."""
        counts = []
        for i, values in enumerate(self.values):
            place = places_in(values, x[:, i])
            counts.append(np.bincount(place[place >= 0], minlength=len(values)))
            if self.missing[i]:
                counts.append(np.isnan(x[:, i]).sum(keepdims=True))
        return np.concatenate(counts).astype(np.int64)


@dataclass(frozen=True)
class Flags:
    """Levels whose share differs from that of training rows by more than sampling noise.

    Attributes:
        lost: those that no row has.
        inflated: those more than twice as frequent as among training rows.
        deflated: those less than half as frequent, but not lost.
    """

    lost: np.ndarray
    inflated: np.ndarray
    deflated: np.ndarray


def levels_of(columns: tuple[Column, ...], train: Float[np.ndarray, "n c"]) -> Levels:
    """Return the levels of a table.

    Args:
        columns: what the columns hold.
        train: training rows.
    """
    values, missing, names, counts = [], [], [], []
    for column, x in zip(columns, train.T, strict=True):
        known, rows = np.unique(x[~np.isnan(x)], return_counts=True)
        frequent = rows >= LEAST_ROWS
        absent = int(np.isnan(x).sum())
        values.append(known[frequent])
        missing.append(absent >= LEAST_ROWS)
        names += [f"{column.name}={spelled(column, value)}" for value in known[frequent]]
        counts += rows[frequent].tolist()
        if missing[-1]:
            names.append(f"{column.name} missing")
            counts.append(absent)
    return Levels(tuple(values), tuple(missing), tuple(names), np.array(counts, int), len(train))


def spelled(column: Column, value: float) -> str:
    """Return a value of a column as people write it."""
    return column.spelled(value) if column.is_number else column.levels[int(value)]


def flags(levels: Levels, generated: Shaped[np.ndarray, " levels"], n: int) -> Flags:
    """Return which levels are lost, inflated or deflated.

    Args:
        levels: the levels, and their counts among training rows.
        generated: rows of each level among the generated ones; a mean over sets is rounded.
        n: generated rows.
    """
    p = p_values(generated, n, levels.counts, levels.n)
    surely = p < ERROR / (SETS * max(len(p), 1))
    ratio = (generated / n) / (levels.counts / levels.n)
    lost = surely & (generated == 0)
    return Flags(lost, surely & (ratio > FACTOR), surely & (ratio < 1 / FACTOR) & ~lost)


def _levels(reference: TableReference) -> Levels:
    return levels_of(reference.columns, reference.train)


def level_counts(c: Comparison[TableReference]) -> Int64[np.ndarray, " levels"]:
    """Return how many rows of a set have each level."""
    return c.reference.once(_levels).count(c.raw)


def _flags(c: Comparison[TableReference]) -> Flags:
    return flags(c.reference.once(_levels), c.once(level_counts), len(c.raw))


def _number_of(
    choose: Callable[[Flags], np.ndarray],
) -> Callable[[Comparison[TableReference]], float | None]:
    def measure(c: Comparison[TableReference]) -> float | None:
        return float(choose(c.once(_flags)).sum()) if c.reference.once(_levels).names else None

    return measure


def level_details(reference: TableReference, means: Float[np.ndarray, " levels"]) -> dict[str, Any]:
    """Return the flagged levels by name, those of most training rows first, at most 50 of a sort.

    `numbers` says how many there are of each sort.

    Args:
        reference: the training rows.
        means: rows of each level in a set, as a mean over sets.
    """
    levels = reference.once(_levels)
    found = flags(levels, means, reference.n)
    details: dict[str, Any] = {"number": len(levels.names), "numbers": {}}
    for word in ("lost", "inflated", "deflated"):
        places = np.flatnonzero(getattr(found, word))
        details["numbers"][word] = len(places)
        order = places[np.argsort(-levels.counts[places], kind="stable")][:NAMED]
        details[word] = [
            f"{levels.names[i]}: {levels.counts[i]} training rows, {means[i]:.4g} of"
            f" {reference.n} generated"
            for i in order
        ]
    return details


_lost = _number_of(lambda found: found.lost)
_off = _number_of(lambda found: found.inflated | found.deflated)
LEVELS_LOST = Metric("levels-lost", "levels lost", "", LOW, _lost, floor=of_held_out(_lost))
LEVELS_OFF = Metric("levels-off", "levels off by 2x", "", LOW, _off, floor=of_held_out(_off))
