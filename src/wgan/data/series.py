"""Series, the kind of measurements in time: the codec, and how it is fitted to an array.

All series of a data set have one length and the same channels.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.codec import PlainCodec
from wgan.data.dataset import Dataset
from wgan.data.storage import Rows, as_type, summarise

LEAST_STEPS = 2
"""A series of one step is a vector."""
ROUNDING = 1e-12
"""Deviations up to this share of a value are rounding: means of equal numbers are off by 1e-15."""


@dataclass(frozen=True)
class SeriesCodec(PlainCodec):
    """The codec of series `[n, T, channels]`, or `[n, T]` for one channel.

    x -> (x - mean) / scale, channel by channel, over all series and steps together: what tells one
    series from another, such as its level, stays. A network sees `[channels, 1, T]`: a picture that
    is one pixel high, so that the layers of pictures, and what is known of their slopes, serve.

    Attributes:
        length: T.
        mean: `[channels]` means.
        scale: `[channels]` standard deviations, 0 for a constant channel, which is written back as
            it was.
        dtype: NumPy's name of the stored type.
        has_channel_axis: whether stored series are `[T, channels]`, or `[T]`.
        headings: names of the channels, where the data have them.
    """

    kind: ClassVar[str] = "series"
    coarse: ClassVar[bool] = False
    units: ClassVar[str] = "standard deviations of the channels"
    length: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    dtype: str
    has_channel_axis: bool = True
    headings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.mean or len(self.scale) != len(self.mean) or min(self.scale) < 0:
            raise ValueError("mean, scale: a mean and a scale of each channel are needed")
        if self.length < LEAST_STEPS or not (self.has_channel_axis or len(self.mean) == 1):
            raise ValueError("length, has_channel_axis: no series has such a shape")

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.mean), 1, self.length)

    @property
    def raw_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length, len(self.mean)) if self.has_channel_axis else (self.length,)

    def named(self, names: tuple[str, ...]) -> "SeriesCodec":
        return replace(self, headings=names)

    def pack(self, raw: np.ndarray) -> Float[Tensor, "n c 1 t"]:
        series = self.standardised(raw).transpose(0, 2, 1)[:, :, None]
        return torch.from_numpy(np.ascontiguousarray(series, dtype=np.float32))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n c 1 t"]:
        return packed

    def decode(self, x: Float[Tensor, "n c 1 t"]) -> np.ndarray:
        standardised = x.detach().double().cpu().numpy()[:, :, 0].transpose(0, 2, 1)
        values = standardised * np.asarray(self.scale) + np.asarray(self.mean)
        return as_type(values.reshape(-1, *self.raw_shape), np.dtype(self.dtype))

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        return self.standardised(raw).reshape(len(raw), -1)

    def in_channels(self, raw: np.ndarray) -> Float[np.ndarray, "n t c"]:
        """Return stored series with an axis of channels, as numbers.

        Args:
            raw: series as they are stored.
        """
        return np.asarray(raw, dtype=np.float64).reshape(-1, self.length, len(self.mean))

    def standardised(self, raw: np.ndarray) -> Float[np.ndarray, "n t c"]:
        """Return series in standard deviations of their channels.

        Args:
            raw: series as they are stored.
        """
        scale = np.asarray(self.scale)
        return (self.in_channels(raw) - np.asarray(self.mean)) / np.where(scale > 0, scale, 1.0)

    def notes(self, raw: np.ndarray) -> list[str]:
        constant = [i + 1 for i, scale in enumerate(self.scale) if scale == 0]
        if not constant:
            return []
        named = ", ".join(self.headings[i - 1] if self.headings else str(i) for i in constant)
        return [f"constant channel(s): {named}; samples have the same value"]


def read_series(
    rows: Rows, name: str, channels_first: bool = False, progress: Progress = silent
) -> Dataset:
    """Return the data set of an array `[n, T, channels]`, or `[n, T]` for one channel.

    Args:
        rows: the array, in memory or in a file.
        name: what messages call it.
        channels_first: does not matter: channels are the last axis.
        progress: listener to the pass over the data.

    Raises:
        WganError: an array of other axes, series of one step, a NaN or an infinity.
    """
    axes = len(rows.shape)
    if axes not in (2, 3) or rows.shape[1] < LEAST_STEPS:
        raise WganError(
            f"{name}: an array of shape {rows.shape}; series are [n, T, channels], or [n, T] for"
            f" one channel, of {LEAST_STEPS} steps or more; one long series is cut by data.window"
        )
    length = rows.shape[1]
    channels = rows.shape[2] if axes == 3 else 1
    summary = summarise(rows, name, progress)
    # Means and variances of each step make those of the channel: within steps, and between them.
    means = summary.mean.reshape(length, channels)
    variances = summary.deviation.reshape(length, channels) ** 2
    mean = means.mean(axis=0)
    scale = np.sqrt((variances + (means - mean) ** 2).mean(axis=0))
    first = np.asarray(rows[:1], dtype=np.float64).reshape(length, channels)[0]
    constant = scale <= ROUNDING * np.abs(first)
    scale = np.where(constant, 0.0, scale)
    mean = np.where(constant, first, mean)
    codec = SeriesCodec(
        length, tuple(mean.tolist()), tuple(scale.tolist()), rows.dtype.str, axes == 3
    )
    return Dataset(name, rows, codec, summary.digest)
