"""The kind of a column of a table, inferred from its name, type and values."""

import re
from typing import Literal

import pandas as pd

from wgan.base.errors import WganError
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.schema import Kind

StorageKind = Literal["categories", "booleans", "times", "numbers", "text"]
"""What pandas holds in a column, in one word."""

FEW_VALUES = 20
"""Largest number of different values that are taken for a list of choices. A column of numbers with
no more has nothing but spikes: a state each keeps them exact, and costs a network 20 numbers.
"""
UNIQUE_SHARE = 0.95
"""Share of different values from which on a column is one of identifiers. It leaves room for some
repeats; below it a value says something about several rows.
"""
LEAST_ROWS = 100
"""A column of so many values or fewer is never one of identifiers: in a small table, values that
should be learned may all be different by chance.
"""
MOSTLY_NUMBERS = 0.5
"""Share of numbers among different texts from which on the other texts are slips: most are read as
the column's kind.
"""
ROWS_NAMED_IN_ERRORS = 1000
"""Rows that an error looks at for the types in a column: enough to name those that are common."""
ROW_NUMBER_NAME = re.compile(r"(^|[^a-zA-Z])[iI][dD]$|[a-z]I[dD]$")
"""Names of columns that number rows: id, ..._id, ...Id."""
GROUPED_NUMBER = r"[$€£]? ?-?[0-9]{1,3}([,' ][0-9]{3})*([.,][0-9]+)?"
"""Numbers with a currency or with groups of three digits, such as $1,234.50."""
DATE_START = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
"""How a date in text begins, whatever its order."""
LEADING_ZERO = r"-?0\d"
"""How a code such as 007 begins, which is no number."""

DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d")
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", "T%H:%M:%SZ")
FORMATS = tuple(date + time for time in TIMES for date in DATES)
"""Forms of times in text that are tried, in this order. Where two forms fit all values, such as
%m/%d and %d/%m, the first is taken, and a schema can say the other.
"""
FORMAT_ROWS = 100
"""Different texts that a form is tried on first, so that 48 wrong forms cost little."""


def storage_kind(series: pd.Series) -> StorageKind:
    """Return what pandas holds in a column, in one word."""
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


def infer_kind(name: str, series: pd.Series) -> Kind:
    """Return the kind of a column.

    Args:
        name: the column's name.
        series: its values.

    Raises:
        WganError: text most of which is numbers, or numbers and times that are spelled in a way
            that cannot be read.
    """
    storage = storage_kind(series)
    if storage == "booleans":
        return "boolean"
    if storage == "times":
        return "datetime"
    values = series.dropna()
    if storage == "numbers" and len(values):
        return _kind_of_numbers(name, values)
    if storage == "categories":
        return "category"
    return _kind_of_text(name, series)


def _kind_of_numbers(name: str, values: pd.Series) -> Kind:
    """Return the kind of numbers none of which is missing."""
    if not pd.api.types.is_integer_dtype(values.dtype):
        return "numeric"
    unique = len(values) > LEAST_ROWS and values.nunique() > UNIQUE_SHARE * len(values)
    if max(abs(int(values.min())), abs(int(values.max()))) >= MOST_EXACT:
        return "identifier" if unique else "category"
    if not unique:
        return "numeric"
    counts_rows = int(values.iloc[0]) in (0, 1) and bool((values.diff().dropna() == 1).all())
    return "identifier" if counts_rows or ROW_NUMBER_NAME.search(name) else "numeric"


def _kind_of_text(name: str, series: pd.Series) -> Kind:
    text = series.dropna().astype(str)
    _refuse_mixed(name, series, text)
    if len(text) and infer_format(series):
        return "datetime"
    if len(text) > LEAST_ROWS and text.nunique() > UNIQUE_SHARE * len(text):
        _refuse_unread(name, text)
        return "identifier"
    return "category"


def infer_format(series: pd.Series) -> str:
    """Return how times are written in a column of text.

    Returns:
        The first form that gives back every text as it is spelled; empty if there is none.
    """
    texts = pd.Series(series.dropna().unique())
    if not len(texts) or not texts.map(lambda value: isinstance(value, str)).all():
        return ""
    head = texts.iloc[:FORMAT_ROWS]
    looks_like_dates = head.str.match(r"\d{1,4}[-/.]?\d{1,2}[-/.]?\d{1,4}").all()
    # Digits alone may be a number; 20240131 is one of them.
    if not looks_like_dates or head.str.fullmatch(r"\d*").any():
        return ""
    for form in FORMATS:
        if _is_written(head, form) and _is_written(texts, form):
            return form
    return ""


def _is_written(text: pd.Series, form: str) -> bool:
    times = pd.to_datetime(text, format=form, errors="coerce")
    return bool(times.notna().all() and (times.dt.strftime(form) == text).all())


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
    type_names = str(series.dtype)
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
    if isinstance(dtype, pd.CategoricalDtype):
        declared = dtype.categories.dtype
        return bool(types.is_string_dtype(declared) or types.is_integer_dtype(declared))
    if types.is_object_dtype(dtype):
        texts = series.dropna().map(lambda value: isinstance(value, str))
        return is_boolean(series) or bool(texts.all())
    if types.is_string_dtype(dtype) or types.is_datetime64_any_dtype(dtype):
        return True
    return bool(types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype))


def _refuse_unread(name: str, text: pd.Series) -> None:
    """Refuse numbers and times that are spelled in a way that cannot be read.

    They would pass for identifiers, and not be learned.
    """
    head = text.iloc[:LEAST_ROWS]
    times = head.str.match(DATE_START).all()
    grouped = head.str.fullmatch(GROUPED_NUMBER).all() and head.str.contains(r"[,' $€£]").any()
    if times or grouped:
        what = "times, such as 2024-01-31 10:00:00" if times else "numbers, such as 1234.5"
        raise WganError(
            f"column '{name}', row 1: {text.iloc[0]!r} looks like {what}, in a spelling that is not"
            " known: rewrite the column, or say in a schema"
            f' [columns."{name}"] kind = "identifier"'
        )


def _refuse_mixed(name: str, series: pd.Series, text: pd.Series) -> None:
    """Refuse a column most of which is numbers: the other texts are slips, and no categories."""
    texts = pd.Series(text.unique())
    is_number = pd.to_numeric(texts, errors="coerce").notna() & ~texts.str.match(LEADING_ZERO)
    if len(texts) > FEW_VALUES and MOSTLY_NUMBERS < is_number.mean() < 1:
        odd = texts[~is_number].iloc[0]
        row = int((series.astype(str) == odd).to_numpy().argmax())
        raise WganError(
            f"column '{name}', row {row + 1}: {odd!r} is no number, and most others are: mend it,"
            " leave it empty, or say in a schema"
            f' [columns."{name}"] kind = "category"'
        )
