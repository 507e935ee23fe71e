"""Blocks of rows, the unit in which shards are read, and a bounded store of them."""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from queue import SimpleQueue

import numpy as np

BLOCK_BYTES = 128 * 2**10
"""Bytes of a block. Object stores answer within 20 to 100 ms, so that 8 threads read 10 MB a second
or more by such blocks. Larger ones mean fewer requests, and windows of fewer places.
"""
MOST_ROWS = 4096
"""Most rows of a block: row numbers of all windows then take 16 MiB."""
HELD_BYTES = 192 * 2**20
"""Bytes of blocks in memory: those of the windows being read, 64 MiB, and those of the next ones.
The rest is kept for windows of a second batch size.
"""
READERS = 8
"""Threads that read blocks ahead. They wait for disks and networks most of the time."""


Task = tuple["Future[np.ndarray]", Callable[[int], np.ndarray], int]
"""A block that is to be read: what becomes of it, what reads it, its number."""


def _work(queue: "SimpleQueue[Task | None]") -> None:
    """Read blocks until no reader is left."""
    while (task := queue.get()) is not None:
        future, read, block = task
        try:
            future.set_result(read(block))
        except BaseException as error:
            future.set_exception(error)
        del task, future, read  # which would keep the blocks alive while the thread waits


@dataclass(eq=False)
class Blocks:
    """Blocks that were read last or ahead.

    Attributes:
        load: reads the rows of a block.
        most: most bytes in memory.
        peak: the most bytes that were in memory at once.
    """

    load: Callable[[int], np.ndarray]
    most: int = HELD_BYTES
    peak: int = 0
    _held: OrderedDict[int, np.ndarray] = field(default_factory=OrderedDict, repr=False)
    _coming: dict[int, "Future[np.ndarray]"] = field(default_factory=dict, repr=False)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def _queue(self) -> "SimpleQueue[Task | None]":
        """Blocks to be read. A process at its end does not wait for its threads."""
        queue: SimpleQueue[Task | None] = SimpleQueue()
        for _ in range(READERS):
            threading.Thread(target=_work, args=(queue,), name="shards", daemon=True).start()
            weakref.finalize(self, queue.put, None)
        return queue

    def ahead(self, blocks: Sequence[int]) -> None:
        """Begin to read blocks that will be needed; those that would not fit are left out."""
        with self._lock:
            missing = [each for each in blocks if each not in self._held]
            missing = [each for each in missing if each not in self._coming]
            # Half of the memory: what is being read from must not make room for what comes.
            size = max(1, self._bytes // max(1, len(self._held)))
            room = max(READERS, self.most // 2 // size) - len(self._coming)
            for block in missing[: max(0, room)]:
                self._coming[block] = Future()
                self._queue.put((self._coming[block], self._read, block))

    def _read(self, block: int) -> np.ndarray:
        """Return the rows of a block, which is held from then on."""
        try:
            rows = self.load(block)
        except BaseException:
            with self._lock:
                self._coming.pop(block, None)
            raise
        with self._lock:
            self._coming.pop(block, None)
            if block not in self._held:
                self._held[block] = rows
                self._bytes += rows.nbytes
            self.peak = max(self.peak, self._bytes)
            while self._bytes > self.most and len(self._held) > 1:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= dropped.nbytes
        return rows

    def __getitem__(self, block: int) -> np.ndarray:
        with self._lock:
            if block in self._held:
                self._held.move_to_end(block)
                return self._held[block]
            coming = self._coming.get(block)
        if coming is not None and coming.exception() is None:
            return coming.result()
        # A read ahead that failed is no last word: the store may answer again.
        return self._read(block)
