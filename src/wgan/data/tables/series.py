"""Pandas columns as float64 numbers, and such numbers as pandas columns of the type they had."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.data.tables.schema import Column, is_single, rounded

MICROSECOND = 1e-6
"""Seconds. Times are exact to it: a double holds seconds since 1970 to a quarter of it."""
IN_A_SECOND = 1e6
"""Microseconds. Unlike the product with 1e-6, a quotient by it is exact to the last bit, so that
whole seconds of the year 9999 stay whole.
"""
CATEGORICAL = "category of "
"""Beginning of the name that `dtype_name` gives the type of pandas categories."""


def numbers(series: pd.Series, column: Column) -> Float[np.ndarray, " n"]:
    """Return a column's values as float64.

    A number is itself, a time its seconds, a level its place in `column.levels`; NaN is missing.

    Args:
        series: `[n]` values.
        column: what the column holds.

    Raises:
        WganError: a value that is no number, no time or infinite, is missing where none was, or is
            a level that the column does not have.
    """
    absent = series.isna().to_numpy()
    if not column.missing:
        _refuse(series, absent, column, "is missing, where none was")
    if column.kind == "datetime":
        x = seconds(series, column.format)
        form = f" written as {column.format}" if column.format else ""
        _refuse(series, np.isnan(x) & ~absent, column, f"is no date{form}")
        return x
    if column.kind == "numeric":
        x = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        _refuse(series, np.isnan(x) & ~absent, column, "is no number")
        _refuse(series, np.isinf(x), column, "is infinite")
        return rounded(x, column.step) if is_single(column.dtype) else x
    codes, values = pd.factorize(series.astype(object))
    places = pd.Index(column.levels).get_indexer(pd.Index([spelled(value) for value in values]))
    # Code -1, a missing value, takes the -1 that is appended.
    x = np.append(places, -1)[codes].astype(np.float64)
    _refuse(series, (x < 0) & ~absent, column, "is a level that the column had not")
    return np.where(absent, np.nan, x)


def _refuse(series: pd.Series, wrong: np.ndarray, column: Column, why: str) -> None:
    """Raise an error that names the first wrong value, if there is one."""
    if wrong.any():
        row = int(wrong.argmax())
        raise WganError(
            f"column '{column.name}', row {row + 1}: {str(series.iloc[row])!r} {why}: mend it, or"
            " give the column another kind in a schema"
        )


def spelled(value: Any) -> str:
    """Return how a level is written.

    A whole number has no decimals: pandas holds a column of whole numbers with gaps as floats.
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def seconds(series: pd.Series, format: str = "") -> Float[np.ndarray, " n"]:
    """Return times as seconds since 1970, to the microsecond, on the clock of their own zone.

    Args:
        series: `[n]` times, or text.
        format: how text is written; empty: the series holds times.

    Returns:
        `[n]` seconds; NaN where a time is missing or is not written as `format` says.
    """
    times = pd.to_datetime(series, format=format, errors="coerce") if format else series
    stamps = times.dt.tz_localize(None) if times.dt.tz is not None else times
    whole = stamps.to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(whole), np.nan, np.round(whole.astype(np.int64) / IN_A_SECOND, 6))


def to_series(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    """Return numbers as a column of its own type and spelling: the inverse of `numbers`.

    Args:
        column: what the column holds.
        x: `[n]` numbers; NaN: missing.
    """
    if column.kind == "datetime":
        return _times(column, x)
    if column.kind == "numeric":
        return _numeric(column, x)
    return _levels(column, x)


def _times(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    absent = np.isnan(x)
    ticks = np.rint(np.where(absent, 0, x) * IN_A_SECOND).astype(np.int64)
    stamps = pd.Series(ticks.view("datetime64[us]")).mask(absent)
    if column.format:
        return stamps.dt.strftime(column.format).astype(column.dtype).mask(absent)
    zone = getattr(pd.api.types.pandas_dtype(column.dtype), "tz", None)
    if zone is not None:
        # Where clocks change: the first of two equal times, and the next after a skipped one.
        first = np.ones(len(x), dtype=bool)
        stamps = stamps.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return stamps.astype(column.dtype)


def _numeric(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    if not pd.api.types.is_integer_dtype(column.dtype):
        return pd.Series(x).astype(column.dtype)
    absent = np.isnan(x)
    limits = np.iinfo(column.dtype.lower().removesuffix("[pyarrow]"))
    whole = np.rint(np.where(absent, 0, x)).clip(limits.min, limits.max).astype(np.int64)
    # Int64, the type with gaps, since NumPy's integers cannot be missing.
    return pd.Series(pd.array(whole, dtype="Int64")).mask(absent).astype(column.dtype)


def _levels(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    levels: list[Any] = list(column.levels)
    if column.kind == "boolean":
        levels = [level == "True" for level in column.levels]
    choices = np.array([*levels, None], dtype=object)
    places = np.where(np.isnan(x), len(levels), np.nan_to_num(x)).astype(np.int64)
    named = pd.Series(choices[places])
    if column.dtype.startswith(CATEGORICAL):
        of, ordered = column.dtype.removeprefix(CATEGORICAL).split(" ")
        declared = pd.Categorical(named, categories=column.categories, ordered=ordered == "ordered")
        return pd.Series(declared.rename_categories(pd.Index(column.categories).astype(of)))
    if column.kind == "category" and pd.api.types.is_numeric_dtype(column.dtype):
        named = pd.to_numeric(named)
    return named.astype(column.dtype)


def dtype_name(series: pd.Series) -> str:
    """Return the name of a column's type.

    The name of pandas categories says of what type they are, and whether they are ordered.
    """
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return str(series.dtype)
    order = "ordered" if series.dtype.ordered else "unordered"
    return f"{CATEGORICAL}{series.dtype.categories.dtype} {order}"


def identifiers(column: Column, n: int) -> pd.Series:
    """Return `n` new identifiers, counted from `column.start` on."""
    counted = pd.Series(range(column.start, column.start + n))
    if pd.api.types.is_numeric_dtype(column.dtype):
        return counted.astype(column.dtype)
    return counted.map(column.pattern.format).astype(column.dtype)
