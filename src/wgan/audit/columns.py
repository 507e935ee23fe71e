"""Columns of tables with a role in a distance: measured ones, weights, groups, and ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import dist, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress, silent
from wgan.data import Dataset, load
from wgan.data.tables.frames import read_frame

Ranges = Mapping[str, tuple[float, float]]
"""The least and the largest possible value of each column, by its name."""


@dataclass(frozen=True)
class Columns:
    """Columns of two tables that are measured, and those with their rows' weights and groups.

    `measured` are names, none for all others; `weights` and `groups` are each the name of a column
    that one table or both have.
    """

    measured: tuple[str, ...] = ()
    weights: str | None = None
    groups: str | None = None

    def __post_init__(self) -> None:
        apart = [name for name in (self.weights, self.groups) if name is not None]
        twice = [name for name in self.measured if name in apart]
        if len(set(apart)) < len(apart):
            twice = apart
        if twice:
            raise WganError(
                f"column '{twice[0]}' can be measured, or be the weights, or the groups: name it"
                " once"
            )
        repeated = [name for name in self.measured if self.measured.count(name) > 1]
        if repeated:
            raise WganError(f"column '{repeated[0]}' is named twice to be measured: name it once")

    @property
    def flags(self) -> str:
        """The flags that chose them on the command line; empty: none."""
        given = {"--columns": self.measured, "--weights": self.weights, "--groups": self.groups}
        return ", ".join(flag for flag, value in given.items() if value)


@dataclass(frozen=True)
class Table:
    """The measured columns of a table as a data set, and the weights and groups of its rows."""

    dataset: Dataset
    weights: Float[np.ndarray, " n"] | None = None
    groups: np.ndarray | None = None


def read_tables(
    sources: Sequence[str], columns: Columns, progress: Progress = silent
) -> dict[str, Table]:
    """Return two tables with the chosen columns, each under its name or path.

    Texts of numbers alone, and columns of numbers that were named to be measured, are rows of
    numbers. Other tables are read as `wgan.data.load` reads them.

    Args:
        sources: names or paths.
        columns: the chosen columns.
        progress: listener to reading the data.

    Raises:
        WganError: a source without named columns; a column that is missing, or that holds something
            else than weights or groups.
    """
    loaded = {source: load(source, as_numbers=True, progress=progress) for source in sources}
    for source, dataset in loaded.items():
        if not dataset.codec.column_names:
            raise WganError(
                f"{source}: has no column names, and {columns.flags} takes tables: save it as a"
                " .csv or .parquet with names, or leave the option out"
            )
    # Rows of numbers have no names of their own; a table has.
    as_numbers = not any(dataset.codec.names for dataset in loaded.values())
    frames = {
        source: pd.DataFrame(dataset.rows[:], columns=list(dataset.codec.column_names))
        if as_numbers
        else read_frame(Path(source)).rename(columns=str)
        for source, dataset in loaded.items()
    }
    for name in (columns.weights, columns.groups):
        if name is not None and not any(name in frame for frame in frames.values()):
            known = dict.fromkeys(str(each) for frame in frames.values() for each in frame)
            raise WganError(
                f"no column is called '{name}' in {' or '.join(frames)}."
                f" {did_you_mean(name, known)}"
            )
    kept = {source: _measured(frame, columns, source) for source, frame in frames.items()}
    if columns.measured and all(map(_holds_numbers, kept.values())):
        as_numbers = True
    return {
        source: Table(
            _dataset(kept[source], source, columns, as_numbers, progress),
            _weights(frame, columns.weights, source),
            _groups(frame, columns.groups, source),
        )
        for source, frame in frames.items()
    }


def _measured(frame: pd.DataFrame, columns: Columns, source: str) -> pd.DataFrame:
    """Return the columns that are measured."""
    for name in (*columns.measured, columns.weights, columns.groups):
        if list(frame.columns).count(name) > 1:
            raise WganError(f"{source} has several columns called '{name}': rename all but one")
    for name in columns.measured:
        if name not in frame:
            raise WganError(
                f"{source} has no column '{name}'. {did_you_mean(name, map(str, frame.columns))}"
            )
    apart = [name for name in (columns.weights, columns.groups) if name in frame]
    kept = frame[list(columns.measured)] if columns.measured else frame.drop(columns=apart)
    if kept.shape[1] == 0:
        raise WganError(f"{source} has no column left to measure: add one, or name it otherwise")
    return kept


def _holds_numbers(frame: pd.DataFrame) -> bool:
    """Return whether all columns hold numbers, without gaps."""
    numeric = all(
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
        for kind in frame.dtypes
    )
    return numeric and not frame.isna().any(axis=None)


def _dataset(
    frame: pd.DataFrame, source: str, columns: Columns, as_numbers: bool, progress: Progress
) -> Dataset:
    """Return the measured columns as a data set."""
    try:
        if as_numbers:
            plain = load(frame.to_numpy(dtype=np.float64), progress=progress)
            codec: Any = plain.codec.named(tuple(map(str, frame.columns)))
            return Dataset(source, plain.rows, codec, plain.fingerprint)
        dataset = load(frame, progress=progress)
    except WganError as error:
        raise WganError(
            f"{source}, columns {', '.join(map(str, frame.columns))}: {error}"
        ) from None
    learned = dataset.codec.raw_shape[0]
    if columns.measured and learned < len(columns.measured):
        raise WganError(
            f"{source}: some of the {len(columns.measured)} columns of --columns hold identifiers,"
            " which are not measured: leave them out"
        )
    return dataset


def _weights(frame: pd.DataFrame, name: str | None, source: str) -> np.ndarray | None:
    """Return the weights of the rows; None where the table has no such column."""
    if name is None or name not in frame:
        return None
    weights = pd.to_numeric(frame[name], errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        row = int(wrong.argmax())
        value = frame[name].iloc[row]
        held = "nothing" if pd.isna(value) else str(value)
        raise WganError(
            f"{source}, column '{name}', row {row + 1} holds {held}: a weight is a number of at"
            " least 0; fix it, or leave the row out"
        )
    if not weights.any():
        raise WganError(f"{source}, column '{name}': all weights are 0: give some row weight")
    return weights


def _groups(frame: pd.DataFrame, name: str | None, source: str) -> np.ndarray | None:
    """Return the groups of the rows as text; None where the table has no such column."""
    if name is None or name not in frame:
        return None
    missing = frame[name].isna().to_numpy()
    if missing.any():
        raise WganError(
            f"{source}, column '{name}', row {int(missing.argmax()) + 1} has no group: name one, or"
            " leave the row out"
        )
    return frame[name].astype(str).to_numpy(dtype=str)


def diameter_of(
    ranges: Ranges, names: Sequence[str], units: str, sides: Mapping[str, np.ndarray]
) -> float:
    """Return the largest distance of two rows whose columns stay within ranges.

    R = sqrt(sum_k (high_k - low_k)^2).

    Args:
        ranges: of each measured column.
        names: of the measured columns, in their order; none: they are not columns of numbers.
        units: of the coordinates, for messages.
        sides: samples `[n, d]` of each side, under what messages call it.

    Raises:
        WganError: samples that are not columns of numbers, a range that is missing, or of no
            column, or that a value leaves.

    >>> diameter_of({"a": (0, 3), "b": (1, 5)}, ["a", "b"], "", {})
    5.0
    """
    if not names:
        raise WganError(
            f"--range is for columns of numbers without gaps, in their own units, and these samples"
            f" are {units}: choose such columns with --columns, or give --diameter"
        )
    for name, (low, high) in ranges.items():
        if name not in names:
            raise WganError(f"--range: no measured column is '{name}'. {did_you_mean(name, names)}")
        if not (isfinite(low) and isfinite(high) and low < high):
            raise WganError(f"--range {name}={low:g}:{high:g}: give LOW:HIGH, finite and rising")
    lacking = [name for name in names if name not in ranges]
    if lacking:
        raise WganError(
            f"--range is missing for {', '.join(lacking[:5])}: a diameter needs the range of every"
            " measured column; give each one, or measure fewer with --columns"
        )
    lows, highs = zip(*(ranges[name] for name in names), strict=True)
    for side, values in sides.items():
        outside = (values < lows) | (values > highs)
        if outside.any():
            row, column = map(int, np.argwhere(outside)[0])
            raise WganError(
                f"{side}: '{names[column]}' is {values[row, column]:.10g}, outside of its"
                f" --range {lows[column]:g}:{highs[column]:g}: give a range that every possible"
                " value keeps"
            )
    return dist(lows, highs)
