"""Stores of shards: local files, and files behind an address, read by ranges of bytes."""

import glob
import os
import threading
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from wgan.base.errors import WganError
from wgan.base.files import check_regular
from wgan.base.printing import counted
from wgan.data.shards import reading
from wgan.data.shards.places import (
    LISTS,
    Place,
    base_of,
    checked,
    expanded,
    form_of,
    listed,
    placed,
    scheme_of,
)
from wgan.data.shards.reading import persistently

MODULES = {"http": "aiohttp", "https": "aiohttp", "s3": "s3fs"}
"""Package that each scheme needs besides fsspec."""
PIECE = 16 * 2**20
"""Bytes of a shard that are fetched at once: few requests, and a time-out for each."""


@dataclass(frozen=True)
class Facts:
    """Facts about a shard that need no reading.

    Attributes:
        size: its bytes.
        tag: changes when its contents change: a local file's time of change, an address's ETag.
    """

    size: int
    tag: str


@dataclass
class Store:
    """Reads shards of one source.

    Attributes:
        base: the folder or address that all shards share.
        bytes_read: bytes that were read so far.
    """

    base: str
    bytes_read: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def files(self) -> Any:
        """The file system of fsspec; None for local files.

        Raises:
            WganError: a scheme whose library is not installed.
        """
        scheme = scheme_of(self.base)
        if not scheme:
            return None
        for module in ("fsspec", MODULES[scheme]):
            if find_spec(module) is None:
                raise WganError(
                    f"{self.base}: reading {scheme}:// needs {module}: pip install 'wgan[remote]'"
                )
        import fsspec

        return fsspec.filesystem(scheme, skip_instance_cache=True)

    def facts(self, url: str) -> Facts:
        """Return size and tag of a shard.

        Raises:
            WganError: a missing shard, or one whose store does not answer.
        """
        if self.files is None:
            check_regular(Path(url))
            found = persistently(lambda: os.stat(url), url)
            return Facts(found.st_size, str(found.st_mtime_ns))
        info = persistently(lambda: self.files.info(url, timeout=reading.TIMEOUT), url)
        size = info.get("size")
        if size is None:
            raise WganError(f"{url}: its server does not tell its size: use one that does")
        tag = info.get("ETag") or info.get("LastModified") or info.get("mtime") or ""
        return Facts(int(size), str(tag))

    def read(self, url: str, start: int, stop: int) -> bytes:
        """Return the bytes start..stop-1 of a shard.

        Raises:
            WganError: a shard that is missing, shorter, or cannot be read.
        """

        def once() -> bytes:
            if self.files is None:
                with open(url, "rb", buffering=0) as file:
                    file.seek(start)
                    data = file.read(stop - start)
            else:
                data = self.files.cat_file(url, start=start, end=stop, timeout=reading.TIMEOUT)
            if len(data) > stop - start:
                raise WganError(
                    f"{url}: its server sends whole files where a part is asked for: use one that"
                    " answers range requests, such as nginx"
                )
            if len(data) < stop - start:
                raise OSError(f"ends after {start + len(data)} bytes, expected {stop}")
            return data

        data = persistently(once, url)
        with self._lock:
            self.bytes_read += len(data)
        return data

    def fetch(self, url: str, size: int, target: Path) -> None:
        """Write a copy of a shard, piece by piece; errors as `read`.

        Args:
            url: the shard.
            size: its bytes.
            target: the copy.
        """
        with target.open("wb") as out:
            for start in range(0, size, PIECE):
                out.write(self.read(url, start, min(size, start + PIECE)))

    def text(self, url: str) -> str:
        """Return the text of a small file; errors as `read`."""
        data = self.read(url, 0, self.facts(url).size)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise WganError(f"{url}: no list of shards in UTF-8: write it again") from None

    def below(self, pattern: str) -> list[str]:
        """Return the places that fit a pattern, or that a folder or prefix has.

        Raises:
            WganError: an address without a listing.
        """
        if self.files is None:
            if Path(pattern).is_dir():
                return [str(p) for p in Path(pattern).iterdir() if not p.name.startswith(".")]
            return [p for p in glob.glob(pattern, recursive=True) if not Path(p).is_dir()]
        scheme = scheme_of(pattern)
        if scheme != "s3":
            raise WganError(
                f"{pattern}: HTTP has no listing: give the address of a .txt or .json that lists"
                " the shards, or a range such as shard-{0000..0099}.npy"
            )
        is_pattern = glob.has_magic(pattern)
        look = self.files.glob if is_pattern else self.files.find
        names = persistently(lambda: look(pattern), pattern)
        return [f"{scheme}://{name}" for name in names]


def find_shards(source: str) -> tuple[Store, list[Place], str]:
    """Return the store, the places and the form of the shards of a source.

    Args:
        source: a folder, pattern, list or address.

    Raises:
        WganError: no shards, several forms, or a source that cannot be listed.
    """
    base = base_of(source)
    store = Store(base)
    if Path(source).suffix.lower() in LISTS:
        names = listed(store.text(source), source)
        addresses = [name for name in names if scheme_of(name)]
        if any(scheme_of(name) == "hf" for name in addresses):
            raise WganError(
                f"{source}: hf:// is not read as shards: give hf://datasets/USER/NAME itself"
            )
        if addresses:  # their names count from the server on, so that longer lists change none
            base = "/".join(addresses[0].split("/")[:3])
            store = Store(base)
        if any(not name.startswith(base) for name in (names if addresses else [])):
            raise WganError(f"{source}: lists shards of several stores: give one source for each")
    elif "{" in source and not Path(source).is_dir():
        names = _below(expanded(source), base)
    elif scheme_of(source) and form_of(source) and not glob.has_magic(source):
        names = _below([source], base)
    else:
        found = store.below(source)
        shards = [name for name in found if form_of(name)]
        if shards and len(shards) < len(found):
            other = PurePosixPath(sorted(set(found) - set(shards))[0]).name
            passed = counted(len(found) - len(shards), "file")
            read = counted(len(shards), "shard")
            warnings.warn(
                f"{source}: {read} read, {passed} passed over (such as {other})", stacklevel=2
            )
        names = _below(shards, base)
    places = placed(names, base)
    return store, places, checked(places, source)


def _below(urls: list[str], base: str) -> list[str]:
    """Return places as they are below a folder."""
    return [url.removeprefix(base.rstrip("/") + "/") for url in urls]
