"""The schema of a table, inferred from its data one column at a time, and corrected by a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress, silent, tracked
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.column_kinds import infer_format, infer_kind, refuse_unknown_type
from wgan.data.tables.corrections import Corrections, checked
from wgan.data.tables.distribution import with_corrections, with_distribution
from wgan.data.tables.fitting import with_shares
from wgan.data.tables.schema import Column
from wgan.data.tables.series import dtype_name, numbers, spelled

MANY_CELLS = 5_000_000
"""From so many cells on, reading the columns takes seconds, so that progress is worth showing."""
MOST_DIGITS = 15
"""Digits of an identifier's number that a double and an int64 hold exactly."""


def infer(
    names: Sequence[str],
    rows: int,
    series_of: Callable[[int], pd.Series],
    corrections: Corrections | None = None,
    progress: Progress = silent,
) -> tuple[Column, ...]:
    """Return what each column of a table holds, reading one column at a time.

    Args:
        names: the names of the columns.
        rows: the number of rows.
        series_of: returns the column at a place.
        corrections: for each column, `kind`; for numbers and times also `step`, `low` and `high`;
            for times in text also `format`.
        progress: listener, called where there is much to read.

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
        if column.code_sizes:
            column = with_shares(column, numbers(series, column))
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
                f"the schema speaks of a column '{name}', which the table lacks."
                f" {did_you_mean(name, names)}"
            )


def _column(name: str, series: pd.Series, corrections: Mapping[str, Any]) -> Column:
    """Return what a column holds, without the frequencies of its states."""
    refuse_unknown_type(name, series)
    given = dict(corrections)
    kind = given.pop("kind", None) or infer_kind(name, series)
    settings = checked(name, kind, series, given)
    column = Column(name, kind, dtype_name(series), bool(series.isna().any()))
    if kind == "identifier":
        return _with_pattern(replace(column, missing=False), series)
    if kind in ("category", "boolean"):
        return _with_levels(column, series)
    if kind == "datetime" and not pd.api.types.is_datetime64_any_dtype(series.dtype):
        form = settings.get("format") or infer_format(series) or "%Y-%m-%d"
        column = replace(column, format=form)
    x = numbers(series, replace(column, missing=True))
    x = x[~np.isnan(x)]
    if len(x) == 0:
        raise WganError(f"schema, column '{name}': holds no value, so it cannot be {kind}")
    return with_distribution(with_corrections(column, x, settings), x)


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
    """Return a column of identifiers with how a new one is written, and where counting goes on.

    Where all identifiers are one prefix and a number, new ones are too, with as many digits as the
    shortest.
    """
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        whole = series.dropna()
        if (whole % 1 != 0).any():
            raise WganError(f"schema, column '{column.name}': fractions cannot be identifiers")
        start = int(whole.max()) + 1 if len(whole) and whole.max() < MOST_EXACT else 1
        return replace(column, start=start, pattern="{}")
    parts = series.dropna().astype(str).str.extract(r"^(.*?)(\d+)$")
    numbered = len(parts) and parts.notna().all().all() and parts[0].nunique() == 1
    if numbered and parts[1].str.len().max() <= MOST_DIGITS:
        digits = int(parts[1].str.len().min())
        return replace(
            column,
            start=int(parts[1].astype(np.int64).max()) + 1,
            pattern=f"{_literal(str(parts[0].iloc[0]))}{{:0{digits}d}}",
        )
    return replace(column, pattern=f"{_literal(column.name)}-{{:06d}}")


def _literal(text: str) -> str:
    """Return text that `str.format` leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")
