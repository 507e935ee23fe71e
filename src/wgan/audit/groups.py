"""Groups of rows that depend on each other, such as the visits of a patient.

Whole groups are the unit of independence.

Groups are taken for independent draws of one law, sizes included. What is then measured is the law
of a random row of a random group. Each group counts the same, however many rows it has.
"""

import numpy as np
from jaxtyping import Float, Int64
from numpy.typing import ArrayLike

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.distances.groups import group_codes

LEAST_GROUPS = 20
"""Fewest groups of a side: as many as a bracket without groups needs rows, since each group counts
as one.
"""

Codes = Int64[np.ndarray, " _"]
"""The group of each row as a whole number; groups are numbered as they first occur."""


def first_codes(labels: ArrayLike | None, n: int, side: str) -> Codes | None:
    """Return the group of each row, numbered as groups first occur; None without labels.

    Args:
        labels: one label a row, of any type that can be compared; None: no groups.
        n: rows of the sample.
        side: "x" or "y", for messages.

    Raises:
        WganError: as `wgan.distances.groups.group_codes`, or fewer than 20 groups.

    >>> first_codes(["b", "a", "b", *"cdefghijklmnopqrstu"], 22, "x")[:4].tolist()
    [0, 1, 0, 2]
    """
    if labels is None:
        return None
    _, first, codes = np.unique(
        group_codes(labels, n, side), return_index=True, return_inverse=True
    )
    if len(first) < LEAST_GROUPS:
        raise WganError(
            f"{side} has {len(first)} groups: groups count as one independent draw each, and a"
            f" bracket needs {LEAST_GROUPS} or more on each side"
        )
    rank = first.argsort().argsort()
    return np.asarray(rank[codes.reshape(-1)], dtype=np.int64)


def grouped_halves(codes: Codes, seed: int, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the rows of two random halves of the groups.

    Groups stand in random order in each half, and the rows of a group one after another.

    Args:
        codes: `[n]`, the group of each row.
        seed: random seed of the bracket.
        side: "x" or "y".
    """
    count = int(codes.max()) + 1
    order = numpy_generator(seed, "bracket groups", side).permutation(count)
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    places = np.argsort(rank[codes], kind="stable")
    rows = int((rank[codes] < count // 2).sum())
    return places[:rows], places[rows:]


def group_means(values: Float[np.ndarray, " n"], codes: Codes) -> Float[np.ndarray, " k"]:
    """Return the mean of each group, in the order in which groups first occur.

    Means of independent groups are independent, and lie in the range of the values. Their
    expectation is that of a random row of a random group.

    Args:
        values: `[n]`, one a row.
        codes: `[n]`, the group of each row, by any numbers.

    >>> group_means(np.array([1.0, 5.0, 3.0]), np.array([7, 2, 7])).tolist()
    [2.0, 5.0]
    """
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    means = np.bincount(inverse, values) / np.bincount(inverse)
    return np.asarray(means[np.argsort(first)])


def one_of_each(codes: Codes, seed: int, side: str) -> np.ndarray:
    """Return the place of one random row of each group, in the order in which groups first occur.

    These rows are independent draws of a random row of a random group.

    Args:
        codes: `[n]`, the group of each row, by any numbers.
        seed: random seed of the bracket.
        side: "x" or "y".
    """
    shuffled = numpy_generator(seed, "one row of a group", side).permutation(len(codes))
    _, picked = np.unique(codes[shuffled], return_index=True)
    _, first = np.unique(codes, return_index=True)
    return np.asarray(shuffled[picked][np.argsort(first)])
