"""Rows of all shards under one count, read in blocks, with a sample of them at hand."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Int64

from wgan.data.shards.blocks import BLOCK_BYTES, MOST_ROWS, READERS, Blocks
from wgan.data.shards.records import Head
from wgan.data.storage import Summary

FOLLOWED = 2**16
"""Blocks whose following blocks are remembered: those of hundreds of windows."""


@dataclass(frozen=True)
class ShardedRows:
    """The rows of shards, counted in the order of the shards' names.

    Attributes:
        names: the names of the shards.
        heads: where the rows of each shard are.
        read: (shard, first row, number after the last) -> rows of one shard.
        summary: the statistics of all rows.
        kept: rising numbers of the rows at hand.
        sample: these rows.
        size: bytes of the shards.
        most_lanes: lanes that may read at once: each takes shards of its own, and these must fit
            into the cache where they are unpacked.
        mixed: whether blocks of several shards are shuffled together, as costs nothing where shards
            are read in place.
    """

    names: tuple[str, ...]
    heads: tuple[Head, ...]
    read: Callable[[int, int, int], np.ndarray] = field(repr=False)
    summary: Summary
    kept: Int64[np.ndarray, " k"]
    sample: np.ndarray
    size: int
    most_lanes: int = 64
    mixed: bool = True

    @cached_property
    def starts(self) -> Int64[np.ndarray, " s"]:
        """The number of the first row of each shard, and the number of all rows."""
        return np.cumsum([0, *(head.rows for head in self.heads)])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array, whose first axis counts rows.

        Shards of plain numbers have one column.
        """
        return (int(self.starts[-1]), *(self.heads[0].shape or (1,)))

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers."""
        return self.heads[0].dtype

    @cached_property
    def block_rows(self) -> int:
        """Rows of a block; the last one of a shard has fewer."""
        return min(MOST_ROWS, max(1, BLOCK_BYTES // max(1, self.heads[0].row_bytes)))

    @cached_property
    def first_blocks(self) -> Int64[np.ndarray, " s"]:
        """The number of the first block of each shard, and the number of all blocks."""
        return np.cumsum([0, *(-(-head.rows // self.block_rows) for head in self.heads)])

    @cached_property
    def blocks(self) -> Blocks:
        """The blocks in memory."""
        return Blocks(self._load)

    @cached_property
    def _next(self) -> OrderedDict[int, Sequence[int]]:
        return OrderedDict()

    def rows_of(self, block: int) -> tuple[int, int, int]:
        """Return the shard of a block, its first row there, and the number after its last."""
        shard = int(np.searchsorted(self.first_blocks, block, side="right")) - 1
        first = (block - int(self.first_blocks[shard])) * self.block_rows
        return shard, first, min(first + self.block_rows, self.heads[shard].rows)

    def _load(self, block: int) -> np.ndarray:
        return self.read(*self.rows_of(block)).reshape(-1, *self.shape[1:])

    def follow(self, blocks: Sequence[int], following: Sequence[int]) -> None:
        """Note that reading one of `blocks` begins to read `following`."""
        for block in blocks:
            self._next[block] = following
        while len(self._next) > FOLLOWED:
            self._next.popitem(last=False)

    def __getitem__(self, rows: Any) -> np.ndarray:
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(self.shape[0]), dtype=np.int64)
        rows = np.asarray(rows, dtype=np.int64)
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        if not len(rows):
            return out
        places = np.searchsorted(self.kept, rows).clip(max=max(0, len(self.kept) - 1))
        at_hand = self.kept[places] == rows if len(self.kept) else np.zeros(len(rows), dtype=bool)
        out[at_hand] = self.sample[places[at_hand]]
        others = np.flatnonzero(~at_hand)
        numbers, shards = self.blocks_of(rows[others])
        within = rows[others] - self.starts[shards]
        order = np.argsort(numbers, kind="stable")
        found, firsts = np.unique(numbers[order], return_index=True)
        needed = found.tolist()
        for i, of_block in enumerate(np.split(order, firsts[1:]) if needed else []):
            block = needed[i]
            if i % READERS == 0:
                self.blocks.ahead(needed[i : i + 2 * READERS])
            first = self.rows_of(block)[1]
            out[others[of_block]] = self.blocks[block][within[of_block] - first]
        for block in needed:
            if block in self._next:
                self.blocks.ahead(self._next.pop(block))
        return out

    def blocks_of(self, rows: Int64[np.ndarray, " n"]) -> tuple[np.ndarray, np.ndarray]:
        """Return the block and the shard of each row."""
        shards = np.searchsorted(self.starts, rows, side="right") - 1
        within = rows - self.starts[shards]
        return self.first_blocks[shards] + within // self.block_rows, shards
