"""Contents of the cache: wgan's own files there, by kind, and how they are cleared away.

A file is wgan's own if its name is one that the cache gives, and if its content says so too.
Decoded files have a seal beside them, and records of shards a header. All other files and links are
left alone. Files in use are not removed: a process holds their lock, or used them a moment ago.
"""

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wgan.base.errors import WganError
from wgan.base.files import PARTIAL
from wgan.base.tensors import peek_header
from wgan.data.cache import SCRATCH, SEAL, cache_folder, sole_lock
from wgan.data.shards.records import FOLDER, HEADER
from wgan.data.shards.unpacked import BEGINNING

SEAL_BYTES = 64
DIGEST = "[0-9a-f]{64}"
RANDOM = "[a-z0-9_]{8}"
"""Characters that `tempfile` adds to a name."""
DECODED = {
    "unpacked": (DIGEST, "unpacked .gz and .npz files"),
    "arrays": (rf"{DIGEST}\.npy", "decoded pictures and coded tables"),
    "unpacked-shards": (rf"{BEGINNING}{DIGEST}\.npy", "unpacked shards"),
    "shard-samples": (rf"{DIGEST}\.parquet", "sampled rows of shards"),
    "feature-maps": (rf"{DIGEST}\.safetensors", "features learned from pictures"),
}
"""Kinds of files that have a seal beside them: the pattern of their names, and words."""
RECORDS, WORKING, UNFINISHED = "shard-records", "working-folders", "unfinished"
KINDS = {name: words for name, (_, words) in DECODED.items()} | {
    RECORDS: "records of shards",
    WORKING: "folders of work that is in progress or was killed",
    UNFINISHED: "files whose writer is at work or was killed",
}
"""All kinds of contents, in words."""
SEALED = "|".join(f"(?:{pattern})" for pattern, _ in DECODED.values())
UNFINISHED_NAME = re.compile(
    rf"\.(?:(?:{SEALED})(?:{re.escape(SEAL)})?)\.{RANDOM}{re.escape(PARTIAL)}"
)
JUST_USED = 5
"""Seconds for which a file counts as used after it was requested: the process that requests it
opens it at once.
"""
QUIET = 3600
"""Seconds without a change after which an unfinished file has no writer: pieces take seconds."""


@dataclass(frozen=True)
class Entry:
    """One thing in the cache.

    Attributes:
        kind: one of `KINDS`.
        path: the file or folder.
        bytes: its size, with that of its seal.
    """

    kind: str
    path: Path
    bytes: int


@dataclass(frozen=True)
class Contents:
    """Contents of the cache.

    Attributes:
        folder: where it is; it need not exist.
        entries: wgan's own files and folders.
        others: number of files and folders there that are not.
    """

    folder: Path
    entries: tuple[Entry, ...]
    others: int


@dataclass(frozen=True)
class Cleared:
    """Files that were removed, and files that are left because processes use them."""

    gone: tuple[Entry, ...]
    used: tuple[Entry, ...]


def total(entries: Sequence[Entry]) -> int:
    """Return the bytes of some entries."""
    return sum(entry.bytes for entry in entries)


def cache_contents() -> Contents:
    """Return the contents of the cache.

    Raises:
        WganError: no folder, or one that cannot be read.
    """
    folder = cache_folder()
    found: list[Entry | None] = []
    try:
        names = set(os.listdir(folder)) if os.path.lexists(folder) else set()
        for name in sorted(names):
            with suppress(FileNotFoundError):  # another process removed it
                found += _in_folder(folder / name, names)
        if _is_folder(folder / FOLDER):
            found += _in_records(folder / FOLDER)
    except OSError as error:
        raise WganError(
            f"{folder}: no folder that can be read ({error.strerror}): name another in WGAN_CACHE"
        ) from None
    entries = tuple(each for each in found if each is not None)
    return Contents(folder, entries, len(found) - len(entries))


def clear_cache() -> Cleared:
    """Remove wgan's own files that no process uses; return what was removed, and what was not.

    Raises:
        WganError: as `cache_contents`, or a file that may not be removed.
    """
    gone: list[Entry] = []
    used: list[Entry] = []
    for entry in cache_contents().entries:
        try:
            (gone if _removed(entry) else used).append(entry)
        except PermissionError as error:
            raise WganError(f"{entry.path}: {error.strerror}: check the permissions") from None
    return Cleared(tuple(gone), tuple(used))


def _in_folder(path: Path, names: Collection[str]) -> list[Entry | None]:
    """Return the entry of a file or folder in the cache's folder; None if it is not wgan's.

    Nothing is returned for the folder of records, and for a seal, which its file counts.

    Args:
        path: the thing.
        names: of all things there.
    """
    whole = path.name.removesuffix(SEAL)
    seal = path.with_name(whole + SEAL)
    kind = _kind_of(whole)
    if kind is not None and _is_seal(seal):
        if path == seal:
            return [] if whole in names else [Entry(UNFINISHED, path, SEAL_BYTES)]
        return [Entry(kind, path, _size(path) + SEAL_BYTES) if _is_file(path) else None]
    if path.name.startswith(SCRATCH) and _is_folder(path):
        return [Entry(WORKING, path, _size_below(path))]
    if UNFINISHED_NAME.fullmatch(path.name) and _is_file(path):
        return [Entry(UNFINISHED, path, _size(path))]
    return [] if path.name == FOLDER and _is_folder(path) else [None]


def _in_records(folder: Path) -> Iterator[Entry | None]:
    """Yield wgan's entries in the folder of records, and None for each other file."""
    for name in sorted(os.listdir(folder)):
        path = folder / name
        with suppress(FileNotFoundError):  # another process removed it
            if not _is_file(path):
                yield None
            elif re.fullmatch(rf"{DIGEST}\.lock", name) and not _size(path):
                yield Entry(UNFINISHED, path, 0)
            elif re.fullmatch(rf"{DIGEST}\.safetensors", name) and _is_record(path):
                yield Entry(RECORDS, path, _size(path))
            elif UNFINISHED_NAME.fullmatch(name):
                yield Entry(UNFINISHED, path, _size(path))
            else:
                yield None


def _kind_of(name: str) -> str | None:
    """Return the kind of a decoded file of a name; None: the cache gives no such name."""
    return next((kind for kind, (form, _) in DECODED.items() if re.fullmatch(form, name)), None)


def _removed(entry: Entry) -> bool:
    """Remove an entry unless it is in use; return whether it is gone."""
    path = entry.path
    decoded = entry.kind in DECODED
    quiet = QUIET if entry.kind == UNFINISHED else JUST_USED
    asked = path.with_name(path.name + SEAL) if decoded else path
    since = min(_seconds_since(asked), _seconds_since(path))
    if entry.kind != RECORDS and since < quiet:
        return False
    lock = sole_lock(path)
    if lock is None:
        return not os.path.lexists(path)
    try:
        if entry.kind == WORKING:
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if decoded:
            # The seal goes last: a file that is made anew meanwhile loses that at most, and a file
            # without a seal is made once more.
            asked.unlink(missing_ok=True)
    finally:
        os.close(lock)
    return True


def _seconds_since(path: Path) -> float:
    """Return the seconds since a file or folder changed; 0 where it is gone."""
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _is_seal(path: Path) -> bool:
    """Return whether a file is a seal: a SHA-256 in hexadecimal digits."""
    if not _is_file(path) or _size(path) != SEAL_BYTES:
        return False
    return re.fullmatch(DIGEST.encode(), path.read_bytes()) is not None


def _is_record(path: Path) -> bool:
    """Return whether a file has the header of a record; its tensors are not read."""
    try:
        return HEADER in peek_header(path)
    except (WganError, OSError):
        return False


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _size(path: Path) -> int:
    return path.lstat().st_size


def _size_below(folder: Path) -> int:
    """Return the bytes of all files below a folder; links are not followed."""
    sizes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                sizes += _size(Path(place, name))
            except FileNotFoundError:  # its owner removed it
                continue
    return sizes
