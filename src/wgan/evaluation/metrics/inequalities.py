"""Inequalities a <= b between columns that all training rows satisfy, such as begin and end."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.rows import (
    SCREENED,
    Broken,
    TableReference,
    broken,
    number_places,
    of_held_out,
)

# Part of the rows of independent columns that would violate it. Columns whose ranges do not meet,
# such as a share and a year, have none.
LEAST_BROKEN = 0.01
# Rows that would violate it: independent columns have none of 20 with probability exp(-20), which
# leaves no false rule among thousands of pairs.
LEAST_EXPECTED = 20
# Inequalities that are named in a file.
NAMED = 50


class Inequality(NamedTuple):
    """Two columns, the first of which is at most the second in all training rows."""

    low: int
    high: int


def violations(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return which rows violate a <= b; a missing value violates nothing."""
    with np.errstate(invalid="ignore"):
        return a > b


def chance_of_violation(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> float:
    """Return P(a > b) for independent columns without missing values.

    >>> chance_of_violation(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    0.5
    """
    return float(np.searchsorted(np.sort(b), a, "left").mean() / len(b))


def inequalities(x: Float[np.ndarray, "n c"], pairs: list[tuple[int, int]]) -> list[Inequality]:
    """Return the ordered pairs of columns that satisfy a <= b in all rows, though not by chance.

    Args:
        x: training rows.
        pairs: places of columns that may be compared, in both orders.
    """
    found = []
    screen = x[:SCREENED]
    for low, high in pairs:
        if violations(screen[:, low], screen[:, high]).any():
            continue
        if violations(x[:, low], x[:, high]).any():
            continue
        known = x[~np.isnan(x[:, low]) & ~np.isnan(x[:, high])]
        if len(known) < LEAST_EXPECTED:
            continue
        chance = chance_of_violation(known[:, low], known[:, high])
        if chance >= LEAST_BROKEN and chance * len(known) >= LEAST_EXPECTED:
            found.append(Inequality(low, high))
    return found


def _found(reference: TableReference) -> list[Inequality]:
    places = number_places(reference)
    kinds = [column.kind for column in reference.columns]
    pairs = [(a, b) for a in places for b in places if a != b and kinds[a] == kinds[b]]
    return inequalities(reference.train, pairs)


def _violated(c: Comparison[TableReference]) -> Broken:
    pairs = c.reference.once(_found)
    return broken((violations(c.raw[:, low], c.raw[:, high]) for low, high in pairs), len(c.raw))


def violated_shares(c: Comparison[TableReference]) -> Float[np.ndarray, " pairs"]:
    """Return the share of rows that violate each inequality."""
    return c.once(_violated).shares


def _any(c: Comparison[TableReference]) -> float | None:
    return c.once(_violated).any_share


def inequality_details(
    reference: TableReference, means: Float[np.ndarray, " pairs"]
) -> dict[str, float]:
    """Return shares of rows that violate an inequality by its name, the largest first.

    Args:
        reference: the training rows.
        means: shares of generated rows, as means over sets.
    """
    names = [column.name for column in reference.columns]
    pairs = reference.once(_found)
    order = np.argsort(-means, kind="stable")[:NAMED]
    return {f"{names[pairs[i].low]} <= {names[pairs[i].high]}": float(means[i]) for i in order}


INEQUALITIES = Metric(
    "violation-share", "inequalities violated", "%", LOW, _any, floor=of_held_out(_any)
)
