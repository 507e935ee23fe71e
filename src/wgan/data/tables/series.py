"""Pandas columns as float64 numbers, and such numbers as pandas columns of the type they had."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Integer

from wgan.base.errors import WganError, did_you_mean
from wgan.data.tables.dates import on_clock, read_times, write_times
from wgan.data.tables.schema import Column, is_single
from wgan.data.tables.spellings import parse_spelling
from wgan.data.tables.steps import rounded

MICROSECOND = 1e-6
"""Seconds. Times are exact to it: a double holds seconds since 1970 to a quarter of it."""
IN_A_SECOND = 1e6
"""Microseconds. Unlike the product with 1e-6, a quotient by it is exact to the last bit, so that
whole seconds of the year 9999 stay whole.
"""
EPOCHS = {"epoch s": 1, "epoch ms": 10**3, "epoch us": 10**6, "epoch ns": 10**9}
"""Formats of times that are numbers since 1970, and how many of them a second has."""
YEARS_IN_SECONDS = (-62135596800.0, 253402300800.0)
"""Seconds since 1970 of the beginning of year 1 and the end of year 9999. Python, TOML and Excel
know no other years, and a time outside them is an error in the data.
"""
LEVELS_NAMED = 50
"""Levels among which an error looks for the nearest spelling; a column may have thousands."""
CATEGORICAL = "category of "
"""Beginning of the name that `dtype_name` gives the type of pandas categories."""


def different_texts(series: pd.Series) -> pd.Series:
    """Return the different texts of a column, for patterns of Python.

    They are Python's own strings: pandas gives patterns on its strings to pyarrow where that is
    installed, which knows neither back references nor what follows (pandas 3.0 fails).

    Args:
        series: the column, with missing values.
    """
    return pd.Series([str(value) for value in series.dropna().unique()], dtype=object)


def numbers(series: pd.Series, column: Column) -> Float[np.ndarray, " n"]:
    """Return a column's values as float64.

    A number is itself, a time its seconds, a level its place in `column.levels`; NaN is missing.

    Args:
        series: `[n]` values.
        column: what the column holds.

    Raises:
        WganError: a value that is not a number or a time, is infinite, is missing where none was,
            or is a level that the column does not have.
    """
    series = without(series, column.absent)
    absent = series.isna().to_numpy()
    if not column.missing:
        _refuse(series, absent, column, "is missing, where none was")
    if column.kind == "datetime":
        x = seconds(_of_zone(series, column), column.format)
        form = f" written as {column.format}" if column.format else ""
        _refuse(series, np.isnan(x) & ~absent, column, f"is not a date{form}")
        beyond = (x < YEARS_IN_SECONDS[0]) | (x >= YEARS_IN_SECONDS[1])
        _refuse(series, beyond, column, "is a time beyond the years 1 to 9999")
        return x
    if column.kind == "numeric":
        x = _floats(series, column.format)
        form = f" written as {column.format}" if column.format else ""
        _refuse(series, np.isnan(x) & ~absent, column, f"is not a number{form}")
        _refuse(series, np.isinf(x), column, "is infinite")
        return rounded(x, column.step) if is_single(column.dtype) else x
    codes, values = pd.factorize(series.astype(object))
    places = pd.Index(column.levels).get_indexer(pd.Index([spelled(value) for value in values]))
    # Code -1, a missing value, takes the -1 that is appended.
    x = np.append(places, -1)[codes].astype(np.float64)
    _refuse(series, (x < 0) & ~absent, column, "is a level that the column did not have")
    return np.where(absent, np.nan, x)


def _of_zone(series: pd.Series, column: Column) -> pd.Series:
    return series if column.format else on_clock(series, zone_of(column), column.name)


def without(series: pd.Series, absent: tuple[str, ...]) -> pd.Series:
    """Return a column in which the values that stand for a missing one are missing.

    Args:
        series: `[n]` values.
        absent: the values, as they are spelled; a number for a column of numbers.
    """
    if not absent:
        return series
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
        # The type of whole numbers with gaps; a float would not hold all of them.
        series = series.astype(str(series.dtype).replace("i", "I").replace("u", "U"))
    if not pd.api.types.is_numeric_dtype(series.dtype):
        # By spelling: pandas categories may be of whole numbers.
        return series.mask(series.astype(object).map(spelled, na_action="ignore").isin(absent))
    codes = pd.to_numeric(pd.Series(absent, dtype="str"), errors="coerce").dropna()
    return series.mask(series.isin(codes.tolist()))


def _floats(series: pd.Series, format: str = "") -> Float[np.ndarray, " n"]:
    """Return a column as numbers, NaN where it is missing or holds none.

    Args:
        series: `[n]` numbers or texts.
        format: how texts are written; empty: as Python reads them.
    """
    spelling = parse_spelling(format)
    if spelling is None or pd.api.types.is_numeric_dtype(series.dtype):
        numbers = pd.to_numeric(series, errors="coerce")
        return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return spelling.read(series)


def parse_number(text: str, column: Column) -> float:
    """Return the number of a text that is written as the column writes it, or plainly.

    A plain number with a point is refused where the column groups thousands by points.

    Args:
        text: the text.
        column: a numeric column.

    Raises:
        ValueError: no number.
    """
    spelling = parse_spelling(column.format)
    if spelling is None:
        return float(text)
    value = float(spelling.read(pd.Series([text]))[0])
    if np.isnan(value) and not (spelling.group == "." and "." in text):
        return float(text)
    return value


def _refuse(series: pd.Series, wrong: np.ndarray, column: Column, why: str) -> None:
    """Raise an error that names the first wrong value, if there is one."""
    if wrong.any():
        row = int(wrong.argmax())
        raise WganError(
            f"column '{column.name}', row {row + 1}: {str(series.iloc[row])!r} {why}: fix it, or"
            " give the column another kind in a schema"
        )


def spelled(value: Any) -> str:
    """Return how a level is written.

    A whole number has no decimals: pandas holds a column of whole numbers with gaps as floats.
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def no_level(column: Column, text: str) -> str:
    """Return the message on a level that a column does not have, with the nearest one.

    Args:
        column: the column.
        text: the level.
    """
    nearest = did_you_mean(text, column.levels[:LEVELS_NAMED])
    return f"column '{column.name}' has no level '{text}'. {nearest}"


def seconds(series: pd.Series, format: str = "") -> Float[np.ndarray, " n"]:
    """Return times as seconds since 1970, to the microsecond, on the clock of their own zone.

    Args:
        series: `[n]` times, text or whole numbers.
        format: how text or whole numbers are written; empty: the series holds times.

    Returns:
        `[n]` seconds; NaN where a time is missing or is not written as `format` says.
    """
    if format in EPOCHS:
        whole = pd.to_numeric(series, errors="coerce")
        # Nanoseconds are cut to microseconds first, since a double does not hold all their digits.
        ticks = whole // 1000 if format == "epoch ns" else whole
        in_a_second = min(EPOCHS[format], 10**6)
        return np.round(ticks.to_numpy(dtype=np.float64, na_value=np.nan) / in_a_second, 6)
    times = read_times(_as_text(series, format), format) if format else series
    if isinstance(times.dtype, pd.ArrowDtype):
        # Arrow's days have no clock, and pandas 2.2 shifts its times where they leave their zone.
        zone = getattr(times.dtype.pyarrow_dtype, "tz", None)
        times = times.astype(pd.DatetimeTZDtype("us", zone) if zone else "datetime64[us]")
    stamps = times.dt.tz_localize(None) if times.dt.tz is not None else times
    whole = stamps.to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(whole), np.nan, np.round(whole.astype(np.int64) / IN_A_SECOND, 6))


def _as_text(series: pd.Series, format: str) -> pd.Series:
    """Return whole numbers such as 20240131 as text, with the zeros that a number has lost."""
    if not pd.api.types.is_numeric_dtype(series.dtype):
        return series
    fractions = (series % 1 != 0) | series.isna()
    width = len(pd.Timestamp("2024-01-31").strftime(format))
    texts = series.mask(fractions, 0).astype("int64").astype("str").str.zfill(width)
    return texts.mask(fractions)


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
    if column.format in EPOCHS:
        # Of whole numbers, so that no digit is lost: a double holds nanoseconds to 256 alone.
        in_a_second = EPOCHS[column.format]
        whole = ticks // (10**6 // in_a_second) if in_a_second <= 10**6 else ticks * 1000
        return _integers(whole, absent, column.dtype)
    if column.format:
        texts = write_times(stamps, column.format)
        if pd.api.types.is_numeric_dtype(column.dtype):
            whole = pd.to_numeric(texts).fillna(0).to_numpy(dtype=np.int64)
            return _integers(whole, absent, column.dtype)
        return texts.astype(column.dtype).mask(absent)
    zone = zone_of(column)
    if zone is not None:
        # Where clocks change: the first of two equal times, and the next after a skipped one.
        first = np.ones(len(x), dtype=bool)
        stamps = stamps.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return stamps.astype(column.dtype)


def zone_of(column: Column) -> Any:
    """Return the time zone of a column; None for times without one, and for text."""
    if column.format:
        return None
    dtype = pd.api.types.pandas_dtype(column.dtype)
    return getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None)


def _numeric(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    absent = np.isnan(x)
    if spelling := parse_spelling(column.format):
        texts = pd.Series(spelling.write(np.where(absent, 0, x)), dtype=object)
        return texts.mask(absent).astype(column.dtype)
    return _whole(x, absent, column.dtype)


def _whole(x: Float[np.ndarray, " n"], absent: Bool[np.ndarray, " n"], dtype: str) -> pd.Series:
    """Return numbers as a column of a type, rounded where it holds whole numbers.

    Args:
        x: `[n]` numbers.
        absent: `[n]` where the column is missing.
        dtype: the pandas type.
    """
    if not pd.api.types.is_integer_dtype(dtype):
        return pd.Series(x).mask(absent).astype(dtype)
    limits = integer_limits(dtype)
    # The largest double that the type holds: 2^63 is none of int64, and would change its sign.
    largest = float(limits.max)
    largest = largest if int(largest) <= limits.max else float(np.nextafter(largest, 0))
    clipped = np.rint(np.where(absent, 0, x)).clip(float(limits.min), largest)
    return _integers(clipped.astype(np.int64 if limits.min < 0 else np.uint64), absent, dtype)


def _integers(
    whole: Integer[np.ndarray, " n"], absent: Bool[np.ndarray, " n"], dtype: str
) -> pd.Series:
    """Return whole numbers as a column of a type, which may be one of text.

    Args:
        whole: `[n]` numbers.
        absent: `[n]` where the column is missing.
        dtype: the pandas type.
    """
    # Int64, the type with gaps, since NumPy's integers cannot be missing.
    kept = pd.array(whole, dtype="Int64" if whole.dtype.kind == "i" else "UInt64")
    return pd.Series(kept).mask(absent).astype(dtype)


def integer_limits(dtype: str) -> np.iinfo:
    """Return the limits of a pandas type of whole numbers."""
    return np.iinfo(dtype.lower().removesuffix("[pyarrow]"))


def _levels(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    levels: list[Any] = list(column.levels)
    if column.kind == "boolean":
        levels = [level == "True" for level in column.levels]
    places = np.where(np.isnan(x), len(levels), np.nan_to_num(x)).astype(np.int64)
    if column.kind == "category" and pd.api.types.is_integer_dtype(column.dtype):
        # Not by way of floats, which gaps would make of them.
        signed = integer_limits(column.dtype).min < 0
        whole = np.array([*map(int, levels), 0], dtype=np.int64 if signed else np.uint64)
        return _integers(whole[places], np.isnan(x), column.dtype)
    choices = np.array([*levels, None], dtype=object)
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
