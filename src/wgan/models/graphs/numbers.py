"""Numbers in a graph: types, steps and searches as plain operations.

They compute in double precision, as codecs do, by operations that onnxruntime has in it.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.data.tables.steps import MOST_DECIMALS

BLOCK = 32
"""Boundaries of a block of a search: a thousand of them take two comparisons with 32."""


def torch_type(dtype: str) -> torch.dtype:
    """Return torch's type of a NumPy type; double precision for one that torch has not.

    Args:
        dtype: NumPy's name of the type.
    """
    native = np.dtype(dtype).newbyteorder("=")
    try:
        return torch.from_numpy(np.zeros(1, native)).dtype
    except TypeError:
        return torch.float64


def as_type(values: Float[Tensor, "*shape"], dtype: str) -> Tensor:
    """Return numbers in a type, as `data.storage.as_type` does.

    Args:
        values: the numbers, in double precision.
        dtype: NumPy's name of a type of booleans, whole numbers or floats.
    """
    found = torch_type(dtype)
    if found == torch.bool:
        return values > 0.5
    if found.is_floating_point:
        most = torch.finfo(found).max
        finite = values.abs() < torch.inf
        return torch.where(finite, values.clamp(-most, most), values).to(found)
    limits = np.iinfo(np.dtype(dtype))
    high = float(limits.max)
    if int(high) > limits.max:
        high = float(np.nextafter(high, 0))
    return torch.round(values).clamp(float(limits.min), high).to(found)


def rounded(x: Float[Tensor, "*shape"], step: float) -> Float[Tensor, "*shape"]:
    """Return the nearest multiples of a step, as `data.tables.steps.rounded` does.

    Args:
        x: the numbers, in double precision.
        step: the step; 0 returns the numbers as they are.
    """
    if not step:
        return x
    decimals = round(-np.log10(step))
    if decimals >= 0 and np.isclose(step, 10.0**-decimals, rtol=1e-9, atol=0):
        return in_decimals(x, decimals)
    nearest = torch.round(x / step) * step
    return nearest if step == np.rint(step) else in_decimals(nearest, MOST_DECIMALS)


def in_decimals(x: Float[Tensor, "*shape"], decimals: int) -> Float[Tensor, "*shape"]:
    """Return numbers with this many decimals.

    Args:
        x: the numbers, in double precision.
        decimals: how many.
    """
    scale = 10.0**decimals
    return torch.round(x * scale) / scale


def double(values: object) -> Float[Tensor, "*shape"]:
    """Return numbers as a tensor in double precision."""
    return torch.from_numpy(np.array(values, dtype=np.float64))


class Place(nn.Module):
    """The number of boundaries below a number: `searchsorted` of NumPy.

    Boundaries stand in blocks, and the last ones of all blocks are compared first.

    Args:
        boundaries: rising numbers.
        right: whether boundaries that are equal to a number count as below it.
    """

    last: Tensor
    blocks: Tensor

    def __init__(self, boundaries: np.ndarray, right: bool = False) -> None:
        super().__init__()
        self.right = right
        rows = -(-(len(boundaries) + 1) // BLOCK)
        padded = np.full(rows * BLOCK, np.inf)
        padded[: len(boundaries)] = boundaries
        blocks = padded.reshape(rows, BLOCK)
        self.register_buffer("last", double(blocks[:-1, -1]))
        self.register_buffer("blocks", double(blocks))

    def forward(self, x: Float[Tensor, " n"]) -> Tensor:
        if self.blocks.shape[0] == 1:
            return self._below(self.blocks, x)
        block = self._below(self.last, x)
        return block * BLOCK + self._below(self.blocks[block], x)

    def _below(self, boundaries: Tensor, x: Tensor) -> Tensor:
        near = boundaries <= x[:, None] if self.right else boundaries < x[:, None]
        return near.sum(1)
