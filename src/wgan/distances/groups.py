"""Groups of rows that are dependent: whole groups are drawn, halved and exchanged, never rows."""

from typing import Any

import numpy as np
from jaxtyping import Int64

from wgan.base.errors import WganError

Places = Int64[np.ndarray, "_"]
"""Row numbers."""


def group_codes(groups: Any, n: int, name: str) -> Int64[np.ndarray, " n"]:
    """Return the group of each row as a number 0, 1, ..., k - 1.

    Args:
        groups: labels `[n]` of any type, equal within a group; None: each row is its own group.
        n: the number of rows.
        name: of the samples, for messages.

    Raises:
        WganError: another number of labels, a row without one, or a single group.

    >>> group_codes(["b", "a", "b"], 3, "x").tolist()
    [1, 0, 1]
    """
    if groups is None:
        return np.arange(n)
    try:
        labels = np.asarray(groups)
        given = np.asarray(groups, dtype=object)  # a list of words turns NaN into the word "nan"
    except ValueError:
        raise WganError(f"the groups of {name} are no labels: give one label a sample") from None
    if labels.shape != (n,):
        raise WganError(
            f"{name} has {n} samples and groups of shape {labels.shape}: give one label a sample"
        )
    for row, label in enumerate(given.tolist()):
        if _is_missing(label):
            raise WganError(
                f"the groups of {name} have no label in row {row}: name the group of each row, or"
                " leave such rows out"
            )
    words = labels.astype(str) if labels.dtype.kind == "O" else labels
    codes = np.unique(words, return_inverse=True)[1].reshape(-1).astype(np.int64)
    if codes.max() == 0:
        raise WganError(
            f"the groups of {name} are one group, {words[0]}: samples of one group cannot be"
            " halved; give 2 groups or more"
        )
    return codes


def _is_missing(label: object) -> bool:
    """Return whether a label is None, empty, NaN, NaT or pandas' NA.

    Most of these differ from themselves, or refuse to be compared.
    """
    try:
        return label is None or bool(label == "") or not bool(label == label)
    except TypeError:
        return True


def halves_of_groups(
    codes: Int64[np.ndarray, " n"], generator: np.random.Generator
) -> tuple[Places, Places]:
    """Return the rows of two random halves of the groups.

    With an odd number of groups one is left out, so that both halves have as many.

    Args:
        codes: the group of each row, as `group_codes` gives it.
        generator: draws the order of the groups.
    """
    order = generator.permutation(int(codes.max()) + 1)
    half = len(order) // 2
    return rows_of(codes, order[:half]), rows_of(codes, order[half : 2 * half])


def rows_of(codes: Int64[np.ndarray, " n"], chosen: Int64[np.ndarray, " g"]) -> Places:
    """Return the rows of some groups: group by group where groups are single rows, else in order.

    Args:
        codes: the group of each row.
        chosen: numbers of groups.

    >>> rows_of(np.array([0, 1, 0]), np.array([0])).tolist()
    [0, 2]
    """
    count = int(codes.max()) + 1
    if count == len(codes):
        place = np.empty(count, dtype=np.int64)
        place[codes] = np.arange(count)
        return place[chosen]
    member = np.zeros(count, dtype=bool)
    member[chosen] = True
    return np.flatnonzero(member[codes])
