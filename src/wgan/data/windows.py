"""Windows of series: one long series, or several in a table, cut into series of one length.

Windows that overlap share rows. So the split into training and held-out windows goes by *blocks* of
time, or by whole series where there are many; no window reaches over the end of one.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from wgan.base.errors import WganError
from wgan.base.numbers import check_count, check_real
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.series import LEAST_STEPS, read_series
from wgan.data.tables.column_kinds import form_of_times
from wgan.data.tables.dates import read_times

BLOCKS = 20
"""Blocks of a long series: a fifth of them, held out, lies at four places in time."""
WINDOWS_IN_BLOCK = 4
"""Least length of a block in windows: at its end up to a window of starts is lost, one in four."""
FEWEST_BLOCKS = 5
"""Fewest blocks: one of them is held out by default."""
MANY_SERIES = 20
"""Series from which on whole ones are held out instead of blocks of each."""
GAP = 1.5
"""Steps of time from which on a pair of rows is apart: a clock that drifts stays below."""


@dataclass(frozen=True)
class Reading:
    """How a table or a long array is read as series; all None: it is not cut.

    Attributes:
        window: steps of each window; None: each series is one sample.
        stride: steps from the start of one window to that of the next.
        series: the column that names the series; None: there is one.
        time: the column of times, which orders nothing and is checked; None: rows follow each other
            in time.
    """

    window: int | None = None
    stride: int = 1
    series: str | None = None
    time: str | None = None

    def __post_init__(self) -> None:
        if self.window is not None:
            check_count(self.window, "window", LEAST_STEPS)
        check_count(self.stride, "stride", 1)


WHOLE = Reading()
"""Samples are read as they are."""


@dataclass(frozen=True, eq=False)
class WindowRows:
    """Windows of stretches of time, cut when they are read: rows of a data set.

    Attributes:
        values: `[rows, channels]` of all stretches, one after another.
        starts: `[n]` the first row of each window.
        length: rows of a window.
    """

    values: Float[np.ndarray, "t c"]
    starts: Int64[np.ndarray, " n"]
    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Windows, steps and channels."""
        return (len(self.starts), self.length, self.values.shape[1])

    @property
    def dtype(self) -> np.dtype:
        """The type of the values."""
        return self.values.dtype

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        return self.values[self.starts[rows][:, None] + np.arange(self.length)]


def from_long_array(
    values: np.ndarray, name: str, reading: Reading, progress: Progress = silent
) -> Dataset:
    """Return the windows of one long series.

    Args:
        values: `[T]` or `[T, channels]`.
        name: what messages call it.
        reading: has a window.
        progress: listener to the pass over the windows.

    Raises:
        WganError: an array of more axes, or fewer than 20 windows of time.
    """
    values = np.asarray(values[:])
    if values.ndim not in (1, 2):
        raise WganError(
            f"{name}: an array of shape {values.shape}; data.window cuts one series [T] or"
            " [T, channels]: leave it out for series of one length"
        )
    return _windows([values.reshape(len(values), -1)], name, reading, progress)


def from_table(
    frame: pd.DataFrame, name: str, reading: Reading, progress: Progress = silent
) -> Dataset:
    """Return the series of a table, a row a step.

    Args:
        frame: the table, in the order of time within each series.
        name: what messages call it.
        reading: how it is read.
        progress: listener to the pass over the series.

    Raises:
        WganError: a column that is not there, text, missing values, times that do not rise, or
            series of different lengths without a window.
    """
    for role in ("series", "time"):
        column = getattr(reading, role)
        if column is not None and column not in frame.columns:
            raise WganError(
                f"{name}: data.{role} = '{column}' is no column; there are"
                f" {', '.join(map(str, frame.columns))}"
            )
    apart = [reading.series, reading.time]
    channels = [column for column in frame.columns if column not in apart]
    values = _numbers(frame, channels, name)
    seconds = None if reading.time is None else _seconds(reading.time, frame[reading.time])
    stretches = []
    for which, rows in _by_series(frame, reading.series):
        whole = f"{name}, series {which}" if which else name
        breaks = _breaks(frame, rows, reading.time, seconds, whole)
        if len(breaks) and reading.window is None:
            row = rows[breaks[0]] + 1
            raise WganError(
                f"{whole}: time is missing before row {row}, and each series is one sample: fill"
                " the gap, or cut windows that reach over none with data.window"
            )
        stretches += [values[part] for part in np.split(rows, breaks)]
    if reading.window is None:
        data = _whole_series(stretches, name, progress)
    else:
        data = _windows(stretches, name, reading, progress)
    return replace(data, codec=data.codec.named(tuple(map(str, channels))))


def _numbers(frame: pd.DataFrame, channels: list[str], name: str) -> Float[np.ndarray, "t c"]:
    """Return the channels of a table as numbers, and refuse what is none."""
    if not channels:
        raise WganError(f"{name}: no column is left for the values of the series")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise WganError(f"{name}: several columns are called '{repeated[0]}': rename all but one")
    for column in channels:
        series = frame[column]
        if not pd.api.types.is_numeric_dtype(series.dtype):
            raise WganError(
                f"{name}: column '{column}' holds no numbers: name it as data.series or data.time,"
                " or drop it"
            )
        check_real(np.asarray(series).dtype, f"{name}: column '{column}'")
        missing = series.isna().to_numpy()
        if missing.any():
            raise WganError(
                f"{name}: column '{column}', row {int(missing.argmax()) + 1} is missing"
                f" ({int(missing.sum())} such rows): fill the gaps, or drop the rows and give"
                " data.time, so that no window reaches over them"
            )
    return frame[channels].to_numpy(dtype=np.float64)


def _by_series(frame: pd.DataFrame, column: str | None) -> list[tuple[str, np.ndarray]]:
    """Return the name of each series and its rows, in the order of the table."""
    if column is None:
        return [("", np.arange(len(frame)))]
    if frame[column].isna().any():
        row = int(frame[column].isna().to_numpy().argmax())
        raise WganError(f"column '{column}', row {row + 1}: a row without a series: name it")
    groups = frame.groupby(column, sort=False).indices
    return [(str(which), np.asarray(rows)) for which, rows in groups.items()]


def _breaks(
    frame: pd.DataFrame,
    rows: Int64[np.ndarray, " t"],
    column: str | None,
    seconds: Float[np.ndarray, " n"] | None,
    name: str,
) -> Int64[np.ndarray, " k"]:
    """Return the places of a series before which time is missing."""
    if column is None or seconds is None or len(rows) < LEAST_STEPS:
        return np.zeros(0, dtype=np.int64)
    steps = np.diff(seconds[rows])
    if not (steps > 0).all():
        at = int(np.argmax(~(steps > 0))) + 1
        before, here = (frame[column].iloc[rows[i]] for i in (at - 1, at))
        fault = "is the time of the row before" if before == here else f"comes after {before}"
        raise WganError(
            f"{name}: column '{column}', row {rows[at] + 1}: {here} {fault}: sort the rows by time,"
            " and keep one of those of one time"
        )
    usual = float(np.median(steps))
    breaks = np.flatnonzero(steps > GAP * usual) + 1
    if len(breaks):
        warnings.warn(
            f"{name}: {len(breaks)} gap(s) in '{column}', over which no window reaches: the longest"
            f" is of {steps.max() / usual:.3g} usual steps",
            stacklevel=2,
        )
    return breaks


def _seconds(name: str, series: pd.Series) -> Float[np.ndarray, " n"]:
    """Return the times of all rows as numbers."""
    is_number = pd.api.types.is_numeric_dtype(series.dtype)
    if not (is_number or pd.api.types.is_datetime64_any_dtype(series.dtype)):
        form = form_of_times(name, series)
        if not form:
            raise WganError(
                f"column '{name}': {series.iloc[0]!r} is no time that can be read: write it as"
                " 2024-01-31 12:00:00, or number the steps"
            )
        series = read_times(series, form)
    if series.isna().any():
        row = int(series.isna().to_numpy().argmax())
        raise WganError(f"column '{name}', row {row + 1}: a time is missing: give each row one")
    if is_number:
        check_real(np.asarray(series).dtype, f"column '{name}'")
        return series.to_numpy(dtype=np.float64)
    return (series - series.iloc[0]).dt.total_seconds().to_numpy(dtype=np.float64)


def _whole_series(stretches: list[np.ndarray], name: str, progress: Progress) -> Dataset:
    """Return series of one length, each a sample."""
    lengths = sorted({len(each) for each in stretches})
    if len(lengths) > 1:
        raise WganError(
            f"{name}: series of {lengths[0]} to {lengths[-1]} steps; samples have one length: give"
            " data.window"
        )
    return read_series(np.stack(stretches), name, progress=progress)


def _windows(
    stretches: list[np.ndarray], name: str, reading: Reading, progress: Progress
) -> Dataset:
    """Return the windows of stretches of time, and the block or stretch of each."""
    assert reading.window is not None
    longest = max(map(len, stretches), default=0)
    if longest < reading.window:
        raise WganError(
            f"{name}: no window of {reading.window} steps fits into a series of {longest}, the"
            " longest there is: give a shorter data.window"
        )
    total = sum(map(len, stretches))
    block = max(total // BLOCKS, WINDOWS_IN_BLOCK * reading.window)
    starts = []
    groups = []
    first = 0
    group = 0
    for values in stretches:
        size = len(values) if len(stretches) >= MANY_SERIES else block
        # The last block takes what is left, so that none is short.
        ends = [*range(size, len(values) - size + 1, size), len(values)]
        for begin, end in zip([0, *ends], ends, strict=False):
            places = np.arange(begin, end - reading.window + 1, reading.stride)
            starts.append(first + places)
            groups.append(np.full(len(places), group))
            group += 1
        first += len(values)
    rows = WindowRows(np.concatenate(stretches), np.concatenate(starts), reading.window)
    of = np.concatenate(groups)
    if len(np.unique(of)) < FEWEST_BLOCKS:
        raise WganError(
            f"{name}: {total} steps are too few to hold out windows of {reading.window} that share"
            f" none with the others: give at least {FEWEST_BLOCKS * block} steps, or a shorter"
            " data.window"
        )
    data = read_series(rows, name, progress=progress)
    return replace(data, groups=of)
