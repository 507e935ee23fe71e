"""The cache of decoded files: a folder of the user, in which content names each file.

Files may be removed while processes read them (see `cache_contents`). A process that reads a file
repeatedly holds a lock on it, and a file that was just requested counts as in use.
"""

import os
import shutil
import tempfile
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from wgan.base.errors import WganError
from wgan.base.files import check_regular, replaced, write_text

SEAL = ".sha256"
"""Ending of the file beside a cached one that holds the SHA-256 of its contents."""
SCRATCH = ".scratch-"
"""Beginning of the names of folders of work in progress."""
STALE_SECONDS = 7 * 86400
"""Seconds after which an unchanged folder was left behind: no table takes a week to read."""
PIECE = 2**20
"""Bytes that are hashed at once."""


def cache_folder() -> Path:
    """Return `$WGAN_CACHE`, or `wgan` in the user's cache folder.

    Raises:
        WganError: neither is set, and the user has no home folder.
    """
    if chosen := os.environ.get("WGAN_CACHE"):
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wgan"
    except RuntimeError:  # a user without a name, as containers have
        raise WganError(
            "the user has no home folder: name one for the cache in WGAN_CACHE"
        ) from None


def cached(digest: str, make: Callable[[Path], object], suffix: str = "") -> Path:
    """Return the file of the cache with a digest, made first if it is not there, or damaged.

    A file is written whole or not at all. A hash of its contents is written beside it, and checked
    whenever the file is requested. A damaged file is made again, and a `UserWarning` says so.

    Args:
        digest: a hash of all that the file is made from.
        make: writes the file to the path that it is called with.
        suffix: ending of the file's name.

    Raises:
        WganError: a cache folder that cannot be written to.
    """
    folder = cache_folder()
    path = folder / (digest + suffix)
    seal = path.with_name(path.name + SEAL)
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        damaged = path.is_file() and seal.is_file()
        if damaged and file_digest(path).encode() == seal.read_bytes():
            with suppress(OSError):  # a cache that is only read from
                os.utime(seal)  # when it was last asked for
            return path
    with replaced(path) as target:
        make(target)
        made = file_digest(target)
    write_text(seal, made)
    if damaged:
        warnings.warn(f"{path}: was damaged in the cache, and is made again", stacklevel=2)
    return path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder in the cache folder, which is removed in the end, also after an error.

    Folders that a killed process left are removed once they are a week old.

    Raises:
        WganError: a cache folder that cannot be written to.
    """
    folder = cache_folder()
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{SCRATCH}*"):
            if left.is_dir() and time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=folder))
    lock = shared_lock(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def hold(path: Path, owner: object) -> None:
    """Keep a file of the cache from being cleared away while an object reads it.

    Args:
        path: the file; nothing is done for one that lies elsewhere.
        owner: the object.
    """
    try:
        cached_here = path.parent == cache_folder()
    except WganError:  # there is no cache
        return
    lock = shared_lock(path) if cached_here else None
    if lock is not None:
        weakref.finalize(owner, os.close, lock)


def shared_lock(path: Path) -> int | None:
    """Return a descriptor that holds a shared lock on a file or folder until it is closed.

    None where another process holds it alone, or where nothing can be locked (Windows, some network
    file systems).

    Args:
        path: the file or folder.
    """
    return _locked(path, shared=True)


def sole_lock(path: Path) -> int | None:
    """Return a descriptor that holds the only lock on a file or folder; None: it is in use.

    Args:
        path: the file or folder; a link is not followed.
    """
    return _locked(path, shared=False)


def _locked(path: Path, shared: bool) -> int | None:
    try:
        import fcntl

        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Turn the errors of a folder that cannot be written to into one that names another."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise WganError(
            f"{folder}: no folder that the cache can be written to ({error.strerror}): name another"
            " in WGAN_CACHE"
        ) from None


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises:
        WganError: a pipe, socket or device.
    """
    check_regular(path)
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
