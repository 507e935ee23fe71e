"""Data sets of shards, and their split: a row is held out by the hash of its shard and its number.

So no row changes its part when shards are added or taken away.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Int64

from wgan.base.errors import WganError
from wgan.base.printing import counted
from wgan.data.codec import Codec
from wgan.data.dataset import Dataset, Split
from wgan.data.shards.hashing import below, bound_of, row_hashes
from wgan.data.shards.order import Lanes
from wgan.data.shards.records import ORDER
from wgan.data.shards.rows import ShardedRows
from wgan.data.shuffle import shuffled
from wgan.data.storage import Rows

SPLIT = "split"
"""Purpose of the hashes by which rows are held out."""
BLOCKS = 1024
"""Blocks whose training rows are remembered: those of the windows of 64 lanes, twice over, and 32
MiB of numbers at most.
"""


@dataclass(frozen=True)
class ShardedSplit(Split):
    """A split by hashes.

    The order of samples, in which `train_sample` and `held_out_sample` count, is that of other
    hashes. The first ones are the rows at hand, and need no reading.
    """

    may_be_resident: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for part, count in (("training", self.n_train), ("held-out", self.n_apart)):
            if count == 0:
                raise WganError(
                    f"{self.dataset.name}: no row fell into the {part} part: choose another"
                    " data.held_out or data.split_seed, or give more rows"
                )

    @property
    def _shards(self) -> ShardedRows:
        assert isinstance(self.dataset.rows, ShardedRows)
        return self.dataset.rows

    def _is_train(self, shard: int, first: int, stop: int) -> Bool[np.ndarray, " n"]:
        """Return which rows of a shard are for training."""
        name = self._shards.names[shard]
        bound = bound_of(self.held_out)
        return ~below(row_hashes(self.seed, SPLIT, name, first, stop), bound)

    @cached_property
    def _counts(self) -> Int64[np.ndarray, " b"]:
        """Training rows of each block."""
        rows = self._shards
        counts = []
        for shard, head in enumerate(rows.heads):
            train = self._is_train(shard, 0, head.rows)
            counts.append(
                np.add.reduceat(train, np.arange(0, head.rows, rows.block_rows), dtype=int)
            )
        return np.concatenate(counts)

    @cached_property
    def n_apart(self) -> int:
        """Number of samples that are not trained on."""
        return len(self.dataset) - int(self._counts.sum())

    def is_train_at_hand(self) -> Bool[np.ndarray, " k"]:
        """Return which of the rows at hand are for training."""
        return np.isin(self._shards.kept, self._at_hand[0])

    def train_labels(self) -> Int64[np.ndarray, " n"]:
        assert self.dataset.labels is not None
        return self._with_all_classes(self.dataset.labels[self.is_train()])

    def is_train(self) -> Bool[np.ndarray, " n"]:
        heads = enumerate(self._shards.heads)
        return np.concatenate([self._is_train(shard, 0, head.rows) for shard, head in heads])

    @cached_property
    def _at_hand(self) -> tuple[Int64[np.ndarray, " t"], Int64[np.ndarray, " h"]]:
        """The rows at hand in the order of samples: those for training, and the others."""
        rows = self._shards
        shards = np.searchsorted(rows.starts, rows.kept, side="right") - 1
        order = np.empty(len(rows.kept), dtype=np.uint64)
        train = np.empty(len(rows.kept), dtype=bool)
        for shard in np.unique(shards).tolist():
            here = shards == shard
            within = rows.kept[here] - rows.starts[shard]
            every = row_hashes(0, ORDER, rows.names[shard], 0, rows.heads[shard].rows)
            order[here] = every[within]
            train[here] = self._is_train(shard, 0, rows.heads[shard].rows)[within]
        in_order = np.argsort(order, kind="stable")
        kept, train = rows.kept[in_order], train[in_order]
        return kept[train], kept[~train]

    @property
    def n_at_hand(self) -> int:
        """Number of training samples that need no reading: the first ones."""
        return len(self._at_hand[0])

    def train_rows(self, places: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
        return self._ordered(places, train=True)

    def held_out_rows(self, places: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
        # The watched samples, which are the last ones, come first in the order: they are at hand.
        return self._ordered((places + self.watched) % self.n_apart, train=False)

    def _ordered(self, places: Int64[np.ndarray, " k"], train: bool) -> Int64[np.ndarray, " k"]:
        """Return the rows at places of the order of training samples, or of the others."""
        at_hand = self._at_hand[0 if train else 1]
        out = np.empty(len(places), dtype=np.int64)
        first = places < len(at_hand)
        out[first] = at_hand[places[first]]
        if not first.all():
            out[~first] = self._others(places[~first] - len(at_hand), train)
        return out

    def _others(self, places: Int64[np.ndarray, " k"], train: bool) -> Int64[np.ndarray, " k"]:
        """Return the rows at places of the order of those that are not at hand."""
        before = self._before[0 if train else 1]
        places = shuffled(places, int(before[-1]), 0, "others")
        blocks = np.searchsorted(before, places, side="right") - 1
        out = np.empty(len(places), dtype=np.int64)
        for block in np.unique(blocks).tolist():
            here = blocks == block
            rows = self._block(block, train)
            rows = rows[~np.isin(rows, self._shards.kept)]
            out[here] = rows[places[here] - before[block]]
        return out

    @cached_property
    def _before(self) -> tuple[Int64[np.ndarray, " b"], Int64[np.ndarray, " b"]]:
        """Numbers of training and held-out rows before each block, without those at hand."""
        shards = self._shards
        sizes = np.full(len(self._counts), shards.block_rows)
        last = [(head.rows - 1) % shards.block_rows + 1 for head in shards.heads]
        sizes[shards.first_blocks[1:] - 1] = last
        both = []
        for at_hand, counts in zip(
            self._at_hand, (self._counts, sizes - self._counts), strict=True
        ):
            kept = np.bincount(shards.blocks_of(at_hand)[0], minlength=len(counts))
            both.append(np.concatenate([[0], np.cumsum(counts - kept)]))
        return both[0], both[1]

    @cached_property
    def _remembered(self) -> OrderedDict[tuple[int, bool], Int64[np.ndarray, " k"]]:
        return OrderedDict()

    def _block(self, block: int, train: bool = True) -> Int64[np.ndarray, " k"]:
        """Return the numbers of a block's training rows, or of its others."""
        key = (block, train)
        if key not in self._remembered:
            shard, first, stop = self._shards.rows_of(block)
            chosen = self._is_train(shard, first, stop) == train
            start = self._shards.starts[shard] + first
            self._remembered[key] = start + np.flatnonzero(chosen)
            while len(self._remembered) > BLOCKS:
                self._remembered.popitem(last=False)
        return self._remembered[key]

    @cached_property
    def _lanes(self) -> dict[tuple[int, int], Lanes]:
        return {}

    def in_order(
        self, seed: int, draws: Int64[np.ndarray, " d"], slots: Int64[np.ndarray, " s"], batch: int
    ) -> Int64[np.ndarray, "d s"]:
        """Return the rows of some slots of batches. As many slots in a row come from one lane.

        There are 64 lanes, or as many as the greatest power of two that divides the batch.

        Args:
            seed: random seed of the order.
            draws: rising numbers of the batches.
            slots: numbers of samples in a batch.
            batch: samples of a batch.
        """
        lanes = math.gcd(self._shards.most_lanes, batch)
        if (seed, lanes) not in self._lanes:
            shards = self._shards
            sizes = np.diff(shards.first_blocks)
            of_blocks = np.repeat(np.arange(len(sizes)), sizes)
            self._lanes[seed, lanes] = Lanes(
                self._counts, of_blocks, self._block, shards.follow, seed, lanes, shards.mixed
            )
        order = self._lanes[seed, lanes]
        each = batch // lanes
        out = np.empty((len(draws), len(slots)), dtype=np.int64)
        for lane in np.unique(slots // each).tolist():
            here = slots // each == lane
            samples = draws[:, None] * each + slots[here] % each
            out[:, here] = order.rows(lane, samples.ravel()).reshape(samples.shape)
        return out


@dataclass(frozen=True)
class ShardedDataset(Dataset):
    """Samples in shards; its rows are `ShardedRows`."""

    @property
    def at_hand(self) -> Rows:
        """The rows that need no reading: a random sample, or all where there are few."""
        assert isinstance(self.rows, ShardedRows)
        return self.rows.sample

    @property
    def origin(self) -> list[str]:
        assert isinstance(self.rows, ShardedRows)
        rows = self.rows
        drawn = f"{len(rows.kept):,} of them, drawn at random, are"
        at_hand = "all are" if len(rows.kept) == len(self) else drawn
        return [
            f"{counted(len(rows.names), 'shard')} of {rows.size:,} bytes, {rows.names[0]} to"
            f" {rows.names[-1]}; rows are held out by the hash of shard and row; {at_hand} at hand"
        ]

    def _divided(self, held_out: float, seed: int) -> ShardedSplit:
        return ShardedSplit(self, held_out, seed)

    def _fitted(self, split: Split) -> Codec:
        """Return the codec fitted to the training rows at hand."""
        assert isinstance(self.rows, ShardedRows)
        assert isinstance(split, ShardedSplit)
        return self.codec.fitted(self.rows.sample, split.is_train_at_hand())
