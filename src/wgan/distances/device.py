"""Devices that multiply the tiles of exact transport: this machine's processors, or one of torch.

Both find the same pairs up to the rounding of float32, which is taken off either way. Pairs that a
device finds are computed again in float64 on the processor, so that the proof is the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from wgan.base.errors import WganError
from wgan.distances.pricing import Negative, negative

FEW_DIMENSIONS = 5
"""Dimensions up to which blocks are small. Heavy tails of n = 6,000 in 4-D took half the time with
small blocks; what lies between 5 and 16 was not measured.
"""

SMALL_BLOCK = 128
LARGE_BLOCK = 512
"""Points of a block, in few dimensions and beyond: boxes bound nothing in many dimensions, and
larger blocks share the columns' side of the product.
"""

SMALL_WIDTH = 4096
LARGE_WIDTH = 2048
"""Columns of a tile, in few dimensions and beyond: with the rows of a block, 2 to 4 MB."""

DEVICE_BLOCK = 1024
DEVICE_WIDTH = 65_536
"""Columns of a tile on a device: tiles of 256 MB, as each costs some transfers and launches."""


@dataclass(frozen=True)
class Tiles:
    """Settings of pricing: the points of a block, the columns of a tile, and the multiplication."""

    block: int
    width: int
    find: Negative = negative


@contextmanager
def tiles_for(d: int, device: str | None) -> Iterator[Tiles]:
    """Yield the tiles of a solve.

    Args:
        d: dimensions of the samples.
        device: a device of torch, such as `cuda`; None: this machine's processors.

    Raises:
        WganError: torch is missing, knows no such device, or the device rounds products more than
            float32 does.
    """
    if device is None:
        small = d <= FEW_DIMENSIONS
        yield Tiles(SMALL_BLOCK if small else LARGE_BLOCK, SMALL_WIDTH if small else LARGE_WIDTH)
        return
    try:
        import torch  # takes seconds to import, and is needed for a device alone
    except ImportError as error:
        raise WganError(
            f"device {device!r}: torch is not installed; leave the device out, or install torch"
        ) from error
    precision = torch.get_float32_matmul_precision()
    # TensorFloat-32 keeps 11 bits of each factor: the bound of the rounding would not hold.
    torch.set_float32_matmul_precision("highest")
    try:
        yield Tiles(DEVICE_BLOCK, DEVICE_WIDTH, _checked(torch, device))
    finally:
        torch.set_float32_matmul_precision(precision)


def _checked(torch: Any, device: str) -> Negative:
    """Return `negative` of a device, which multiplies in float32 and no less."""

    def find(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        a = torch.from_numpy(left).to(device)
        b = torch.from_numpy(right).to(device)
        product = a @ b.T
        i, j = torch.nonzero(product < 0, as_tuple=True)
        found = product[i, j]
        return i.cpu().numpy(), j.cpu().numpy(), found.cpu().numpy()

    # -(1 + 2^-20) has 21 bits: any format with fewer gives -1. The other terms are 0.
    value = np.float32(-1 - 2.0**-20)
    left, right = np.zeros((2, 256, 32), np.float32)
    left[:, 0] = value
    right[:, 0] = 1
    try:
        found = find(left, right)[2]
    except (RuntimeError, AssertionError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise WganError(
            f"device {device!r} cannot be used ({lines[0]}): leave the device out, or choose one"
            " that torch lists"
        ) from error
    if not (len(found) == 256 * 256 and (found == value).all()):
        raise WganError(
            f"device {device!r} multiplies with fewer digits than float32, so that nothing would be"
            " proved: switch TensorFloat-32 off, or leave the device out"
        )
    return find
