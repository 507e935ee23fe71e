"""How do stored samples become numbers for a network, and back? One codec a kind of data; it is
saved with the generator.

A codec works in two steps: `pack` on the host (cheap to keep in memory), `unpack` on the device
(what a network reads).
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from wgan.base.errors import WganError
from wgan.data.tables.codec import Head, TableCodec
from wgan.data.tables.schema import from_json

Layout = Literal["hw", "hwc", "chw"]


@dataclass(frozen=True)
class VectorCodec:
    """Rows of numbers `[n, d]`: each column minus its mean, over its standard deviation.

    `measure_standardised` says in which unit distances are reported: standardised columns (tables
    of numbers, whose columns have units of their own) or the coordinates as they are (toy
    distributions).
    """

    kind: ClassVar[str] = "vectors"
    heads: ClassVar[tuple[Head, ...]] = ()
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    dtype: str
    measure_standardised: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.mean),)

    @property
    def units(self) -> str:
        return "standardised columns" if self.measure_standardised else "data coordinates"

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Shape of one stored sample."""
        return self.shape

    def pack(self, raw: np.ndarray) -> Float[Tensor, "n d"]:
        return torch.from_numpy(self._standardise(raw).astype(np.float32))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n d"]:
        return packed

    def decode(self, x: Float[Tensor, "n d"]) -> np.ndarray:
        values = x.detach().double().cpu().numpy() * np.asarray(self.scale) + np.asarray(self.mean)
        dtype = np.dtype(self.dtype)
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            values = np.rint(values).clip(limits.min, limits.max)
        elif dtype.kind == "b":
            values = values > 0.5
        return values.astype(dtype)

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        return (
            self._standardise(raw)
            if self.measure_standardised
            else np.asarray(raw, dtype=np.float64)
        )

    def _standardise(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        return (np.asarray(raw, dtype=np.float64) - np.asarray(self.mean)) / np.asarray(self.scale)


@dataclass(frozen=True)
class ImageCodec:
    """Pictures: values in [low, high] become [-1, 1], channels first. `layout` is the axes of one
    stored picture.
    """

    kind: ClassVar[str] = "images"
    heads: ClassVar[tuple[Head, ...]] = ()
    shape: tuple[int, int, int]
    low: float
    high: float
    dtype: str
    layout: Layout

    @property
    def units(self) -> str:
        return "pixels in [0,1]"

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Shape of one stored sample, its axes as in `layout`."""
        sides = dict(zip("chw", self.shape, strict=True))
        return tuple(sides[axis] for axis in self.layout)

    def pack(self, raw: np.ndarray) -> Tensor:
        dtype = np.dtype(np.uint8) if raw.dtype == np.uint8 else np.dtype(np.float32)
        return torch.from_numpy(np.ascontiguousarray(raw, dtype=dtype))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n c h w"]:
        x = (packed.to(torch.float32) - self.low) * (2.0 / (self.high - self.low)) - 1.0
        if self.layout == "hw":
            return x.unsqueeze(1)
        return x.movedim(-1, 1).contiguous() if self.layout == "hwc" else x

    def decode(self, x: Float[Tensor, "n c h w"]) -> np.ndarray:
        unit = (x.detach().float().cpu().clamp(-1, 1) + 1.0) / 2.0
        unit = (
            unit[:, 0]
            if self.layout == "hw"
            else unit.movedim(1, -1)
            if self.layout == "hwc"
            else unit
        )
        values = unit.numpy().astype(np.float64) * (self.high - self.low) + self.low
        dtype = np.dtype(self.dtype)
        if dtype.kind == "b":
            return values > (self.low + self.high) / 2
        return (np.rint(values) if dtype.kind in "iu" else values).astype(dtype)

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return pixels in [0, 1], channels first whatever the layout, flattened."""
        unit = (np.asarray(raw, dtype=np.float64) - self.low) / (self.high - self.low)
        return (np.moveaxis(unit, -1, 1) if self.layout == "hwc" else unit).reshape(
            len(raw), int(np.prod(self.shape))
        )

    def to_pixels(self, raw: np.ndarray) -> np.ndarray:
        """Return `[n, h, w, c]` uint8 for a picture file."""
        c, h, w = self.shape
        unit = np.rint(self.measure(raw) * 255).clip(0, 255).astype(np.uint8)
        return np.moveaxis(unit.reshape(-1, c, h, w), 1, -1)


Codec = VectorCodec | ImageCodec | TableCodec


def codec_to_json(codec: Codec) -> dict[str, Any]:
    """Return the codec as plain values for JSON."""
    return {"kind": codec.kind, **asdict(codec)}


def codec_from_json(fields: dict[str, Any]) -> Codec:
    """Build a codec from what `codec_to_json` gave; anything else is a `WganError`."""
    kinds: dict[str, type[Codec]] = {c.kind: c for c in (VectorCodec, ImageCodec, TableCodec)}
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k != "kind"
    }
    try:
        if fields["kind"] == TableCodec.kind:
            values["columns"] = from_json(fields["columns"])
        codec = kinds[fields["kind"]](**values)
        np.dtype(codec.dtype)
        if not all(isinstance(side, int) and side > 0 for side in codec.shape):
            raise TypeError(f"shape {codec.shape}")
        return codec
    except (KeyError, TypeError, AttributeError) as error:
        raise WganError(
            f"the description of the data is damaged or from a newer version ({error})"
        ) from None
