"""Numbers of rows and of series: new ones count on, in the type of their column."""

import numpy as np
import pandas as pd
from jaxtyping import Int64

from wgan.base.errors import WganError
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.schema import Column, is_single
from wgan.data.tables.series import integer_limits

MOST_EXACT_SINGLE = 2**24
"""Whole numbers below this are exact in single precision, whose significand has 24 bits."""
MOST_EXACT_HALF = 2**11
"""Likewise in half precision, whose significand has 11 bits."""


def identifiers(column: Column, n: int, first: int = 0) -> pd.Series:
    """Return `n` new identifiers, counted from `column.start` on.

    Whole numbers beyond the column's type come in the next larger one.

    Args:
        column: the column.
        n: how many.
        first: identifiers that were counted before these.

    Raises:
        WganError: no type holds so large numbers.
    """
    start = column.start + first
    if not pd.api.types.is_numeric_dtype(column.dtype):
        counted = pd.Series(range(start, start + n), dtype=object)
        return counted.map(column.pattern.format).astype(column.dtype)
    last = start + n - 1
    for dtype in (column.dtype, "int64", "uint64"):
        if last <= largest(dtype):
            # Pandas makes floats of numbers of which some are beyond int64, and some not.
            wide = np.int64 if last <= largest("int64") else np.uint64
            return pd.Series(np.arange(n).astype(wide) + wide(start if n else 0)).astype(dtype)
    raise WganError(
        f"column '{column.name}': no type holds identifiers from {column.start} on: give it as text"
    )


def numbered(of: Int64[np.ndarray, " rows"], dtype: str) -> pd.Series:
    """Return the numbers of series, from 1 on, as numbers or as text.

    Args:
        of: `[rows]` the series of each row, from 0 on.
        dtype: the pandas type of the column in the data.
    """
    numbers = pd.Series(of + 1)
    known = pd.api.types.pandas_dtype(dtype)
    if pd.api.types.is_string_dtype(known):
        return numbers.astype(str).astype(dtype)
    if not pd.api.types.is_numeric_dtype(known) or pd.api.types.is_bool_dtype(known):
        return numbers
    return numbers.astype(dtype) if not len(of) or numbers.max() <= largest(dtype) else numbers


def largest(dtype: str) -> int:
    """Return the largest whole number up to which a type of numbers tells all of them apart.

    Args:
        dtype: the name of a pandas type.
    """
    if pd.api.types.is_integer_dtype(dtype):
        return int(integer_limits(dtype).max)
    if dtype.lower().startswith(("float16", "halffloat")):
        return MOST_EXACT_HALF - 1
    return (MOST_EXACT_SINGLE if is_single(dtype) else MOST_EXACT) - 1
