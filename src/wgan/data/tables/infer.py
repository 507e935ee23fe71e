"""Which kind is each column of a table, and what are its states, knots and steps? Read off the
data; corrections come from a TOML file.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress, silent, tracked
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.schema import (
    MICROSECOND,
    MOST_DECIMALS,
    SAME,
    Column,
    Kind,
    dtype_name,
    is_single,
    numbers,
    rounded,
    seconds,
    spelled,
)

KNOTS = 1000
FEW_VALUES = 20
"""A column of at most so many different numbers has nothing but spikes."""
SPIKE = 0.05
"""A number that this share of the rows has is a state of its own."""
REPEATS = 5
"""Numbers that each occur so often, on average, and are at most as many as knots, are all there
are: none in between is made.
"""
UNIQUE, LEAST_UNIQUE = 0.95, 100
"""Text that is new in this share of more than so many rows names them: an identifier."""
NAMES_ROWS = re.compile(r"(^|[^a-zA-Z])[iI][dD]$|[a-z]I[dD]$")
GROUPED = r"[$€£]? ?-?[0-9]{1,3}([,' ][0-9]{3})*([.,][0-9]+)?"
STEPS_IN_TIME = (86400.0, 3600.0, 60.0, 1.0, 1e-3)
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d")
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", "T%H:%M:%SZ")
FORMATS = tuple(date + time for time in TIMES for date in DATES)
MOSTLY = 0.5
MANY_CELLS = 5_000_000
FITTING = {
    "categories": ("category",),
    "booleans": ("boolean",),
    "times": ("datetime",),
    "numbers": ("numeric", "category", "identifier"),
    "text": ("category", "identifier", "numeric", "datetime", "boolean"),
}
"""Which kinds a column may have, by what it holds."""
GIVEN = {"numeric": ("step", "low", "high"), "datetime": ("step", "low", "high", "format")}


def infer(
    names: Sequence[str],
    rows: int,
    series_of: Callable[[int], pd.Series],
    corrections: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress = silent,
) -> tuple[Column, ...]:
    """Return what each column of a table holds, seeing one column at a time.

    Args:
        names: of the columns.
        rows: how many.
        series_of: gives a column by its place.
        corrections: by column, `kind`; of numbers and times `step`, `low` and `high`; of times kept
            as text `format`.
        progress: listener, where there is much to read.

    Raises:
        WganError: no columns or rows, two columns of one name, a correction that fits nothing, or a
            column that cannot be read as it asks.
    """
    given = dict(corrections or {})
    if not names or not rows:
        raise WganError(
            f"the table has {len(names)} column(s) and {rows} row(s): nothing can be learned"
            " from it"
        )
    for name in names:
        if names.count(name) > 1:
            raise WganError(f"{names.count(name)} columns are called '{name}': rename all but one")
    for name in given:
        if name not in names:
            raise WganError(
                f"the schema speaks of a column '{name}', which the table lacks."
                f" {did_you_mean(name, names)}"
            )
    listener = progress if rows * len(names) >= MANY_CELLS else silent
    order = tracked(range(len(names)), "reading the columns", len(names), listener)
    columns = []
    for i in order:
        series = series_of(i)
        columns.append(
            _with_shares(_column(names[i], series, dict(given.get(names[i], {}))), series)
        )
    return tuple(columns)


def _with_shares(column: Column, series: pd.Series) -> Column:
    """Add how frequent each state is."""
    if not column.code_sizes:
        return column
    counts = np.bincount(column.state_of(numbers(series, column)), minlength=column.states)
    return replace(column, shares=tuple((counts / len(series)).tolist()))


def _column(name: str, series: pd.Series, given: dict[str, Any]) -> Column:
    _refuse_unknown(name, series)
    kind = given.pop("kind", None) or _kind(name, series)
    given = _checked(name, kind, series, given)
    column = Column(name, kind, dtype_name(series), bool(series.isna().any()))
    if kind == "identifier":
        return _identifier(replace(column, missing=False), series)
    if kind in ("category", "boolean"):
        counts = series.value_counts(dropna=True)
        ordered = sorted(
            zip((-counts).tolist(), map(spelled, counts.index.astype(object)), strict=True)
        )
        if kind == "boolean" and not {level for _, level in ordered} <= {"True", "False"}:
            raise WganError(
                f"schema, column '{name}': holds '{ordered[0][1]}', and boolean is True or False:"
                " call it a category"
            )
        declared = (
            tuple(series.dtype.categories.astype(str))
            if isinstance(series.dtype, pd.CategoricalDtype)
            else ()
        )
        return replace(
            column, levels=tuple(level for count, level in ordered if count), categories=declared
        )
    if kind == "datetime" and not pd.api.types.is_datetime64_any_dtype(series.dtype):
        column = replace(column, format=given.get("format") or _format(series) or "%Y-%m-%d")
    x = numbers(series, replace(column, missing=True))
    x = x[~np.isnan(x)]
    if len(x) == 0:
        raise WganError(f"schema, column '{name}': holds no value, so it cannot be {kind}")
    return _measured(column, x, given)


def _checked(name: str, kind: str, series: pd.Series, given: dict[str, Any]) -> dict[str, Any]:
    """Return corrections as numbers and text, or refuse what does not fit the column."""
    held = _held(series)
    if kind not in get_args(Kind):
        raise WganError(
            f"schema, column '{name}': kind = {kind!r}: choose one of {', '.join(get_args(Kind))}"
        )
    if kind not in FITTING[held]:
        raise WganError(
            f"schema, column '{name}': kind = {kind!r} does not fit {held}: choose one of"
            f" {', '.join(FITTING[held])}"
        )
    allowed = [key for key in ("kind", *GIVEN.get(kind, ())) if key != "format" or held == "text"]
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in allowed:
            raise WganError(
                f"schema, column '{name}': a {kind} column of {held} has no '{key}'."
                f" {did_you_mean(key, allowed)}"
            )
        if key == "format":
            if not isinstance(value, str) or _spelling_fails(value):
                raise WganError(
                    f"schema, column '{name}': format = {value!r} is not how times are written:"
                    " give one such as %Y-%m-%d %H:%M:%S"
                )
            found[key] = value
        elif kind == "datetime" and isinstance(value, date):
            found[key] = float(seconds(pd.Series([pd.Timestamp(value).tz_localize(None)]))[0])
        elif (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not np.isfinite(value)
            or (key == "step" and value < 0)
        ):
            raise WganError(
                f"schema, column '{name}': {key} = {value!r}: give a finite"
                f" number{', 0 or more' if key == 'step' else ''}"
            )
        else:
            found[key] = float(value)
    return found


def _held(series: pd.Series) -> str:
    """Return what a column holds, in one word."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return "categories"
    if _is_boolean(series):
        return "booleans"
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return "times"
    return "numbers" if pd.api.types.is_numeric_dtype(series.dtype) else "text"


def _spelling_fails(form: str) -> bool:
    try:
        pd.to_datetime(pd.Series([pd.Timestamp("2024-01-31").strftime(form)]), format=form)
    except (ValueError, TypeError):
        return True
    return False


def _is_boolean(series: pd.Series) -> bool:
    values = series.dropna()
    return pd.api.types.is_bool_dtype(series.dtype) or (
        pd.api.types.is_object_dtype(series.dtype)
        and len(values) > 0
        and bool(values.map(lambda value: isinstance(value, bool)).all())
    )


def _kind(name: str, series: pd.Series) -> Kind:
    dtype, values = series.dtype, series.dropna()
    if _is_boolean(series):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    many = len(values) > LEAST_UNIQUE
    if pd.api.types.is_numeric_dtype(dtype) and len(values):
        whole, unique = (
            pd.api.types.is_integer_dtype(dtype),
            values.nunique() > UNIQUE * len(values),
        )
        if whole and max(abs(int(values.min())), abs(int(values.max()))) >= MOST_EXACT:
            return "identifier" if many and unique else "category"
        if not (many and whole and unique):
            return "numeric"
        counts_rows = int(values.iloc[0]) in (0, 1) and bool((values.diff().dropna() == 1).all())
        return "identifier" if counts_rows or NAMES_ROWS.search(name) else "numeric"
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    text = values.astype(str)
    _refuse_mixed(name, series, text)
    if len(text) and _format(series):
        return "datetime"
    if many and text.nunique() > UNIQUE * len(text):
        _refuse_unread(name, text)
        return "identifier"
    return "category"


def _refuse_unknown(name: str, series: pd.Series) -> None:
    """Refuse a column of a type that would not come back as it was: not numbers, times, booleans,
    categories, or text alone.
    """
    dtype, types = series.dtype, pd.api.types
    if isinstance(dtype, pd.CategoricalDtype):
        known = types.is_string_dtype(dtype.categories.dtype) or types.is_integer_dtype(
            dtype.categories.dtype
        )
    elif types.is_object_dtype(dtype):
        known = _is_boolean(series) or bool(
            series.dropna().map(lambda value: isinstance(value, str)).all()
        )
    else:
        known = types.is_string_dtype(dtype) or types.is_datetime64_any_dtype(dtype)
        known = known or (types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype))
    if not known:
        found = (
            ", ".join(sorted({type(value).__name__ for value in series.dropna().iloc[:1000]}))
            if types.is_object_dtype(dtype)
            else dtype
        )
        raise WganError(
            f"column '{name}' is of type {found}: make it numbers, text, booleans or times, all of"
            " one kind"
        )


def _refuse_unread(name: str, text: pd.Series) -> None:
    """Refuse numbers and times in a spelling that is not known: they would pass for identifiers,
    and not be learned.
    """
    head = text.iloc[:LEAST_UNIQUE]
    times = head.str.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}").all()
    if times or (head.str.fullmatch(GROUPED).all() and head.str.contains(r"[,' $€£]").any()):
        what = "times, such as 2024-01-31 10:00:00" if times else "numbers, such as 1234.5"
        raise WganError(
            f"column '{name}', row 1: {text.iloc[0]!r} looks like {what}, in a spelling that is not"
            " known: rewrite the column, or say in a schema"
            f' [columns."{name}"] kind = "identifier"'
        )


def _refuse_mixed(name: str, series: pd.Series, text: pd.Series) -> None:
    """Refuse a column of numbers among which a few are not: a slip, and no category."""
    known = pd.Series(text.unique())
    is_number = pd.to_numeric(known, errors="coerce").notna() & ~known.str.match(r"-?0\d")
    if len(known) > FEW_VALUES and MOSTLY < is_number.mean() < 1:
        odd = known[~is_number].iloc[0]
        row = int((series.astype(str) == odd).to_numpy().argmax())
        raise WganError(
            f"column '{name}', row {row + 1}: {odd!r} is no number, and most others are: mend it,"
            " leave it empty, or say in a schema"
            f' [columns."{name}"] kind = "category"'
        )


def _format(series: pd.Series) -> str:
    """Return how dates are written in a column of text: the first form that gives back every one as
    it is spelled; or nothing.
    """
    known = pd.Series(series.dropna().unique())
    if not len(known) or not known.map(lambda value: isinstance(value, str)).all():
        return ""
    head = known.iloc[:100]
    if (
        not head.str.match(r"\d{1,4}[-/.]?\d{1,2}[-/.]?\d{1,4}").all()
        or head.str.fullmatch(r"\d*").any()
    ):
        return ""
    return next(
        (form for form in FORMATS if _is_written(head, form) and _is_written(known, form)), ""
    )


def _is_written(text: pd.Series, form: str) -> bool:
    times = pd.to_datetime(text, format=form, errors="coerce")
    return bool(times.notna().all() and (times.dt.strftime(form) == text).all())


def _identifier(column: Column, series: pd.Series) -> Column:
    """Say how a new identifier is written: as the longest is, where all are one beginning and a
    number; and where counting goes on.
    """
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        whole = series.dropna()
        if (whole % 1 != 0).any():
            raise WganError(f"schema, column '{column.name}': fractions cannot be identifiers")
        return replace(
            column,
            start=int(whole.max()) + 1 if len(whole) and whole.max() < MOST_EXACT else 1,
            pattern="{}",
        )
    parts = series.dropna().astype(str).str.extract(r"^(.*?)(\d+)$")
    if (
        len(parts)
        and parts.notna().all().all()
        and parts[0].nunique() == 1
        and parts[1].str.len().max() <= 15
    ):
        prefix = str(parts[0].iloc[0]).replace("{", "{{").replace("}", "}}")
        return replace(
            column,
            start=int(parts[1].astype(np.int64).max()) + 1,
            pattern=f"{prefix}{{:0{int(parts[1].str.len().min())}d}}",
        )
    name = column.name.replace("{", "{{").replace("}", "}}")
    return replace(column, pattern=f"{name}-{{:06d}}")


def _measured(column: Column, x: Float[np.ndarray, " n"], given: dict[str, Any]) -> Column:
    """Add step, spikes, knots and heights."""
    low, high = float(given.get("low", x.min())), float(given.get("high", x.max()))
    if not low <= x.min() or not x.max() <= high:
        raise WganError(
            f"schema, column '{column.name}': values run from {x.min():g} to {x.max():g}, beyond"
            f" low = {low:g} and high = {high:g}"
        )
    column, wider = (
        replace(column, step=float(given.get("step", _step(column, x)))),
        low < x.min() or high > x.max(),
    )
    snapped = rounded(x, column.step)
    if not np.allclose(snapped, x, rtol=1e-6 if is_single(column.dtype) else SAME, atol=0):
        worst = x[np.abs(snapped - x).argmax()]
        raise WganError(
            f"schema, column '{column.name}': {worst:g} is no multiple of step = {column.step:g}"
        )
    found, counts = np.unique(snapped, return_counts=True)
    if len(found) <= FEW_VALUES and not wider:
        return replace(column, spikes=tuple(found.tolist()))
    often = counts > SPIKE * len(x)
    spikes, values, counts = tuple(found[often].tolist()), found[~often], counts[~often]
    if not len(values):
        return replace(column, spikes=spikes)
    ends = np.cumsum(counts) / counts.sum()
    if len(values) <= KNOTS and counts.sum() >= REPEATS * len(values) and not wider:
        return replace(
            column,
            spikes=spikes,
            knots=tuple(values.tolist()),
            heights=tuple(ends.tolist()),
            discrete=True,
        )
    middle = ends - counts / (2 * counts.sum())
    if len(values) > KNOTS:  # as dense as the data are
        chosen = np.unique(
            np.searchsorted(middle, np.linspace(middle[0], middle[-1], KNOTS)).clip(
                0, len(values) - 1
            )
        )
        values, middle = values[chosen], middle[chosen]
    if low < values[0]:
        values, middle = np.insert(values, 0, low), np.insert(middle, 0, middle[0] / 2)
    if high > values[-1]:
        values, middle = np.append(values, high), np.append(middle, (1 + middle[-1]) / 2)
    return replace(
        column, spikes=spikes, knots=tuple(values.tolist()), heights=tuple(middle.tolist())
    )


def _step(column: Column, x: Float[np.ndarray, " n"]) -> float:
    """Return the largest power of ten up to 1 (of times: day, hour, ...) that all values are
    multiples of; zero if there is none.
    """
    if column.kind == "datetime":
        return next(
            (step for step in STEPS_IN_TIME if np.array_equal(np.rint(x / step) * step, x)),
            MICROSECOND,
        )
    if "int" in column.dtype.lower():
        return 1.0
    kept = np.float32 if is_single(column.dtype) else np.float64
    return next(
        (
            10.0**-d
            for d in range(MOST_DECIMALS)
            if np.array_equal(rounded(x, 10.0**-d).astype(kept), x.astype(kept))
        ),
        0.0,
    )
