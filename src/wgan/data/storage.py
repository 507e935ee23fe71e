"""Where do samples lie? Arrays in memory or in a file, read by row numbers, so that memory holds a
batch and not the file.

Also: one pass over all rows for their statistics and hash.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked

CHUNK_BYTES = 4 * 2**20
SHOW_PROGRESS_BYTES = 512 * 2**20


@dataclass(frozen=True)
class FileRows:
    """An array inside a file, read row by row with plain reads.

    Not mapped: a kernel may map 2 MiB around every touched row, so that a thousand scattered rows
    hold gigabytes. Only an array in Fortran's order, whose rows lie scattered themselves, is mapped
    for each read.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    order: Literal["C", "F"] = "C"

    def __post_init__(self) -> None:
        need = self.offset + math.prod(self.shape) * self.dtype.itemsize
        have = self.path.stat().st_size
        if have < need:
            raise WganError(
                f"{self.path}: cut short, {have} bytes where its header promises {need}: copy or"
                " make it again"
            )

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        if self.order == "F":
            return np.array(
                np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)[rows]
            )
        row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(self.shape[0])
            flat = np.fromfile(
                self.path,
                self.dtype,
                (stop - start) * math.prod(self.shape[1:]),
                offset=self.offset + start * row_bytes,
            )
            return flat.reshape(-1, *self.shape[1:])
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        with self.path.open("rb", buffering=0) as file:
            for i, row in enumerate(rows.tolist()):
                file.seek(self.offset + row * row_bytes)
                if file.readinto(out[i : i + 1].view(np.uint8).data) != row_bytes:
                    raise WganError(
                        f"{self.path}: row {row} is no longer there: the file changed while it was"
                        " read"
                    )
        return out


Rows = np.ndarray | FileRows


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


def summarise(rows: Rows, name: str, progress: Progress = silent) -> Summary:
    """Read every row once: range, per-column mean and deviation (float64, by Chan's pairwise
    update), and a SHA-256.

    Raises:
        WganError: a NaN or an infinity, naming the row.
    """
    digest = sha256(repr((rows.shape, rows.dtype.str)).encode())
    low, high, count = np.inf, -np.inf, 0
    columns = int(np.prod(rows.shape[1:]))
    mean, m2 = np.zeros(columns), np.zeros(columns)
    total = int(np.prod(rows.shape)) * rows.dtype.itemsize
    steps = -(-rows.shape[0] // max(1, CHUNK_BYTES // max(1, columns * rows.dtype.itemsize)))
    listener = progress if total >= SHOW_PROGRESS_BYTES else silent
    pieces = tracked(chunks(rows), "reading the data", steps, listener)
    for start, piece in pieces:
        digest.update(np.ascontiguousarray(piece).data)
        flat = piece.reshape(len(piece), -1)
        low, high = min(low, float(flat.min())), max(high, float(flat.max()))
        if not (np.isfinite(low) and np.isfinite(high)) or np.isnan(flat.sum(dtype=np.float64)):
            _reject_non_finite(flat, start, name)
        piece_mean = flat.mean(axis=0, dtype=np.float64)
        delta, n = piece_mean - mean, len(flat)
        m2 += ((flat - piece_mean) ** 2).sum(axis=0, dtype=np.float64) + delta**2 * (
            count * n / (count + n)
        )
        mean += delta * (n / (count + n))
        count += n
    return Summary(low, high, mean, np.sqrt(m2 / count), digest.hexdigest())


def _reject_non_finite(flat: np.ndarray, start: int, name: str) -> None:
    bad = ~np.isfinite(flat.astype(np.float64)).all(axis=1)
    if bad.any():
        raise WganError(
            f"{name}: row {start + int(bad.argmax())} holds NaN or infinity ({int(bad.sum())} such"
            " rows nearby): drop those rows or fill them first"
        )
