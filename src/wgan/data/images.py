"""Images, the kind of pictures: the codec, and how it is fitted to an array of pixels."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.codec import PlainCodec
from wgan.data.dataset import Dataset
from wgan.data.storage import Rows, summarise

Layout = Literal["hw", "hwc", "chw"]
CHANNELS = (1, 3, 4)
"""Numbers of channels that picture files have: grey, colour, colour with transparency."""
RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""Ranges that pixels customarily have, narrowest first."""


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
    coarse: ClassVar[bool] = True
    shape: tuple[int, int, int]
    low: float
    high: float
    dtype: str
    layout: Layout

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
        if raw.dtype.kind != np.dtype(self.dtype).kind:
            raise WganError(
                f"pictures of type {raw.dtype}, the data had {np.dtype(self.dtype)}: give the same"
                " range of values"
            )

    def pack(self, raw: np.ndarray) -> Tensor:
        # Bytes stay bytes: a quarter of the memory.
        dtype = np.dtype(np.uint8) if raw.dtype == np.uint8 else np.dtype(np.float32)
        return torch.from_numpy(np.ascontiguousarray(raw, dtype=dtype))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n c h w"]:
        x = (packed.to(torch.float32) - self.low) * (2.0 / (self.high - self.low)) - 1.0
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
        dtype = np.dtype(self.dtype)
        if dtype.kind == "b":
            return values > (self.low + self.high) / 2
        return (np.rint(values) if dtype.kind in "iu" else values).astype(dtype)

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return pixels in [0, 1], channels first whatever the layout, flattened."""
        unit = (np.asarray(raw, dtype=np.float64) - self.low) / (self.high - self.low)
        channels_first = np.moveaxis(unit, -1, 1) if self.layout == "hwc" else unit
        return channels_first.reshape(len(raw), int(np.prod(self.shape)))

    def to_pixels(self, raw: np.ndarray) -> np.ndarray:
        """Return `[n, h, w, c]` uint8 for a picture file."""
        c, h, w = self.shape
        unit = np.rint(self.measure(raw) * 255).clip(0, 255).astype(np.uint8)
        return np.moveaxis(unit.reshape(-1, c, h, w), 1, -1)


def read_images(
    rows: Rows, name: str, channels_first: bool = False, progress: Progress = silent
) -> Dataset:
    """Return the data set of an array of pictures.

    Args:
        rows: `[n, h, w]`, `[n, h, w, c]` or `[n, c, h, w]`, in memory or in a file.
        name: what messages call it.
        channels_first: decides where both the first and the last axis of a sample could be
            channels.
        progress: listener to the pass over the data.

    Raises:
        WganError: other axes, or values outside [0, 1], [-1, 1] and [0, 255].
    """
    shape, layout = _picture_shape(rows.shape[1:], name, channels_first)
    summary = summarise(rows, name, progress)
    low, high = _pixel_range(summary.low, summary.high, name)
    return Dataset(name, rows, ImageCodec(shape, low, high, rows.dtype.str, layout), summary.digest)


def _pixel_range(low: float, high: float, name: str) -> tuple[float, float]:
    for least, most in RANGES:
        if least <= low and high <= most:
            return least, most
    raise WganError(
        f"{name}: picture values run from {low:g} to {high:g}; scale them to [0, 1], [-1, 1] or"
        " [0, 255]"
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
