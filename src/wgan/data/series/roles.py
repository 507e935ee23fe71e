"""Roles of the columns of a long table: series, time, channels, and what describes a series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError, did_you_mean
from wgan.base.numbers import check_real
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.infer import infer

NAMED = 6
"""Columns that a note names: they fit on one line of a terminal."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The rows of a long table, series by series, in the order of the table within each.

    Attributes:
        order: `[rows]` the row of the table at each place.
        of: `[rows]` the number of the series at each place, which rises.
        firsts: `[n]` the place of the first row of each series.
        names: `[n]` what messages call the series; empty texts where there is one.
    """

    order: Int64[np.ndarray, " rows"]
    of: Int64[np.ndarray, " rows"]
    firsts: Int64[np.ndarray, " n"]
    names: np.ndarray

    @property
    def within(self) -> Bool[np.ndarray, " rows"]:
        """Whether a place is that of a row after the first one of its series."""
        later = np.ones(len(self.order), dtype=bool)
        later[self.firsts] = False
        return later

    @property
    def lengths(self) -> Int64[np.ndarray, " n"]:
        """Rows of each series."""
        return np.diff(self.firsts, append=len(self.order))

    def words(self, place: int, name: str) -> str:
        """Return the name of the series at a place, for messages."""
        which = self.names[self.of[place]]
        return f"{name}, series {which}" if which else name

    def row(self, place: int) -> int:
        """Return the row of the table at a place, counted from 1."""
        return int(self.order[place]) + 1


def arrange(frame: pd.DataFrame, column: str | None, name: str = "the table") -> Arrangement:
    """Return the rows of a table series by series; series are in the order of their first rows.

    Args:
        frame: the table.
        column: the column that names the series; None: there is one.
        name: what messages call the table.

    Raises:
        WganError: a row without a series.
    """
    if column is None:
        rows = np.arange(len(frame))
        return Arrangement(rows, np.zeros_like(rows), np.zeros(1, dtype=np.int64), np.array([""]))
    if frame[column].isna().any():
        row = int(frame[column].isna().to_numpy().argmax())
        raise WganError(f"{name}: column '{column}', row {row + 1} has no series: name it")
    of, names = pd.factorize(frame[column])
    order = np.argsort(of, kind="stable")
    of = of[order]
    firsts = np.flatnonzero(np.diff(of, prepend=-1))
    return Arrangement(order, of, firsts, np.asarray(names).astype(str))


@dataclass(frozen=True)
class Roles:
    """Roles of the columns of a long table, besides those of series and time.

    Attributes:
        channels: numbers that vary within a series.
        statics: columns that describe a series.
        guessed: static columns of numbers that the user did not name.
    """

    channels: tuple[str, ...]
    statics: tuple[str, ...]
    guessed: tuple[str, ...] = ()


def find_roles(
    frame: pd.DataFrame,
    rows: Arrangement,
    apart: tuple[str | None, ...],
    static: tuple[str, ...] | None,
    name: str,
) -> Roles:
    """Return the roles of the columns of a table.

    Columns of text, times, booleans or categories that never vary within a series describe it, and
    so do numbers that never do while they differ between series.

    Args:
        frame: the table.
        rows: its rows, series by series.
        apart: columns with a role of their own.
        static: the columns that describe a series; None: as above.
        name: what messages call the table.

    Raises:
        WganError: a named column that is not there or that varies, text that varies, or no channel.
    """
    statics: list[str] = []
    guessed: list[str] = []
    channels: list[str] = []
    for column in static or ():
        _check_named(frame, rows, column, apart, name)
    for column in frame.columns:
        if column in apart:
            continue
        series = frame[column]
        is_number = _is_number(series)
        if static is not None:
            (statics if column in static else channels).append(column)
        elif is_number and (len(rows.firsts) == 1 or not _differs(series, rows)):
            channels.append(column)
        elif varying(series, rows) is None:
            statics.append(column)
            guessed += [column] * is_number
        else:
            channels.append(column)
    for column in channels:
        if not _is_number(frame[column]):
            _refuse_text(frame[column], rows, name)
        check_real(np.asarray(frame[column]).dtype, f"{name}: column '{column}'")
    if not channels:
        named = f"; {', '.join(statics[:NAMED])} never vary within a series" if statics else ""
        raise WganError(f"{name}: no column is left for the values of the series{named}")
    return Roles(tuple(channels), tuple(statics), tuple(guessed))


def _is_number(series: pd.Series) -> bool:
    """Return whether a column can be a channel: numbers, or booleans that vary."""
    return bool(pd.api.types.is_numeric_dtype(series.dtype))


def _check_named(
    frame: pd.DataFrame, rows: Arrangement, column: str, apart: tuple[str | None, ...], name: str
) -> None:
    """Refuse a column that data.static names, and that describes no series."""
    others = [each for each in frame.columns if each not in apart]
    if column not in others:
        raise WganError(
            f"{name}: data.static = '{column}' is not a column, or has another role."
            f" {did_you_mean(column, others)}"
        )
    place = varying(frame[column], rows)
    if place is not None:
        raise WganError(
            f"{rows.words(place, name)}: data.static names column '{column}', which varies at row"
            f" {rows.row(place)}: leave it out of data.static, or fix the row"
        )


def _refuse_text(series: pd.Series, rows: Arrangement, name: str) -> None:
    """Refuse a column of text, and say why it does not describe series."""
    codes, _ = pd.factorize(series)
    codes = codes[rows.order]
    there = codes >= 0
    low = np.full(len(rows.firsts), len(codes))
    high = np.full(len(rows.firsts), -1)
    np.minimum.at(low, rows.of[there], codes[there])
    np.maximum.at(high, rows.of[there], codes[there])
    if not there.all() and (low >= high).all():
        place = int(there.argmin())
        raise WganError(
            f"{rows.words(place, name)}: column '{series.name}', row {rows.row(place)} has no"
            " value, and other rows of a series have one and the same: fill it"
        )
    changed = varying(series, rows)
    where = "" if changed is None else f", and varies at row {rows.row(changed)}"
    raise WganError(
        f"{rows.words(changed or 0, name)}: column '{series.name}' holds no numbers{where}: name it"
        " as data.series or data.time, write it as numbers, or drop it"
    )


def varying(series: pd.Series, rows: Arrangement) -> int | None:
    """Return the first place at which a column differs from the row before in its series.

    Args:
        series: the column.
        rows: the rows of the table, series by series. A missing value differs from all others.
    """
    changes = _changes(series, rows) & rows.within
    return int(changes.argmax()) if changes.any() else None


def _changes(series: pd.Series, rows: Arrangement) -> Bool[np.ndarray, " rows"]:
    """Return where a column differs from the row before, of whatever series that is."""
    codes, _ = pd.factorize(series)
    return np.diff(codes[rows.order], prepend=-2) != 0


def _differs(series: pd.Series, rows: Arrangement) -> bool:
    """Return whether the first values of the series are not all one."""
    codes, _ = pd.factorize(series.iloc[rows.order[rows.firsts]])
    return bool((codes != codes[0]).any())


def numbers_of(
    frame: pd.DataFrame, channels: tuple[str, ...], rows: Arrangement
) -> Float[np.ndarray, "rows c"]:
    """Return channels as numbers, series by series, NaN where a value is missing.

    Args:
        frame: the table.
        channels: columns of numbers.
        rows: its rows, series by series.
    """
    columns = [
        frame[column].to_numpy(dtype=np.float64, na_value=np.nan)[rows.order] for column in channels
    ]
    return np.stack(columns, axis=1)


def describe_series(
    frame: pd.DataFrame, roles: Roles, rows: Arrangement, name: str
) -> tuple[TableCodec | None, Float[np.ndarray, "n s"] | None, tuple[str, ...]]:
    """Return the codec of static columns, their values for each series, and what is to be said.

    Args:
        frame: the table.
        roles: what its columns are.
        rows: its rows, series by series.
        name: what messages call it.

    Raises:
        WganError: a column that cannot be read.
    """
    if not roles.statics:
        return None, None, ()
    each = frame[list(roles.statics)].iloc[rows.order[rows.firsts]].reset_index(drop=True)
    coded: list[np.ndarray] = []
    try:
        columns = infer(roles.statics, len(each), lambda i: each.iloc[:, i], keep=coded.append)
    except WganError as error:
        raise WganError(f"{name}: a row a series: {error}") from None
    findings = []
    if roles.guessed:
        findings.append(
            f"{_listed(roles.guessed)}: taken to describe a series, since it never varies within"
            " one; data.static names such columns"
        )
    names = [column.name for column in columns if column.kind == "identifier"]
    if names and not coded:
        findings.append(f"{_listed(names)}: left out, since it only names each series")
        return None, None, tuple(findings)
    return TableCodec(columns), np.stack(coded, axis=1), tuple(findings)


def _listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:NAMED]) + more


def classes_of(series: pd.Series, rows: Arrangement, name: str) -> np.ndarray:
    """Return the class of each series.

    Args:
        series: the column of classes.
        rows: the rows of the table, series by series.
        name: what messages call it.

    Raises:
        WganError: a class that varies within a series.
    """
    place = varying(series, rows)
    if place is not None:
        raise WganError(
            f"{rows.words(place, name)}: data.labels = '{series.name}' varies at row"
            f" {rows.row(place)}: a series has one class: fix the row, or leave data.labels out"
        )
    return np.asarray(series.iloc[rows.order[rows.firsts]].astype(object), dtype=object)
