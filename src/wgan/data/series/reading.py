"""Long tables read as series: a row a step, of one series or of many, whole or in windows."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.series.arrays import read_series
from wgan.data.series.clock import NEAR, ON_GRID, Clock
from wgan.data.series.codec import SeriesCodec
from wgan.data.series.long_tables import (
    SERIES,
    LongTable,
    channel_column,
    padded,
    places,
    steps_between,
)
from wgan.data.series.roles import (
    Arrangement,
    Roles,
    arrange,
    classes_of,
    describe_series,
    find_roles,
    numbers_of,
)
from wgan.data.series.stamps import infer_clock, read_stamps
from wgan.data.series.windows import Reading, Stretches, WindowRows, cut_windows
from wgan.data.storage import Rows
from wgan.data.tables.codec import TableCodec

MOST_PADDING = 100
"""Largest ratio of the longest series to the median: 99 of 100 steps are then empty."""
MOST_INSERTED = 1.0
"""Most rows inserted for each existing one: more data would be mostly invented."""


@dataclass(frozen=True, eq=False)
class _Steps:
    """The rows of a long table as steps, series by series.

    Attributes:
        rows: the rows of the table.
        values: `[rows, c]` the channels; the last may be the time since the step before.
        at: `[rows]` the step of its series that each row is.
        apart: `[rows]` whether time is missing before a row.
        clock: how times are written; None: there are none.
        findings: what is to be said of the clock.
    """

    rows: Arrangement
    values: Float[np.ndarray, "rows c"]
    at: Int64[np.ndarray, " rows"]
    apart: np.ndarray
    clock: Clock | None
    findings: tuple[str, ...] = ()

    @property
    def gap_channel(self) -> bool:
        """Whether the last channel is the time since the step before."""
        return self.clock is not None and not self.clock.regular


def from_table(
    frame: pd.DataFrame,
    name: str,
    reading: Reading,
    progress: Progress = silent,
    labels: str | None = None,
) -> Dataset:
    """Return the series of a table, a row a step.

    Args:
        frame: the table, in the order of time within each series.
        name: what messages call it.
        reading: how it is read.
        progress: listener to the pass over the series.
        labels: the column that names the class of each series; None: there are no classes.

    Raises:
        WganError: a column that is not there, text that varies within a series, times that do not
            rise, a series without a value, or series that cannot be stored or cut.
    """
    frame = _checked(frame, name, reading, labels)
    rows = arrange(frame, reading.series, name)
    if not rows.within.any():
        raise WganError(
            f"{name}: each series has one row, and a series is two steps or more: give data.series,"
            " a column that is the same in all rows of a series"
        )
    apart = (reading.series, reading.time, labels)
    roles = find_roles(frame, rows, apart, reading.static, name)
    values = numbers_of(frame, roles.channels, rows)
    _refuse_empty(values, roles, rows, name)
    steps = _timed(frame, values, rows, reading, name)
    statics, described, findings = describe_series(frame, roles, rows, name)
    findings = (*_counts(rows, reading), *steps.findings, *findings)
    if reading.time is None:
        findings = (*findings, *_counters(values, roles, rows))
    groups = None
    of = np.arange(len(rows.firsts))
    if reading.window is None:
        stored: Rows = _whole(steps, described, name)
        findings = (*findings, *_past_ends(steps))
    else:
        stored, of, groups, left_out = _windows(steps, described, name, reading)
        findings = (*findings, *left_out)
    data = read_series(
        stored,
        name,
        progress=progress,
        statics=statics,
        usual=steps.clock.step if steps.clock and steps.gap_channel else None,
        context=reading.context,
        may_end=reading.window is None,
        findings=findings,
    )
    codec = data.codec
    assert isinstance(codec, SeriesCodec)
    gaps = codec.gaps or (False,) * len(roles.channels)
    table = _table(frame, roles, statics, steps.clock, reading, labels, gaps)
    codec = replace(codec, headings=_headings(roles, steps), table=table)
    data = replace(data, codec=codec, groups=groups)
    if labels is None:
        return data
    return data.with_labels(classes_of(frame[labels], rows, name)[of], f"{name}: column '{labels}'")


def _checked(frame: pd.DataFrame, name: str, reading: Reading, labels: str | None) -> pd.DataFrame:
    """Return a table with text for names, and refuse one that lacks a column or has it twice."""
    if frame.columns.nlevels > 1:
        raise WganError(f"{name}: columns of several levels: give each one name")
    frame = frame.rename(columns=str)
    roles = {"series": reading.series, "time": reading.time, "labels": labels}
    for role, column in roles.items():
        if column is not None and column not in frame.columns:
            raise WganError(
                f"{name}: data.{role} = '{column}' is not a column."
                f" {did_you_mean(column, frame.columns)}"
            )
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise WganError(f"{name}: several columns are called '{repeated[0]}': rename all but one")
    if not len(frame):
        raise WganError(f"{name}: the table has no row")
    if reading.series is None and reading.window is None:
        raise WganError(
            f"{name}: the table is one series, and one series is one sample: give data.window to"
            " cut it, or data.series, the column that names the series of each row"
        )
    if reading.series is None and SERIES in frame.columns:
        raise WganError(
            f"{name}: a column is called '{SERIES}', the name that samples use for their numbers:"
            f" give data.series = '{SERIES}' if it names series, or rename it"
        )
    return frame


def _refuse_empty(
    values: Float[np.ndarray, "rows c"], roles: Roles, rows: Arrangement, name: str
) -> None:
    """Refuse infinities, and channels and series without any value."""
    if np.isinf(values).any():
        place, channel = np.argwhere(np.isinf(values))[0].tolist()
        raise WganError(
            f"{rows.words(place, name)}: column '{roles.channels[channel]}', row {rows.row(place)}"
            " is infinite: leave a missing value empty, or drop the row"
        )
    there = ~np.isnan(values)
    if not there.any(axis=0).all():
        column = roles.channels[int(there.any(axis=0).argmin())]
        raise WganError(f"{name}: column '{column}' has no value at all: drop it")
    counts = np.add.reduceat(there.any(axis=1), rows.firsts)
    if not counts.all():
        first = int(rows.firsts[counts.argmin()])
        raise WganError(
            f"{rows.words(first, name)} has no value ({int((counts == 0).sum())} such series): drop"
            " it"
        )


def _timed(
    frame: pd.DataFrame,
    values: Float[np.ndarray, "rows c"],
    rows: Arrangement,
    reading: Reading,
    name: str,
) -> _Steps:
    """Return the rows as steps of a regular clock, or of one whose steps are a channel."""
    none_apart = np.zeros(len(rows.order), dtype=bool)
    at = places(rows)
    if reading.time is None:
        return _Steps(rows, values, at, none_apart, None)
    times = frame[reading.time]
    sorted_times = times.iloc[rows.order]
    try:
        stamps = read_stamps(reading.time, times)
        clock, offsets = infer_clock(reading.time, sorted_times, stamps.at(rows.order), rows.within)
    except WganError as error:
        raise WganError(f"{name}: {error}") from None
    steps = steps_between(rows, offsets, times, name)
    ratios = np.where(rows.within, steps / clock.step, 1.0)
    if clock.regular:
        apart = ratios > 1 + NEAR
        words = f"a regular clock, {clock.step_in_words}"
        if not apart.any():
            return _Steps(rows, values, at, none_apart, clock, (words,))
        if reading.window is not None:
            gaps = (
                f"{int(apart.sum())} gap(s) in '{clock.name}', over which no window reaches: the"
                f" longest is of {ratios.max():.3g} usual steps"
            )
            return _Steps(rows, values, at, apart, clock, (words, gaps))
        whole = np.maximum(np.rint(ratios), 1.0)
        on_grid = np.abs(ratios - whole)[rows.within].max() <= ON_GRID
        inserted = int((whole - 1).sum())
        if on_grid and inserted <= MOST_INSERTED * len(rows.order):
            put_in = (
                f"{inserted} row(s) without values inserted where '{clock.name}' leaves some out"
            )
            at = places(rows, whole)
            return _Steps(rows, values, at, none_apart, clock, (words, put_in))
    clock = replace(clock, regular=False)
    gaps_channel = np.where(rows.within, steps, clock.step)
    words = (
        f"an irregular clock: the time since the step before, usually {clock.step_in_words}, is the"
        " last channel; without data.time, steps count as equal"
    )
    return _Steps(rows, np.column_stack([values, gaps_channel]), at, none_apart, clock, (words,))


def _counts(rows: Arrangement, reading: Reading) -> tuple[str, ...]:
    """Return how many series there are, and how long, where the array does not tell."""
    lengths = rows.lengths
    one = lengths.min() == lengths.max()
    if reading.series is None:
        return (f"one series of {len(rows.order)} rows",)
    if one:
        return (f"{len(lengths)} series of {lengths[0]} rows",)
    if reading.window is None:
        return ()
    median = f"median {np.median(lengths):g}"
    return (f"{len(lengths)} series of {lengths.min()} to {lengths.max()} rows, {median}",)


def _counters(
    values: Float[np.ndarray, "rows c"], roles: Roles, rows: Arrangement
) -> tuple[str, ...]:
    """Return notes on channels that only count the steps of each series."""
    steps = np.diff(values, axis=0)[rows.within[1:]]
    counts = (steps == steps[0]).all(axis=0) & (steps[0] != 0)
    return tuple(
        f"column '{name}' counts the rows of each series, and is learned as a channel: give"
        f" data.time = '{name}' if it is the time, or drop it"
        for name, is_count in zip(roles.channels, counts, strict=True)
        if is_count
    )


def _whole(
    steps: _Steps, described: Float[np.ndarray, "n s"] | None, name: str
) -> Float[np.ndarray, "n t w"]:
    """Return series, each a sample, padded to the longest."""
    lengths = steps.at[np.append(steps.rows.firsts[1:], len(steps.at)) - 1] + 1
    longest = int(lengths.max())
    if longest > MOST_PADDING * np.median(lengths):
        which = steps.rows.firsts[lengths.argmax()]
        raise WganError(
            f"{steps.rows.words(int(which), name)}: {longest} steps, more than {MOST_PADDING} times"
            f" the {np.median(lengths):g} of the median series, to which all would be padded: give"
            " data.window, or drop it"
        )
    return padded(steps.values, steps.rows, steps.at, longest, described)


def _past_ends(steps: _Steps) -> tuple[str, ...]:
    """Return how many rows at the ends of series are past the end, having no value."""
    has_value = ~np.isnan(steps.values).all(axis=1)
    last = np.maximum.reduceat(np.where(has_value, np.arange(len(has_value)), 0), steps.rows.firsts)
    count = int((np.arange(len(has_value)) > last[steps.rows.of]).sum())
    if not count:
        return ()
    return (f"{count} row(s) without any value at the ends of series are past their ends",)


def _windows(
    steps: _Steps, described: Float[np.ndarray, "n s"] | None, name: str, reading: Reading
) -> tuple[WindowRows, Int64[np.ndarray, " k"], Int64[np.ndarray, " k"], tuple[str, ...]]:
    """Return windows, the series and the group of each, and what was left out."""
    assert reading.window is not None
    rows = steps.rows
    begins = np.flatnonzero(~rows.within | steps.apart)
    lengths = np.diff(begins, append=len(rows.order))
    own = steps.values[:, :-1] if steps.gap_channel else steps.values
    stretches = Stretches(lengths, rows.of[begins], ~np.isnan(own).all(axis=1))
    cut = cut_windows(stretches, name, reading)
    left_out = []
    without = len(rows.firsts) - len(np.unique(rows.of[begins][lengths >= reading.window]))
    if without:
        left_out.append(
            f"{without} of {len(rows.firsts)} series hold no window of {reading.window} steps and"
            " are left out"
        )
    if cut.empty:
        left_out.append(f"{cut.empty} window(s) without any value are left out")
    values = steps.values
    if described is not None:
        values = np.column_stack([values, described[rows.of]])
    gap = steps.values.shape[1] - 1 if steps.gap_channel else None
    first_gap = steps.clock.step if steps.clock is not None else 0.0
    windows = WindowRows(values, cut.starts, reading.window, gap, first_gap)
    return windows, cut.series, cut.groups, tuple(left_out)


def _headings(roles: Roles, steps: _Steps) -> tuple[str, ...]:
    gap = (f"step of {steps.clock.name}",) if steps.clock and steps.gap_channel else ()
    return (*roles.channels, *gap)


def _table(
    frame: pd.DataFrame,
    roles: Roles,
    statics: TableCodec | None,
    clock: Clock | None,
    reading: Reading,
    labels: str | None,
    gaps: tuple[bool, ...],
) -> LongTable:
    """Return how series are written as a table."""
    described = () if statics is None else statics.names
    kept = {reading.series, reading.time, labels, *roles.channels, *described}
    order = [column for column in frame.columns if column in kept]
    if reading.series is None:
        order = [SERIES, *order]
    channels = zip(roles.channels, gaps, strict=False)
    return LongTable(
        tuple(order),
        reading.series or SERIES,
        "int64" if reading.series is None else str(frame[reading.series].dtype),
        tuple(channel_column(name, frame[name], has_gaps) for name, has_gaps in channels),
        clock,
        labels or "",
        "object" if labels is None else str(frame[labels].dtype),
    )
