"""The kind of a column of a table, inferred from its name, type and values."""

import re
import warnings
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.dates import infer_form, read_times
from wgan.data.tables.schema import Kind
from wgan.data.tables.series import different_texts, dtype_name
from wgan.data.tables.spellings import infer_spelling

StorageKind = Literal["categories", "booleans", "times", "numbers", "text"]
"""Type of a column's values in pandas, in one word."""

FEW_VALUES = 20
"""Largest number of different values that are taken for a list of choices. A column of numbers with
no more has nothing but spikes: a state each keeps them exact, and costs a network 20 numbers.
"""
UNIQUE_SHARE = 0.95
"""Share of different values from which on a column is one of identifiers. It leaves room for some
repeats; below it a value says something about several rows.
"""
LEAST_ROWS = 100
"""A column of this many values or fewer is never one of identifiers: in a small table, values that
should be learned may all be different by chance.
"""
ROWS_NAMED_IN_ERRORS = 1000
"""Rows that an error looks at for the types in a column: enough to name those that are common."""
ROW_NUMBER_NAME = re.compile(r"(^|[^a-zA-Z])[iI][dD]$|[a-z]I[dD]$")
"""Names of columns that number rows: id, ..._id, ...Id."""
DATE_LIKE = (
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})(?![-/.]?\d)"
    r"|\d{1,2}(?:st|nd|rd|th)?[-. ]+(?:of )?[^\W\d]{3,}[-., ]+\d{4}\b"
    r"|[^\W\d]{3,}[. ]+\d{1,2}(?:st|nd|rd|th)?, ?\d{4}\b"
    r"|\d+:\d{2}(?::\d{2})?(?:[.,]\d+)?$"
)
"""Beginning of a date in text, in any order, or of a duration; version numbers and addresses
differ.
"""
NUMBER_AS_TEXT = r"0|[1-9]\d{0,14}"
"""Whole numbers that a double gives back as they are spelled, with at most 15 digits."""
MOST_ARE_DATES = 0.5
"""Share of texts that begin like dates from which on the column is refused if it cannot be read."""
FILLED = 0.5
"""Least share of the whole numbers up to the largest that row numbers of a part of a file have.
Independent values would repeat; sums and clocks that rise by 2 a row on average, or more, stay
below it, and so are learned.
"""
CALENDAR = (1900_01_01, 2100_12_31)
"""Whole numbers that may be days written YYYYMMDD."""


class Taken(NamedTuple):
    """Kind that a column is taken for.

    Attributes:
        kind: what it holds.
        format: how it is written, as in `Column`.
    """

    kind: Kind
    format: str = ""


def storage_kind(series: pd.Series) -> StorageKind:
    """Return the type of a column's values in pandas, in one word."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return "categories"
    if is_boolean(series):
        return "booleans"
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return "times"
    return "numbers" if pd.api.types.is_numeric_dtype(series.dtype) else "text"


def is_boolean(series: pd.Series) -> bool:
    """Return whether a column holds booleans, perhaps with gaps."""
    if pd.api.types.is_bool_dtype(series.dtype):
        return True
    if not pd.api.types.is_object_dtype(series.dtype):
        return False
    values = series.dropna()
    return len(values) > 0 and bool(values.map(lambda value: isinstance(value, bool)).all())


def infer_kind(name: str, series: pd.Series) -> Taken:
    """Return the kind of a column.

    Args:
        name: the column's name.
        series: its values.

    Raises:
        WganError: text most of which is numbers or times, some or all of which cannot be read.
    """
    storage = storage_kind(series)
    if storage == "booleans":
        return Taken("boolean")
    if storage == "times":
        return Taken("datetime")
    values = series.dropna()
    if storage == "numbers" and len(values):
        return Taken(_kind_of_numbers(name, values))
    if storage == "categories" or not len(values):
        return Taken("category")
    return _kind_of_text(name, series)


def _kind_of_numbers(name: str, values: pd.Series) -> Kind:
    """Return the kind of numbers none of which is missing."""
    if not pd.api.types.is_integer_dtype(values.dtype):
        return "numeric"
    _hint_at_days(name, values)
    if max(abs(int(values.min())), abs(int(values.max()))) >= MOST_EXACT:
        return "identifier" if _hardly_repeat(values) else "category"
    if not numbers_rows(name, values):
        return "numeric"
    if ROW_NUMBER_NAME.search(name):
        return "identifier"
    _note(
        f"column '{name}' is taken for row numbers, since it only rises, from {values.iloc[0]} to"
        f" {values.iloc[-1]} in {len(values)} rows",
        f'if not, [columns."{name}"] kind = "numeric"',
    )
    return "identifier"


def numbers_rows(name: str, values: pd.Series) -> bool:
    """Return whether whole numbers stand for rows, by their name or since they only rise.

    Args:
        name: the column's name.
        values: whole numbers, none missing.
    """
    named = ROW_NUMBER_NAME.search(name) is not None
    return _hardly_repeat(values) and (named or _counts_rows(values))


def _hardly_repeat(values: pd.Series) -> bool:
    return len(values) > LEAST_ROWS and values.nunique() > UNIQUE_SHARE * len(values)


def _counts_rows(values: pd.Series) -> bool:
    """Return whether whole numbers number the rows of a file, of which a part may be missing."""
    whole = values.to_numpy(dtype=np.int64)
    rising = bool(whole[0] >= 0 and (np.diff(whole) > 0).all())
    return rising and len(whole) >= FILLED * (int(whole[-1]) + 1)


def _hint_at_days(name: str, values: pd.Series) -> None:
    """Warn that whole numbers look like days, but are learned as numbers."""
    if values.min() < CALENDAR[0] or values.max() > CALENDAR[1]:
        return
    texts = pd.Series(values.unique()).astype(str)
    if len(texts) > 1 and read_times(texts, "%Y%m%d").notna().all():
        _note(
            f"column '{name}' is learned as numbers, and {texts.iloc[0]} may be a day",
            f'if so, [columns."{name}"] kind = "datetime", format = "%Y%m%d"',
        )


def _note(guess: str, remedy: str) -> None:
    """Warn of a guess, and say how a schema corrects it."""
    warnings.warn(f"{guess}; {remedy} in a schema says so", stacklevel=2)


def form_of_times(name: str, series: pd.Series) -> str:
    """Return how times are written in a column of text; empty if it holds no known ones.

    A second form that fits as well is noted.

    Args:
        name: the column.
        series: its texts.

    Raises:
        WganError: a text that is written in another way than most.
    """
    texts = different_texts(series)
    found = infer_form(texts)
    if found.odd:
        why = f"is not a time written as {found.form}, and most others are"
        raise _unread(name, series, found.odd, why, f'missing = ["{found.odd}"]')
    if found.other:
        _note(
            f"column '{name}': {texts.iloc[0]!r} is read as {found.form}, and {found.other} fits"
            " as well",
            f'[columns."{name}"] format = "{found.other}"',
        )
    return found.form


def _kind_of_text(name: str, series: pd.Series) -> Taken:
    """Return the kind of text, which does not depend on how often values repeat.

    Names alone are categories or, where they hardly repeat, identifiers.
    """
    texts = different_texts(series)
    form = form_of_times(name, series)
    if form:
        return Taken("datetime", form)
    dates = texts[texts.str.match(DATE_LIKE)]
    if len(dates) > MOST_ARE_DATES * len(texts):
        why = "looks like a time, in a spelling that is not known or not that of others"
        raise _unread(name, series, dates.iloc[0], why, 'format = "%d %b %Y"')
    found = infer_spelling(texts)
    if found.spelling or found.plain:
        return Taken("numeric", str(found.spelling or ""))
    # Few different texts are a list of choices, such as 1, 2 and 3+.
    if found.fault and len(texts) > FEW_VALUES:
        raise _unread(name, series, found.odd, found.fault, found.settings)
    if texts.str.fullmatch(NUMBER_AS_TEXT).all():
        _note(
            f"column '{name}' holds whole numbers as text, and is taken for names",
            f'for numbers, [columns."{name}"] kind = "numeric"',
        )
    values = series.dropna()
    if len(values) > LEAST_ROWS and len(texts) > UNIQUE_SHARE * len(values):
        return Taken("identifier")
    return Taken("category")


def _unread(name: str, series: pd.Series, text: str, why: str, setting: str) -> WganError:
    """Return the error of a text that cannot be read as the others are, with its row."""
    row = int((series.astype(object) == text).to_numpy().argmax())
    settings = f"{setting}, or " if setting else ""
    return WganError(
        f"column '{name}', row {row + 1}: {text!r} {why}: fix it, leave it empty, or say in a"
        f' schema [columns."{name}"] {settings}kind = "category" or "identifier"'
    )


def refuse_unknown_type(name: str, series: pd.Series) -> None:
    """Refuse a column of a type that would not come back as it was.

    Numbers, times, booleans, text, and categories of text or whole numbers come back.

    Args:
        name: the column's name.
        series: its values.

    Raises:
        WganError: another type.
    """
    if _has_known_type(series):
        return
    type_names = dtype_name(series)
    if pd.api.types.is_object_dtype(series.dtype):
        values = series.dropna().iloc[:ROWS_NAMED_IN_ERRORS]
        type_names = ", ".join(sorted({type(value).__name__ for value in values}))
    raise WganError(
        f"column '{name}' is of type {type_names}: make it numbers, text, booleans or times, all of"
        " one kind"
    )


def _has_known_type(series: pd.Series) -> bool:
    dtype = series.dtype
    types = pd.api.types
    if is_boolean(series):
        return True
    if isinstance(dtype, pd.CategoricalDtype):
        declared = dtype.categories.dtype
        return bool(types.is_string_dtype(declared) or types.is_integer_dtype(declared))
    if types.is_object_dtype(dtype):
        texts = series.dropna().map(lambda value: isinstance(value, str))
        return bool(texts.all())
    if types.is_string_dtype(dtype) or types.is_datetime64_any_dtype(dtype):
        return True
    return bool(types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype))
