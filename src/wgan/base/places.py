"""Places of output: what may be written where, and which files may be replaced.

Most commands write new files alone. A report is written again and again, so it is sealed: it ends
in a hash of all that stands before. A file without a seal that fits is somebody's own, or was
edited since, and is never replaced.
"""

import os
import stat
import zlib
from hashlib import sha256
from pathlib import Path

from wgan.base.errors import WganError

SEAL = b"sealed by wgan, sha256 "
"""Text before the hash, in a comment at the end of the file."""
PNG_HEAD = b"\x89PNG"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
"""The last chunk of every PNG: no data, its name and its checksum (PNG specification, 11.2.5)."""
SEAL_LENGTH = len(SEAL) + 64
"""Bytes of a seal: the words, and SHA-256 in hexadecimal digits."""
TEXT_END = b" -->\n"
CHECKSUM_LENGTH = 4
LONGEST_TAIL = CHECKSUM_LENGTH + len(PNG_END)
"""Most bytes after a seal, which are those of a PNG."""
ORDINARY = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
SPECIAL = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def check_special(path: Path) -> None:
    """Refuse a place whose replacement would harm more than a file.

    Files are written beside their place and renamed over it: a device or a pipe would be lost, and
    what it leads to would get nothing.

    Args:
        path: the place of a file or folder.

    Raises:
        WganError: a device, a pipe, a socket, or `-`.
    """
    if str(path) == "-":
        raise WganError("-: only files are written, not standard output: give the name of a file")
    mode = _mode(path)
    if mode is not None and stat.S_IFMT(mode) not in ORDINARY:
        what = SPECIAL.get(stat.S_IFMT(mode), "no file")
        raise WganError(f"{path}: is {what}, and only files are written: give the name of a file")


def check_new(path: Path, remedy: str = "choose another --out", folder: bool = False) -> None:
    """Refuse a place that holds something.

    Args:
        path: the place of a file or folder.
        remedy: what the message advises.
        folder: whether an empty folder counts as nothing.

    Raises:
        WganError: something is there, even a link that leads nowhere.
    """
    check_special(path)
    mode = _mode(path)
    if mode is None:
        return
    if folder and path.is_dir() and not any(path.iterdir()):
        return
    link = "as a link, " if stat.S_ISLNK(mode) and not path.is_dir() else ""
    raise WganError(f"{path}: already exists, {link}and nothing is overwritten: {remedy}")


def check_replaceable(path: Path, remedy: str = "choose another --out") -> None:
    """Refuse a place that holds anything but a sealed file as it was written.

    Args:
        path: the place of a file.
        remedy: what the message advises.

    Raises:
        WganError: something else is there.
    """
    check_special(path)
    mode = _mode(path)
    if mode is None:
        return
    if stat.S_ISDIR(mode):
        raise WganError(f"{path}: already exists as a folder: {remedy}")
    if stat.S_ISLNK(mode):
        raise WganError(f"{path}: is a link, and nothing is written through it: {remedy}")
    if not is_sealed(path):
        raise WganError(
            f"{path}: already exists, and is not a report of wgan, or was edited since: {remedy},"
            " or remove it"
        )


def check_folder(path: Path, remedy: str = "choose another --out") -> None:
    """Refuse a folder that holds files, unless one of them is sealed: an earlier report's.

    Args:
        path: the place of a folder.
        remedy: what the message advises.

    Raises:
        WganError: a folder of other files, or something else.
    """
    if path.is_dir() and any(each.is_file() and is_sealed(each) for each in path.iterdir()):
        return
    check_new(path, remedy, folder=True)


def sealed(content: bytes) -> bytes:
    r"""Return the content of a file with its seal.

    Args:
        content: a PNG, or a text in which `<!-- -->` is a comment: HTML, SVG, Markdown.

    >>> sealed(b"# Report\n")[:41]
    b'# Report\n<!-- sealed by wgan, sha256 2c1b'
    """
    if content.startswith(PNG_HEAD):
        name = b"tEXtComment\0"
        # Length of the data, which begin after the four letters of the chunk's type.
        length = (len(name) - 4 + SEAL_LENGTH).to_bytes(4, "big")
        before = content.removesuffix(PNG_END) + length + name
        seal = _seal(before)
        checksum = zlib.crc32(name + seal).to_bytes(CHECKSUM_LENGTH, "big")
        return before + seal + checksum + PNG_END
    before = content + b"<!-- "
    return before + _seal(before) + TEXT_END


def is_sealed(path: Path) -> bool:
    """Return whether a file is one that `sealed` made, unchanged.

    Args:
        path: a regular file.
    """
    with path.open("rb") as file:
        # The end alone at first: a large file of somebody's own need not be read whole.
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - SEAL_LENGTH - LONGEST_TAIL))
        if SEAL not in file.read():
            return False
    content = path.read_bytes()
    before = content[: content.rindex(SEAL)]
    tail = content[len(before) + SEAL_LENGTH :]
    whole = tail == TEXT_END or tail[CHECKSUM_LENGTH:] == PNG_END
    return whole and content.startswith(_seal(before), len(before))


def _seal(before: bytes) -> bytes:
    return SEAL + sha256(before).hexdigest().encode("ascii")


def _mode(path: Path) -> int | None:
    """Return the type and mode of what lies at a place, links not followed; None: nothing."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise WganError(
            f"{path}: a file is in the place of its folder: choose another --out"
        ) from None
