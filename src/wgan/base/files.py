"""Atomic files: written beside their place, synced to disk, then renamed over it.

A reader sees the old file or the new one, never half of one. Lines are added to a file in one
write, so that several processes may add to it.
"""

import os
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.places import check_replaceable, check_special, sealed

PARTIAL = ".partial"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary path, which becomes `path` on success and is removed on any error.

    Args:
        path: the file to write, in a folder that exists.

    Raises:
        OSError: the file cannot be written; the error names `path`.
        WganError: a device or a pipe, which a rename would remove.

    >>> with replaced(Path("note.txt")) as target:
    ...     _ = target.write_text("whole")
    >>> Path("note.txt").read_text()
    'whole'
    """
    check_special(path)
    # In the same folder: a rename is atomic only within one file system.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent)
    os.close(handle)
    target = Path(name)
    try:
        yield target
        target.chmod(0o666 & ~_umask())  # mkstemp's own mode is 600, whatever the user's umask
        # Synced before the rename: after a power cut the name must not stand for an empty file.
        with target.open("rb+") as file:
            os.fsync(file.fileno())
        target.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)  # the error of a full disk names no file by itself
        raise
    finally:
        target.unlink(missing_ok=True)


def remove_partial(folder: Path, names: Iterable[str]) -> None:
    """Remove temporary files that a killed process left, those of given files alone.

    Args:
        folder: the folder; those below it are left alone.
        names: names of files that are written there, or patterns such as `step-*.png`.
    """
    for name in names:
        for path in folder.glob(f".{name}.*{PARTIAL}"):
            if path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)


def inside(folder: Path, path: Path) -> bool:
    """Return whether a path leads into a folder once all links are followed.

    Args:
        folder: the folder.
        path: the path, which need not exist.
    """
    # realpath takes a link that leads to itself for a name; Path.resolve raises an error.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def read_toml(path: Path) -> dict[str, Any]:
    """Return the values of a TOML file.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: no such file.
        WganError: a pipe or device, or not TOML.
    """
    check_regular(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WganError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise WganError(f"{path}: not valid TOML: brackets nested too deep") from None


def check_regular(path: Path) -> None:
    """Refuse a pipe, socket or device, which may be read without end.

    Args:
        path: a file or folder, or a name that is neither.

    Raises:
        WganError: it is there, and neither a file nor a folder.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise WganError(
            f"{path}: a pipe, socket or device, and data are read more than once: save them in a"
            " file first"
        )


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with replaced(path) as target:
        target.write_text(text, encoding="utf-8")


def write_sealed(path: Path, content: bytes) -> None:
    """Write a report, or replace an earlier one.

    Args:
        path: the file.
        content: as `sealed` takes it.

    Raises:
        WganError: another file there, or one that was edited since.
    """
    check_replaceable(path)
    with replaced(path) as target:
        target.write_bytes(sealed(content))


def append_line(path: Path, line: str) -> None:
    """Add a line to a UTF-8 text file in one write; the file is created if it does not exist.

    Lines that several processes add at once all arrive, and none is mixed with another. A last line
    without an end, which a power cut may leave, is ended first. A symbolic link is refused.

    Args:
        path: the file.
        line: the text, without its end; several lines are added together.

    Raises:
        OSError: the file cannot be written; then it is as before, and the error names `path`.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o666)
    try:
        _lock(handle)
        size = os.fstat(handle).st_size
        ended = size == 0 or _last_byte(handle, size) == b"\n"
        data = f"{'' if ended else chr(10)}{line}\n".encode()
        try:
            # A full disk takes a part of the write, and says so at the next one.
            while data:
                data = data[os.write(handle, data) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    """Wait until no other process adds to the file; closing the file unlocks it."""
    try:
        import fcntl
    except ImportError:  # not POSIX: a single write is all that keeps lines apart
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def _last_byte(handle: int, size: int) -> bytes:
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1)


def _umask() -> int:
    mask = os.umask(0)  # the umask can be read only by setting it
    os.umask(mask)
    return mask


def is_text(name: str) -> bool:
    """Return whether a name can be sent as UTF-8: names of files may be any bytes.

    Args:
        name: the name.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
