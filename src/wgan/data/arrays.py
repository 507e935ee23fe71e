"""How is an array read? From memory, `.npy` and `.npz` (read in place where stored plainly) or idx
files (`.gz` too).

Formats: NEP 1 (npy); the idx format as described with MNIST by LeCun and Cortes.
"""

import gzip
import lzma
import shutil
import struct
import zipfile
import zlib
from hashlib import sha256
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from torch import Tensor

from wgan.base.errors import WganError
from wgan.data.cache import cached, file_digest
from wgan.data.codecs import Codec, ImageCodec, Layout, VectorCodec
from wgan.data.dataset import Dataset
from wgan.data.storage import FileRows, Rows, summarise

IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
NPZ_KEYS = ("x", "X", "data", "images", "x_train", "arr_0")
CHANNELS = (1, 3, 4)
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
)
"""What the standard library raises for damaged, encrypted or unknown compressed members."""


def from_memory(
    values: np.ndarray | Tensor, name: str = "<array>", progress: bool = False
) -> Dataset:
    """Return the data set of an array or tensor: `[n, d]` vectors, `[n, h, w]` or `[n, h, w, c]`
    pictures.
    """
    if isinstance(values, Tensor):
        return from_rows(values.detach().cpu().numpy(), name, progress, channels_first=True)
    return from_rows(np.asarray(values), name, progress)


def from_npy(path: Path, progress: bool = False, name: str | None = None) -> Dataset:
    """Return the data set of a `.npy` file, read in place; `name` is what messages call it."""
    with path.open("rb") as file:
        return from_rows(npy_rows(file, path), name or str(path), progress)


def from_npz(
    path: Path, key: str | None = None, progress: bool = False, label: str | None = None
) -> Dataset:
    """Return the data set of one array of a `.npz` file: read in place if stored, unpacked once
    into the cache if deflated.

    The array called `label` holds the classes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(
                _npz_key(path, [n for n in npz_names(path) if n != label], key) + ".npy"
            )
            if member.compress_type == zipfile.ZIP_STORED:
                with path.open("rb") as file:
                    file.seek(member.header_offset + 26)
                    name_length, extra_length = struct.unpack("<HH", file.read(4))
                    file.seek(name_length + extra_length, 1)
                    rows = npy_rows(file, path)
            else:
                digest = sha256(
                    f"{member.CRC}{member.file_size}{member.filename}{file_digest(path)}".encode()
                ).hexdigest()
                unpacked = cached(digest, lambda target: _inflate(archive, member, target))
                with unpacked.open("rb") as file:
                    rows = npy_rows(file, unpacked)
        dataset = from_rows(rows, str(path), progress)
        return (
            dataset
            if label is None
            else dataset.with_labels(_npz_array(path, label), f"{path}, array {label}")
        )
    except DAMAGED as error:
        raise WganError(
            f"{path}: a damaged .npz ({error}): make it again with numpy.savez"
        ) from None


def from_idx(path: Path, progress: bool = False) -> Dataset:
    """Return the data set of an idx file as MNIST ships; `.gz` is unpacked once into the cache."""
    return from_rows(idx_rows(path), str(path), progress)


def is_idx(path: Path) -> bool:
    """Tell whether a file begins as idx files do (after unpacking): two zero bytes, a type code, 1
    to 4 axes.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4)
    except (OSError, EOFError, zlib.error):
        return path.suffix == ".gz" and "idx" in path.name
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in IDX_DTYPES and 1 <= head[3] <= 4


def from_rows(
    rows: Rows, name: str, progress: bool = False, channels_first: bool = False
) -> Dataset:
    """Return the data set of an array of any source; its shape and range say what it holds.

    `channels_first` decides where both the first and the last axis of a sample could be channels.
    """
    if rows.dtype.kind not in "biuf":
        raise WganError(
            f"{name}: values of type {rows.dtype}; convert them to numbers, e.g."
            " array.astype('float32')"
        )
    if len(rows.shape) == 0 or 0 in rows.shape:
        raise WganError(
            f"{name}: shape {rows.shape} holds no samples; the first axis counts samples"
        )
    if len(rows.shape) == 1:
        rows = _as_column(rows)
    summary = summarise(rows, name, progress)
    codec: Codec
    if len(rows.shape) == 2:
        scale = np.where(summary.deviation > 0, summary.deviation, 1.0)
        codec = VectorCodec(tuple(summary.mean.tolist()), tuple(scale.tolist()), rows.dtype.str)
    else:
        low, high = _pixel_range(summary.low, summary.high, name)
        shape, layout = _picture_shape(rows.shape[1:], name, channels_first)
        codec = ImageCodec(shape, low, high, rows.dtype.str, layout)
    return Dataset(name, rows, codec, summary.digest)


def _as_column(rows: Rows) -> Rows:
    if isinstance(rows, FileRows):
        return FileRows(rows.path, (*rows.shape, 1), rows.dtype, rows.offset)
    return np.asarray(rows)[:, None]


def _pixel_range(low: float, high: float, name: str) -> tuple[float, float]:
    for least, most in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if least <= low and high <= most:
            return least, most
    raise WganError(
        f"{name}: picture values run from {low:g} to {high:g}; scale them to [0, 1], [-1, 1] or [0,"
        " 255]"
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


def npy_rows(file: BufferedIOBase, path: Path) -> FileRows:
    """Return the array that begins at the file's position in `.npy` form, to be read in place.

    Raises:
        WganError: damaged, or one of Python objects, which would run code when loaded.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(file)
    except (
        Exception
    ) as error:  # NumPy parses the header as Python: ValueError, SyntaxError, TokenError, ...
        raise WganError(
            f"{path}: not a readable .npy array ({error}): write it with numpy.save"
        ) from None
    if any(side < 0 for side in shape):
        raise WganError(
            f"{path}: not a readable .npy array (shape {shape}): write it with numpy.save"
        )
    if dtype.hasobject:
        raise WganError(
            f"{path}: holds Python objects, which are never loaded; save an array of numbers"
            " instead"
        )
    return FileRows(path, shape, dtype, file.tell(), "F" if fortran else "C")


def npz_names(path: Path) -> list[str]:
    """Return the names of the arrays in a `.npz` file.

    Raises:
        WganError: a damaged file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
    except DAMAGED as error:
        raise WganError(
            f"{path}: a damaged .npz ({error}): make it again with numpy.savez"
        ) from None


def _npz_array(path: Path, name: str) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return np.asarray(arrays[name])
    except ValueError as error:
        raise WganError(
            f"{path}: array {name} cannot be read ({error}): save numbers or text, never Python"
            " objects"
        ) from None


def _npz_key(path: Path, names: list[str], key: str | None) -> str:
    if key is not None and key not in names:
        raise WganError(f"{path}: holds no array '{key}', but {', '.join(names) or 'nothing'}")
    if key is None and len(names) == 1:
        return names[0]
    found = key or next((k for k in NPZ_KEYS if k in names), None)
    if found is None:
        raise WganError(
            f"{path}: holds several arrays ({', '.join(names) or 'none'}); choose one with --set"
            " data.key=NAME"
        )
    return found


def idx_rows(path: Path) -> FileRows:
    """Return the array of an idx file, read in place; `.gz` is unpacked once into the cache.

    Raises:
        WganError: damaged, or another kind of file.
    """
    plain = path
    if path.suffix == ".gz":
        try:
            plain = cached(file_digest(path), lambda target: _gunzip(path, target))
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
                raise
            raise WganError(f"{path}: a damaged gzip file ({error}): download it again") from None
    with plain.open("rb") as file:
        head = file.read(4)
        if (
            len(head) < 4
            or head[:2] != b"\0\0"
            or head[2] not in IDX_DTYPES
            or not 1 <= head[3] <= 4
        ):
            raise WganError(
                f"{path}: not an idx file (it begins with {head!r}); MNIST's begin with two zero"
                " bytes"
            )
        sides = file.read(4 * head[3])
        if len(sides) < 4 * head[3]:
            raise WganError(
                f"{path}: an idx file cut short inside its header: copy or make it again"
            )
        axes = np.frombuffer(sides, dtype=">u4")
        return FileRows(
            plain, tuple(int(a) for a in axes), np.dtype(IDX_DTYPES[head[2]]), file.tell()
        )


def _gunzip(path: Path, target: Path) -> None:
    with gzip.open(path) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out)


def _inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    with archive.open(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out)
