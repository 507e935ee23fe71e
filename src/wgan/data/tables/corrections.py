"""Corrections of what was inferred of a table: a TOML file, read and written."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from wgan.base.errors import WganError
from wgan.data.tables.schema import Column


def read_corrections(path: Path) -> dict[str, dict[str, Any]]:
    """Read a TOML file of corrections: `[columns.NAME]` and below it kind, step, low, high, format.

    Raises:
        WganError: no such file, or not in that form.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WganError(f"{path}: no such schema file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WganError(f"{path}: not valid TOML: {error}") from None
    columns = found.pop("columns", {})
    if (
        found
        or not isinstance(columns, dict)
        or not all(isinstance(each, dict) for each in columns.values())
    ):
        raise WganError(f"{path}: write [columns.NAME] and, below it, kind = ...")
    return columns


def to_toml(columns: Iterable[Column]) -> str:
    """Return a TOML file of what was inferred, to be corrected."""
    return tomli_w.dumps({"columns": {column.name: _correctable(column) for column in columns}})


def _correctable(column: Column) -> dict[str, Any]:
    given: dict[str, Any] = {"kind": column.kind}
    if column.format:
        given["format"] = column.format
    if column.is_number:
        ends = sorted([*column.spikes, *column.knots[:1], *column.knots[-1:]])
        times = column.kind == "datetime"
        low, high = (
            pd.Timestamp(round(end * 1e6), unit="us").to_pydatetime() if times else end
            for end in (ends[0], ends[-1])
        )
        given |= {"step": column.step, "low": low, "high": high}
    return given
