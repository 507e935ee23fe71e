"""The schema of a table, inferred from its data one column at a time, and corrected by a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress, silent, tracked
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.column_kinds import (
    form_of_times,
    infer_kind,
    refuse_unknown_type,
    storage_kind,
)
from wgan.data.tables.corrections import (
    Corrections,
    checked,
    checked_missing,
    kind_of_format,
    refuse_undeclared,
)
from wgan.data.tables.distribution import with_corrections, with_distribution
from wgan.data.tables.fitting import with_shares
from wgan.data.tables.numbering import identifiers
from wgan.data.tables.schema import Column
from wgan.data.tables.series import (
    different_texts,
    dtype_name,
    integer_limits,
    numbers,
    spelled,
    to_series,
    without,
)
from wgan.data.tables.spellings import DIGITS, Spelling, infer_spelling

MANY_CELLS = 5_000_000
"""Cells from which on reading the columns takes seconds, so that progress is worth showing."""
ROOM = 2**32
"""Room for new identifiers that is needed above the largest. If there is less, counting continues
in the widest gap, so that none exceeds its type.
"""
ROWS_TRIED = 100
"""Rows that are coded and given back, to see whether their type comes back."""


Keep = Callable[[Float[np.ndarray, " n"]], object]
"""Function that takes the numbers of a column once it is inferred."""


def ignored(x: Float[np.ndarray, " n"]) -> None:
    """Leave the numbers of a column, which are coded later."""


def infer(
    names: Sequence[str],
    rows: int,
    series_of: Callable[[int], pd.Series],
    corrections: Corrections | None = None,
    progress: Progress = silent,
    keep: Keep = ignored,
) -> tuple[Column, ...]:
    """Return the description of each column of a table, reading one column at a time.

    Args:
        names: the names of the columns.
        rows: the number of rows.
        series_of: returns the column at a place.
        corrections: for each column, `kind`; for numbers and times also `step`, `low` and `high`;
            for times in text also `format`.
        progress: listener, called where there is much to read.
        keep: called with each learned column as numbers, in their order.

    Raises:
        WganError: no columns or rows, two columns of one name, a correction that fits no column, or
            a column that cannot be read.
    """
    corrections = corrections or {}
    _refuse_unfit(names, rows, corrections)
    listener = progress if rows * len(names) >= MANY_CELLS else silent
    columns = []
    for i in tracked(range(len(names)), "reading the columns", len(names), listener):
        series = series_of(i)
        column = _column(names[i], series, corrections.get(names[i], {}))
        if column.kind != "identifier":
            x = numbers(series, column)
            column = with_shares(column, x)
            keep(x)
        columns.append(column)
    return tuple(columns)


def _refuse_unfit(names: Sequence[str], rows: int, corrections: Corrections) -> None:
    if not names or not rows:
        raise WganError(
            f"the table has {len(names)} column(s) and {rows} row(s): nothing can be learned"
            " from it"
        )
    for name in names:
        if names.count(name) > 1:
            raise WganError(f"{names.count(name)} columns are called '{name}': rename all but one")
    for name in corrections:
        if name not in names:
            raise WganError(
                f"schema: the table has no column '{name}'. {did_you_mean(name, names)}"
            )


def is_utf8(text: str) -> bool:
    """Return whether a text can be written; halves of characters, from damaged files, cannot."""
    return text.encode("utf-8", "ignore").decode("utf-8") == text


def _refuse_unwritable(name: str, series: pd.Series) -> None:
    """Refuse a text that no file can hold."""
    if storage_kind(series) not in ("text", "categories"):
        return
    for text in series.dropna().unique():
        if isinstance(text, str) and not is_utf8(text):
            row = int((series.astype(object) == text).to_numpy().argmax())
            raise WganError(
                f"column '{name}', row {row + 1}: {text!a} is not text that UTF-8 can hold: fix it"
            )


def _column(name: str, series: pd.Series, corrections: Mapping[str, Any]) -> Column:
    """Return the description of a column, without the frequencies of its states."""
    refuse_unknown_type(name, series)
    _refuse_unwritable(name, series)
    absent = checked_missing(name, corrections.get("missing", []))
    series = without(series, absent)
    given = dict(corrections)
    format = given.get("format", "")
    kind = given.pop("kind", None) or kind_of_format(format)
    if kind:
        format = format or _format_of(name, kind, series)
    else:
        kind, format = infer_kind(name, series)
    settings = checked(name, kind, series, given)
    column = Column(name, kind, dtype_name(series), bool(series.isna().any()), absent=absent)
    if kind == "identifier":
        column = _with_pattern(replace(column, missing=False), series)
    elif kind in ("category", "boolean"):
        column = _with_levels(column, series)
    else:
        x = numbers(series, replace(column, format=format, missing=True))
        x = x[~np.isnan(x)]
        if len(x) == 0:
            raise WganError(f"schema, column '{name}': holds no value, so it cannot be {kind}")
        column = with_distribution(with_corrections(replace(column, format=format), x, settings), x)
    refuse_undeclared(column, settings)
    _refuse_lost_type(column, series)
    return column


def _format_of(name: str, kind: str, series: pd.Series) -> str:
    """Return how a column is written whose kind a schema gives, and no format."""
    if kind not in ("numeric", "datetime") or storage_kind(series) != "text":
        return ""
    texts = different_texts(series)
    if kind == "datetime":
        return form_of_times(name, series) or "%Y-%m-%d"
    spelling = infer_spelling(texts).spelling
    if spelling is None and texts.str.fullmatch(DIGITS).all():
        spelling = Spelling()
    return str(spelling) if spelling else ""


def _refuse_lost_type(column: Column, series: pd.Series) -> None:
    """Refuse a column whose type would not come back in samples.

    Raises:
        WganError: such a type, by name.
    """
    head = series.iloc[:ROWS_TRIED].reset_index(drop=True)
    try:
        if column.kind == "identifier":
            again = identifiers(column, 1)
        else:
            again = to_series(column, numbers(head, column))
        lost = again.dtype != series.dtype
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        lost = not isinstance(error, WganError)
        if not lost:
            raise
    if lost:
        raise WganError(
            f"column '{column.name}' is of type {dtype_name(series)}, which samples would not come"
            " back in: make it numbers, text, booleans or times"
        )


def _with_levels(column: Column, series: pd.Series) -> Column:
    """Return a column of categories or booleans with its levels, the most frequent first."""
    counts = series.value_counts(dropna=True)
    names = map(spelled, counts.index.astype(object))
    by_frequency = sorted(zip((-counts).tolist(), names, strict=True))
    if column.kind == "boolean" and not {name for _, name in by_frequency} <= {"True", "False"}:
        raise WganError(
            f"schema, column '{column.name}': holds '{by_frequency[0][1]}', and boolean is True or"
            " False: call it a category"
        )
    # Categories that pandas declares and no row has are counted 0: they are no levels.
    levels = tuple(name for count, name in by_frequency if count)
    declared: tuple[str, ...] = ()
    if isinstance(series.dtype, pd.CategoricalDtype):
        declared = tuple(series.dtype.categories.astype(str))
    return replace(column, levels=levels, categories=declared)


def _with_pattern(column: Column, series: pd.Series) -> Column:
    """Return a column of identifiers with how a new one is written, and where counting continues.

    If all identifiers are one prefix and a number, new ones are too, with as many digits as the
    shortest.
    """
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        return replace(column, start=_first_new(column.name, series.dropna()), pattern="{}")
    parts = series.dropna().astype(str).str.extract(r"^(.*?)(\d+)$")
    if len(parts) and parts.notna().all().all() and parts[0].nunique() == 1:
        digits = int(parts[1].str.len().min())
        return replace(
            column,
            start=max(map(int, parts[1])) + 1,
            pattern=f"{_literal(str(parts[0].iloc[0]))}{{:0{digits}d}}",
        )
    return replace(column, pattern=f"{_literal(column.name)}-{{:06d}}")


def _first_new(name: str, values: pd.Series) -> int:
    """Return the number from which counting identifiers continues."""
    if not len(values):
        return 1
    if (values % 1 != 0).any():
        raise WganError(f"schema, column '{name}': fractions cannot be identifiers")
    largest = int(values.max())
    if not pd.api.types.is_integer_dtype(values.dtype):
        if largest >= MOST_EXACT:
            raise WganError(
                f"column '{name}': {largest} is not exact in a column of floats: give identifiers"
                " as text or whole numbers"
            )
        return largest + 1
    wide = np.uint64 if integer_limits(str(values.dtype)).min == 0 else np.int64
    if largest + ROOM <= np.iinfo(wide).max:
        return largest + 1
    ordered = np.unique(values.to_numpy(dtype=wide))
    # As unsigned numbers, since two signed ones may lie farther apart than a signed one can say.
    gaps = np.diff(ordered.astype(np.uint64)).tolist()
    widest = max(gaps, default=0)
    return 1 if int(ordered[0]) > widest else int(ordered[gaps.index(widest)]) + 1


def _literal(text: str) -> str:
    """Return text that `str.format` leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")
