"""Equal numbers: columns that agree in many rows, and whether they do in generated ones."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from wgan.evaluation.metric import LOW, Comparison, Metric
from wgan.evaluation.metrics.rows import SCREENED, TableReference, number_places, of_held_out

# Rows that agree beyond those that would by chance: 1 % is a rule for a part of the rows, such as
# orders that were delivered on the day of the order.
LEAST = 0.01
# A pair of 1 % has fewer than 6 of 2,000 rows with probability 1e-4.
SCREEN = 0.003
# Standard deviations of a share, in thousands of pairs.
DEVIATIONS = 5.0
# Pairs are reported as lost where a tenth of their equal rows is missing.
LOST = 0.1
# Pairs that are named in a file.
NAMED = 50


class Equality(NamedTuple):
    """Two columns, the share of training rows where they are equal, and that of shuffled rows."""

    a: int
    b: int
    train: float
    chance: float


def equal_share(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    """Return the share of rows where two columns are equal; missing values equal nothing.

    >>> equal_share(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    0.5
    """
    return float((a == b).mean())


def chance_of_equality(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    """Return the share of equal rows of two independent columns: sum over v of p(v) q(v).

    >>> chance_of_equality(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.25
    """
    (x, n), (y, m) = (np.unique(v[~np.isnan(v)], return_counts=True) for v in (a, b))
    _, i, j = np.intersect1d(x, y, return_indices=True)
    return float((n[i] * m[j]).sum() / (len(a) * len(b)))


def equalities(x: Float[np.ndarray, "n c"], pairs: list[tuple[int, int]]) -> list[Equality]:
    """Return the pairs of columns that are equal in more rows than chance makes.

    In 1 % of all rows or more, and in 1 % more than in shuffled rows.

    Args:
        x: training rows.
        pairs: places of columns that may be compared.
    """
    found = []
    screen = x[:SCREENED]
    for a, b in pairs:
        if equal_share(screen[:, a], screen[:, b]) < SCREEN:
            continue
        share = equal_share(x[:, a], x[:, b])
        chance = chance_of_equality(x[:, a], x[:, b])
        noise = np.sqrt(chance * (1 - chance) / len(x))
        if share - chance >= max(LEAST, DEVIATIONS * noise):
            found.append(Equality(a, b, share, chance))
    return found


def _found(reference: TableReference) -> list[Equality]:
    places = number_places(reference)
    kinds = [column.kind for column in reference.columns]
    pairs = [(a, b) for a in places for b in places if a < b and kinds[a] == kinds[b]]
    return equalities(reference.train, pairs)


def equality_shares(c: Comparison[TableReference]) -> Float[np.ndarray, " pairs"]:
    """Return the share of rows of a set where each pair is equal."""
    pairs = c.reference.once(_found)
    return np.array([equal_share(c.raw[:, pair.a], c.raw[:, pair.b]) for pair in pairs])


def _loss(c: Comparison[TableReference]) -> float | None:
    """Return the mean over pairs of max(0, t - g) / (t - s), shares of rows that are equal.

    t: of training rows, g: of generated, s: of shuffled ones.
    """
    pairs = c.reference.once(_found)
    if not pairs:
        return None
    train = np.array([pair.train for pair in pairs])
    chance = np.array([pair.chance for pair in pairs])
    lost = np.maximum(train - c.once(equality_shares), 0)
    return float(np.mean(lost / (train - chance)))


def lost_equalities(reference: TableReference, means: Float[np.ndarray, " pairs"]) -> int:
    """Return how many pairs have lost a tenth of their equal rows.

    Args:
        reference: the training rows.
        means: shares of generated rows, as means over sets.
    """
    train = np.array([pair.train for pair in reference.once(_found)])
    return int((means < (1 - LOST) * train).sum())


def equality_details(
    reference: TableReference, means: Float[np.ndarray, " pairs"]
) -> dict[str, Any]:
    """Return shares of rows that are equal, those that lost most first.

    Args:
        reference: the training rows.
        means: shares of generated rows, as means over sets.
    """
    names = [column.name for column in reference.columns]
    pairs = reference.once(_found)
    order = np.argsort([g - pair.train for pair, g in zip(pairs, means, strict=True)])
    return {
        f"{names[pairs[i].a]} = {names[pairs[i].b]}": {
            "generated": float(means[i]),
            "training": pairs[i].train,
            "shuffled": pairs[i].chance,
        }
        for i in order[:NAMED]
    }


EQUALITIES = Metric(
    "equalities-lost", "equal numbers lost", "%", LOW, _loss, floor=of_held_out(_loss)
)
