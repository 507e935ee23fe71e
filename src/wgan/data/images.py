"""Images, the kind of pictures: the codec, and how it is fitted to an array of pixels."""

import warnings
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.codec import PlainCodec
from wgan.data.dataset import Dataset
from wgan.data.storage import Rows, as_type, summarise

Layout = Literal["hw", "hwc", "chw"]
CHANNELS = (1, 3, 4)
"""Numbers of channels that picture files have: grey, colour, colour with transparency."""
RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""Ranges that pixels customarily have, narrowest first."""
DEEP_BITS = (10, 12, 14, 16)
"""Bits that cameras and scanners record in whole numbers of 16 bits."""
TOLERANCE = 1 / 510
"""Share of a range's width by which floats may leave it: half of one of 255 grey levels. So
rounding at an end (2e-7 in single precision) does not widen the range, and no 8-bit picture changes
when such values are clipped.
"""
NO_BRIGHTER = 2.0
"""Floats up to here are not read in [0, 255]. Pictures of 2 grey levels would be black to the eye,
and pixels in [0, 1] reach such values when they are interpolated or brightened.
"""
DIM = 128.0
"""A set in [0, 255] without a pixel as bright as the middle is perhaps of another range."""


@dataclass(frozen=True)
class ImageCodec(PlainCodec):
    """The codec of pictures: x -> 2 (x - low) / (high - low) - 1 in [-1, 1], channels first.

    Attributes:
        shape: channels, height and width.
        low: the value of a black pixel.
        high: the value of a white pixel.
        dtype: NumPy's name of the stored type.
        layout: the axes of one stored picture.
    """

    kind: ClassVar[str] = "images"
    shape: tuple[int, int, int]
    low: float
    high: float
    dtype: str
    layout: Layout

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or not self.low < self.high:
            raise ValueError("shape, low, high: sides of 1 or more, and low below high, are needed")

    @property
    def coarse(self) -> bool:
        return self.high <= RANGES[-1][1]

    @property
    def units(self) -> str:
        return "pixels in [0,1]"

    @property
    def raw_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of one stored picture, its axes as in `layout`."""
        sides = dict(zip("chw", self.shape, strict=True))
        return tuple(sides[axis] for axis in self.layout)

    def check(self, raw: np.ndarray) -> None:
        super().check(raw)
        own = np.dtype(self.dtype)
        whole = own.kind in "iu" and raw.dtype.kind in "iu"
        shallow = self.high > RANGES[-1][1] and raw.dtype.itemsize == 1
        if (raw.dtype.kind != own.kind and not whole) or shallow:
            raise WganError(
                f"pictures of type {raw.dtype}, the data had {own}: give the same range of values"
            )
        if raw.size:
            self._check_range(raw)

    def _check_range(self, raw: np.ndarray) -> None:
        """Refuse values outside the data's range, or all of them in a narrower customary one."""
        least, most = float(raw.min()), float(raw.max())
        if not (np.isfinite(least) and np.isfinite(most)):
            raise WganError("pictures hold NaN or infinity: fill or drop them first")
        ends = (self.low, self.high)
        if _excess(least, most, ends) > _tolerance(raw.dtype):
            raise WganError(
                f"{_in_words(least, most, ends)}, the range that the data had: give the same range"
                " of values"
            )
        # A black picture is whole numbers, and fits every range.
        fractions = raw.dtype.kind == "f" and bool((raw != np.rint(raw)).any())
        if fractions and ends == RANGES[-1] and most <= NO_BRIGHTER:
            raise WganError(
                f"pictures run from {least:.9g} to {most:.9g}, and the data had [0, 255]: give the"
                " same range of values"
            )

    def pack(self, raw: np.ndarray) -> Tensor:
        # Bytes stay bytes: a quarter of the memory.
        dtype = np.dtype(np.uint8) if raw.dtype == np.uint8 else np.dtype(np.float32)
        return torch.from_numpy(np.ascontiguousarray(raw, dtype=dtype))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n c h w"]:
        values = packed.to(torch.float32)
        if packed.dtype != torch.uint8:
            values = values.clamp(self.low, self.high)
        x = (values - self.low) * (2.0 / (self.high - self.low)) - 1.0
        if self.layout == "hw":
            return x.unsqueeze(1)
        return x.movedim(-1, 1).contiguous() if self.layout == "hwc" else x

    def decode(self, x: Float[Tensor, "n c h w"]) -> np.ndarray:
        unit = (x.detach().float().cpu().clamp(-1, 1) + 1.0) / 2.0
        if self.layout == "hw":
            unit = unit[:, 0]
        elif self.layout == "hwc":
            unit = unit.movedim(1, -1)
        values = unit.numpy().astype(np.float64) * (self.high - self.low) + self.low
        return as_type(values, np.dtype(self.dtype))

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return pixels in [0, 1], channels first whatever the layout, flattened."""
        raw = np.asarray(raw)
        # Of bytes, 256 values are computed and not every pixel.
        is_bytes = raw.dtype == np.uint8
        unit = self._unit(np.arange(256))[raw] if is_bytes else self._unit(raw)
        channels_first = np.moveaxis(unit, -1, 1) if self.layout == "hwc" else unit
        return channels_first.reshape(len(raw), int(np.prod(self.shape)))

    def _unit(self, raw: np.ndarray) -> np.ndarray:
        values = np.asarray(raw, dtype=np.float64).clip(self.low, self.high)
        return (values - self.low) / (self.high - self.low)

    def to_files(self, raw: np.ndarray) -> np.ndarray:
        """Return `[n, h, w, c]`, the pixels of a picture file each.

        They are uint16 with the values of the data if these are grey with more than 8 bits,
        otherwise uint8.
        """
        c, h, w = self.shape
        if self.coarse or c > 1:  # no library at hand writes colour of more than 8 bits
            return self.to_pixels(raw)
        return raw.astype(np.uint16).reshape(-1, h, w, c)

    def from_files(self, pixels: Shaped[np.ndarray, "n h w c"]) -> np.ndarray:
        """Return raw samples of the pixels of picture files: the inverse of `to_files`.

        Values of the data's own depth stay as they are; others keep their place between black and
        white.

        Args:
            pixels: of 8 or 16 bits, or floats in the range of the data.
        """
        values = pixels.astype(np.float64)
        if pixels.dtype.kind in "iu" and not (self.high > RANGES[-1][1] and pixels.itemsize > 1):
            unit = values / np.iinfo(pixels.dtype).max
            values = self.low + unit * (self.high - self.low)
        axes = {"hw": values[..., 0], "hwc": values, "chw": np.moveaxis(values, -1, 1)}
        return as_type(axes[self.layout], np.dtype(self.dtype))

    def to_pixels(self, raw: np.ndarray) -> np.ndarray:
        """Return `[n, h, w, c]` uint8, for a drawing."""
        c, h, w = self.shape
        unit = np.rint(self.measure(raw) * 255).clip(0, 255).astype(np.uint8)
        return np.moveaxis(unit.reshape(-1, c, h, w), 1, -1)


def read_images(
    rows: Rows, name: str, channels_first: bool = False, progress: Progress = silent
) -> Dataset:
    """Return the data set of an array of pictures.

    Floats lie in [0, 1], [-1, 1] or [0, 255], whole numbers also in 10, 12, 14 or 16 bits. The
    narrowest range that holds all values is taken. A `UserWarning` says so if this is a guess.

    Args:
        rows: `[n, h, w]`, `[n, h, w, c]` or `[n, c, h, w]`, in memory or in a file.
        name: what messages call it.
        channels_first: decides where both the first and the last axis of a sample could be
            channels.
        progress: listener to the pass over the data.

    Raises:
        WganError: other axes, or values that no range holds.
    """
    shape, layout = _picture_shape(rows.shape[1:], name, channels_first)
    summary = summarise(rows, name, progress)
    low, high = _pixel_range(summary.low, summary.high, rows.dtype, name)
    return Dataset(name, rows, ImageCodec(shape, low, high, rows.dtype.str, layout), summary.digest)


def _pixel_range(low: float, high: float, dtype: np.dtype, name: str) -> tuple[float, float]:
    """Return the narrowest customary range that holds all values, and say where it is a guess."""
    ranges = list(RANGES)
    if dtype.kind in "iu":
        ranges += [(0.0, 2.0**bits - 1) for bits in DEEP_BITS]
    tolerance = _tolerance(dtype)
    fitting = [ends for ends in ranges if _excess(low, high, ends) <= tolerance]
    dim_floats = dtype.kind == "f" and high <= NO_BRIGHTER
    if not fitting or (dim_floats and fitting[0] == RANGES[-1]):
        candidates = RANGES[:-1] if dim_floats else ranges
        nearest = min(candidates, key=lambda ends: _beyond(low, high, ends))
        raise WganError(
            f"{name}: {_in_words(low, high, nearest)}; scale them to [0, 1], [-1, 1] or [0, 255],"
            " or to whole numbers of 10, 12, 14 or 16 bits; for series set data.kind = 'series'"
            " (wgan distance --kind series)"
        )
    ends = fitting[0]
    if ends not in RANGES:
        bits = round(np.log2(ends[1] + 1))
        warnings.warn(
            f"{name}: pixels run from {low:.9g} to {high:.9g}, and are read in [0, {ends[1]:g}]"
            f" ({bits} bits)",
            stacklevel=2,
        )
    elif ends == RANGES[-1] and dtype != np.uint8 and high < DIM:
        warnings.warn(
            f"{name}: pixels run from {low:.9g} to {high:.9g}, and are read in [0, 255]; scale them"
            " to [0, 1] if that is not their range",
            stacklevel=2,
        )
    return ends


def _tolerance(dtype: np.dtype) -> float:
    return TOLERANCE if dtype.kind == "f" else 0.0


def _excess(low: float, high: float, ends: tuple[float, float]) -> float:
    """Return how far values leave a range, as a share of its width."""
    return _beyond(low, high, ends) / (ends[1] - ends[0])


def _beyond(low: float, high: float, ends: tuple[float, float]) -> float:
    return max(ends[0] - low, high - ends[1], 0.0)


def _in_words(low: float, high: float, ends: tuple[float, float]) -> str:
    return (
        f"picture values run from {low:.9g} to {high:.9g}, {_beyond(low, high, ends):.3g} beyond"
        f" [{ends[0]:g}, {ends[1]:g}]"
    )


def _picture_shape(
    axes: tuple[int, ...], name: str, channels_first: bool
) -> tuple[tuple[int, int, int], Layout]:
    if len(axes) == 2:
        return (1, axes[0], axes[1]), "hw"
    if len(axes) == 3 and axes[2] in CHANNELS and not (channels_first and axes[0] in CHANNELS):
        return (axes[2], axes[0], axes[1]), "hwc"
    if len(axes) == 3 and axes[0] in CHANNELS:
        return (axes[0], axes[1], axes[2]), "chw"
    raise WganError(
        f"{name}: samples of shape {axes}; give vectors [n, d] or pictures [n, height, width],"
        " [n, height, width, channels] or [n, channels, height, width] with 1, 3 or 4 channels"
    )
