"""Groups of rows that depend on each other, such as the visits of a patient: whole groups are the
unit of independence.

Groups are taken for independent draws of one law, sizes included. What is then measured is the law
of a random row of a random group. Each group counts the same, however many rows it has.
"""

import numpy as np
from jaxtyping import Float, Int64
from numpy.typing import ArrayLike

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator

LEAST_GROUPS = 20
"""Fewest groups of a side: as many as a bracket without groups needs rows, since each group counts
as one.
"""

Codes = Int64[np.ndarray, " _"]
"""The group of each row as a whole number; groups are numbered as they first occur."""


def group_codes(labels: ArrayLike | None, n: int, side: str) -> Codes | None:
    """Return the group of each row, numbered as groups first occur; None without labels.

    Args:
        labels: one label a row, of any type that can be compared; None: no groups.
        n: rows of the sample.
        side: "x" or "y", for messages.

    Raises:
        WganError: another number of labels than rows, a missing label, or fewer than 20 groups.

    >>> group_codes(["b", "a", "b"] + list(range(20)), 23, "x")[:4].tolist()
    [0, 1, 0, 2]
    """
    if labels is None:
        return None
    given = np.asarray(labels, dtype=object)
    name = f"{side}_groups"
    if given.ndim != 1 or len(given) != n:
        raise WganError(f"{name} has shape {given.shape}: give one label for each of {n} rows")
    missing = [i for i, label in enumerate(given.tolist()) if _is_missing(label)]
    if missing:
        raise WganError(
            f"{name} has no label in {len(missing)} of {n} rows, first in row {missing[0]}"
            " (from 0): name the group of every row, or drop these rows"
        )
    numbers: dict[object, int] = {}
    try:
        codes = [numbers.setdefault(label, len(numbers)) for label in given.tolist()]
    except TypeError as error:
        raise WganError(f"{name}: {error}: give numbers or words as labels") from None
    if len(numbers) < LEAST_GROUPS:
        raise WganError(
            f"{name} has {len(numbers)} groups: groups count as one independent draw each, and a"
            f" bracket needs {LEAST_GROUPS} or more on each side"
        )
    return np.array(codes, dtype=np.int64)


def _is_missing(label: object) -> bool:
    """Return whether a label is None, empty, NaN, NaT or pandas' NA, which differ from themselves
    or refuse to be compared.
    """
    if label is None or label == "":
        return True
    try:
        return not bool(label == label)
    except TypeError:
        return True


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
