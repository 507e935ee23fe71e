"""Columns of a table read from JSON, and what must hold within each."""

import re
from itertools import pairwise
from math import inf, isclose, isfinite
from string import Formatter
from typing import Any

from wgan.base.errors import OlderVersionError
from wgan.base.records import typed
from wgan.data.tables.cells import Cells
from wgan.data.tables.differences import as_coded
from wgan.data.tables.rounding import Rounding
from wgan.data.tables.schema import Column

MOST_DIGITS = r"0?\d{0,2}d?"
"""Format of an identifier's number: at most 99 digits, with or without zeros in front."""


def from_json(fields: Any) -> tuple[Column, ...]:
    """Return the columns whose fields were written as plain values.

    Args:
        fields: a list with the fields of each column.

    Raises:
        ValueError: a field is missing, of another name or type, or out of range.
        OlderVersionError: columns as versions wrote them that had no cells.
    """
    if not isinstance(fields, list):
        raise ValueError("columns: no list")
    if any(isinstance(each, dict) and "knots" in each for each in fields):
        raise OlderVersionError(
            "the model is of an older version of wgan, which coded tables otherwise: train again,"
            " or use that version"
        )
    columns = tuple(typed(each, Column, known_only=True) for each in fields)
    for column in columns:
        _check(column)
    if len({column.name for column in columns}) < len(columns):
        raise ValueError("columns: a name stands twice")
    if all(column.kind == "identifier" for column in columns):
        raise ValueError("columns: none is learned")
    _check_pairs(columns)
    return columns


def _check_pairs(columns: tuple[Column, ...]) -> None:
    """Refuse twins and differences of columns that do not stand before, or are of another kind."""
    for i, column in enumerate(columns):
        before = [each.name for each in columns[:i] if each.scored and each.kind == column.kind]
        if column.twin and not (column.scored and column.twin in before):
            raise ValueError(f"column {column.name!r}: twin out of range")
        difference = column.difference
        if difference is None:
            continue
        numbers = (difference.factor, difference.middle)
        known = difference.factor != 0 and all(map(isfinite, numbers)) and not column.twin
        if not (known and column.scored and difference.other in before):
            raise ValueError(f"column {column.name!r}: difference out of range")
        _check(as_coded(column))


def _check(column: Column) -> None:
    """Refuse values that do not go together."""
    shares = column.shares
    faults = {
        "cells": not _rise(column.cells),
        "spikes": list(column.spikes) != sorted(column.spikes),
        "shares": len(shares) not in (0, column.states) or not all(0 <= x <= 1 for x in shares),
        "step": not column.step >= 0,
        "levels": len(set(column.levels)) < len(column.levels)
        or not (column.kind == "identifier" or column.states),
        "pattern": column.kind == "identifier" and not _numbers_once(column.pattern),
    }
    wrong = [name for name, fault in faults.items() if fault]
    if wrong:
        raise ValueError(f"column {column.name!r}: {wrong[0]} out of range")


def _rise(cells: Cells) -> bool:
    """Return whether each cell lies above the one before, and F rises to 1."""
    if not len(cells.lows) == len(cells.highs) == len(cells.heights):
        return False
    ends = [end for pair in zip(cells.lows, cells.highs, strict=True) for end in pair]
    heights = [0.0, *cells.heights]
    rise = all(a <= b for a, b in pairwise(ends)) and all(a < b for a, b in pairwise(heights))
    known = all(map(isfinite, ends)) and heights[-1] in (0.0, 1.0)
    return rise and known and _is_rounding(cells.rounding)


def _is_rounding(rounding: Rounding) -> bool:
    """Return whether steps rise, and have probabilities."""
    steps = [0.0, *rounding.steps]
    shares = rounding.shares
    rise = all(a < b < inf for a, b in pairwise(steps)) and len(shares) == len(rounding.steps)
    return rise and all(share > 0 for share in shares) and (not shares or isclose(sum(shares), 1))


def _numbers_once(pattern: str) -> bool:
    """Return whether a pattern puts one whole number into a text, and nothing else."""
    parts = [(name, form) for _, name, form, _ in Formatter().parse(pattern) if name is not None]
    return len(parts) <= 1 and all(
        not name and re.fullmatch(MOST_DIGITS, form or "") for name, form in parts
    )
