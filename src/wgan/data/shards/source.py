"""Sources of shards: they are looked through once, merged, and read in place or unpacked."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.cache import cache_folder, scratch_folder
from wgan.data.shards import reading
from wgan.data.shards.npy import npy_head
from wgan.data.shards.places import Place
from wgan.data.shards.records import (
    Head,
    Record,
    bound_for,
    kept_below,
    record_in_cache,
    record_known,
    record_of,
)
from wgan.data.shards.rows import ShardedRows
from wgan.data.shards.stores import Facts, Store
from wgan.data.shards.unpacked import Unpacked, Unpacker
from wgan.data.storage import Moments, Summary

Result = TypeVar("Result")
SAMPLE_BYTES = 64 * 2**20
"""Bytes of the rows at hand: 85,000 pictures of 28 x 28, or 400,000 rows of 20 columns. What looks
at data as a whole, such as evaluation, looks at these.
"""
ASKERS = 16
"""Shards that are looked up in a store at once: answers of an address take 20 to 100 ms each."""
READERS = 4
"""Shards that are looked through at once; each holds 4 MiB at a time. They wait for the store while
they read, and for the disk while they write what they found.
"""
LANES = 64
"""Lanes that read shards by themselves, so as many ranks can read shards of their own."""


@dataclass
class Source:
    """Shards of one form.

    Attributes:
        name: what messages call them.
        store: reads them.
        places: where they are.
        unpacker: makes `.npy` files of shards that cannot be read in place; None: they are such.
        unpacked: what it made.
        total: bytes of all rows, by which some are kept; None: as many as the shards have.
        known: size and tag of each shard, where they are known.
    """

    name: str
    store: Store
    places: list[Place]
    unpacker: Unpacker | None = None
    unpacked: Unpacked = field(default_factory=Unpacked)
    total: int | None = None
    known: list[Facts] | None = None

    @cached_property
    def facts(self) -> list[Facts]:
        """Size and tag of each shard."""
        if self.known is not None:
            return self.known
        _ = self.store.files  # made once, not by each thread
        with ThreadPoolExecutor(ASKERS) as pool:
            return list(pool.map(lambda place: self.store.facts(place.url), self.places))

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(facts.size for facts in self.facts)

    @cached_property
    def keys(self) -> list[str]:
        """A hash of place, size and tag of each shard, and of how it is read."""
        how = self.unpacker.how if self.unpacker else ""
        urls = [p.url if self.store.files else os.path.abspath(p.url) for p in self.places]
        known = zip(self.places, urls, self.facts, strict=True)
        texts = [repr((p.name, url, f.size, f.tag, how)) for p, url, f in known]
        return [sha256(text.encode()).hexdigest() for text in texts]

    @contextmanager
    def copy(self, shard: int) -> Iterator[Path]:
        """Yield a local file of a shard: its own, or a copy that is removed in the end."""
        place = self.places[shard]
        if self.store.files is None:
            yield Path(place.url)
            return
        with scratch_folder() as folder:
            target = folder / "shard"
            self.store.fetch(place.url, self.facts[shard].size, target)
            yield target

    def _unpacked(self, shard: int, unpacker: Unpacker) -> tuple[Store, Place, Facts]:
        """Return an unpacked shard as a local one."""

        def make(target: Path) -> None:
            self._check_unchanged(shard)  # it may be unpacked again, long after the start
            with self.copy(shard) as path:
                unpacker.unpack(path, self.places[shard].url, target)

        path = self.unpacked.path(self.keys[shard], make)
        found = path.stat()
        facts = Facts(found.st_size, str(found.st_mtime_ns))
        return Store(str(path.parent)), Place(path.name, str(path)), facts

    def _check_unchanged(self, shard: int) -> None:
        """Refuse a shard that is no longer what it was at the start."""
        where = self.places[shard].url
        if self.store.facts(where) != self.facts[shard]:
            raise WganError(f"{where}: changed while it was read: run the same command again")

    def _opened(self, shard: int) -> tuple[Store, Place, Facts]:
        """Return a shard that can be read in place."""
        if self.unpacker is None:
            return self.store, self.places[shard], self.facts[shard]
        return self._unpacked(shard, self.unpacker)

    def record(self, shard: int, bound: int) -> Record:
        """Return the record of a shard, in one pass over it.

        Args:
            shard: the number of the shard.
            bound: rows whose hash lies below are kept.

        Raises:
            WganError: a shard that is damaged, empty, or holds NaN or infinity.
        """
        own = self.places[shard]
        labels = self._labels(shard)

        def look(store: Store, place: Place, facts: Facts) -> Record:
            head = npy_head(store, place, facts)
            view = _ShardRows(head, partial(_read, store, place, head))
            return record_of(view, head, own.name, own.url, bound, labels, self._may_lack)

        return self._with_opened(shard, look)

    def _with_opened(self, shard: int, act: Callable[[Store, Place, Facts], Result]) -> Result:
        """Return what is made of a shard; it is unpacked anew where others took its room."""
        for _ in range(reading.ATTEMPTS):
            try:
                opened = self._opened(shard)
            except FileNotFoundError:  # taken before it was looked at
                continue
            try:
                return act(*opened)
            except WganError:
                if self.unpacker is None or Path(opened[1].url).exists():
                    raise
        raise WganError(
            f"{self.places[shard].url}: is taken out of the cache as often as it is unpacked: free"
            f" some room on the disk of {cache_folder()}, or name another in WGAN_CACHE"
        )

    @property
    def _may_lack(self) -> bool:
        """Whether NaN stands for a missing value."""
        return self.unpacker is not None and self.unpacker.may_lack

    def _labels(self, shard: int) -> list[str]:
        """Return the classes of a shard's rows; none where they have none."""
        if self.unpacker is None:
            return []
        with self.copy(shard) as path:
            return self.unpacker.labels(path, self.places[shard].url)

    def records(self, progress: Progress = silent) -> list[Record]:
        """Return the records of all shards, made where the cache has none.

        Args:
            progress: listener.

        Raises:
            WganError: a shard that cannot be read, or is of another type or shape than the first.
        """
        bound = bound_for(self.total or self.size, SAMPLE_BYTES)
        count = len(self.places)
        known = [record_known(self.keys[shard], bound) for shard in range(count)]
        missing = [shard for shard in range(count) if known[shard] is None]
        self._check_heads(known)

        def made(shard: int, wait: bool) -> Record | None:
            make = partial(self.record, shard, bound)
            return record_in_cache(self.keys[shard], bound, make, wait)

        with ThreadPoolExecutor(READERS) as pool:
            # Processes that share a cache share the work; each waits for the others in the end.
            for wait in (False, True):
                left = [shard for shard in missing if known[shard] is None]
                found = pool.map(partial(made, wait=wait), left)
                pieces = tracked(found, "looking through shards", len(left), progress)
                for shard, record in zip(left, pieces, strict=True):
                    known[shard] = record
        records = [record for record in known if record is not None]
        for place, record in zip(self.places, records, strict=True):
            _check_same(place, record.head, self.places[0], records[0].head)
        named = zip(records, self.places, strict=True)
        return [kept_below(record, place.name, bound) for record, place in named]

    def _check_heads(self, known: Sequence[Record | None]) -> None:
        """Refuse shards of other types or shapes before any is looked through."""
        if self.unpacker is not None:
            return

        def head(shard: int) -> Head:
            record = known[shard]
            if record is not None:
                return record.head
            return npy_head(self.store, self.places[shard], self.facts[shard])

        with ThreadPoolExecutor(ASKERS) as pool:
            heads = list(pool.map(head, range(len(known))))
        for place, each in zip(self.places, heads, strict=True):
            _check_same(place, each, self.places[0], heads[0])

    def rows(self, records: Sequence[Record]) -> ShardedRows:
        """Return the rows of all shards.

        Args:
            records: those of all shards.

        Raises:
            WganError: numbers whose squares overflow.
        """
        heads = tuple(record.head for record in records)
        starts = np.cumsum([0, *(head.rows for head in heads)])
        joined = zip(starts, records, strict=False)
        kept = np.concatenate([start + record.kept for start, record in joined])
        sample = np.concatenate([record.sample for record in records])
        shape = heads[0].shape or (1,)
        in_place = self.unpacker is None
        return ShardedRows(
            tuple(place.name for place in self.places),
            heads,
            partial(self.read, heads),
            _summary(self.name, self.places, records),
            kept,
            np.ascontiguousarray(sample).view(heads[0].dtype).reshape(len(kept), *shape),
            self.size,
            LANES if in_place else self._lanes_that_fit(heads),
            in_place,
        )

    def _lanes_that_fit(self, heads: Sequence[Head]) -> int:
        """Return how many lanes the cache may have room for: each reads a shard, and the next one.

        It is a function of the shards alone: the order of rows is the same on every host, and
        however full its disk is.
        """
        sizes = [head.offset + head.rows * head.row_bytes for head in heads]
        lanes = LANES
        while lanes > 1 and 2 * lanes * max(sizes) > self.unpacked.most:
            lanes //= 2
        need = min(sum(sizes), 2 * lanes * max(sizes))
        if need > (budget := self.unpacked.budget):
            warnings.warn(
                f"{self.name}: unpacked shards need {need:,} bytes of the cache, and may take"
                f" {budget:,}, half of what is free: they are unpacked again and again, which is"
                " slow; name a larger disk in WGAN_CACHE",
                stacklevel=2,
            )
        return lanes

    def read(self, heads: Sequence[Head], shard: int, first: int, stop: int) -> np.ndarray:
        """Return rows of one shard.

        Args:
            heads: where the rows of each shard are.
            shard: the number of the shard.
            first: the first row.
            stop: the row after the last.

        Raises:
            WganError: a shard that changed, or cannot be read.
        """

        def rows(store: Store, place: Place, facts: Facts) -> np.ndarray:
            # What was unpacked is never changed, though each use notes its time there.
            if self.unpacker is None and store.files is None:
                self._check_unchanged(shard)
            return _read(store, place, heads[shard], first, stop)

        return self._with_opened(shard, rows)


@dataclass(frozen=True)
class _ShardRows:
    """The rows of one shard, read in pieces."""

    head: Head
    read: Callable[[int, int], np.ndarray]

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.head.rows, *self.head.shape)

    @property
    def dtype(self) -> np.dtype:
        return self.head.dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        first, stop, _ = rows.indices(self.head.rows)
        return self.read(first, stop)


def _read(store: Store, place: Place, head: Head, first: int, stop: int) -> np.ndarray:
    """Return rows of a shard that is read in place."""
    start = head.offset + first * head.row_bytes
    data = store.read(place.url, start, start + (stop - first) * head.row_bytes)
    return np.frombuffer(data, head.dtype).reshape(stop - first, *head.shape)


def _check_same(place: Place, head: Head, first: Place, of_first: Head) -> None:
    """Refuse a shard of another type or shape than the first."""
    if (head.dtype, head.shape) != (of_first.dtype, of_first.shape):
        raise WganError(
            f"{place.url}: samples of shape {head.shape} and type {head.dtype}, and {first.name}"
            f" has {of_first.shape} and {of_first.dtype}: give all shards the same"
        )


def _summary(name: str, places: Sequence[Place], records: Sequence[Record]) -> Summary:
    """Return the statistics of all rows, merged in the order of shards."""
    moments = Moments.none(len(records[0].moments.mean))
    digest = sha256(b"shards 1")
    for place, record in zip(places, records, strict=True):
        moments = moments.merged(record.moments)
        digest.update(f"{place.name} {record.digest} ".encode())
    deviation = moments.deviation(name)
    return Summary(moments.low, moments.high, moments.mean, deviation, digest.hexdigest())
