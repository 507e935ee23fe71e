"""Packed files: gzip streams and members of zip files, unpacked within bounds, damage named."""

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from errno import EINVAL
from pathlib import Path

from wgan.base.errors import WganError
from wgan.base.files import check_regular

FREELY = 2**30
"""Bytes up to which anything is unpacked: 1 GiB fits on any disk, and in most memories."""
MOST_TIMES = 100
"""Largest ratio of the unpacked size of a larger file to its packed size. Data that are worth
learning hold more: MNIST, mostly black, shrinks to a fifth. A bomb reaches 1,000 times, the most
that deflate can do.
"""
PIECE = 2**20
"""Bytes that are unpacked at once."""
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OverflowError,
    KeyError,
    IndexError,
)
"""Errors of the standard library for damaged, encrypted or unknown packed files."""


@contextmanager
def damage_named(where: str, what: str, remedy: str) -> Iterator[None]:
    """Return a context in which damage to a packed file becomes an error that names the file.

    Args:
        where: the file, as the user knows it.
        what: what it then is, such as `a damaged zip file`.
        remedy: what to do.

    Raises:
        WganError: the file is damaged, encrypted, or packed in a way that is not known.
    """
    try:
        yield
    except WganError:
        raise
    except DAMAGE as error:
        raise WganError(f"{where}: {what} ({_reason(error)}): {remedy}") from None
    except OSError as error:
        # gzip and bz2 report damage without a number, a seek to nowhere has EINVAL; a full disk and
        # its like have numbers of their own.
        if error.errno not in (None, EINVAL):
            raise
        raise WganError(f"{where}: {what} ({_reason(error)}): {remedy}") from None


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def gzip_damage_named(name: str) -> AbstractContextManager[None]:
    """Return `damage_named` for a gzip file."""
    return damage_named(name, "a damaged gzip file", "copy or download it again")


def check_unpacked(name: str, packed: int, unpacked: int) -> None:
    """Refuse a file that unpacks to far more than data do.

    Args:
        name: what messages call it.
        packed: its size in bytes.
        unpacked: its size in bytes once unpacked, or as far as that has come.

    Raises:
        WganError: more than 1 GiB, and more than 100 times the packed size.
    """
    if unpacked > max(FREELY, MOST_TIMES * packed):
        raise WganError(
            f"{name}: unpacks to {unpacked / 2**30:.1f} GiB or more from {packed / 2**20:.1f} MiB,"
            " as data do not: if it is meant so, unpack it yourself and give the unpacked file"
        )


def unpack(read: Callable[[int], bytes], target: Path, name: str, packed: int) -> None:
    """Write an unpacked stream to a file.

    Args:
        read: returns the next bytes of the stream, at most the given number.
        target: the file.
        name: what messages call the packed file.
        packed: its size in bytes.

    Raises:
        WganError: as `check_unpacked`.
    """
    done = 0
    with target.open("wb") as out:
        while piece := read(PIECE):
            done += len(piece)
            check_unpacked(name, packed, done)
            out.write(piece)


def read_packed(path: Path, most: int | None = None) -> bytes:
    """Return the contents of a file, unpacked where its name ends in `.gz`.

    Args:
        path: the file.
        most: bytes to read; None: all.

    Raises:
        WganError: as `packed_pieces`.
    """
    pieces: list[bytes] = []
    done = 0
    for piece in packed_pieces(path):
        pieces.append(piece)
        done += len(piece)
        if most is not None and done >= most:
            break
    return b"".join(pieces)[:most]


def packed_pieces(path: Path) -> Iterator[bytes]:
    """Yield the contents of a file in pieces of 1 MiB, unpacked where its name ends in `.gz`.

    Args:
        path: the file.

    Raises:
        WganError: a damaged gzip file, a pipe or device, or as `check_unpacked`.
    """
    check_regular(path)
    if not is_gzip(path):
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
        return
    packed = path.stat().st_size
    done = 0
    with gzip_damage_named(str(path)), gzip.open(path) as source:
        while piece := source.read(PIECE):
            done += len(piece)
            check_unpacked(str(path), packed, done)
            yield piece


def is_gzip(path: Path) -> bool:
    """Return whether a file's name says that it is packed by gzip."""
    return path.suffix.lower() == ".gz"
