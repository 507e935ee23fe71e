"""Rows of samples in memory or in a file, read by row number, and one pass for their statistics."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.cache import hold

CHUNK_BYTES = 4 * 2**20
"""Bytes that a pass reads at once. Smaller pieces cost more calls, larger ones more memory."""
SHOW_PROGRESS_BYTES = 512 * 2**20
"""Bytes from which on a pass over the data takes seconds, so that progress is worth showing."""


@dataclass(frozen=True)
class FileRows:
    """An array inside a file, read row by row with plain reads.

    The file is not mapped. A kernel may map 2 MiB around every row that is read, so a thousand
    scattered rows would hold 2 GiB (LOG.md, "Mapped files held gigabytes"). Only an array in
    Fortran order, whose rows are scattered themselves, is mapped for each read.

    Attributes:
        path: the file.
        shape: the shape of the array; the first axis counts rows.
        dtype: the type of its numbers.
        offset: bytes before the array.
        order: C or Fortran.
        name: what messages call the file; empty: its path.

    Raises:
        WganError: a file that is shorter than the array.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    order: Literal["C", "F"] = "C"
    name: str = ""

    def __post_init__(self) -> None:
        need = self.offset + math.prod(self.shape) * self.dtype.itemsize
        have = self.path.stat().st_size
        if have < need:
            raise WganError(
                f"{self.name or self.path}: cut short, {have} bytes where its header promises"
                f" {need}: copy or"
                " make it again"
            )
        hold(self.path, self)

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        if self.order == "F":
            try:
                mapped = np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)
            except ValueError:  # a file that is shorter now
                raise self._changed(0) from None
            return np.array(mapped[rows])
        row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(self.shape[0])
            count = max(0, stop - start) * math.prod(self.shape[1:])
            place = self.offset + start * row_bytes
            flat = np.fromfile(self.path, self.dtype, count, offset=place)
            if len(flat) < count:
                raise self._changed(start + len(flat) * self.dtype.itemsize // max(1, row_bytes))
            return flat.reshape(-1, *self.shape[1:])
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        with self.path.open("rb", buffering=0) as file:
            for i, row in enumerate(rows.tolist()):
                file.seek(self.offset + row * row_bytes)
                if file.readinto(out[i : i + 1].view(np.uint8).data) != row_bytes:
                    raise self._changed(row)
        return out

    def whole(self) -> "FileRows":
        """Return the array, and refuse a file that continues after it.

        Raises:
            WganError: more bytes than the header promises, such as those of a second array.
        """
        need = self.offset + math.prod(self.shape) * self.dtype.itemsize
        have = self.path.stat().st_size
        if have > need:
            raise WganError(
                f"{self.name or self.path}: continues after its array, {have} bytes where its"
                f" header promises {need}: save one array in a file"
            )
        return self

    def _changed(self, row: int) -> WganError:
        return WganError(
            f"{self.name or self.path}: row {row} is no longer there: the file changed while it was"
            " read"
        )


@runtime_checkable
class StoredRows(Protocol):
    """Samples that are read by row number: an array's shape and type, and its rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array; the first axis counts rows."""

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""

    def __getitem__(self, rows: Any) -> np.ndarray: ...


Rows = np.ndarray | StoredRows


def as_type(values: Float[np.ndarray, "*shape"], dtype: np.dtype) -> np.ndarray:
    """Return numbers in a type: whole ones rounded, and those beyond its limits at the limits.

    A plain conversion would give 2^63 another sign, and 7e4 in half precision infinity.

    Args:
        values: the numbers, in double precision.
        dtype: a type of booleans, whole numbers or floats.

    >>> as_type(np.array([-7.0, 2.6, 300.0]), np.dtype(np.uint8)).tolist()
    [0, 3, 255]
    """
    if dtype.kind == "b":
        return values > 0.5
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        # Infinity stays infinity: it is a fault that must be seen, not a number that is too large.
        return np.where(np.isfinite(values), values.clip(-most, most), values).astype(dtype)
    limits = np.iinfo(dtype)
    low, high = float(limits.min), float(limits.max)
    # 2^63 - 1 is no double: the nearest one is 2^63, which does not fit.
    if int(high) > limits.max:
        high = float(np.nextafter(high, 0))
    return np.rint(values).clip(low, high).astype(dtype)


@dataclass(frozen=True)
class Summary:
    """The statistics of all rows.

    Attributes:
        low: the least number.
        high: the largest number.
        mean: `[d]` means of the columns of `[n, d]`, all axes but the first being one.
        deviation: `[d]` standard deviations of these columns.
        digest: a SHA-256 of shape, type and contents.
    """

    low: float
    high: float
    mean: np.ndarray
    deviation: np.ndarray
    digest: str


@runtime_checkable
class Summarised(Protocol):
    """Rows whose statistics are known, so that no pass over them is needed."""

    @property
    def summary(self) -> Summary:
        """The statistics of all rows."""


@dataclass(frozen=True)
class Moments:
    """Number, ends, means and sums of squared deviations of rows, which merge.

    Attributes:
        count: the number of rows.
        low: the least number.
        high: the largest number.
        mean: `[d]` means of the columns.
        m2: `[d]` sums of squared deviations from these means.
    """

    count: int
    low: float
    high: float
    mean: np.ndarray
    m2: np.ndarray

    @classmethod
    def none(cls, columns: int) -> "Moments":
        """Return those of no rows."""
        return cls(0, np.inf, -np.inf, np.zeros(columns), np.zeros(columns))

    @classmethod
    def of(cls, flat: np.ndarray) -> "Moments":
        """Return those of rows `[n, d]`."""
        # An overflow is found, and refused, at the end.
        with np.errstate(over="ignore", invalid="ignore"):
            mean = flat.mean(axis=0, dtype=np.float64)
            m2 = ((flat - mean) ** 2).sum(axis=0, dtype=np.float64)
        return cls(len(flat), float(flat.min()), float(flat.max()), mean, m2)

    def merged(self, other: "Moments") -> "Moments":
        """Return the moments of the rows of both parts A and B, by the pairwise update.

            M2 = M2_A + M2_B + (mean_B - mean_A)^2 n_A n_B / (n_A + n_B).

        Reference: Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance".
        """
        n = other.count
        total = self.count + n
        with np.errstate(over="ignore", invalid="ignore"):
            delta = other.mean - self.mean
            mean = self.mean + delta * (n / total)
            m2 = self.m2 + (other.m2 + delta**2 * (self.count * n / total))
        return Moments(total, min(self.low, other.low), max(self.high, other.high), mean, m2)

    def deviation(self, name: str) -> np.ndarray:
        """Return the `[d]` standard deviations of the columns.

        Args:
            name: what messages call the data.

        Raises:
            WganError: numbers whose squares overflow.
        """
        if not np.isfinite(self.m2).all():
            raise WganError(
                f"{name}: values as large as {max(-self.low, self.high):g} have no standard"
                " deviation in double precision: divide the data by such a number"
            )
        return np.sqrt(self.m2 / self.count)


def chunks(rows: Rows) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first row, rows) in pieces of about 4 MiB."""
    row_bytes = max(1, int(np.prod(rows.shape[1:])) * rows.dtype.itemsize)
    size = max(1, CHUNK_BYTES // row_bytes)
    for start in range(0, rows.shape[0], size):
        yield start, rows[start : start + size]


def summarise(rows: Rows, name: str, progress: Progress = silent) -> Summary:
    """Return the statistics of all rows, each read once.

    Means and deviations are float64.

    Args:
        rows: the array.
        name: what messages call it.
        progress: listener, called where there is much to read.

    Raises:
        WganError: a NaN or an infinity, and the message names the row; numbers whose squares
            overflow.
    """
    if isinstance(rows, Summarised):
        return rows.summary
    digest = sha256(repr((rows.shape, rows.dtype.str)).encode())
    columns = int(np.prod(rows.shape[1:]))
    moments = Moments.none(columns)
    total = int(np.prod(rows.shape)) * rows.dtype.itemsize
    steps = -(-rows.shape[0] // max(1, CHUNK_BYTES // max(1, columns * rows.dtype.itemsize)))
    listener = progress if total >= SHOW_PROGRESS_BYTES else silent
    for start, piece in tracked(chunks(rows), "reading the data", steps, listener):
        digest.update(np.ascontiguousarray(piece).data)
        flat = piece.reshape(len(piece), -1)
        check_finite(flat, start, name)
        moments = moments.merged(Moments.of(flat))
    deviation = moments.deviation(name)
    return Summary(moments.low, moments.high, moments.mean, deviation, digest.hexdigest())


def check_finite(flat: np.ndarray, start: int, name: str) -> None:
    """Refuse NaN and infinity.

    Args:
        flat: `[n, d]` rows.
        start: the number of the first of them.
        name: what messages call the data.

    Raises:
        WganError: such a number; the message names its row.
    """
    # A NaN may escape min and max, and never the sum.
    with np.errstate(over="ignore", invalid="ignore"):
        total = flat.sum(dtype=np.float64)
    if not (np.isfinite(flat.min()) and np.isfinite(flat.max())) or np.isnan(total):
        _reject_non_finite(flat, start, name)


def _reject_non_finite(flat: np.ndarray, start: int, name: str) -> None:
    bad = ~np.isfinite(flat.astype(np.float64)).all(axis=1)
    if bad.any():
        raise WganError(
            f"{name}: row {start + int(bad.argmax())} holds NaN or infinity ({int(bad.sum())} such"
            " rows nearby): drop those rows or fill them first"
        )
