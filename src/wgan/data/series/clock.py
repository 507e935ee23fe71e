"""Clocks of long tables: how times are counted from the first one on, and written."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.data.tables.dates import write_times
from wgan.data.tables.series import IN_A_SECOND, integer_limits

NEAR = 0.5
"""Steps of time this share longer or shorter than the usual one still count as one step. A clock
that drifts or is read late stays below it, and a missing row lies at 1.
"""
REGULAR = 0.9
"""Share of steps near the usual one from which on a clock is regular. Sensors lose a few rows in a
hundred; of five working days a week, one step in five is a weekend, which is not a fault of a
clock.
"""
ON_GRID = 0.1
"""Largest distance of a step from a whole multiple of the usual one at which rows count as missing
in it, in usual steps. Half of `NEAR` and more is left to tell two multiples apart.
"""
SHORTEST_MONTH = 28
"""Days: a stamp on a later day of the month is not in every month."""
IN_A_DAY = 86400.0
WORDS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
"""Units that a step is said in: seconds of each, the largest first."""
LARGEST_STAMP = 2.0**62
"""Whole numbers of time are cut off there: sums of two of them fit into 64 bits."""
LAST_YEAR = 9999
"""Python, TOML and Excel know no later ones."""
Unit = Literal["numbers", "seconds", "days", "months", "month ends"]


@dataclass(frozen=True)
class Clock:
    """Form in which the times of a long table are written, as plain values.

    Attributes:
        name: the column.
        dtype: its pandas type.
        format: how text is written; empty for times and numbers.
        unit: what times are counted in from the first one on. Days are counted where all stamps
            have one time of day, and months where they lie equally far from the begin, or from the
            end, of a month: a day of 23 hours and a month of 28 days are one step.
        start: the first stamp: a number, or seconds since 1970, in UTC where seconds are counted
            and on the clock of their zone otherwise.
        step: the usual time between two rows of a series.
        tick: all times are multiples of it from the first one on; 0: any.
        regular: whether rows lie a usual step apart; otherwise the time between them is a channel.
    """

    name: str
    dtype: str
    format: str = ""
    unit: Unit = "numbers"
    start: int | float = 0
    step: float = 1.0
    tick: float = 0.0
    regular: bool = True

    def __post_init__(self) -> None:
        if not (np.isfinite(self.start) and 0 < self.step < np.inf and 0 <= self.tick < np.inf):
            raise ValueError("clock: start, step or tick out of range")

    @property
    def unit_in_words(self) -> str:
        """Unit in which times are counted."""
        if self.unit == "numbers":
            return f"the numbers of '{self.name}'"
        return "months" if self.unit == "month ends" else self.unit

    @property
    def step_in_words(self) -> str:
        """The usual step with its unit."""
        if self.unit == "numbers":
            return f"{self.step:.6g} in '{self.name}'"
        if self.unit != "seconds":
            return f"{self.step:.6g} {'day' if self.unit == 'days' else 'month'}(s)"
        size, word = next(((s, w) for s, w in WORDS if self.step >= s), (1.0, "second"))
        return f"{self.step / size:.6g} {word}(s)"

    def ticked(self, gaps: Float[np.ndarray, "n t"]) -> Float[np.ndarray, "n t"]:
        """Return times between rows as whole ticks, and one at least.

        Args:
            gaps: times between rows; NaN stays.
        """
        if not self.tick:
            return gaps
        return np.maximum(np.rint(gaps / self.tick), 1.0) * self.tick

    def write(self, offsets: Float[np.ndarray, " n"]) -> pd.Series:
        """Return times as the column that they came from.

        Times beyond what the column's type holds are the last one that it holds.

        Args:
            offsets: `[n]` times since the first stamp, in units.
        """
        if self.unit == "numbers":
            return self._numbers(offsets)
        zone = None if self.format else zone_of_type(self.dtype)
        seconds = self.unit == "seconds"
        stamps = pd.Series(self._in_seconds(offsets) if seconds else self._in_calendar(offsets))
        if zone is not None and seconds:
            stamps = stamps.dt.tz_localize("UTC").dt.tz_convert(zone)
        elif zone is not None:
            # Where clocks change: the first of two equal times, the next after a skipped one.
            first = np.ones(len(stamps), dtype=bool)
            stamps = stamps.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
        written = write_times(stamps, self.format) if self.format else stamps
        return written.astype(self.dtype)

    @property
    def _last_day(self) -> np.datetime64:
        """A day near the last one that the column's type holds; a zone may be a day ahead."""
        if "[ns" in self.dtype and not self.format:
            return pd.Timestamp.max.to_datetime64().astype("datetime64[M]").astype("datetime64[D]")
        return np.datetime64(f"{LAST_YEAR}-12-01", "D")

    def _in_seconds(self, offsets: Float[np.ndarray, " n"]) -> np.ndarray:
        last = float(self._last_day.astype(np.int64)) * IN_A_DAY
        ticks = np.rint((self.start + offsets).clip(max=last) * IN_A_SECOND)
        return ticks.astype(np.int64).view("datetime64[us]")

    def _numbers(self, offsets: Float[np.ndarray, " n"]) -> pd.Series:
        if not pd.api.types.is_integer_dtype(self.dtype):
            return pd.Series(self.start + offsets).astype(self.dtype)
        limits = integer_limits(self.dtype)
        whole = np.rint(offsets).clip(-LARGEST_STAMP, LARGEST_STAMP).astype(np.int64)
        most = min(int(limits.max), np.iinfo(np.int64).max)
        return pd.Series((whole + int(self.start)).clip(max=most)).astype(self.dtype)

    def _in_calendar(self, offsets: Float[np.ndarray, " n"]) -> np.ndarray:
        """Return days, or days of months, at the time of day of the first stamp."""
        code = "D" if self.unit == "days" else "M"
        start = np.array(round(self.start * IN_A_SECOND)).astype("datetime64[us]")
        first = start.astype(f"datetime64[{code}]")
        last = self._last_day.astype(f"datetime64[{code}]")
        whole = np.rint(offsets).clip(max=float((last - first).astype(np.int64)))
        begins = first + whole.astype(np.int64)
        if self.unit == "month ends":
            before_end = (first + 1).astype("datetime64[us]") - start
            return (begins + 1).astype("datetime64[us]") - before_end
        return begins.astype("datetime64[us]") + (start - first.astype("datetime64[us]"))


def zone_of_type(dtype: str) -> Any:
    """Return the time zone of a pandas type; None where it has none."""
    known = pd.api.types.pandas_dtype(dtype)
    return getattr(getattr(known, "pyarrow_dtype", known), "tz", None)
