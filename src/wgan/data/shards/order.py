"""Order of training rows in shards: lanes, each of which reads blocks of its own, shuffled.

An epoch is a fresh order of all blocks: shards are shuffled and grouped, and the blocks of a group
are shuffled together. It is cut into as many equal stretches of training rows as there are lanes.
Each lane reads its stretch by windows of several blocks, and shuffles the rows of a window.

With n training rows and L lanes, epoch e of lane l begins at its sample number

    floor((e n + l) / L).

So the stretches of an epoch have n rows together (Hermite's identity), and each training row comes
once an epoch. No lane gets ahead of another by more than one row, whatever the sizes of shards.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64

from wgan.base.seeding import numpy_generator

WINDOW_BLOCKS = 512
"""Blocks of the windows of all lanes together: 64 MiB, so that the next windows are read meanwhile
in as much. More blocks shuffle better.
"""
EPOCHS = 3
"""Epochs whose order of blocks is remembered: that of the critic's batches, that of the
generator's, and one that follows. Each takes 16 bytes a block: 13 MB for 100 GB.
"""
FEW_BLOCKS = 2**16
"""If there are few blocks, more epochs are remembered, up to this many blocks, since the rows of
several epochs are then looked up at once.
"""


@dataclass(frozen=True)
class Window:
    """Blocks that a lane reads together.

    Attributes:
        epoch: the number of the epoch.
        number: its number among the lane's windows of the epoch.
        first: the lane's number of its first sample.
        blocks: its blocks.
        skipped: training rows of the first block that belong to the lane before.
        rows: training rows of the window.
    """

    epoch: int
    number: int
    first: int
    blocks: tuple[int, ...]
    skipped: int
    rows: int

    @property
    def stop(self) -> int:
        """The lane's number of the sample after its last."""
        return self.first + self.rows


@dataclass(frozen=True)
class _Epoch:
    """The order of an epoch: blocks, training rows before each, and where lanes begin."""

    blocks: Int64[np.ndarray, " b"]
    before: Int64[np.ndarray, " b_and_1"]
    lanes: Int64[np.ndarray, " l_and_1"]


@dataclass(frozen=True)
class Lanes:
    """The order in which lanes read training rows, as a function of (seed, number of the sample).

    Attributes:
        counts: training rows of each block.
        shards: the shard of each block.
        rows_of: returns the numbers of a block's training rows.
        follow: takes note of the blocks that are read after others.
        seed: random seed of the order.
        lanes: how many there are.
        mixed: whether the blocks of several shards are shuffled together.
    """

    counts: Int64[np.ndarray, " b"]
    shards: Int64[np.ndarray, " b"]
    rows_of: Callable[[int], Int64[np.ndarray, " k"]]
    follow: Callable[[tuple[int, ...], tuple[int, ...]], None]
    seed: int
    lanes: int
    mixed: bool = True

    @cached_property
    def total(self) -> int:
        """The number of all training rows."""
        return int(self.counts.sum())

    @property
    def window_blocks(self) -> int:
        """Blocks of a window."""
        return max(1, WINDOW_BLOCKS // self.lanes)

    @cached_property
    def _epochs(self) -> OrderedDict[int, _Epoch]:
        return OrderedDict()

    @cached_property
    def _shuffled(self) -> OrderedDict[tuple[int, int], Int64[np.ndarray, " k"]]:
        return OrderedDict()

    def _begin(self, epoch: int, lane: int) -> int:
        """Return a lane's number of the first sample of an epoch."""
        return (epoch * self.total + lane) // self.lanes

    def _epoch(self, epoch: int) -> _Epoch:
        """Return the order of an epoch."""
        if epoch not in self._epochs:
            random = numpy_generator(self.seed, "shards", self.lanes, epoch)
            ranks = random.permutation(int(self.shards[-1]) + 1)
            groups = ranks // (self.window_blocks if self.mixed else 1)
            order = np.lexsort((random.random(len(self.counts)), groups[self.shards]))
            order = order[self.counts[order] > 0]
            before = np.concatenate([[0], np.cumsum(self.counts[order])])
            begins = [self._begin(epoch, lane) for lane in range(self.lanes)]
            ends = [self._begin(epoch + 1, lane) for lane in range(self.lanes)]
            lanes = np.concatenate([[0], np.cumsum(np.array(ends) - np.array(begins))])
            self._epochs[epoch] = _Epoch(order, before, lanes)
            while len(self._epochs) > max(EPOCHS, FEW_BLOCKS // len(order)):
                self._epochs.popitem(last=False)
        return self._epochs[epoch]

    def window(self, lane: int, sample: int) -> Window:
        """Return the window that holds a lane's sample.

        Args:
            lane: the number of the lane.
            sample: the lane's number of the sample; below 0 in epochs before the first.
        """
        epoch = ((sample + 1) * self.lanes - 1 - lane) // self.total
        order = self._epoch(epoch)
        begin = self._begin(epoch, lane)
        start, stop = order.lanes[lane], order.lanes[lane + 1]
        first = int(np.searchsorted(order.before, start, side="right")) - 1
        here = int(np.searchsorted(order.before, start + sample - begin, side="right")) - 1
        number = (here - first) // self.window_blocks
        low = first + number * self.window_blocks
        high = min(low + self.window_blocks, len(order.blocks))
        high = min(high, int(np.searchsorted(order.before, stop, side="left")))
        begins = max(int(order.before[low]), int(start))
        ends = min(int(order.before[high]), int(stop))
        return Window(
            epoch,
            number,
            begin + begins - int(start),
            tuple(order.blocks[low:high].tolist()),
            begins - int(order.before[low]),
            ends - begins,
        )

    def _rows(self, lane: int, window: Window) -> Int64[np.ndarray, " k"]:
        """Return the training rows of a window, shuffled."""
        key = (lane, window.first)
        if key not in self._shuffled:
            rows = np.concatenate([self.rows_of(block) for block in window.blocks])
            rows = rows[window.skipped : window.skipped + window.rows]
            labels = (self.lanes, lane, window.epoch, window.number)
            random = numpy_generator(self.seed, "window", *labels)
            self._shuffled[key] = random.permutation(rows)
            after = window.stop if window.first >= 0 else window.first - 1
            self.follow(window.blocks, self.window(lane, after).blocks)
            # The present window of each lane, and that of a draw further on.
            while len(self._shuffled) > 2 * self.lanes:
                self._shuffled.popitem(last=False)
        return self._shuffled[key]

    def rows(self, lane: int, samples: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
        """Return the row numbers of a lane's samples.

        Args:
            lane: the number of the lane.
            samples: the lane's rising numbers of the samples.
        """
        out = np.empty(len(samples), dtype=np.int64)
        done = 0
        while done < len(samples):
            window = self.window(lane, int(samples[done]))
            stop = int(np.searchsorted(samples, window.stop, side="left"))
            out[done:stop] = self._rows(lane, window)[samples[done:stop] - window.first]
            done = stop
        return out
