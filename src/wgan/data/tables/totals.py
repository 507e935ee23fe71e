"""Sums with gaps: cells that follow from those that are known, and the others drawn first.

If a sum lacks one cell, a part or the total, that cell follows from the others. If it has its total
and lacks several parts, all but one of them are as drawn, and the last is the difference.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from wgan.data.tables.rules import Rule, Sum, sums
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import SAME, rounded

Rows = Float[np.ndarray, "n c"]
Cells = Bool[np.ndarray, "n c"]


def followed(rules: Sequence[Rule], columns: Sequence[Column], raw: Rows, known: Cells) -> Cells:
    """Fill the cells that follow from known ones into rows, and return which are known then.

    Args:
        rules: rules, of which sums count.
        columns: the learned columns.
        raw: the rows, which are changed.
        known: which of their cells are known.
    """
    known = known.copy()
    changed = True
    while changed:
        changed = False
        for rule in sums(rules):
            unknown = ~known[:, list(rule.places)]
            single = unknown.sum(axis=1) == 1
            for k, place in enumerate(rule.places):
                rows = single & unknown[:, k]
                if rows.any():
                    raw[rows, place] = _remaining(rule, place, columns[place], raw[rows])
                    known[rows, place] = changed = True
    return known


def settled(rules: Sequence[Rule], columns: Sequence[Column], raw: Rows, known: Cells) -> None:
    """Make drawn rows keep their sums, by changing cells that are not known.

    The difference is a column of the finest step, and of these the widest, so that its values are
    the likeliest to hold it.

    Args:
        rules: rules, of which sums count.
        columns: the learned columns.
        raw: the rows, which are changed.
        known: which of their cells must stay.
    """
    totals = {rule.places[-1] for rule in sums(rules)}
    parts = {place for rule in sums(rules) for place in rule.places} - totals
    known = followed(rules, columns, raw, known)
    for place in sorted(parts, key=lambda i: (-columns[i].step, _width(columns[i]), i)):
        known[:, place] = True
        known = followed(rules, columns, raw, known)


def are_values(column: Column, x: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return which numbers a column of numbers can have; missing ones count as such.

    Args:
        column: the column.
        x: `[n]` numbers.
    """
    found = np.isnan(x)
    for spike in column.spikes:
        # A difference has the rounding errors of the larger numbers that it is of.
        found |= np.isclose(x, spike, rtol=SAME, atol=0)
    if column.scored:
        found |= (x >= column.cells.lows[0]) & (x <= column.cells.highs[-1])
    return found


def _remaining(rule: Sum, place: int, column: Column, raw: Rows) -> Float[np.ndarray, " n"]:
    """Return the column at a place of a sum, given its others."""
    if place == rule.places[-1]:
        return rule.total(raw)
    others = [i for i in rule.places[:-1] if i != place]
    return rounded(raw[:, rule.places[-1]] - raw[:, others].sum(axis=1), column.step)


def _width(column: Column) -> float:
    """Return the range of a column's ordinary numbers."""
    ends = column.ends
    return ends[-1] - ends[0] if ends else 0.0
