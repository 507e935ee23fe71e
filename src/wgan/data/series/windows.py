"""Windows of series: one long series, or several in a table, cut into series of one length.

Windows that overlap share rows. So the split into training and held-out windows goes by *blocks* of
time, or by whole series where there are many; no window reaches over the end of one.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

from wgan.base.errors import SettingError, WganError
from wgan.base.numbers import check_count
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.series.arrays import read_series
from wgan.data.series.codec import LEAST_STEPS
from wgan.data.storage import Rows

BLOCKS = 20
"""Blocks of a long series: a fifth of them, held out, lies at four places in time."""
WINDOWS_IN_BLOCK = 4
"""Least length of a block in windows: at its end up to a window of starts is lost, one in four."""
FEWEST_BLOCKS = 5
"""Fewest blocks: one of them is held out by default."""
MANY_SERIES = 20
"""Series from which on whole ones are held out instead of blocks of each."""


@dataclass(frozen=True)
class Reading:
    """Settings by which a table or a long array is read as series; all None: it is not cut.

    Attributes:
        window: steps of each window; None: each series is one sample.
        stride: steps from the start of one window to that of the next.
        series: the column that names the series; None: there is one.
        time: the column of times, which orders nothing and is checked; None: rows follow each other
            in time.
        context: first steps that a generator may be given; 0: none.
        static: the columns that describe a whole series; None: those of text, and those that never
            vary within a series.
    """

    window: int | None = None
    stride: int = 1
    series: str | None = None
    time: str | None = None
    context: int = 0
    static: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.window is not None:
            check_count(self.window, "window", LEAST_STEPS)
        check_count(self.stride, "stride", 1)
        check_count(self.context, "context", 0)
        if self.window is not None and self.context >= self.window:
            raise SettingError(
                "data.context",
                f"= {self.context}: a window of {self.window} steps has none left to generate:"
                " give fewer",
            )
        static = self.static or ()
        named = [name for name in (self.series, self.time, *static) if name is not None]
        for name in named:
            if named.count(name) > 1:
                raise SettingError(
                    "data.static" if name in static else "data.time",
                    f"names '{name}' again: a column is the series, the time or static, and once",
                )


WHOLE = Reading()
"""Samples are read as they are."""


@dataclass(frozen=True, eq=False)
class WindowRows:
    """Windows of stretches of time, cut when they are read: rows of a data set.

    Attributes:
        values: `[rows, channels and static columns]` of all stretches, one after another.
        starts: `[n]` the first row of each window.
        length: rows of a window.
        gap: the channel of the time since the step before; None: there is none.
        first_gap: its value at the first step of a window, before which there is none.
    """

    values: np.ndarray
    starts: Int64[np.ndarray, " n"]
    length: int
    gap: int | None = None
    first_gap: float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Windows, steps and channels."""
        return (len(self.starts), self.length, self.values.shape[1])

    @property
    def dtype(self) -> np.dtype:
        """The type of the values."""
        return self.values.dtype

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        windows = self.values[self.starts[rows][:, None] + np.arange(self.length)]
        if self.gap is not None:
            windows[:, 0, self.gap] = self.first_gap
        return windows


@dataclass(frozen=True, eq=False)
class Stretches:
    """Stretches of time that lie one after another, over the ends of which no window reaches.

    Attributes:
        lengths: `[k]` the rows of each.
        series: `[k]` the number of the series that each is of.
        has_value: `[rows]` whether a row has any value.
    """

    lengths: Int64[np.ndarray, " k"]
    series: Int64[np.ndarray, " k"]
    has_value: Bool[np.ndarray, " rows"]


@dataclass(frozen=True, eq=False)
class Cut:
    """Places at which windows are cut.

    Attributes:
        starts: `[n]` the first row of each window.
        groups: `[n]` the block or the series of each, which is held out as a whole.
        series: `[n]` the series of each.
        empty: windows without any value, which are left out.
    """

    starts: Int64[np.ndarray, " n"]
    groups: Int64[np.ndarray, " n"]
    series: Int64[np.ndarray, " n"]
    empty: int


def from_array(rows: Rows, name: str, reading: Reading, progress: Progress = silent) -> Dataset:
    """Return the series of an array: the windows of a long one, or each as a sample.

    Args:
        rows: the array, in memory or in a file.
        name: what messages call it.
        reading: how it is read; names no columns.
        progress: listener to the pass over the data.

    Raises:
        WganError: as `from_long_array` and `read_series`.
    """
    if reading.window is None:
        return read_series(rows, name, progress=progress, context=reading.context)
    return from_long_array(rows[:], name, reading, progress)


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
    values = values.reshape(len(values), -1)
    has_value = np.ones(len(values), dtype=bool)
    if values.dtype.kind == "f":
        has_value = ~np.isnan(values).all(axis=1)
    one = Stretches(np.array([len(values)]), np.zeros(1, dtype=np.int64), has_value)
    cut = cut_windows(one, name, reading)
    rows = WindowRows(values, cut.starts, reading.window or 0)
    left_out = (f"{cut.empty} window(s) without any value are left out",) if cut.empty else ()
    data = read_series(
        rows, name, progress=progress, context=reading.context, may_end=False, findings=left_out
    )
    return replace(data, groups=cut.groups)


def cut_windows(stretches: Stretches, name: str, reading: Reading) -> Cut:
    """Return where windows are cut, and the block or series of each.

    Args:
        stretches: the rows.
        name: what messages call the data.
        reading: has a window.

    Raises:
        WganError: all stretches are shorter than a window, or there are too few steps.
    """
    assert reading.window is not None
    longest = int(stretches.lengths.max(initial=0))
    if longest < reading.window:
        raise WganError(
            f"{name}: no window of {reading.window} steps fits into a series of {longest}, the"
            " longest there is: give a shorter data.window"
        )
    total = int(stretches.lengths.sum())
    block = max(total // BLOCKS, WINDOWS_IN_BLOCK * reading.window)
    has_window = stretches.lengths >= reading.window
    many = len(np.unique(stretches.series[has_window])) >= MANY_SERIES
    starts = []
    groups = []
    series = []
    first = 0
    group = 0
    for length, which in zip(stretches.lengths.tolist(), stretches.series.tolist(), strict=True):
        # The last block takes what is left, so that none is short.
        ends = [length] if many else [*range(block, length - block + 1, block), length]
        for begin, end in zip([0, *ends], ends, strict=False):
            places = np.arange(begin, end - reading.window + 1, reading.stride)
            starts.append(first + places)
            groups.append(np.full(len(places), which if many else group))
            series.append(np.full(len(places), which))
            group += 1
        first += length
    begins = np.concatenate(starts)
    so_far = np.append(0, np.cumsum(stretches.has_value))
    full = so_far[begins + reading.window] > so_far[begins]
    cut = Cut(
        begins[full],
        np.concatenate(groups)[full],
        np.concatenate(series)[full],
        int((~full).sum()),
    )
    if len(np.unique(cut.groups)) < FEWEST_BLOCKS:
        raise WganError(
            f"{name}: {total} steps are too few to hold out windows of {reading.window} that share"
            f" none with the others: give at least {FEWEST_BLOCKS * block} steps, or a shorter"
            " data.window"
        )
    return cut
