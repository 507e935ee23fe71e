"""Records of shards: what one pass over a shard finds, kept in the cache, and merged over shards.

The record of a shard depends on that shard alone, and records are merged in the order of names. So
the result is the same, to the bit, if one process makes them or several that share a cache.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from wgan.base.errors import WganError
from wgan.base.tensors import read_tensors, write_tensors
from wgan.data.cache import cache_folder
from wgan.data.shards.hashing import WHOLE, below, row_hashes
from wgan.data.storage import Moments, Rows, check_finite, chunks

VERSION = 1
"""Counts the ways in which records were made; those of another one are made again."""
FOLDER = "shards"
"""Folder of records in the cache."""
HEADER = "record"
"""Name of the header of a record's file."""
ORDER = "order"
"""Purpose of the hashes by which rows are sampled, and which order them."""


@dataclass(frozen=True)
class Head:
    """Place of the rows of a shard, as an array in a file.

    Attributes:
        rows: their number.
        shape: the shape of one.
        dtype: the type of their numbers.
        offset: bytes before the first.
    """

    rows: int
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(frozen=True)
class Record:
    """Findings of one pass over a shard.

    Attributes:
        head: where its rows are.
        digest: a SHA-256 of its rows.
        moments: the statistics of its rows; without means where samples have several axes.
        bound: rows whose hash lies below were kept.
        kept: numbers of the rows that were kept.
        sample: `[k, row_bytes]` these rows.
        labels: the class of each row; empty where it has none.
    """

    head: Head
    digest: str
    moments: Moments
    bound: int
    kept: Int64[np.ndarray, " k"]
    sample: UInt8[np.ndarray, "k bytes"]
    labels: tuple[str, ...] = ()


def record_of(
    rows: Rows,
    head: Head,
    name: str,
    where: str,
    bound: int,
    labels: Sequence[str] = (),
    may_lack: bool = False,
) -> Record:
    """Return the record of a shard, in one pass over its rows.

    Args:
        rows: its rows.
        head: where they are.
        name: its name, by which rows are kept.
        where: what messages call it.
        bound: rows whose hash lies below are kept.
        labels: the class of each row, if any.
        may_lack: whether NaN stands for a missing value; moments are not needed then.

    Raises:
        WganError: a NaN or an infinity; the message names the row.
    """
    digest = sha256(repr((rows.shape, rows.dtype.str)).encode())
    only_ends = may_lack or len(head.shape[1:]) > 0
    columns = 0 if only_ends else int(np.prod(head.shape))
    moments = Moments.none(columns)
    keep = below(row_hashes(0, ORDER, name, 0, head.rows), bound)
    sample = []
    for start, piece in chunks(rows):
        piece = np.ascontiguousarray(piece)
        digest.update(piece.data)
        flat = piece.reshape(len(piece), -1)
        if not may_lack:
            check_finite(flat, start, where)
        if only_ends:  # nobody asks for the means of pixels, which take more room than the sample
            low, high = (0.0, 0.0) if may_lack else (float(flat.min()), float(flat.max()))
            ends = Moments(len(flat), low, high, np.zeros(0), np.zeros(0))
            moments = moments.merged(ends)
        else:
            moments = moments.merged(Moments.of(flat))
        sample.append(flat[keep[start : start + len(piece)]].view(np.uint8))
    digest.update(repr(tuple(labels)).encode())
    kept = np.flatnonzero(keep)
    joined = np.concatenate(sample).reshape(len(kept), head.row_bytes)
    return Record(head, digest.hexdigest(), moments, bound, kept, joined, tuple(labels))


def write_record(record: Record, path: Path) -> None:
    """Write a record, whole or not at all.

    Args:
        record: what to write.
        path: the file.
    """
    head, moments = record.head, record.moments
    arrays = {
        "mean": moments.mean,
        "m2": moments.m2,
        "ends": np.array([moments.low, moments.high]),
        "kept": record.kept,
        "sample": record.sample,
    }
    tensors = {name: torch.from_numpy(each) for name, each in arrays.items() if each.size}
    about = {
        "rows": head.rows,
        "shape": head.shape,
        "dtype": head.dtype.str,
        "offset": head.offset,
        "digest": record.digest,
        "bound": record.bound,
        "labels": record.labels,
    }
    write_tensors(path, tensors, {HEADER: json.dumps(about)})


def read_record(path: Path, bound: int) -> Record | None:
    """Return a record of the cache; None: there is none, or one that kept fewer rows.

    Args:
        path: the file.
        bound: rows whose hash lies below are wanted.
    """
    try:
        tensors, header = read_tensors(path)
        about = json.loads(header[HEADER])
        if about["bound"] < bound:
            return None
        dtype = np.dtype(about["dtype"])
        head = Head(about["rows"], tuple(about["shape"]), dtype, about["offset"])
        none = torch.zeros(0, dtype=torch.float64)
        low, high = tensors["ends"].tolist()
        mean, m2 = (tensors.get(name, none).numpy() for name in ("mean", "m2"))
        moments = Moments(head.rows, low, high, mean, m2)
        kept = tensors.get("kept", none.long()).numpy()
        sample = tensors.get("sample", none.byte()).numpy().reshape(len(kept), head.row_bytes)
        labels = tuple(about["labels"])
    except (WganError, OSError, KeyError, ValueError, TypeError):
        return None  # a damaged record is made again
    return Record(head, about["digest"], moments, about["bound"], kept, sample, labels)


def kept_below(record: Record, name: str, bound: int) -> Record:
    """Return a record with those rows alone whose hash lies below a bound.

    Args:
        record: one that kept as many rows or more.
        name: the name of its shard.
        bound: the bound.
    """
    if record.bound == bound:
        return record
    hashes = row_hashes(0, ORDER, name, 0, record.head.rows)[record.kept]
    chosen = below(hashes, bound)
    return Record(
        record.head,
        record.digest,
        record.moments,
        bound,
        record.kept[chosen],
        record.sample[chosen],
        record.labels,
    )


def _path(key: str) -> Path:
    name = sha256(f"{VERSION} {key}".encode()).hexdigest()
    return cache_folder() / FOLDER / f"{name}.safetensors"


def record_known(key: str, bound: int) -> Record | None:
    """Return the record of a shard that the cache has; arguments as `record_in_cache`."""
    return read_record(_path(key), bound)


def record_in_cache(key: str, bound: int, make: Callable[[], Record], wait: bool) -> Record | None:
    """Return the record of a shard, made if the cache has none.

    One process makes it at a time, so that several share the work.

    Args:
        key: a hash of the shard's place, size and tag, and of how it is read.
        bound: rows whose hash lies below are kept.
        make: makes the record.
        wait: whether to wait while another process makes it; otherwise None is returned.
    """
    path = _path(key)
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            if not _locked(lock, wait):
                return None
            record = read_record(path, bound)
            if record is None:
                record = make()
                write_record(record, path)
            path.with_suffix(".lock").unlink(missing_ok=True)
            return record
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise WganError(
            f"{folder}: no folder that the cache can be written to ({error.strerror}): name another"
            " in WGAN_CACHE"
        ) from None


def _locked(lock: IO[str], wait: bool) -> bool:
    """Return whether a file could be locked; closing it unlocks it."""
    try:
        import fcntl
    except ImportError:  # not POSIX: two processes may then do the same work
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def bound_for(total: int, most: int) -> int:
    """Return the bound of the hashes of rows that are kept.

    It halves whenever the data double, so that records stay useful while shards are added.

    Args:
        total: bytes of all shards.
        most: bytes of the rows that are kept, about.

    >>> bound_for(100, 100) == 2**64, bound_for(101, 100) == 2**63
    (True, True)
    """
    bound = WHOLE
    while total * bound > most * WHOLE:
        bound //= 2
    return bound
