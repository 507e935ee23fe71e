"""Matching of columns by their names, so that the order in which they stand does not matter."""

import warnings
from collections.abc import Sequence
from typing import Any

from wgan.base.errors import WganError
from wgan.base.numbers import plain_array

SHOWN = 5
"""Names that a message lists: they fit on a line."""


def names_of_columns(samples: Any) -> tuple[str, ...]:
    """Return the names of a frame's columns; none for arrays, and where names only count them.

    Args:
        samples: a frame of any library, or an array.
    """
    names = getattr(samples, "column_names", None)  # pyarrow, where `columns` are the values
    if names is None:
        names = getattr(samples, "columns", ())
    words = tuple(map(str, () if names is None else names))
    return () if words == tuple(map(str, range(len(words)))) else words


def order_of_columns(
    names: Sequence[str], common: Sequence[str], words: str, other: str
) -> list[int]:
    """Return where each of the common columns is among those of a sample.

    A single column has nothing to be mistaken for, and may have any name.

    Args:
        names: the columns of the sample; none: they have no names.
        common: the columns of what it goes with; none: they have no names.
        words: what messages call the sample.
        other: what messages call what it goes with.

    Raises:
        WganError: a column that one of them lacks, or a name that several columns have.

    >>> order_of_columns(["b", "a"], ["a", "b"], "y", "x")
    [1, 0]
    """
    if tuple(names) == tuple(common) or len(names) == len(common) == 1:
        return list(range(len(names)))
    if not names or not common:
        width = max(len(names), len(common))
        if width > 1:
            without, named = (words, other) if common else (other, words)
            warnings.warn(
                f"the columns of {without} have no names, and those of {named} have: they are"
                " matched by position",
                stacklevel=2,
            )
        return list(range(width))
    for one, another, few, many in ((common, names, words, other), (names, common, other, words)):
        lacking = [name for name in one if name not in another]
        if lacking:
            more = ", ..." if len(lacking) > SHOWN else ""
            raise WganError(
                f"{few} lacks columns that {many} has: {', '.join(lacking[:SHOWN])}{more}: give"
                " both the same columns, in any order"
            )
    if len(set(names)) < len(names) or len(set(common)) < len(common):
        raise WganError(
            f"{words} and {other} have several columns of one name in another order: rename all but"
            " one"
        )
    return [list(names).index(name) for name in common]


def matched(x: Any, y: Any) -> Any:
    """Return samples y with their columns in the order of those of x.

    Args:
        x: a frame of any library, or an array.
        y: likewise.

    Raises:
        WganError: frames of other columns.
    """
    common = names_of_columns(x)
    names = names_of_columns(y)
    if not common and not names:
        return y
    order = order_of_columns(names, common, "y", "x")
    return y if order == sorted(order) else plain_array(y, "y")[:, order]
