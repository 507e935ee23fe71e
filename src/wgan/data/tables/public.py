"""Columns of a table as a public schema alone describes them, without a look at the rows.

With differential privacy, whatever is not measured with noise must not depend on the rows: kinds,
types, levels, bounds, steps, spellings, and whether values may be missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.data.storage import Rows, chunks
from wgan.data.tables.corrections import Corrections, checked_levels, checked_number
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import rounded

NUMBERS_NEED = ("low", "high", "step")
"""Keys that a schema must have for a column of numbers or times."""


def public_columns(columns: Sequence[Column], given: Corrections) -> tuple[Column, ...]:
    """Return the columns of a table as its schema describes them.

    The table itself gives only the names of the columns, and the type of times without a format.

    Args:
        columns: as they were read from the table with this schema.
        given: the schema.

    Raises:
        WganError: a schema that leaves something to the rows; all columns are named.
    """
    lacking = [
        f"[columns.{column.name}] lacks {', '.join(lacks)}"
        for column in columns
        if (lacks := _lacking(column, given.get(column.name, {})))
    ]
    if lacking:
        raise WganError(
            "privacy.epsilon: the schema must say what columns hold, from what is known without the"
            f" rows: {'; '.join(lacking)}"
        )
    return tuple(_public(column, given[column.name]) for column in columns)


def _lacking(column: Column, given: Mapping[str, Any]) -> list[str]:
    """Return the settings that the rows would decide."""
    needed = ["kind"]
    if column.is_number:
        needed += [*NUMBERS_NEED, *(["format"] if column.format else [])]
    elif column.kind == "category":
        needed.append("levels")
    return [key for key in needed if key not in given]


def _public(read: Column, given: Mapping[str, Any]) -> Column:
    name, kind = read.name, read.kind
    gaps = bool(given.get("gaps", False))
    # A new column, not the one that was read without some fields: of any field to come, too, it has
    # nothing. `absent` and `format` are settings of the schema, or it would have been refused.
    column = Column(name, kind, "int64", gaps, absent=read.absent, format=read.format)
    if kind == "identifier":
        return replace(column, missing=False, pattern="{}")
    if kind == "boolean":
        dtype = "boolean" if gaps else "bool"
        return replace(column, levels=("False", "True"), dtype=dtype)
    if kind == "category":
        names = isinstance(given["levels"][0], str)
        whole = "Int64" if gaps else "int64"
        levels = checked_levels(name, given["levels"])
        return replace(column, levels=levels, dtype="str" if names else whole)
    low, high, step = (checked_number(name, kind, key, given[key]) for key in NUMBERS_NEED)
    if not low < high or (step and (np.floor(high / step) - np.ceil(low / step)) < 1):
        raise WganError(f"schema, column '{name}': no two multiples of step from low to high")
    column = replace(column, step=step, low=low, high=high)
    return replace(column, dtype=_dtype(column, read.dtype))


def _dtype(column: Column, read: str) -> str:
    """Return the type of a column of numbers or times, by its schema.

    Only two facts about the column's type are used: whether it is text, and the zone of times
    without a form.
    """
    gaps = column.missing
    if column.format and (pd.api.types.is_string_dtype(read) or read == "object"):
        return "str"
    if column.kind == "datetime":
        return ("Int64" if gaps else "int64") if column.format else read
    # In text and in arrays, whole numbers with gaps are floats.
    return "int64" if column.step and column.step % 1 == 0 and not gaps else "float64"


def public_rows(
    rows: Rows, columns: Sequence[Column], public: Sequence[Column]
) -> Float[np.ndarray, "n c"]:
    """Return rows as the public columns code them: numbers within their bounds, levels by place.

    Each row comes of that row alone.

    Args:
        rows: `[n, learned columns]` rows.
        columns: the learned columns as `rows` codes them.
        public: the learned columns of `public_columns`.

    Raises:
        WganError: a missing value in a column without gaps.
    """
    coded = np.concatenate([piece for _, piece in chunks(rows)]).astype(np.float64)
    gaps = []
    for i, (column, new) in enumerate(zip(columns, public, strict=True)):
        x = coded[:, i]
        if new.is_number:
            coded[:, i] = rounded(np.clip(x, new.low, new.high), new.step)
        else:
            places = np.array([*map(new.levels.index, column.levels), np.nan])
            coded[:, i] = places[np.where(np.isnan(x), len(places) - 1, x).astype(np.int64)]
        if not new.missing and np.isnan(coded[:, i]).any():
            gaps.append(new.name)
    if gaps:
        raise WganError(
            f"values of {', '.join(gaps)} are missing: fill them or drop the rows; or say"
            " gaps = true in the schema, if such columns may have gaps in any such table"
        )
    return coded
