"""Arrays of series: one pass over an array finds means, deviations, ends and missing values."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.dataset import Dataset
from wgan.data.series.codec import LEAST_STEPS, SeriesCodec
from wgan.data.series.variogram import fit_variograms
from wgan.data.storage import CHUNK_BYTES, SHOW_PROGRESS_BYTES, Rows, chunks
from wgan.data.tables.codec import TableCodec

ROUNDING = 1e-12
"""Deviations up to this share of a value are rounding: means of equal numbers are off by 1e-15."""


@dataclass(frozen=True)
class SeriesSummary:
    """The statistics of all series.

    Attributes:
        mean: `[c]` means of the channels, over existing values.
        scale: `[c]` standard deviations, 0 for a constant channel.
        low: `[c]` least values.
        high: `[c]` largest values.
        gaps: `[c]` whether values are missing before the end of a series.
        missing: `[c]` shares of the steps up to the ends of series that have no value.
        lengths: `[n]` the steps of each series.
        ends: whether series have different lengths.
        digest: a SHA-256 of shape, type and contents.
    """

    mean: Float[np.ndarray, " c"]
    scale: Float[np.ndarray, " c"]
    low: Float[np.ndarray, " c"]
    high: Float[np.ndarray, " c"]
    gaps: Bool[np.ndarray, " c"]
    missing: Float[np.ndarray, " c"]
    lengths: Int64[np.ndarray, " n"]
    ends: bool
    digest: str

    @property
    def lengths_in_words(self) -> list[str]:
        """Words on the lengths of series, if these differ."""
        if not self.ends:
            return []
        shortest, longest = self.lengths.min(), self.lengths.max()
        median = f"median {np.median(self.lengths):g}"
        return [f"{len(self.lengths)} series of {shortest} to {longest} steps, {median}"]


def read_series(
    rows: Rows,
    name: str,
    channels_first: bool = False,
    progress: Progress = silent,
    statics: TableCodec | None = None,
    usual: float | None = None,
    context: int = 0,
    may_end: bool = True,
    findings: tuple[str, ...] = (),
) -> Dataset:
    """Return the data set of an array `[n, T, channels]`, or `[n, T]` for one channel.

    Args:
        rows: the array, in memory or in a file. A NaN is a missing value, and steps that are
            missing in all channels at the end of a series are past its end.
        name: what messages call it.
        channels_first: does not matter: channels are the last axis.
        progress: listener to the pass over the data.
        statics: the codec of static columns, which the array has after its channels.
        usual: the usual time between steps, where the last channel is the time since the step
            before; None: it is like the others.
        context: first steps of a series that a generator can be given.
        may_end: whether steps that are missing in all channels at the end are past the end; those
            of a window are not, since its series continues.
        findings: what was found in the source of the array, in sentences.

    Raises:
        WganError: an array of other axes, series of one step, a series or a channel without a
            value, an infinity, or no channel that varies.
    """
    axes = len(rows.shape)
    if axes not in (2, 3) or rows.shape[1] < LEAST_STEPS:
        raise WganError(
            f"{name}: an array of shape {rows.shape}; series are [n, T, channels], or [n, T] for"
            f" one channel, of {LEAST_STEPS} steps or more; one long series is cut by data.window"
        )
    length = rows.shape[1]
    if not 0 <= context < length:
        raise WganError(
            f"data.context = {context}: series have {length} steps, and one at least is left to"
            " generate: give fewer"
        )
    channels = (rows.shape[2] if axes == 3 else 1) - (len(statics.learned) if statics else 0)
    gap_channel = usual is not None
    summary = summarise_series(rows, channels, name, gap_channel, progress, may_end)
    if not (summary.scale.any() or summary.gaps.any() or summary.ends or statics):
        raise WganError(f"{name}: no channel varies: there is nothing to learn")
    scale = tuple(summary.scale.tolist())
    nuggets, ranges = ((), ()) if usual is None else fit_variograms(rows, scale, usual)
    codec = SeriesCodec(
        length=length,
        mean=tuple(summary.mean.tolist()),
        scale=scale,
        low=tuple(summary.low.tolist()),
        high=tuple(summary.high.tolist()),
        dtype=rows.dtype.str,
        has_channel_axis=axes == 3,
        ends=summary.ends,
        gaps=tuple(summary.gaps.tolist()) if summary.gaps.any() else (),
        gap_channel=gap_channel,
        nuggets=nuggets,
        ranges=ranges,
        shortest=int(summary.lengths.min()),
        statics=statics,
        context=context,
        cut=not may_end,
        missing=tuple(summary.missing.tolist()) if summary.gaps.any() else (),
        findings=(*findings, *summary.lengths_in_words),
    )
    return Dataset(name, rows, codec, summary.digest)


class _Moments:
    """Means and deviations of channels over existing values, combined over pieces of the data.

    The update is that of `storage.summarise`, with a count for each channel.

    Args:
        channels: number of channels.
    """

    def __init__(self, channels: int) -> None:
        self.count = np.zeros(channels)
        self.mean = np.zeros(channels)
        self.m2 = np.zeros(channels)

    def add(self, values: Float[np.ndarray, "rows c"]) -> None:
        """Take in a piece; NaN is nothing, and an overflow is refused at the end."""
        n = (~np.isnan(values)).sum(axis=0)
        total = np.maximum(self.count + n, 1)  # no value so far counts for nothing
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.nansum(values, axis=0) / np.maximum(n, 1)
            delta = mean - self.mean
            self.m2 += np.nansum((values - mean) ** 2, axis=0) + delta**2 * self.count * n / total
            self.mean += delta * n / total
        self.count += n

    def refuse_unusable(self, name: str) -> None:
        """Refuse a channel without a value, or whose squares overflow."""
        if not self.count.all():
            raise WganError(
                f"{name}: channel {int(self.count.argmin()) + 1} has no value at all: leave it out"
            )
        finite = np.isfinite(self.m2)
        if not finite.all():
            raise WganError(
                f"{name}: values of channel {int(finite.argmin()) + 1} are so large that they have"
                " no standard deviation in double precision: divide them by a large number"
            )


def summarise_series(
    rows: Rows,
    channels: int,
    name: str,
    gap_channel: bool = False,
    progress: Progress = silent,
    may_end: bool = True,
) -> SeriesSummary:
    """Return the statistics of all series, each read once.

    Means and deviations are float64, combined over pieces as in `storage.summarise`.

    Args:
        rows: `[n, T, channels and static columns]`, or `[n, T]`.
        channels: number of channels.
        name: what messages call them.
        gap_channel: whether the statistics of the last channel are those of its logarithm.
        progress: listener, called where there is much to read.
        may_end: as in `read_series`.

    Raises:
        WganError: an infinity, a series or channel without a value, or numbers whose squares
            overflow.
    """
    digest = sha256(repr((rows.shape, rows.dtype.str)).encode())
    moments = _Moments(channels)
    low = np.full(channels, np.inf)
    high = -low
    gaps = np.zeros(channels, dtype=bool)
    lengths = []
    size = int(np.prod(rows.shape)) * rows.dtype.itemsize
    listener = progress if size >= SHOW_PROGRESS_BYTES else silent
    pieces = tracked(chunks(rows), "reading the series", -(-size // CHUNK_BYTES), listener)
    for start, piece in pieces:
        digest.update(np.ascontiguousarray(piece).data)
        values = piece.reshape(len(piece), rows.shape[1], -1)[..., :channels].astype(np.float64)
        _refuse_unusable(values, start, name)
        has_value = ~np.isnan(values)
        any_value = np.asarray(has_value.any(axis=2)) | (not may_end)
        alive = np.logical_or.accumulate(any_value[:, ::-1], axis=1)[:, ::-1]
        lengths.append(alive.sum(axis=1))
        gaps |= (alive[..., None] & ~has_value).any(axis=(0, 1))
        low = np.minimum(low, np.where(has_value, values, np.inf).min(axis=(0, 1)))
        high = np.maximum(high, np.where(has_value, values, -np.inf).max(axis=(0, 1)))
        if gap_channel:
            values[..., -1] = np.log(values[..., -1])
        moments.add(values.reshape(-1, channels))
    moments.refuse_unusable(name)
    every = np.concatenate(lengths)
    scale = np.sqrt(moments.m2 / moments.count)
    always = low.copy()  # the value of a constant channel
    if gap_channel:
        always[-1] = np.log(always[-1])
    constant = scale <= ROUNDING * np.abs(always)
    return SeriesSummary(
        np.where(constant, always, moments.mean),
        np.where(constant, 0.0, scale),
        low,
        high,
        gaps,
        1 - moments.count / every.sum(),
        every,
        bool((every < rows.shape[1]).any()),
        digest.hexdigest(),
    )


def _refuse_unusable(values: Float[np.ndarray, "n t c"], start: int, name: str) -> None:
    """Refuse infinities, and series without a value."""
    infinite = np.isinf(values).any(axis=(1, 2))
    if infinite.any():
        raise WganError(
            f"{name}: series {start + int(infinite.argmax()) + 1} holds an infinity: write NaN for"
            " a missing value, or drop the series"
        )
    empty = np.isnan(values).all(axis=(1, 2))
    if empty.any():
        raise WganError(
            f"{name}: series {start + int(empty.argmax()) + 1} has no value"
            f" ({int(empty.sum())} such series nearby): drop it"
        )
