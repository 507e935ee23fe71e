"""Where do samples lie? Arrays in memory or in a file, read by row numbers; a file is mapped only while it is read,

so that resident memory holds a batch and not the file. Also: one pass over all rows for their statistics and hash.
"""

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from rich.progress import track

from wgan.errors import WganError

CHUNK_BYTES = 4 * 2**20
SHOW_PROGRESS_BYTES = 512 * 2**20


@dataclass(frozen=True)
class MappedRows:
    """An array inside a file. Each read maps the file, copies the rows and lets the map go."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    order: Literal["C", "F"] = "C"

    def __post_init__(self) -> None:
        need = self.offset + math.prod(self.shape) * self.dtype.itemsize
        have = self.path.stat().st_size
        if have < need:
            raise WganError(f"{self.path}: cut short, {have} bytes where its header promises {need}: copy or make it again")

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        array = np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)
        if isinstance(rows, np.ndarray) and hasattr(mmap, "MADV_RANDOM"):
            array._mmap.madvise(mmap.MADV_RANDOM)  # type: ignore[attr-defined]  # no read-ahead for scattered rows
        return np.array(array[rows])


Rows = np.ndarray | MappedRows


@dataclass(frozen=True)
class Summary:
    """What one pass over all rows found; mean and deviation are per column of `[n, -1]`."""

    low: float
    high: float
    mean: np.ndarray
    deviation: np.ndarray
    digest: str


def chunks(rows: Rows) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first row, rows) in pieces of about 4 MiB."""
    row_bytes = max(1, int(np.prod(rows.shape[1:])) * rows.dtype.itemsize)
    size = max(1, CHUNK_BYTES // row_bytes)
    for start in range(0, rows.shape[0], size):
        yield start, rows[start : start + size]


def summarise(rows: Rows, name: str, progress: bool = False) -> Summary:
    """Read every row once: range, per-column mean and deviation (float64, by Chan's pairwise update), and a SHA-256.

    Raises:
        WganError: a NaN or an infinity, naming the row.
    """
    digest = sha256(repr((rows.shape, rows.dtype.str)).encode())
    low, high, count = np.inf, -np.inf, 0
    columns = int(np.prod(rows.shape[1:]))
    mean, m2 = np.zeros(columns), np.zeros(columns)
    total = int(np.prod(rows.shape)) * rows.dtype.itemsize
    steps = -(-rows.shape[0] // max(1, CHUNK_BYTES // max(1, columns * rows.dtype.itemsize)))
    pieces = track(chunks(rows), "Reading the data", total=steps, disable=not progress or total < SHOW_PROGRESS_BYTES, transient=True)
    for start, piece in pieces:
        digest.update(np.ascontiguousarray(piece).data)
        flat = piece.reshape(len(piece), -1)
        low, high = min(low, float(flat.min())), max(high, float(flat.max()))
        if not (np.isfinite(low) and np.isfinite(high)) or np.isnan(flat.sum(dtype=np.float64)):
            _reject_non_finite(flat, start, name)
        piece_mean = flat.mean(axis=0, dtype=np.float64)
        delta, n = piece_mean - mean, len(flat)
        m2 += ((flat - piece_mean) ** 2).sum(axis=0, dtype=np.float64) + delta**2 * (count * n / (count + n))
        mean += delta * (n / (count + n))
        count += n
    return Summary(low, high, mean, np.sqrt(m2 / count), digest.hexdigest())


def _reject_non_finite(flat: np.ndarray, start: int, name: str) -> None:
    bad = ~np.isfinite(flat.astype(np.float64)).all(axis=1)
    if bad.any():
        raise WganError(
            f"{name}: row {start + int(bad.argmax())} holds NaN or infinity ({int(bad.sum())} such rows nearby): drop those rows or fill them first"
        )
