"""Stamps of long tables: the times of rows as numbers, and the clock that they were written by."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError
from wgan.base.numbers import check_real
from wgan.data.series.clock import NEAR, REGULAR, SHORTEST_MONTH, Clock, Unit, zone_of_type
from wgan.data.tables.column_kinds import is_boolean, refuse_unknown_type
from wgan.data.tables.dates import infer_form, on_clock, read_times
from wgan.data.tables.distribution import infer_step
from wgan.data.tables.schema import Column, Kind
from wgan.data.tables.series import IN_A_SECOND, different_texts


@dataclass(frozen=True, eq=False)
class Stamps:
    """The times of rows.

    Attributes:
        numbers: `[n]` the times, where they are numbers; None: they are times of a calendar.
        absolute: `[n]` times of a calendar, in UTC where they have a zone.
        local: `[n]` the same on the clock of their zone.
        format: how they are written, where they are text.
    """

    numbers: np.ndarray | None
    absolute: np.ndarray
    local: np.ndarray
    format: str = ""

    @property
    def unit(self) -> Unit:
        """The unit that the times are best counted in."""
        if self.numbers is not None:
            return "numbers"
        months = self.local.astype("datetime64[M]")
        times_of_day = self.local - self.local.astype("datetime64[D]")
        if (times_of_day != times_of_day[0]).any():
            return "seconds"
        if len(np.unique(months)) < 2:
            return "days"
        since = self.local - months.astype("datetime64[us]")
        if (since == since[0]).all() and since[0] < np.timedelta64(SHORTEST_MONTH, "D"):
            return "months"
        until = (months + 1).astype("datetime64[us]") - self.local
        in_short_ones = until[0] <= np.timedelta64(SHORTEST_MONTH, "D")
        return "month ends" if (until == until[0]).all() and in_short_ones else "days"

    def offsets(self, unit: Unit) -> Float[np.ndarray, " n"]:
        """Return times since that of the first row.

        Args:
            unit: what they are counted in.
        """
        if self.numbers is not None:
            return (self.numbers - self.numbers[0]).astype(np.float64)
        if unit == "seconds":
            return (self.absolute - self.absolute[0]).astype(np.int64) / IN_A_SECOND
        whole = self.local.astype("datetime64[D]" if unit == "days" else "datetime64[M]")
        return (whole - whole[0]).astype(np.float64)

    def at(self, order: Int64[np.ndarray, " n"]) -> "Stamps":
        """Return the times of rows in another order.

        Args:
            order: `[n]` the row at each place.
        """
        if self.numbers is not None:
            return replace(self, numbers=self.numbers[order])
        return replace(self, absolute=self.absolute[order], local=self.local[order])

    def start(self, unit: Unit) -> int | float:
        """Return the time of the first row, as `Clock.start` has it.

        Args:
            unit: what times are counted in.
        """
        if self.numbers is not None:
            first: int | float = self.numbers[0].item()
            return first
        times = self.absolute if unit == "seconds" else self.local
        return float(times[0].astype(np.int64) / IN_A_SECOND)


def read_stamps(name: str, series: pd.Series, form: str = "") -> Stamps:
    """Return the times of rows.

    Args:
        name: the column.
        series: its values: numbers, times, or text.
        form: how text is written; empty: as it looks.

    Raises:
        WganError: text that holds no times, or a time that is missing.
    """
    is_number = pd.api.types.is_numeric_dtype(series.dtype) and not is_boolean(series)
    if not (is_number or pd.api.types.is_datetime64_any_dtype(series.dtype)):
        refuse_unknown_type(name, series)
        form = form or _form(name, series)
        texts, series = series, read_times(series, form)
        odd = (texts.notna() & series.isna()).to_numpy()
        if odd.any():
            row = int(odd.argmax())
            raise WganError(
                f"column '{name}', row {row + 1}: {texts.iloc[row]!r} is not a time written as"
                f" {form}: write it so"
            )
    else:
        form = ""
    absent = series.isna().to_numpy()
    if absent.any():
        row = int(absent.argmax())
        raise WganError(f"column '{name}', row {row + 1}: a time is missing: give each row one")
    none = np.zeros(0, dtype="datetime64[us]")
    if is_number:
        check_real(np.asarray(series).dtype, f"column '{name}'")
        whole = pd.api.types.is_integer_dtype(series.dtype)
        numbers = series.to_numpy(dtype=np.int64 if whole else np.float64)
        if not np.isfinite(numbers).all():
            row = int((~np.isfinite(numbers)).argmax())
            raise WganError(f"column '{name}', row {row + 1}: an infinite time: fix it")
        return Stamps(numbers, none, none)
    if isinstance(series.dtype, pd.ArrowDtype):
        # pandas shifts times of Arrow's types where they leave their zone (`tables.series`).
        zone = getattr(series.dtype.pyarrow_dtype, "tz", None)
        series = series.astype(pd.DatetimeTZDtype("us", zone) if zone else "datetime64[us]")
    has_zone = series.dt.tz is not None
    absolute = series.dt.tz_convert("UTC").dt.tz_localize(None) if has_zone else series
    local = series.dt.tz_localize(None) if has_zone else series
    absolute_times, local_times = (
        each.to_numpy(dtype="datetime64[us]") for each in (absolute, local)
    )
    return Stamps(None, absolute_times, local_times, form)


def read_by(clock: Clock, series: pd.Series) -> Stamps:
    """Return the times of rows of another table, which a clock is to count.

    Args:
        clock: of the data.
        series: the column in the other table.

    Raises:
        WganError: times of another kind, form or zone than those of the data.
    """
    zone = None if clock.format or clock.unit == "numbers" else zone_of_type(clock.dtype)
    if not clock.format and pd.api.types.is_datetime64_any_dtype(series.dtype):
        series = on_clock(series, zone, clock.name)
    stamps = read_stamps(clock.name, series, clock.format)
    is_number, was_number = stamps.numbers is not None, clock.unit == "numbers"
    if is_number != was_number:
        here, there = ("numbers" if each else "dates" for each in (is_number, was_number))
        raise WganError(
            f"column '{clock.name}' holds {here}, and in the data it holds {there}: write them so"
        )
    return stamps


def _form(name: str, series: pd.Series) -> str:
    """Return how times are written in a column of text."""
    found = infer_form(different_texts(series))
    remedy = "write all as 2024-01-31 12:00:00, with one zone or none, or number the steps"
    if not found.form:
        text = series.dropna().iloc[0] if series.notna().any() else ""
        raise WganError(f"column '{name}': {text!r} is not a time that can be read: {remedy}")
    if found.odd:
        row = int((series.astype(object) == found.odd).to_numpy().argmax())
        raise WganError(
            f"column '{name}', row {row + 1}: {found.odd!r} is not a time written as {found.form},"
            f" and most others are: {remedy}"
        )
    if found.other:
        warnings.warn(
            f"column '{name}': {series.iloc[0]!r} is read as {found.form}, and {found.other} fits"
            f" as well; if that is meant, {remedy}",
            stacklevel=2,
        )
    return found.form


def infer_clock(
    name: str, series: pd.Series, stamps: Stamps, within: Bool[np.ndarray, " n"]
) -> tuple[Clock, Float[np.ndarray, " n"]]:
    """Return the clock of a table, and the times of its rows since the first one.

    A clock is regular where nine of ten steps are within half a step of the usual one, the median.

    Args:
        name: the column.
        series: its values, series by series.
        stamps: the same as times.
        within: `[n]` which rows are not the first of a series; there are some.
    """
    unit = stamps.unit
    offsets = stamps.offsets(unit)
    steps = np.diff(offsets, prepend=0.0)[within]
    # The lower of two medians: between two rates, their mean is near both.
    usual = float(np.quantile(steps, 0.5, method="lower"))
    near = np.abs(steps - usual) <= NEAR * usual
    tick = 1.0
    if unit in ("numbers", "seconds"):
        kind: Kind = "datetime" if unit == "seconds" else "numeric"
        tick = infer_step(Column(name, kind, str(series.dtype)), offsets)
    clock = Clock(
        name,
        str(series.dtype),
        stamps.format,
        unit,
        stamps.start(unit),
        usual if usual > 0 else 1.0,
        tick,
        bool(near.mean() >= REGULAR),
    )
    return clock, offsets
