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
from wgan.data.tables.rules import Order, Rule
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
    "numeric": ("step", "low", "high", "format", "gaps"),
    "datetime": ("step", "low", "high", "format", "gaps"),
    "category": ("levels", "gaps"),
    "boolean": ("gaps",),
}
"""Settings that a kind has beside `kind` and `missing`."""
WITH_MISSING: tuple[StorageKind, ...] = ("text", "numbers", "categories")
"""Types of columns in which certain values can stand for a missing one."""


def read_corrections(path: Path) -> dict[str, dict[str, Any]]:
    """Return the corrections in a TOML file.

    The file has tables `[columns.NAME]` with `kind`, `step`, `low`, `high`, `format`, `missing`,
    `levels` and `gaps`. Its rules are what `read_rules` returns, and `public` what `is_public`
    does.

    Raises:
        WganError: no such file, or one that is not in that form.
    """
    try:
        document = read_toml(path)
    except FileNotFoundError:
        raise WganError(f"{path}: no such schema file") from None
    columns = document.pop("columns", {})
    document.pop("rules", None)
    document.pop("public", None)
    tables = isinstance(columns, dict) and all(isinstance(each, dict) for each in columns.values())
    if document or not tables:
        raise WganError(f"{path}: write [columns.NAME] and, below it, kind = ...")
    return columns


def read_rules(path: Path) -> list[dict[str, Any]]:
    """Return the rules in a TOML file that `read_corrections` reads: its tables `[[rules]]`.

    Raises:
        WganError: rules that are no such tables.
    """
    rules = read_toml(path).get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(each, dict) for each in rules):
        raise WganError(f'{path}: write [[rules]] and, below it, order = ["start", "end"], ...')
    return rules


def is_public(path: Path) -> bool:
    """Return whether a schema that `read_corrections` reads says `public = true`.

    Raises:
        WganError: another value than true or false.
    """
    public = read_toml(path).get("public", False)
    if not isinstance(public, bool):
        raise WganError(f"{path}: public = {public!r}: write public = true, or leave it out")
    return public


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
        elif key == "levels":
            settings[key] = checked_levels(name, value)
        elif key == "gaps":
            settings[key] = _checked_gaps(where, value)
        else:
            settings[key] = checked_number(name, kind, key, value)
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


def checked_levels(name: str, value: Any) -> tuple[str, ...]:
    """Return levels as they are spelled.

    Args:
        name: the column's name.
        value: the setting `levels` as it stands in the file.

    Raises:
        WganError: no list of different texts, or of different whole numbers.
    """
    where = f"schema, column '{name}'"
    texts = isinstance(value, list) and {type(each) for each in value} in ({str}, {int})
    if not texts or len(set(value)) < len(value):
        raise WganError(
            f"{where}: levels = {value!r}: list different texts, or different whole numbers"
        )
    return tuple(map(spelled, value))


def _checked_gaps(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise WganError(f"{where}: gaps = {value!r}: true, if values may be missing, or false")
    return value


def refuse_undeclared(column: Column, settings: Mapping[str, Any]) -> None:
    """Refuse a column with a level or a missing value that its schema does not allow.

    Args:
        column: the column, as its values are.
        settings: what `checked` returned.

    Raises:
        WganError: such a column.
    """
    where = f"schema, column '{column.name}'"
    others = [level for level in column.levels if level not in settings.get("levels", (level,))]
    if others:
        raise WganError(
            f"{where}: the table has {len(others)} level(s) that `levels` lacks, such as"
            f" '{others[0]}': give these rows one of its levels, or add them there"
        )
    if column.missing and settings.get("gaps") is False:
        raise WganError(f"{where}: gaps = false, and values are missing: fill them, or drop rows")


def _writes_times(form: str) -> bool:
    """Return whether pandas can write a time in this form and read it again."""
    try:
        written = write_times(pd.Series([pd.Timestamp("2024-01-31 10:20")]), form)
        return "%" in form and bool(read_times(written, form).notna().all())
    except (ValueError, TypeError):
        return False


def checked_number(name: str, kind: str, key: str, value: Any) -> float:
    """Return `low`, `high` or `step` as a number, a time as its seconds.

    Args:
        name: the column's name.
        kind: its kind.
        key: the setting.
        value: it, as it stands in the file.

    Raises:
        WganError: no finite number, nor a time of a column of times.
    """
    where = f"schema, column '{name}'"
    if kind == "datetime" and isinstance(value, date):
        return float(seconds(pd.Series([pd.Timestamp(value).tz_localize(None)]))[0])
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or (key == "step" and value < 0):
        least = ", 0 or more" if key == "step" else ""
        raise WganError(f"{where}: {key} = {value!r}: give a finite number{least}")
    return float(value)


def to_toml(columns: Iterable[Column], rules: Iterable[Rule] = ()) -> str:
    """Return the facts inferred about columns, and rules, as a TOML file for correction."""
    described = {column.name: _correctable(column) for column in columns}
    return "".join([tomli_w.dumps({"columns": described}), *map(rule_to_toml, rules)])


def rule_to_toml(rule: Rule) -> str:
    """Return a rule as the lines of a schema."""
    names = ", ".join(
        tomli_w.dumps({"x": name}).strip().removeprefix("x = ") for name in rule.names
    )
    strict = "strict = true\n" if isinstance(rule, Order) and rule.strict else ""
    return f"\n[[rules]]\n{rule.form} = [{names}]\n{strict}"


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
