"""Facts about series, as plain values: the fields of their codec."""

from dataclasses import dataclass

from wgan.data.series.long_tables import LongTable


@dataclass(frozen=True)
class SeriesFields:
    """Facts about series as plain values, without the columns that describe them.

    Attributes:
        length: T, the steps of the longest series.
        mean: `[channels]` means.
        scale: `[channels]` standard deviations, 0 for a constant channel, which is written back as
            it was.
        low: `[channels]` least values of the data: decoded values are none below; `()`: no bound.
        high: `[channels]` largest values of the data, likewise.
        dtype: NumPy's name of the stored type.
        has_channel_axis: whether stored series are `[T, channels]`, or `[T]`.
        headings: names of the channels, where the data have them.
        ends: whether series have different lengths.
        gaps: whether each channel has missing values; `()`: none has.
        gap_channel: whether the last channel is the time since the step before, which is positive
            and coded by its logarithm.
        nuggets: how far each other channel moves within no time, as a share of how far it moves
            within the usual one (see `wgan.data.series.variogram`); `()`: the clock is regular.
        ranges: the times beyond which each of them moves no further.
        shortest: steps of the shortest series: samples have as many at least.
        context: first steps of a series that the generator can be given; 0: none.
        cut: whether series are windows of longer ones, so that the last step may have no value;
            that of a whole series has one, and what comes after it is past the end.
        missing: share of each channel's steps that have no value; `()`: none has gaps.
        table: how series are written as a long table; None: they come as arrays.
        findings: what was found when the data were read, in sentences.
    """

    length: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    dtype: str
    has_channel_axis: bool = True
    headings: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    ends: bool = False
    gaps: tuple[bool, ...] = ()
    gap_channel: bool = False
    nuggets: tuple[float, ...] = ()
    ranges: tuple[float, ...] = ()
    shortest: int = 1
    context: int = 0
    cut: bool = False
    missing: tuple[float, ...] = ()
    table: LongTable | None = None
    findings: tuple[str, ...] = ()
