"""Dependences between columns of few values: A determines B, such as a city its country.

A generator that draws B by itself makes combinations that do not exist. These are the functional
dependencies of relational databases (Codd 1972), with a tolerance for errors in the data.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64, UInt8

from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.rows import (
    MOST_SEARCHED,
    SCREENED,
    Broken,
    TableReference,
    broken,
    of_held_out,
    places_in,
)

# A column of more values is near to an identifier, which determines everything.
MOST_VALUES = 256
# Part of the training rows whose B is not that of most rows with their A.
MOST_ERRORS = 0.005
# On the rows of the screen an error of 0.5 % is found below 1 % but once in a thousand pairs.
SCREEN = 0.01
# A must leave a tenth of the errors that the most frequent B alone makes: otherwise B, and not A,
# is nearly constant.
LEFT = 0.1
# Part of the rows of independent columns that would have an impossible combination.
LEAST_BROKEN = 0.01
# Values of A that many rows have, and the part of the rows that have one of these: a value of one
# row determines everything.
LEAST_ROWS = 20
LEAST_FREQUENT = 0.9
# Dependences that are named in a file.
NAMED = 50


class Coded(NamedTuple):
    """Columns of few values, as codes: places, rising values, and codes of the training rows.

    A missing value has the code after the last value, and a value that no training row has the one
    after that.
    """

    places: list[int]
    values: list[np.ndarray]
    codes: list[Int64[np.ndarray, " n"]]

    def sizes(self, i: int) -> int:
        """Return the number of codes of a column."""
        return len(self.values[i]) + 2


class Dependence(NamedTuple):
    """A determines B (and perhaps B determines A): columns by their place among the coded ones.

    `packed` has a bit for each combination of codes, which says whether training rows have it:
    thousands of dependences may hold, of 258 x 258 combinations each.
    """

    a: int
    b: int
    mutual: bool
    packed: UInt8[np.ndarray, " bytes"]
    shape: tuple[int, int]

    @property
    def seen(self) -> Bool[np.ndarray, "a b"]:
        """Combinations of codes that training rows have."""
        a, b = self.shape
        return np.unpackbits(self.packed, count=a * b).view(bool).reshape(a, b)


def _dependence(a: int, b: int, mutual: bool, counts: Int64[np.ndarray, "a b"]) -> Dependence:
    n, m = counts.shape
    return Dependence(a, b, mutual, np.packbits(counts > 0), (n, m))


def code(values: np.ndarray, x: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Return the code of each value: its place; next a missing one, and last a new one."""
    place = places_in(values, x)
    place[place < 0] = len(values) + 1
    place[np.isnan(x)] = len(values)
    return place


def coded(x: Float[np.ndarray, "n c"]) -> Coded:
    """Return the columns that have at most 256 values, and two at least, as codes.

    Args:
        x: training rows.
    """
    found = Coded([], [], [])
    for i in range(x.shape[1]):
        values = np.unique(x[~np.isnan(x[:, i]), i])
        missing = bool(np.isnan(x[:, i]).any())
        if 2 <= len(values) + missing <= MOST_VALUES and len(found.places) < MOST_SEARCHED:
            found.places.append(i)
            found.values.append(values)
            found.codes.append(code(values, x[:, i]))
    return found


def dependences(table: Coded) -> list[Dependence]:
    """Return the pairs of columns of which one determines the other in 99.5 % of the rows.

    Args:
        table: training rows as codes.
    """
    found = []
    for a in range(len(table.places)):
        for b in range(a + 1, len(table.places)):
            counts = _counts(table, a, b, SCREENED)
            if min(_errors(counts), _errors(counts.T)) > SCREEN:
                continue
            counts = _counts(table, a, b)
            forward, backward = _determines(counts), _determines(counts.T)
            if forward:
                found.append(_dependence(a, b, backward, counts))
            elif backward:
                found.append(_dependence(b, a, False, counts.T))
    return found


def _counts(table: Coded, a: int, b: int, rows: int | None = None) -> Int64[np.ndarray, "a b"]:
    n, m = table.sizes(a), table.sizes(b)
    joint = table.codes[a][:rows] * m + table.codes[b][:rows]
    return np.bincount(joint, minlength=n * m).reshape(n, m)


def _errors(counts: Int64[np.ndarray, "a b"]) -> float:
    """Return the share of rows whose B is not the most frequent one of their A."""
    return float(1 - counts.max(axis=1).sum() / counts.sum())


def _determines(counts: Int64[np.ndarray, "a b"]) -> bool:
    n = counts.sum()
    p, q = counts.sum(axis=1) / n, counts.sum(axis=0) / n
    frequent = p * n >= LEAST_ROWS
    errors = _errors(counts)
    return bool(
        errors <= min(MOST_ERRORS, LEFT * (1 - q.max()))
        and frequent.sum() >= 2
        and p[frequent].sum() >= LEAST_FREQUENT
        and 1 - p @ (counts > 0) @ q >= LEAST_BROKEN
    )


class _Rules(NamedTuple):
    table: Coded
    dependences: list[Dependence]


def _found(reference: TableReference) -> _Rules:
    table = coded(reference.train)
    return _Rules(table, dependences(table))


def _impossible(c: Comparison[TableReference]) -> Broken:
    """Return which rows have a combination that no training row has."""
    table, rules = c.reference.once(_found)
    used = {i for rule in rules for i in (rule.a, rule.b)}
    codes = {i: code(table.values[i], c.raw[:, table.places[i]]) for i in used}
    return broken((~rule.seen[codes[rule.a], codes[rule.b]] for rule in rules), len(c.raw))


def impossible_shares(c: Comparison[TableReference]) -> Float[np.ndarray, " dependences"]:
    """Return the share of rows with an impossible combination, for each dependence."""
    return c.once(_impossible).shares


def _any(c: Comparison[TableReference]) -> float | None:
    return c.once(_impossible).any_share


def dependence_details(
    reference: TableReference, means: Float[np.ndarray, " dependences"]
) -> dict[str, float]:
    """Return shares of rows with an impossible combination by dependence, the largest first.

    Args:
        reference: the training rows.
        means: shares of generated rows, as means over sets.
    """
    table, rules = reference.once(_found)
    name = {i: reference.columns[place].name for i, place in enumerate(table.places)}
    return {
        f"{name[rules[i].a]} {'<->' if rules[i].mutual else '->'} {name[rules[i].b]}": float(
            means[i]
        )
        for i in np.argsort(-means, kind="stable")[:NAMED]
    }


DEPENDENCES = Metric(
    "impossible-share", "impossible combinations", "%", LOW, _any, floor=of_held_out(_any)
)
