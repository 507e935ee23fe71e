"""Long tables, a row a step: stored series as the table that they came from, and back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError, did_you_mean
from wgan.data.series.clock import Clock
from wgan.data.series.roles import Arrangement, arrange, numbers_of
from wgan.data.series.stamps import read_by
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.distribution import infer_step
from wgan.data.tables.numbering import numbered
from wgan.data.tables.schema import Column
from wgan.data.tables.series import dtype_name, to_series
from wgan.data.tables.steps import rounded

SERIES = "series"
"""The column that numbers the samples where the data had none."""
TRUTHS = ("False", "True")


@dataclass(frozen=True)
class LongTable:
    """Form in which series are written as a table, with a row for each step, as plain values.

    Attributes:
        order: the names of the columns, in their order.
        series: the column that numbers the series.
        series_dtype: its pandas type.
        channels: the channels, but for the time since the step before.
        clock: how times are written; None: there are none.
        label: the column of class labels; empty: there is none.
        label_dtype: its pandas type.
    """

    order: tuple[str, ...]
    series: str
    series_dtype: str
    channels: tuple[Column, ...]
    clock: Clock | None = None
    label: str = ""
    label_dtype: str = "object"

    def columns(self, statics: TableCodec | None) -> TableCodec:
        """Return the codec of the columns, which says how files spell their numbers.

        Args:
            statics: the codec of the static columns.
        """
        return TableCodec((*self.channels, *(statics.columns if statics else ())))

    def rounded(self, values: Float[np.ndarray, "n t c"]) -> Float[np.ndarray, "n t c"]:
        """Return channels in the steps of the data: whole numbers, cents, 0 or 1, ticks of a clock.

        Args:
            values: the channels.
        """
        parts = [_in_steps(c, values[..., i]) for i, c in enumerate(self.channels)]
        if self.clock is not None and len(parts) < values.shape[2]:
            parts.append(self.clock.ticked(values[..., -1]))
        return np.stack(parts, axis=2)

    def write(
        self,
        values: Float[np.ndarray, "n t c"],
        alive: Bool[np.ndarray, "n t"],
        statics: TableCodec | None,
        described: Float[np.ndarray, "n s"] | None,
        labels: Sequence[str] | None = None,
        begins: Float[np.ndarray, " n"] | None = None,
        first: int = 0,
    ) -> pd.DataFrame:
        """Return series as a table of the data's columns, types and order, one row a step.

        Series are numbered from `first + 1` on. Times count from the first stamp of the data, in
        each series.

        Args:
            values: the channels; NaN: missing.
            alive: which steps are not past the end.
            statics: the codec of static columns; None: there are none.
            described: their values.
            labels: the class of each series, by name.
            begins: the time of each first step since the first stamp; None: 0.
            first: the number of series that were written before these.
        """
        of = np.nonzero(alive)[0]
        columns = {self.series: numbered(of + first, self.series_dtype)}
        if self.clock is not None:
            offsets = _offsets(self.clock, values, alive)
            if begins is not None:
                offsets = offsets + begins[:, None]
            columns[self.clock.name] = self.clock.write(offsets[alive])
        for i, column in enumerate(self.channels):
            columns[column.name] = write_channel(column, values[..., i][alive])
        if statics is not None and described is not None:
            frame = statics.frame(described, first)
            for name in frame.columns:
                columns[str(name)] = frame[name].iloc[of].reset_index(drop=True)
        order = [*self.order]
        if self.label and labels is not None:
            names = pd.Series(np.asarray(labels, dtype=object)[of])
            columns[self.label] = as_labels(names, self.label_dtype)
        elif self.label:
            order.remove(self.label)
        return pd.DataFrame({name: columns[name] for name in order})

    def read(
        self, frame: pd.DataFrame, length: int | None, statics: TableCodec | None
    ) -> Float[np.ndarray, "n t w"]:
        """Return a table as stored series: the inverse of `write`.

        Args:
            frame: a table with these columns; without that of the series it is one series.
            length: steps of the longest series of the data; None: of the table.
            statics: the codec of static columns.

        Raises:
            WganError: a column is missing, times do not rise or are not written as in the data, or
                a series is too long.
        """
        frame = frame.rename(columns=str)
        for name in (*(c.name for c in self.channels), *([self.clock.name] if self.clock else [])):
            if name not in frame.columns:
                raise WganError(
                    f"the table has no column '{name}'."
                    f" {did_you_mean(name, map(str, frame.columns))}"
                )
        rows = arrange(frame, self.series if self.series in frame.columns else None)
        names = tuple(column.name for column in self.channels)
        for name in names:
            if not pd.api.types.is_numeric_dtype(frame[name].dtype):
                raise WganError(f"column '{name}' holds no numbers: write it as numbers")
        values = numbers_of(frame, names, rows)
        at = places(rows)
        if self.clock is not None:
            times = frame[self.clock.name]
            stamps = read_by(self.clock, times).at(rows.order)
            steps = steps_between(rows, stamps.offsets(self.clock.unit), times, "the table")
            if self.clock.regular:
                at = places(rows, np.maximum(np.rint(steps / self.clock.step), 1.0))
            else:
                values = np.column_stack([values, np.where(rows.within, steps, self.clock.step)])
        if length is None:
            length = _longest(rows, at)
        if len(at) and at.max() >= length:
            place = int(at.argmax())
            raise WganError(
                f"{rows.words(place, 'the table')}: {at.max() + 1} steps, and series of the data"
                f" have at most {length}: cut it"
            )
        described = None
        if statics is not None:
            described = statics.matrix(frame.iloc[rows.order[rows.firsts]])
        return padded(values, rows, at, length, described)


def _longest(rows: Arrangement, at: Int64[np.ndarray, " rows"]) -> int:
    """Return the steps of the longest series of a table, with those that have no row."""
    longest = int(at.max(initial=-1)) + 1
    place = int(at.argmax()) if longest else 0
    present = int((rows.of == rows.of[place]).sum()) if longest else 0
    if longest > 2 * present:
        raise WganError(
            f"{rows.words(place, 'the table')}: its times leave out {longest - present} of"
            f" {longest} steps, more than there are rows: give series without such gaps"
        )
    return longest


def _offsets(
    clock: Clock, values: Float[np.ndarray, "n t c"], alive: Bool[np.ndarray, "n t"]
) -> Float[np.ndarray, "n t"]:
    """Return the time of each step since the first stamp."""
    if clock.regular:
        return np.broadcast_to(clock.step * np.arange(alive.shape[1]), alive.shape)
    gaps = np.where(alive, clock.ticked(values[..., -1]), 0.0)
    gaps[:, 0] = 0.0
    return np.cumsum(gaps, axis=1)


def as_labels(names: pd.Series, dtype: str) -> pd.Series:
    """Return names of classes as the column that they came from; of other types they stay text.

    Args:
        names: the class of each row.
        dtype: the pandas type of the column in the data.
    """
    known = pd.api.types.pandas_dtype(dtype)
    if pd.api.types.is_bool_dtype(known):
        return (names == "True").astype(dtype)
    if pd.api.types.is_numeric_dtype(known):
        return pd.to_numeric(names).astype(dtype)
    return names.astype(dtype) if pd.api.types.is_string_dtype(known) else names


def channel_column(name: str, series: pd.Series, has_gaps: bool) -> Column:
    """Return how a channel is written: its type, and the step that all its values are multiples of.

    Args:
        name: the column.
        series: its values.
        has_gaps: whether samples have missing values, which whole numbers and booleans of NumPy
            cannot have: they come back in the pandas types that can.
    """
    dtype = dtype_name(series)
    if pd.api.types.is_bool_dtype(series.dtype):
        dtype = "boolean" if has_gaps and dtype == "bool" else dtype
        return Column(name, "boolean", dtype, levels=TRUTHS)
    if has_gaps and isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
        dtype = dtype.replace("i", "I", 1).replace("u", "U", 1)
    column = Column(name, "numeric", dtype, missing=has_gaps)
    values = series.dropna().to_numpy(dtype=np.float64)
    return replace(column, step=infer_step(column, values) if len(values) else 0.0)


def write_channel(column: Column, x: Float[np.ndarray, " rows"]) -> pd.Series:
    """Return the values of a channel as the column that they came from.

    Args:
        column: how it is written.
        x: its values; NaN: missing.
    """
    return to_series(column, _in_steps(column, x))


def _in_steps(column: Column, x: Float[np.ndarray, "*rows"]) -> Float[np.ndarray, "*rows"]:
    """Return the nearest values that a channel can have."""
    if column.kind == "boolean":
        nearest: np.ndarray = np.rint(x.clip(0, 1))
        return nearest
    return rounded(x, column.step)


def places(
    rows: Arrangement, steps: Float[np.ndarray, " rows"] | None = None
) -> Int64[np.ndarray, " rows"]:
    """Return the step of its series that each row is, from 0 on.

    Args:
        rows: the rows, series by series.
        steps: whole steps since the row before; None: one each.
    """
    moves = np.ones(len(rows.order)) if steps is None else steps
    so_far = np.cumsum(np.where(rows.within, moves, 0.0))
    at: np.ndarray = (so_far - so_far[rows.firsts][rows.of]).astype(np.int64)
    return at


def steps_between(
    rows: Arrangement, offsets: Float[np.ndarray, " rows"], times: pd.Series, name: str
) -> Float[np.ndarray, " rows"]:
    """Return the time since the row before of the series; 1 for the first row of each.

    Args:
        rows: the rows, series by series.
        offsets: their times.
        times: the column of times, in the order of the table.
        name: what messages call the table.

    Raises:
        WganError: a time that is not after the one before.
    """
    steps = np.where(rows.within, np.diff(offsets, prepend=0.0), 1.0)
    if not (steps > 0).all():
        place = int(np.argmax(~(steps > 0)))
        before, here = (times.iloc[rows.order[i]] for i in (place - 1, place))
        fault = "is the time of the row before" if before == here else f"comes after {before}"
        raise WganError(
            f"{rows.words(place, name)}: column '{times.name}', row {rows.row(place)}: {here}"
            f" {fault}: sort the rows by time, and keep one of those of one time"
        )
    return steps


def padded(
    values: Float[np.ndarray, "rows c"],
    rows: Arrangement,
    at: Int64[np.ndarray, " rows"],
    length: int,
    described: Float[np.ndarray, "n s"] | None,
) -> Float[np.ndarray, "n t w"]:
    """Return series as they are stored: padded to one length, static columns at each step.

    Args:
        values: the channels of all rows.
        rows: the rows, series by series.
        at: the step of its series that each row is.
        length: steps of the longest series.
        described: the static columns of each series; None: there are none.
    """
    channels = values.shape[1]
    width = channels + (0 if described is None else described.shape[1])
    raw = np.full((len(rows.firsts), length, width), np.nan)
    raw[rows.of, at, :channels] = values
    if described is not None:
        raw[:, :, channels:] = described[:, None]
    return raw
