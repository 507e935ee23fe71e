"""Corrections of what is inferred of a table: a TOML file, read, checked and written."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import tomli_w

from wgan.base.errors import WganError, did_you_mean
from wgan.base.files import read_toml
from wgan.data.tables.column_kinds import StorageKind, storage_kind
from wgan.data.tables.dates import read_times, write_times
from wgan.data.tables.schema import Column, Kind
from wgan.data.tables.series import EPOCHS, seconds, spelled
from wgan.data.tables.spellings import MISSING, parse_spelling

Corrections = Mapping[str, Mapping[str, Any]]
"""Column -> setting -> value."""
KINDS_OF_STORAGE: dict[StorageKind, tuple[Kind, ...]] = {
    "categories": ("category",),
    "booleans": ("boolean",),
    "times": ("datetime",),
    "numbers": ("numeric", "category", "identifier", "datetime"),
    "text": ("category", "identifier", "numeric", "datetime", "boolean"),
}
"""Kinds that a column may have, by what pandas holds in it."""
SETTINGS = {
    "numeric": ("step", "low", "high", "format"),
    "datetime": ("step", "low", "high", "format"),
}
"""Settings that a kind has beside `kind` and `missing`."""
WITH_MISSING: tuple[StorageKind, ...] = ("text", "numbers", "categories")
"""What values that stand for a missing one can be told in."""


def read_corrections(path: Path) -> dict[str, dict[str, Any]]:
    """Return the corrections in a TOML file.

    The file has tables `[columns.NAME]` with `kind`, `step`, `low`, `high`, `format` and `missing`.

    Raises:
        WganError: no such file, or one that is not in that form.
    """
    try:
        document = read_toml(path)
    except FileNotFoundError:
        raise WganError(f"{path}: no such schema file") from None
    columns = document.pop("columns", {})
    tables = isinstance(columns, dict) and all(isinstance(each, dict) for each in columns.values())
    if document or not tables:
        raise WganError(f"{path}: write [columns.NAME] and, below it, kind = ...")
    return columns


def checked(
    name: str, kind: str, series: pd.Series, corrections: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of a column as numbers and text.

    Args:
        name: the column's name.
        kind: its kind, corrected or inferred.
        series: its values.
        corrections: its settings without `kind`, as they stand in the file.

    Raises:
        WganError: a kind or setting that does not fit the column, or a value out of range.
    """
    where = f"schema, column '{name}'"
    storage = storage_kind(series)
    kinds = get_args(Kind)
    if kind not in kinds:
        raise WganError(f"{where}: kind = {kind!r}: choose one of {', '.join(kinds)}")
    fitting = KINDS_OF_STORAGE[storage]
    if kind not in fitting:
        raise WganError(
            f"{where}: kind = {kind!r} does not fit {storage}: choose one of {', '.join(fitting)}"
        )
    allowed = ["kind", *SETTINGS.get(kind, ()), *(["missing"] if storage in WITH_MISSING else [])]
    if storage == "times" or (storage == "numbers" and kind == "numeric"):
        allowed = [key for key in allowed if key != "format"]
    if kind == "datetime" and storage == "numbers" and "format" not in corrections:
        raise WganError(
            f'{where}: numbers are times of many kinds: say format = "%Y%m%d", or'
            f" {', '.join(EPOCHS)}"
        )
    settings: dict[str, Any] = {}
    for key, value in corrections.items():
        if key not in allowed:
            raise WganError(
                f"{where}: a {kind} column of {storage} has no '{key}'."
                f" {did_you_mean(key, allowed)}"
            )
        if key == "missing":
            continue  # it was applied before the kind was inferred
        if key == "format":
            settings[key] = _checked_format(where, kind, value)
        elif kind == "datetime" and isinstance(value, date):
            settings[key] = float(seconds(pd.Series([pd.Timestamp(value).tz_localize(None)]))[0])
        else:
            settings[key] = _checked_number(where, key, value)
    return settings


def kind_of_format(format: Any) -> Kind | None:
    """Return the kind of a column whose format alone a schema gives; None: no format is given."""
    if not isinstance(format, str) or not format:
        return None
    return "numeric" if parse_spelling(format) else "datetime"


def _checked_format(where: str, kind: str, value: Any) -> str:
    if kind == "numeric":
        if not isinstance(value, str) or parse_spelling(value) is None:
            raise WganError(
                f"{where}: format = {value!r} is not how numbers are written: give one such as"
                " #,##0.00 or 0.#%"
            )
    elif not isinstance(value, str) or (value not in EPOCHS and not _writes_times(value)):
        raise WganError(
            f"{where}: format = {value!r} is not how times are written: give one such as"
            f" %Y-%m-%d %H:%M:%S, or {', '.join(EPOCHS)}"
        )
    return value


def checked_missing(name: str, value: Any) -> tuple[str, ...]:
    """Return the values that stand for a missing one, as they are spelled.

    Args:
        name: the column's name.
        value: the setting `missing` as it stands in the file.

    Raises:
        WganError: no list of texts and numbers.
    """
    numbers_or_texts = isinstance(value, list) and all(
        isinstance(each, str | int | float) and not isinstance(each, bool) for each in value
    )
    if not numbers_or_texts:
        raise WganError(
            f"schema, column '{name}': missing = {value!r}: give the values that stand for a"
            ' missing one, such as ["NA", "?"]; [] keeps all texts'
        )
    return tuple(spelled(each) for each in value)


def _writes_times(form: str) -> bool:
    """Return whether pandas can write a time in this form and read it again."""
    try:
        written = write_times(pd.Series([pd.Timestamp("2024-01-31 10:20")]), form)
        return "%" in form and bool(read_times(written, form).notna().all())
    except (ValueError, TypeError):
        return False


def _checked_number(where: str, key: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or (key == "step" and value < 0):
        least = ", 0 or more" if key == "step" else ""
        raise WganError(f"{where}: {key} = {value!r}: give a finite number{least}")
    return float(value)


def to_toml(columns: Iterable[Column]) -> str:
    """Return what is inferred of columns as a TOML file that can be corrected."""
    return tomli_w.dumps({"columns": {column.name: _correctable(column) for column in columns}})


def _correctable(column: Column) -> dict[str, Any]:
    settings: dict[str, Any] = {"kind": column.kind}
    if column.format:
        settings["format"] = column.format
    if column.absent or set(MISSING) & set(column.levels):
        settings["missing"] = list(column.absent)
    if column.is_number:
        settings["step"] = column.step
        # Other ends are drawn in from the data's, which would lie beyond them.
        bounds = {"low": column.low, "high": column.high}
        settings |= {key: _end(column, x) for key, x in bounds.items() if x is not None}
    return settings


def _end(column: Column, x: float) -> Any:
    """Return the least or largest value in TOML's own type."""
    if column.kind != "datetime":
        return x
    return pd.Timestamp(round(x * 1e6), unit="us").to_pydatetime()  # microseconds
