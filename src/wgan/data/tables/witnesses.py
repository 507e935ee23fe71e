"""Witnesses: few rows of a large table by which its columns are inferred as by all rows.

A random sample shows how often values occur. It misses rare ones, which decide how a column is
written: each level, whether values are missing, both ends, and the finest decimals or times.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64

MOST_LEVELS = 10_000
"""Different texts of a column that have a witness each, as many as classes may be. A text of more
is not a category, and its largest one alone has a witness.
"""
MOST_DECIMALS = 12
"""Decimals of numbers that have a witness, as many as steps are told apart by."""
UNITS = (86_400 * 10**9, 3600 * 10**9, 60 * 10**9, 10**9, 10**6, 10**3)
"""Nanoseconds of a day, an hour, a minute, a second, a millisecond and a microsecond."""


def witnesses(table: Any) -> Bool[np.ndarray, " n"]:
    """Return which rows are witnesses of a column. Among witnesses, all rows are.

    Args:
        table: a `pyarrow.Table`.
    """
    chosen = np.zeros(table.num_rows, dtype=bool)
    if not table.num_rows:
        return chosen
    for column in table.columns:
        chosen[_of_column(column.combine_chunks())] = True
    return chosen


def _of_column(column: Any) -> Int64[np.ndarray, " k"]:
    """Return the places of the witnesses of a column."""
    import pyarrow as pa

    kind = column.type
    absent = column.is_null().to_numpy(zero_copy_only=False)
    found = [_first(absent)]
    present = np.flatnonzero(~absent)
    values = column.drop_null()
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind):
        found.append(present[_of_levels(values)])
    elif pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        times = np.asarray(values.to_pandas(date_as_object=False))
        if times.dtype.kind == "M":
            ticks = times.astype("datetime64[ns]").astype(np.int64)
            found.append(present[_of_ends(ticks)])
            found += [present[_first(ticks % unit != 0)] for unit in UNITS]
    elif pa.types.is_integer(kind):
        found.append(present[_of_ends(values.to_numpy(zero_copy_only=False))])
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = np.asarray(values.to_pandas(), dtype=np.float64)
        found.append(present[_of_ends(numbers)])
        found.append(present[_of_decimals(numbers)])
    return np.concatenate(found)


def _first(chosen: Bool[np.ndarray, " n"]) -> Int64[np.ndarray, " k"]:
    """Return the first place that is chosen, if any."""
    return np.flatnonzero(chosen)[:1]


def _of_ends(values: np.ndarray) -> Int64[np.ndarray, " k"]:
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    return np.array([values.argmin(), values.argmax()])


def _of_levels(values: Any) -> Int64[np.ndarray, " k"]:
    """Return the first place of each text, and that of the longest and last one."""
    codes = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    levels, firsts = np.unique(codes, return_index=True)
    if len(levels) <= MOST_LEVELS:
        return firsts
    texts = values.to_pylist()
    largest = max(range(len(texts)), key=lambda i: (len(texts[i]), texts[i]))
    return np.append(np.sort(firsts)[:MOST_LEVELS], largest)


def _of_decimals(numbers: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " k"]:
    """Return the first place of a number with more decimals, for each number of decimals."""
    found = [np.zeros(0, dtype=np.int64)]
    for decimals in range(MOST_DECIMALS + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            more = np.isfinite(numbers) & (np.round(numbers, decimals) != numbers)
        if not more.any():
            break
        found.append(_first(more))
    return np.concatenate(found)
