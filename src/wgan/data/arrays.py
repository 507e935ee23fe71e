"""Arrays as data sets: from memory, and from `.npy`, `.npz` and idx files, in place where possible.

Formats: NEP 1 (npy); the idx format as described with MNIST by LeCun and Cortes.
"""

import gzip
import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.files import check_regular
from wgan.base.numbers import check_real, plain_array
from wgan.base.progress import Progress, silent
from wgan.data.cache import cached, file_digest
from wgan.data.dataset import Dataset
from wgan.data.kinds import Kind, find_kind, kind_of_array
from wgan.data.packed import (
    PIECE,
    check_unpacked,
    damage_named,
    gzip_damage_named,
    is_gzip,
    read_packed,
    unpack,
)
from wgan.data.storage import FileRows, Rows

IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The type code of an idx file, its third byte, and NumPy's name of that type."""
NPZ_KEYS = ("x", "X", "data", "images", "x_train", "arr_0")
"""Customary names of the array of samples, the first that a file has is taken."""
REMEDY = "make it again with numpy.savez"


def from_memory(
    values: ArrayLike | Tensor,
    name: str = "<array>",
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of an array or tensor.

    Where channels could be the first or the last axis, they are the last of an array and the first
    of a tensor, as is customary.

    The values are copied, so that later changes to the array do not reach them; a large array takes
    its memory twice. An array that `numpy.memmap` or `numpy.load` maps from a file with mode `r` is
    not copied.

    Args:
        values: `[n]` or `[n, d]` vectors, or `[n, h, w]`, `[n, h, w, c]` or `[n, c, h, w]`
            pictures.
        name: as in `from_rows`.
        kind: as in `from_rows`.
        progress: as in `from_rows`.

    Raises:
        WganError: as `from_rows`.
    """
    array = plain_array(values, name)
    rows = array if _is_file(array) else array.copy()
    return from_rows(rows, name, isinstance(values, Tensor), kind, progress)


def _is_file(array: np.ndarray) -> bool:
    """Return whether an array is, or is a part of, a file that is mapped to be read alone."""
    while isinstance(array.base, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return isinstance(array, np.memmap) and array.mode == "r"


def from_npy(
    path: Path, kind: str | Kind = "auto", progress: Progress = silent, name: str | None = None
) -> Dataset:
    """Return the data set of a `.npy` file, read in place.

    Args:
        path: the file.
        kind: as in `from_rows`.
        progress: as in `from_rows`.
        name: what messages call it; None: the path.

    Raises:
        WganError: a file that cannot be read, or as `from_rows`.
    """
    with path.open("rb") as file:
        return from_rows(
            npy_rows(file, path).whole(), name or str(path), kind=kind, progress=progress
        )


def from_npz(
    path: Path,
    key: str | None = None,
    label: str | None = None,
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of one array of a `.npz` file.

    A stored array is read in place; a deflated one is unpacked once into the cache.

    Args:
        path: the file.
        key: name of the array; None: the only array, or the one with a customary name.
        label: name of the array of classes; None: no classes.
        kind: as in `from_rows`.
        progress: as in `from_rows`.

    Raises:
        WganError: a damaged file, no such array, or as `from_rows`.
    """
    names = [name for name in npz_names(path) if name != label]
    with _npz(path) as archive:
        member = archive.getinfo(_npz_key(path, names, key) + ".npy")
        if member.compress_type == zipfile.ZIP_STORED:
            rows = _stored_rows(path, archive, member)
        else:
            rows = _deflated_rows(path, archive, member)
    dataset = from_rows(rows, str(path), kind=kind, progress=progress)
    if label is None:
        return dataset
    return dataset.with_labels(_npz_array(path, label), f"{path}, array {label}")


@contextmanager
def _npz(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield an opened `.npz`; within, damage names the file."""
    with damage_named(str(path), "a damaged .npz", REMEDY), zipfile.ZipFile(path) as archive:
        yield archive


def _stored_rows(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> FileRows:
    """Return an array that is stored in a zip file, read in place once its checksum is right."""
    with archive.open(member) as stored:
        while stored.read(PIECE):  # the end compares the checksum
            pass
    with path.open("rb") as file:
        # A local header has the lengths of two variable fields at byte 26, and 30 bytes in all:
        # APPNOTE.TXT of the zip format, section 4.3.7.
        file.seek(member.header_offset + 26)
        name_length, extra_length = struct.unpack("<HH", file.read(4))
        file.seek(name_length + extra_length, 1)
        start = file.tell()
        rows = npy_rows(file, path)
    size = math.prod(rows.shape) * rows.dtype.itemsize
    if rows.offset - start + size != member.file_size:
        raise WganError(
            f"{path}: array {member.filename} is of another length than its header says: make it"
            " again with numpy.savez"
        )
    return rows


def _deflated_rows(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> FileRows:
    """Return an array that is compressed in a zip file, unpacked once into the cache."""
    check_unpacked(str(path), member.compress_size, member.file_size)
    identity = f"{member.CRC}{member.file_size}{member.filename}{file_digest(path)}"
    digest = sha256(identity.encode()).hexdigest()
    unpacked = cached(digest, lambda target: _inflate(archive, member, target, path))
    with unpacked.open("rb") as file:
        return npy_rows(file, unpacked, str(path)).whole()


def from_idx(path: Path, kind: str | Kind = "auto", progress: Progress = silent) -> Dataset:
    """Return the data set of an idx file, as MNIST ships; `.gz` is unpacked once into the cache.

    Args:
        path: the file.
        kind: as in `from_rows`.
        progress: as in `from_rows`.

    Raises:
        WganError: a damaged or another file, or as `from_rows`.
    """
    return from_rows(idx_rows(path), str(path), kind=kind, progress=progress)


def is_idx(path: Path) -> bool:
    """Return whether a file, unpacked, begins as idx files do.

    A damaged `.gz` file counts as one if its name says so, so that the error can say it is damaged.
    """
    try:
        head = read_packed(path, 4)
    except WganError:
        return is_gzip(path) and "idx" in path.name
    return _is_idx_head(head)


def _is_idx_head(head: bytes) -> bool:
    """Return whether four bytes are two zeros, a type code, and a number of axes from 1 to 4."""
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in IDX_DTYPES and 1 <= head[3] <= 4


def from_rows(
    rows: Rows,
    name: str,
    channels_first: bool = False,
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of an array from any source.

    Args:
        rows: the array; its first axis counts samples.
        name: what messages call it.
        channels_first: decides where both the first and the last axis of a picture could be
            channels.
        kind: the kind of data, or its name; `auto`: vectors for `[n]` and `[n, d]`, images for more
            axes.
        progress: listener, called while the data are read.

    Raises:
        WganError: values that are no numbers, no samples, or an array that does not fit the kind.
    """
    check_real(rows.dtype, name)
    if rows.dtype.kind not in "biuf":
        raise WganError(
            f"{name}: values of type {rows.dtype}; convert them to numbers, e.g."
            " array.astype('float32')"
        )
    if not rows.shape or 0 in rows.shape:
        raise WganError(
            f"{name}: shape {rows.shape} holds no samples; the first axis counts samples"
        )
    if kind == "auto":
        kind = kind_of_array(len(rows.shape))
    read = find_kind(kind).read
    if read is None:
        raise WganError(f"{name}: {kind} cannot be read from an array: leave out data.kind")
    return read(rows, name, channels_first, progress)


def npy_rows(file: BufferedIOBase, path: Path, name: str = "") -> FileRows:
    """Return the array that begins at a file's position, in `.npy` form, to be read in place.

    Args:
        file: the opened file.
        path: its path.
        name: what messages call it; empty: its path.

    Raises:
        WganError: a damaged array, or one of Python objects, which would run code when loaded.
    """
    name = name or str(path)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_2_0
        if version == (1, 0):
            read = np.lib.format.read_array_header_1_0
        shape, fortran, dtype = read(file)
    # NumPy parses the header as Python: ValueError, SyntaxError, TokenError, ...
    except Exception as error:
        raise WganError(
            f"{name}: not a readable .npy array ({error}): write it with numpy.save"
        ) from None
    if any(side < 0 for side in shape):
        raise WganError(
            f"{name}: not a readable .npy array (shape {shape}): write it with numpy.save"
        )
    if dtype.hasobject:
        raise WganError(
            f"{name}: holds Python objects, which are never loaded; save an array of numbers"
            " instead"
        )
    return FileRows(path, shape, dtype, file.tell(), "F" if fortran else "C", name)


def npz_names(path: Path) -> list[str]:
    """Return the names of the arrays in a `.npz` file.

    Raises:
        WganError: a damaged file.
    """
    with _npz(path) as archive:
        return [name[:-4] for name in archive.namelist() if name.endswith(".npy")]


def _npz_array(path: Path, name: str) -> np.ndarray:
    with _npz(path) as archive:
        member = archive.getinfo(f"{name}.npy")
        check_unpacked(f"{path}, array {name}", member.compress_size, member.file_size)
    remedy = "save numbers or text, never Python objects"
    named = damage_named(f"{path}, array {name}", "cannot be read", remedy)
    with named, np.load(path, allow_pickle=False) as arrays:
        return np.asarray(arrays[name])


def _npz_key(path: Path, names: list[str], key: str | None) -> str:
    if key is not None and key not in names:
        raise WganError(f"{path}: holds no array '{key}', but {', '.join(names) or 'nothing'}")
    if key is None and len(names) == 1:
        return names[0]
    key = key or next((k for k in NPZ_KEYS if k in names), None)
    if key is None:
        raise WganError(
            f"{path}: holds several arrays ({', '.join(names) or 'none'}); choose one with"
            " --key NAME"
        )
    return key


def idx_rows(path: Path) -> FileRows:
    """Return the array of an idx file, read in place; `.gz` is unpacked once into the cache.

    Raises:
        WganError: a damaged file, or another kind of file.
    """
    check_regular(path)
    plain = path
    if is_gzip(path):
        plain = cached(file_digest(path), lambda target: _gunzip(path, target))
    with plain.open("rb") as file:
        head = file.read(4)
        if not _is_idx_head(head):
            raise WganError(
                f"{path}: not an idx file (it begins with {head!r}); MNIST's begin with two zero"
                " bytes"
            )
        sides = file.read(4 * head[3])
        if len(sides) < 4 * head[3]:
            raise WganError(
                f"{path}: an idx file cut short inside its header: copy or make it again"
            )
        shape = tuple(np.frombuffer(sides, dtype=">u4").tolist())
        dtype = np.dtype(IDX_DTYPES[head[2]])
        return FileRows(plain, shape, dtype, file.tell(), name=str(path)).whole()


def _gunzip(path: Path, target: Path) -> None:
    with gzip_damage_named(str(path)), gzip.open(path) as source:
        unpack(source.read, target, str(path), path.stat().st_size)


def _inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, path: Path) -> None:
    with archive.open(member) as source:
        unpack(source.read, target, str(path), member.compress_size)
