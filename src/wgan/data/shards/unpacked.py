"""Unpacked shards: forms that cannot be read in place become `.npy` files in a bounded cache."""

import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol, runtime_checkable

from wgan.data.cache import SEAL, cache_folder, cached

BEGINNING = "unpacked-"
"""Beginning of the names of unpacked shards in the cache."""
MOST_BYTES = 20 * 2**30
"""Bytes of unpacked shards that are kept: 20 GiB hold those that 64 lanes read at once and next,
where each takes up to 160 MiB.
"""
MOST_OF_FREE = 0.5
"""Share of the room on the disk that they may take: others need some too."""


@runtime_checkable
class Unpacker(Protocol):
    """Makes a `.npy` file of a shard that cannot be read in place."""

    @property
    def how(self) -> str:
        """All that its files depend on, beside the shards."""

    @property
    def may_lack(self) -> bool:
        """Whether NaN stands for a missing value, and is not a fault."""

    def unpack(self, path: Path, where: str, target: Path) -> None:
        """Write the rows of a shard as an array.

        Args:
            path: the shard, or a copy of it.
            where: what messages call it.
            target: the `.npy` file.

        Raises:
            WganError: a shard that is damaged, or does not fit the others.
        """

    def labels(self, path: Path, where: str) -> list[str]:
        """Return the class of each row; none where they have none."""


@dataclass
class Unpacked:
    """Unpacked shards of the cache. The ones that were used least recently make room for others.

    Each is written whole or not at all, and its hash is checked once by each process.

    Attributes:
        most: bytes that are kept.
    """

    most: int = field(default_factory=lambda: MOST_BYTES)
    _paths: dict[str, Path] = field(default_factory=dict, repr=False)
    _locks: dict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock), repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def path(self, key: str, make: Callable[[Path], object]) -> Path:
        """Return an unpacked shard, made if it is not there or damaged.

        Args:
            key: a hash of the shard's place, size and tag, and of how it is unpacked.
            make: writes the `.npy` file to the path that it is called with.
        """
        with self._lock:
            lock = self._locks[key]
        with lock:
            path = self._paths.get(key)
            if path is None or not path.is_file():
                name = BEGINNING + sha256(key.encode()).hexdigest()
                path = cached(name, make, ".npy")
                self._paths[key] = path
                self._make_room(path)
            else:
                os.utime(path)
        return path

    @property
    def budget(self) -> int:
        """Bytes that unpacked shards may take now."""
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        taken = sum(size for _, size, _ in self._files())
        return min(self.most, taken + int(MOST_OF_FREE * shutil.disk_usage(folder).free))

    def _make_room(self, needed: Path) -> None:
        """Remove those used least recently until the others fit, except for one."""
        budget = self.budget
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= budget:
                return
            if path != needed:
                path.unlink(missing_ok=True)
                path.with_name(path.name + SEAL).unlink(missing_ok=True)
                total -= size

    def _files(self) -> list[tuple[int, int, Path]]:
        """Return time of use, size and path of each."""
        found = []
        for path in cache_folder().glob(f"{BEGINNING}*.npy"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process made room
                continue
            found.append((stat.st_mtime_ns, stat.st_size, path))
        return found
