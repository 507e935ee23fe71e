"""The data stage of the made-up kind: angles in degrees, which a network sees as points."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from wgan.base.progress import silent
from wgan.data.codec import PlainCodec
from wgan.data.dataset import Dataset
from wgan.data.storage import summarise


@dataclass(frozen=True)
class CircleCodec(PlainCodec):
    """An angle `[1]` in degrees is the point (cos, sin); decoding takes the nearest direction."""

    kind: ClassVar[str] = "circle"
    coarse: ClassVar[bool] = False
    shape: ClassVar[tuple[int, ...]] = (2,)
    raw_shape: ClassVar[tuple[int, ...]] = (1,)
    dtype: str = "<f8"
    units: str = "radii"

    def pack(self, raw):
        return torch.from_numpy(self.measure(raw).astype(np.float32))

    def unpack(self, packed):
        return packed

    def decode(self, x):
        x, y = x.detach().double().cpu().numpy().T
        return np.degrees(np.arctan2(y, x))[:, None]

    def measure(self, raw):
        angle = np.radians(np.asarray(raw, dtype=np.float64))
        return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def read_circle(rows, name, channels_first=False, progress=silent):
    """Return the data set of an array of angles `[n]`."""
    rows = np.asarray(rows[:], dtype=np.float64).reshape(-1, 1)
    return Dataset(name, rows, CircleCodec(), summarise(rows, name, progress).digest)
